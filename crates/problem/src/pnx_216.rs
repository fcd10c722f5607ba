//! PNX-216: crates that need one another in a circle.

use super::{Code, Severity};

/// A circle of path dependencies.
pub static CRATE_CIRCLE: Code = Code {
    id: "PNX-216",
    title: "crates that need one another in a circle",
    severity: Severity::Finding,
    explanation: "\
        Crates of the release need one another in a circle, other than for their tests. cargo cannot build them; \
        with Debian's archive the circle is hidden, because each is built against an older version of the next.",
    example: "PNX-216: hive-rs/hive-term/Cargo.toml:9: hive-term needs hive-types needs hive-term",
    remedy: "\
        Pin a commit of one of the sources from before the circle was closed.",
};
