//! PNX-803: a dependency that was added, removed or changed.

use super::{Code, Severity};

/// The dependencies of a source changed.
pub static NEED_DRIFTED: Code = Code {
    id: "PNX-803",
    title: "a dependency that was added, removed or changed",
    severity: Severity::Finding,
    explanation: "\
        Dependencies are packages that `debian/control` names, modules that the code loads, programs \
        that it runs by name, crates of a lock, and inputs of the derivation. New ones must be in \
        nixpkgs, among the sources or in the rules. A required version may be newer than the \
        available one.",
    example: "PNX-803: hive-storage: depends `libcomb-perl` came: `>= 2.1`",
    remedy: "\
        Add new dependencies to the rules that map Debian's names to nixpkgs' attributes, and \
        compare required versions with nixpkgs'.",
};
