//! PNX-403: output that differs from a fresh run.

use super::{Code, Severity};

/// Output that differs from a fresh run.
pub static OUTPUT_DIFFERS: Code = Code {
    id: "PNX-403",
    title: "output that differs from a fresh run",
    severity: Severity::Finding,
    explanation: "",
    example: "",
    remedy: "",
};
