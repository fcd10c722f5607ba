//! PNX-803: a dependency that came, went or changed.

use super::{Code, Severity};

/// What a source needs is not what it needed.
pub static NEED_DRIFTED: Code = Code {
    id: "PNX-803",
    title: "a dependency that came, went or changed",
    severity: Severity::Finding,
    explanation: "\
        Packages that `debian/control` names, modules that the code loads, programs it runs by name, crates of a lock, \
        inputs of the derivation. What comes has to be in nixpkgs, among the sources or in the rules; a version that \
        is asked for may be newer than the one at hand.",
    example: "PNX-803: hive-storage: depends `libcomb-perl` came: `>= 2.1`",
    remedy: "Add what is new to the rules that map Debian's names to nixpkgs' attributes, and hold a version that is asked for \
        against that of nixpkgs.",
};
