//! PNX-401: a patch that does not apply to its pinned tree.

use super::{Code, Severity};

/// A patch that does not apply to its pinned tree.
pub static PATCH_FAILS: Code = Code {
    id: "PNX-401",
    title: "a patch that does not apply to its pinned tree",
    severity: Severity::Fatal,
    explanation: "",
    example: "",
    remedy: "",
};
