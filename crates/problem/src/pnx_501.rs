//! PNX-501: unusable arguments.

use super::{Code, Severity};

/// Arguments that parse but name something that does not exist.
pub static USAGE: Code = Code {
    id: "PNX-501",
    title: "unusable arguments",
    severity: Severity::Fatal,
    explanation: "\
        The command line parses, but names something that does not exist or does not fit together: a \
        release that is not in `releases/`, a missing directory, a place in no file of the release, \
        an unknown problem code.",
    example: "$ cargo xtask scan pve-0.9

PNX-501: no release `pve-0.9`; there are demo, pve-9.1.1, pve-9.1.4",
    remedy: "Compare the arguments with `cargo xtask help COMMAND`.",
};
