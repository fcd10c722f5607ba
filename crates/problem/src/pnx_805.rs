//! PNX-805: a hand-kept patch that no longer applies as it is.

use super::{Code, Severity};

/// A patch of `patches/local/` that the new tree does not take as the old one did.
pub static LOCAL_PATCH_FAILS: Code = Code {
    id: "PNX-805",
    title: "a hand-kept patch that no longer applies as it is",
    severity: Severity::Finding,
    explanation: "\
        A downstream keeps patches of its own in `patches/local/SOURCE/`. They are text: where upstream changed the \
        lines around a hunk it applies at another line, without some of its context, or not at all. One hunk that does \
        not apply fails the build.",
    example: "PNX-805: patches/local/hive-manager/logo.patch: 3 hunks apply: 1 nowhere, 2 where they were
  www/index.html.tpl:14",
    remedy: "Make the hunk anew against the new tree, which is shown beside it, and write the patch again.",
};
