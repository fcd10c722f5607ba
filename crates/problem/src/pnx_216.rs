//! PNX-216: crates that depend on one another in a circle.

use super::{Code, Severity};

/// A circle of path dependencies.
pub static CRATE_CIRCLE: Code = Code {
    id: "PNX-216",
    title: "crates that depend on one another in a circle",
    severity: Severity::Finding,
    explanation: "\
        Crates of the release depend on one another in a circle, not only for their tests. cargo \
        cannot build them. Debian's archive hides the circle, because it builds each crate against \
        an older version of the next.",
    example: "PNX-216: hive-rs/hive-term/Cargo.toml:9: hive-term needs hive-types needs hive-term",
    remedy: "\
        Pin a commit of one of the sources from before the circle closed.",
};
