//! PNX-402: a rewritten file that no longer parses.

use super::{Code, Severity};

/// A rewritten file that no longer parses.
pub static REWRITE_UNPARSED: Code = Code {
    id: "PNX-402",
    title: "a rewritten file that no longer parses",
    severity: Severity::Fatal,
    explanation: "",
    example: "",
    remedy: "",
};
