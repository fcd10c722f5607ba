//! PNX-222: a crate that cannot be fetched.

use super::{Code, Severity};

/// A crate of a kept lock that cargo cannot fetch, or whose content differs.
pub static MISSING_CRATE: Code = Code {
    id: "PNX-222",
    title: "a crate that cannot be fetched",
    severity: Severity::Finding,
    explanation: "\
        A kept `Cargo.lock` names crates of the registry, each with the checksum of its archive. \
        `prefetch` looks for the archives in cargo's own cache and has cargo fetch the missing ones. \
        cargo failed, or its file differs from the lock's checksum.",
    example: "# releases/demo/cargo/hive-rs.lock
[[package]]
name = \"itoa\"
version = \"99.0.0\"

PNX-222: itoa 99.0.0: cargo does not have it",
    remedy: "\
        Give cargo access to its registry, or fetch the crates on a machine that has it and copy the \
        cache (`CARGO_HOME/registry/cache`). If the lock names a crate that the registry does not \
        have, run `cargo xtask lock RELEASE` to make the lock anew.",
};
