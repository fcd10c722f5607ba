//! PNX-404: a feature to remove that the source does not have.

use super::{Code, Severity};

/// A feature to remove that the source does not have.
pub static FEATURE_NOT_FOUND: Code = Code {
    id: "PNX-404",
    title: "a feature to remove that the source does not have",
    severity: Severity::Finding,
    explanation: "",
    example: "",
    remedy: "",
};
