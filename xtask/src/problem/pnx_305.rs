//! PNX-305: a Perl module that no source, core list or rule provides.

use super::{Code, Severity};

/// A Perl module that no source, core list or rule provides.
pub static UNMAPPED_MODULE: Code = Code {
    id: "PNX-305",
    title: "a Perl module that no source, core list or rule provides",
    severity: Severity::Finding,
    explanation: "",
    example: "",
    remedy: "",
};
