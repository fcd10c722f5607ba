//! PNX-104: two rules with one name.

use super::{Code, Severity};

/// Two rules with one name.
pub static DUPLICATE_RULE: Code = Code {
    id: "PNX-104",
    title: "two rules with one name",
    severity: Severity::Fatal,
    explanation: "",
    example: "",
    remedy: "",
};
