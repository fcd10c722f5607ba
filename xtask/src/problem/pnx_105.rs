//! PNX-105: a file that its language's parser rejects.

use super::{Code, Severity};

/// A file that its language's parser rejects.
pub static UNPARSED: Code = Code {
    id: "PNX-105",
    title: "a file that its language's parser rejects",
    severity: Severity::Fatal,
    explanation: "",
    example: "",
    remedy: "",
};
