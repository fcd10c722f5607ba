//! PNX-207: a release manifest that cannot be read.

use super::{Code, Severity};

/// A release manifest that cannot be read.
pub static BAD_MANIFEST: Code = Code {
    id: "PNX-207",
    title: "a release manifest that cannot be read",
    severity: Severity::Fatal,
    explanation: "",
    example: "",
    remedy: "",
};
