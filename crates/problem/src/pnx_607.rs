//! PNX-607: a file of an output that could not be read.

use super::{Code, Severity};

/// A node that vanished, changed or refused while it was read.
pub static UNREADABLE: Code = Code {
    id: "PNX-607",
    title: "a file of an output that could not be read",
    severity: Severity::Finding,
    explanation: "\
        A file or directory of the output could not be read to its end, or was not the same at the end as at the \
        beginning: it vanished (a collection of garbage that ran beside), the user may not read it, or the disk \
        failed. What it holds is not audited.",
    example: "PNX-607: result/bin/hive: No such file or directory (os error 2)",
    remedy: "\
        Hold the output with a root for the collector (`nix build` leaves one), see that it can be read, and \
        audit again.",
};
