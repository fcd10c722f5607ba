//! PNX-403: output that differs from a fresh run.

use super::{Code, Severity};

/// A generated file that is not what the tool would write now.
pub static OUTPUT_DIFFERS: Code = Code {
    id: "PNX-403",
    title: "output that differs from a fresh run",
    severity: Severity::Finding,
    explanation: "\
        `regen --check` made the output afresh in memory and found another content in the tree: a generated \
        file was edited by hand, is missing, is left over, or the rules, pins or the tool changed without a \
        new `regen`.",
    example: "$ cargo xtask regen demo --check

PNX-403: pkgs/demo/hive-api/package.nix:17: differs from a fresh run",
    remedy: "\
        Run `cargo xtask regen RELEASE` and look at the difference with `git diff`. What you wanted to \
        change by hand belongs into a rule, or into the hand-written files under `nix/` and \
        `pkgs/build-support/`.",
};
