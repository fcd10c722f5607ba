//! PNX-805: a hand-kept patch that no longer applies as it is.

use super::{Code, Severity};

/// A patch of `patches/local/` that does not apply to the new tree as it did to the old one.
pub static LOCAL_PATCH_FAILS: Code = Code {
    id: "PNX-805",
    title: "a hand-kept patch that no longer applies as it is",
    severity: Severity::Finding,
    explanation: "\
        A downstream keeps its own patches in `patches/local/SOURCE/`. They are text: if upstream \
        changed the lines around a hunk, the hunk applies at another line, with fuzz, or not at all. \
        A single hunk that does not apply fails the build.",
    example: "PNX-805: patches/local/hive-manager/logo.patch: 3 hunks apply: 1 nowhere, 2 where they were
  www/index.html.tpl:14",
    remedy: "\
        Redo the hunk against the new tree, which the report shows beside it, and write the patch \
        again.",
};
