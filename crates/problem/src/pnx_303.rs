//! PNX-303: a path that leaves its tree.

use super::{Code, Severity};

/// A path in packaging or a patch that leads out of the tree it belongs to.
pub static PATH_ESCAPES: Code = Code {
    id: "PNX-303",
    title: "a path that leaves its tree",
    severity: Severity::Fatal,
    explanation: "\
        A path in `debian/*.install`, `debian/*.links`, a quilt patch or a generated file leads out of its \
        tree by `..`, or is absolute where a relative one is wanted. Following it would read or write files \
        that are no part of the source.",
    example: "# hive-api/debian/hive-api.install, line 2
../../../etc/shadow usr/share/hive

PNX-303: hive-api/debian/hive-api.install:2: `../../../etc/shadow` leaves the source",
    remedy: "\
        Mend the path at its origin. If you did not expect it there, look at the rest of the source before \
        you build it.",
};
