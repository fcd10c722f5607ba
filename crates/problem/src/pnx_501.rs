//! PNX-501: arguments that cannot be used.

use super::{Code, Severity};

/// Arguments that parse but name something that is not there.
pub static USAGE: Code = Code {
    id: "PNX-501",
    title: "arguments that cannot be used",
    severity: Severity::Fatal,
    explanation: "\
        The command line can be read, but what it names does not exist or does not fit together: a release \
        that is not in `releases/`, a directory that is not there, a place that is in no file of the \
        release, a problem code that is not known.",
    example: "$ cargo xtask scan pve-0.9

PNX-501: no release `pve-0.9`; there are demo, pve-9.1.1, pve-9.1.4",
    remedy: "Compare the arguments with `cargo xtask help COMMAND`.",
};
