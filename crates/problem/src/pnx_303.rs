//! PNX-303: a path that leaves its tree.

use super::{Code, Severity};

/// A path in packaging or a patch that leads out of its tree.
pub static PATH_ESCAPES: Code = Code {
    id: "PNX-303",
    title: "a path that leaves its tree",
    severity: Severity::Fatal,
    explanation: "\
        A path in `debian/*.install`, `debian/*.links`, a quilt patch or a generated file leaves its \
        tree by `..`, or is absolute where it must be relative. Following it would read or write \
        files outside of the source.",
    example: "# hive-api/debian/hive-api.install, line 2
../../../etc/shadow usr/share/hive

PNX-303: hive-api/debian/hive-api.install:2: `../../../etc/shadow` leaves the source",
    remedy: "\
        Correct the path at its origin. If you did not expect it there, inspect the rest of the \
        source before you build it.",
};
