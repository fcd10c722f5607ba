//! PNX-301: a malformed debian/control.

use super::{Code, Severity};

/// A malformed debian/control.
pub static BAD_CONTROL: Code = Code {
    id: "PNX-301",
    title: "a malformed debian/control",
    severity: Severity::Fatal,
    explanation: "",
    example: "",
    remedy: "",
};
