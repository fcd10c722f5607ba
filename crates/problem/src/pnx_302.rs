//! PNX-302: a malformed debian/changelog.

use super::{Code, Severity};

/// A `debian/changelog` whose entries cannot be read.
pub static BAD_CHANGELOG: Code = Code {
    id: "PNX-302",
    title: "a malformed debian/changelog",
    severity: Severity::Fatal,
    explanation: "\
        The tool reads a source's version from the newest entry of `debian/changelog`. Its first \
        line is not `NAME (VERSION) DISTRIBUTION; urgency=LEVEL`, or its version does not follow \
        Debian Policy, section 5.6.12.",
    example: "# hive-api/debian/changelog, line 1
hive-api 2.1-3 stable; urgency=medium

PNX-302: hive-api/debian/changelog:1: no version in parentheses",
    remedy: "\
        Correct the entry at its origin, or pin a commit in which it is right.",
};
