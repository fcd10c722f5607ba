//! PNX-209: a tree with an entry that cannot be handled.

use super::{Code, Severity};

/// A tree with an entry that cannot be handled.
pub static BAD_TREE: Code = Code {
    id: "PNX-209",
    title: "a tree with an entry that cannot be handled",
    severity: Severity::Fatal,
    explanation: "",
    example: "",
    remedy: "",
};
