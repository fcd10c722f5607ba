//! PNX-407: a required dependency that nothing provides.

use super::{Code, Severity};

/// The code needs a library, module, program or file unconditionally, and neither the release,
/// `pkgs/outside` nor nixpkgs has it.
pub static REQUIRED_ABSENT: Code = Code {
    id: "PNX-407",
    title: "a required dependency that nothing provides",
    severity: Severity::Finding,
    explanation: "\
        The code uses something without asking for it first, or links it, and neither a derivation \
        of the release, nor `pkgs/outside`, nor nixpkgs provides it. The expressions are written all \
        the same: those that need it throw when evaluated and name it, and everything else \
        evaluates. With `--allow-missing`, the gap does not cause exit status 1.",
    example: "# hive-manager/Hive/API.pm, line 3
use Hive::Honey;

PNX-407: hive-manager: hive-honey is required and absent: Hive/API.pm:3 uses it",
    remedy: "\
        Pin its source in the release, or package it as `pkgs/outside/NAME.nix`. Where the code asks for it before it uses it, \
        add a probe to `rules/general/optional.toml` with what its absence costs a user.",
};
