//! PNX-302: a malformed debian/changelog.

use super::{Code, Severity};

/// A malformed debian/changelog.
pub static BAD_CHANGELOG: Code = Code {
    id: "PNX-302",
    title: "a malformed debian/changelog",
    severity: Severity::Fatal,
    explanation: "",
    example: "",
    remedy: "",
};
