//! PNX-610: a kept.json that cannot be read.

use super::{Code, Severity};

/// A `kept.json` that is missing or malformed.
pub static BAD_KEPT: Code = Code {
    id: "PNX-610",
    title: "a kept.json that cannot be read",
    severity: Severity::Fatal,
    explanation: "\
        An audit compares a built output with the texts that a release's decisions keep, which \
        `cargo xtask regen` writes to `pkgs/RELEASE/kept.json`. The file is missing, or `regen` did \
        not write it like this.",
    example: "PNX-610: pkgs/hive-2/kept.json:3: expected value at line 3 column 1",
    remedy: "\
        Run `cargo xtask regen RELEASE` for the release that the output was built from.",
};
