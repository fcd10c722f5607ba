//! PNX-607: a file of an output that could not be read.

use super::{Code, Severity};

/// A node that disappeared, changed or could not be read.
pub static UNREADABLE: Code = Code {
    id: "PNX-607",
    title: "a file of an output that could not be read",
    severity: Severity::Finding,
    explanation: "\
        A file or directory of the output could not be read to its end, or changed while it was \
        read: garbage collection removed it, the user may not read it, or the disk failed. Its \
        content was not audited.",
    example: "PNX-607: result/bin/hive: No such file or directory (os error 2)",
    remedy: "\
        Protect the output with a GC root (`nix build` leaves one), make sure that it is readable, \
        and audit again.",
};
