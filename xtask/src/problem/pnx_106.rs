//! PNX-106: a decision that cannot be written in this position.

use super::{Code, Severity};

/// A decision that cannot be written in this position.
pub static UNREWRITABLE: Code = Code {
    id: "PNX-106",
    title: "a decision that cannot be written in this position",
    severity: Severity::Finding,
    explanation: "",
    example: "",
    remedy: "",
};
