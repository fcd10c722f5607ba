//! PNX-221: a submodule that no repository has.

use super::{Code, Severity};

/// A submodule whose commit no local repository has.
pub static MISSING_SUBMODULE: Code = Code {
    id: "PNX-221",
    title: "a submodule that no repository has",
    severity: Severity::Finding,
    explanation: "\
        A source is built with its submodules: other repositories, at commits that its tree names. \
        `prefetch` takes each submodule from a repository that has the commit: the source's own \
        clone if its submodules were initialised, `DIR/SOURCE.submodules/PATH`, or `DIR/NAME` by the \
        last part of the submodule's URL. None of them has it, so the source's tree cannot be \
        assembled and its hash is unknown.",
    example: "$ cat hive-vm/.gitmodules
[submodule \"comb\"]
    path = comb
    url = https://hive.example/comb.git

PNX-221: hive-vm/comb: no local repository has the commit 0123456789ab",
    remedy: "\
        Run `git submodule update --init --recursive` in the source's clone, or clone the submodule's URL to \
        `DIR/SOURCE.submodules/PATH`.",
};
