//! PNX-214: a crate that no pin satisfies.

use super::{Code, Severity};

/// No pinned workspace has the required version of a crate.
pub static UNSATISFIED_CRATE: Code = Code {
    id: "PNX-214",
    title: "a crate that no pin satisfies",
    severity: Severity::Finding,
    explanation: "\
        A Rust program needs a version of one of Proxmox' crates that no pinned workspace has, \
        neither at its pin nor at an earlier commit. Debian's archive keeps older versions of a \
        crate beside newer ones; here each version must come from a commit. Where an earlier commit \
        of a workspace has the version, `lock` takes it for this program alone. Without one, the \
        program gets no lock and no derivation. The same code covers a path that leads into a \
        submodule, and a crate that only Debian's archive has.",
    example: "[dependencies]
hive-types = \"0.9\"

PNX-214: hive-rs/hive-term/Cargo.toml:2: hive-term needs hive-types ^0.9; there are 0.3.0 (hive-rs at 1c2a…), and no \
earlier commit of hive-rs has it",
    remedy: "\
        Pin the source that has the crate (`[repository]` in rules/sources/NAME.toml), or wait until upstream's repositories fit together \
        again. `cargo xtask lock RELEASE` tries again.",
};
