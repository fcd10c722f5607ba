//! PNX-301: a malformed debian/control.

use super::{Code, Severity};

/// A `debian/control` that does not follow deb822, or lacks a field that is needed.
pub static BAD_CONTROL: Code = Code {
    id: "PNX-301",
    title: "a malformed debian/control",
    severity: Severity::Fatal,
    explanation: "\
        `debian/control` says which packages a source makes and what they need. It is not in the form that \
        Debian Policy, chapter 5, prescribes, or a paragraph lacks a field without which nothing can be \
        derived from it, such as `Package`.",
    example: "# hive-api/debian/control, line 9
Package hive-api
Architecture: any

PNX-301: hive-api/debian/control:9: a field without a colon",
    remedy: "Mend the line that is named at its origin, or pin a commit in which it is right.",
};
