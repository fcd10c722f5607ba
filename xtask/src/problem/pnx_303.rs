//! PNX-303: a path that leaves its tree.

use super::{Code, Severity};

/// A path that leaves its tree.
pub static PATH_ESCAPES: Code = Code {
    id: "PNX-303",
    title: "a path that leaves its tree",
    severity: Severity::Fatal,
    explanation: "",
    example: "",
    remedy: "",
};
