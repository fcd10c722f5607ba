//! PNX-401: a patch that does not apply to its pinned tree.

use super::{Code, Severity};

/// A generated patch that does not apply to the tree that it was made from.
pub static PATCH_FAILS: Code = Code {
    id: "PNX-401",
    title: "a patch that does not apply to its pinned tree",
    severity: Severity::Fatal,
    explanation: "\
        The tool applies every patch in memory to the pinned tree before it writes anything. This \
        patch did not apply, or its result differs from the rewrite. Either the tool is at fault, or \
        the tree changed during the run.",
    example: "PNX-401: hive-api/src/Hive/API.pm:31: hunk 2 of 0001-paths.patch does not apply",
    remedy: "\
        If the source is a plain directory, make sure that nothing writes to it and run again. \
        Otherwise this is a bug: please report it with the release and the source's name.",
};
