//! PNX-201: a source that cannot be had.

use super::{Code, Severity};

/// A source that cannot be had.
pub static MISSING_SOURCE: Code = Code {
    id: "PNX-201",
    title: "a source that cannot be had",
    severity: Severity::Fatal,
    explanation: "",
    example: "",
    remedy: "",
};
