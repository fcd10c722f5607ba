//! PNX-301: a malformed debian/control.

use super::{Code, Severity};

/// A `debian/control` that does not follow deb822, or lacks a required field.
pub static BAD_CONTROL: Code = Code {
    id: "PNX-301",
    title: "a malformed debian/control",
    severity: Severity::Fatal,
    explanation: "\
        `debian/control` declares the packages of a source and their dependencies. It does not \
        follow Debian Policy, chapter 5, or a paragraph lacks a field that the tool needs, such as \
        `Package`.",
    example: "# hive-api/debian/control, line 9
Package hive-api
Architecture: any

PNX-301: hive-api/debian/control:9: a field without a colon",
    remedy: "\
        Correct the line named at its origin, or pin a commit in which it is right.",
};
