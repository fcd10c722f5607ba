//! PNX-101: an occurrence that no rule decides.

use super::{Code, Severity};

/// An occurrence that no rule decides.
pub static UNDECIDED: Code = Code {
    id: "PNX-101",
    title: "an occurrence that no rule decides",
    severity: Severity::Finding,
    explanation: "",
    example: "",
    remedy: "",
};
