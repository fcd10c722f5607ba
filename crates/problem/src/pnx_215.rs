//! PNX-215: two sources define one crate.

use super::{Code, Severity};

/// A crate that could come from either of two sources.
pub static AMBIGUOUS_CRATE: Code = Code {
    id: "PNX-215",
    title: "two sources define one crate",
    severity: Severity::Finding,
    explanation: "\
        A Rust program needs a crate that two sources of the release define, and both versions \
        satisfy it. Which of them Debian's archive had cannot be determined, and the two may differ, \
        so the program gets no lock.",
    example: "PNX-215: hive-rs/hive-term/Cargo.toml:9: hive-types ^0.3 is hive-types 0.3.1 of hive-common/types and hive-types 0.3.0 of hive-rs/hive-types",
    remedy: "\
        Say with `prefer = \"SOURCE\"` in a `[crate.NAME]` table of rules/nixpkgs/crates.toml which source it is.",
};
