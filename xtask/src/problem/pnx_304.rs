//! PNX-304: a Debian package that no rule maps.

use super::{Code, Severity};

/// A Debian package that no rule maps.
pub static UNMAPPED_PACKAGE: Code = Code {
    id: "PNX-304",
    title: "a Debian package that no rule maps",
    severity: Severity::Finding,
    explanation: "",
    example: "",
    remedy: "",
};
