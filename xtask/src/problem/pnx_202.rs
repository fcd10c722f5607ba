//! PNX-202: a pin that is not in its repository.

use super::{Code, Severity};

/// A pin that is not in its repository.
pub static MISSING_PIN: Code = Code {
    id: "PNX-202",
    title: "a pin that is not in its repository",
    severity: Severity::Fatal,
    explanation: "",
    example: "",
    remedy: "",
};
