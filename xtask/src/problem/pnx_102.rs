//! PNX-102: a rule that decides nothing in any release.

use super::{Code, Severity};

/// A rule that decides nothing in any release.
pub static STALE_RULE: Code = Code {
    id: "PNX-102",
    title: "a rule that decides nothing in any release",
    severity: Severity::Finding,
    explanation: "",
    example: "",
    remedy: "",
};
