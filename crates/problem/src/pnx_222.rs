//! PNX-222: a crate that cannot be had.

use super::{Code, Severity};

/// A crate of a kept lock that cargo does not give, or gives with another content.
pub static MISSING_CRATE: Code = Code {
    id: "PNX-222",
    title: "a crate that cannot be had",
    severity: Severity::Finding,
    explanation: "\
        A kept `Cargo.lock` names crates of the registry, each with the checksum of its archive. `prefetch` looks for the \
        archives in cargo's own cache and has cargo fetch those that are not there. cargo could not, or what it has is \
        another file than the lock says.",
    example: "# releases/demo/cargo/hive-rs.lock
[[package]]
name = \"itoa\"
version = \"99.0.0\"

PNX-222: itoa 99.0.0: cargo does not have it",
    remedy: "\
        Have cargo reach its registry, or fetch the crates where it does and take the cache along \
        (`CARGO_HOME/registry/cache`). A lock that names what the registry does not have is made anew by \
        `cargo xtask lock RELEASE`.",
};
