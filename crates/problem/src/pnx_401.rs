//! PNX-401: a patch that does not apply to its pinned tree.

use super::{Code, Severity};

/// A patch that the tool made and that does not apply to the tree it was made from.
pub static PATCH_FAILS: Code = Code {
    id: "PNX-401",
    title: "a patch that does not apply to its pinned tree",
    severity: Severity::Fatal,
    explanation: "\
        Every patch is applied in memory to the pinned tree before anything is written. This one did not \
        apply, or gave other bytes than the rewrite. Either the tool is at fault, or the tree changed while \
        it ran.",
    example: "PNX-401: hive-api/src/Hive/API.pm:31: hunk 2 of 0001-paths.patch does not apply",
    remedy: "\
        If the source is a plain directory, make sure that nothing writes to it and run again. Otherwise \
        this is a fault of the tool: please report it with the release and the source's name.",
};
