//! PNX-204: a file of the pinned tree that the repository lacks.

use super::{Code, Severity};

/// A file of the pinned tree that the repository lacks.
pub static MISSING_BLOB: Code = Code {
    id: "PNX-204",
    title: "a file of the pinned tree that the repository lacks",
    severity: Severity::Fatal,
    explanation: "",
    example: "",
    remedy: "",
};
