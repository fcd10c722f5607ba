//! PNX-501: arguments that cannot be used.

use super::{Code, Severity};

/// Arguments that cannot be used.
pub static USAGE: Code = Code {
    id: "PNX-501",
    title: "arguments that cannot be used",
    severity: Severity::Fatal,
    explanation: "",
    example: "",
    remedy: "",
};
