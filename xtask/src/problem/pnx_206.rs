//! PNX-206: a tree whose NAR hash differs from its pin.

use super::{Code, Severity};

/// A tree whose NAR hash differs from its pin.
pub static HASH_MISMATCH: Code = Code {
    id: "PNX-206",
    title: "a tree whose NAR hash differs from its pin",
    severity: Severity::Fatal,
    explanation: "",
    example: "",
    remedy: "",
};
