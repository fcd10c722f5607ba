//! PNX-610: a list of what decisions keep that cannot be read.

use super::{Code, Severity};

/// A kept.json that is not there or is malformed.
pub static BAD_KEPT: Code = Code {
    id: "PNX-610",
    title: "a list of what decisions keep that cannot be read",
    severity: Severity::Fatal,
    explanation: "\
        An audit holds a built output against what the decisions of a release keep, which `cargo xtask regen` \
        writes to `pkgs/RELEASE/kept.json`. There is none, or it is not as `regen` wrote it.",
    example: "PNX-610: pkgs/hive-2/kept.json:3: expected value at line 3 column 1",
    remedy: "\
        Run `cargo xtask regen RELEASE` for the release that the output was built from.",
};
