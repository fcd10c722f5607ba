//! PNX-217: a lock that does not match its manifests.

use super::{Code, Severity};

/// A kept `Cargo.lock` that was resolved from other manifests than the pinned ones.
pub static LOCK_UNFIT: Code = Code {
    id: "PNX-217",
    title: "a lock that does not match its manifests",
    severity: Severity::Finding,
    explanation: "\
        A kept `Cargo.lock` was resolved from other manifests than those at the release's pins: a \
        crate has another version now, or needs one that is not in the lock. cargo would change the \
        lock during the build, which a derivation does not allow.",
    example: "PNX-217: releases/demo/cargo/hive-rs.lock: hive-term 0.3.0 needs itoa ^2, the lock has 1.0.15",
    remedy: "Run `cargo xtask lock RELEASE`, which resolves it again.",
};
