//! PNX-218: cargo cannot resolve a program.

use super::{Code, Severity};

/// cargo failed to resolve a lock.
pub static UNRESOLVED: Code = Code {
    id: "PNX-218",
    title: "cargo cannot resolve a program",
    severity: Severity::Fatal,
    explanation: "\
        `lock` has cargo resolve a `Cargo.lock` for each Rust program, with Proxmox' crates by path \
        and the others from crates.io. cargo is not installed, could not reach the registry, or \
        found no set of versions.",
    example: "$ cargo xtask lock demo     # without a network

PNX-218: hive-rs: cargo cannot reach the registry: failed to download `config.json`",
    remedy: "\
        Run it again with a network (`lock` is the only command that needs one), or with a registry mirror in your own \
        Cargo configuration.",
};
