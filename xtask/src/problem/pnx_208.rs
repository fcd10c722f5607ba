//! PNX-208: a URL that Git would take for an option or a command.

use super::{Code, Severity};

/// A URL that Git would take for an option or a command.
pub static UNSAFE_URL: Code = Code {
    id: "PNX-208",
    title: "a URL that Git would take for an option or a command",
    severity: Severity::Fatal,
    explanation: "",
    example: "",
    remedy: "",
};
