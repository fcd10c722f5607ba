//! PNX-405: output that could not be written.

use super::{Code, Severity};

/// Output that could not be written.
pub static OUTPUT_FAILED: Code = Code {
    id: "PNX-405",
    title: "output that could not be written",
    severity: Severity::Fatal,
    explanation: "",
    example: "",
    remedy: "",
};
