//! PNX-403: output that differs from a fresh run.

use super::{Code, Severity};

/// A generated file that differs from a fresh run's.
pub static OUTPUT_DIFFERS: Code = Code {
    id: "PNX-403",
    title: "output that differs from a fresh run",
    severity: Severity::Finding,
    explanation: "\
        `regen --check` generated the output in memory and compared it with the tree: a generated \
        file was edited by hand, is missing or is obsolete, or the rules, the pins or the tool \
        changed without a new `regen`.",
    example: "$ cargo xtask regen demo --check

PNX-403: pkgs/demo/hive-api/package.nix:17: differs from a fresh run",
    remedy: "\
        Run `cargo xtask regen RELEASE` and look at the difference with `git diff`. Make manual \
        changes in a rule, or in the hand-written files under `nix/` and `pkgs/build-support/`.",
};
