//! PNX-306: a quilt series that cannot be used.

use super::{Code, Severity};

/// A quilt series that cannot be used.
pub static BAD_SERIES: Code = Code {
    id: "PNX-306",
    title: "a quilt series that cannot be used",
    severity: Severity::Fatal,
    explanation: "",
    example: "",
    remedy: "",
};
