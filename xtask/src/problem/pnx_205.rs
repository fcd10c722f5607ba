//! PNX-205: a versioned dependency that the pins do not satisfy.

use super::{Code, Severity};

/// A versioned dependency that the pins do not satisfy.
pub static UNSATISFIED: Code = Code {
    id: "PNX-205",
    title: "a versioned dependency that the pins do not satisfy",
    severity: Severity::Finding,
    explanation: "",
    example: "",
    remedy: "",
};
