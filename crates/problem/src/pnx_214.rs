//! PNX-214: a crate that no pin satisfies.

use super::{Code, Severity};

/// No pinned workspace has the version of a crate that is asked for.
pub static UNSATISFIED_CRATE: Code = Code {
    id: "PNX-214",
    title: "a crate that no pin satisfies",
    severity: Severity::Finding,
    explanation: "\
        A Rust program needs a version of one of Proxmox' crates that no pinned workspace has: neither at its pin \
        nor at an earlier commit. Debian has it from the archive, where older versions of a crate stand beside newer \
        ones; here it has to come from a commit. `lock` takes an earlier commit of a workspace for the program alone \
        where there is one; this program keeps no lock and has no derivation. The same is said of a path that leads into a submodule, and \
        of a crate that only Debian's archive has.",
    example: "[dependencies]
hive-types = \"0.9\"

PNX-214: hive-rs/hive-term/Cargo.toml:2: hive-term needs hive-types ^0.9; there are 0.3.0 (hive-rs at 1c2a…), and no \
earlier commit of hive-rs has it",
    remedy: "\
        Pin the source that has the crate (`[repository]` in rules/sources/NAME.toml), or wait until upstream's repositories fit together \
        again. `cargo xtask lock RELEASE` tries again.",
};
