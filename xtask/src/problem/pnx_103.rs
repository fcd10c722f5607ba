//! PNX-103: a rule that cannot be read.

use super::{Code, Severity};

/// A rule that cannot be read.
pub static BAD_RULE: Code = Code {
    id: "PNX-103",
    title: "a rule that cannot be read",
    severity: Severity::Fatal,
    explanation: "",
    example: "",
    remedy: "",
};
