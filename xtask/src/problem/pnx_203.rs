//! PNX-203: a repository that Git cannot read.

use super::{Code, Severity};

/// A repository that Git cannot read.
pub static BROKEN_REPOSITORY: Code = Code {
    id: "PNX-203",
    title: "a repository that Git cannot read",
    severity: Severity::Fatal,
    explanation: "",
    example: "",
    remedy: "",
};
