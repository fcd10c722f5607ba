//! PNX-407: something required that nobody has.

use super::{Code, Severity};

/// A library, module, program or file is needed unconditionally, and neither the release, `pkgs/outside` nor nixpkgs has it.
pub static REQUIRED_ABSENT: Code = Code {
    id: "PNX-407",
    title: "something required that nobody has",
    severity: Severity::Finding,
    explanation: "\
        The code uses it without asking first, or links it, and neither a derivation of the release, `pkgs/outside` nor nixpkgs \
        gives it. Expressions are written all the same: what uses it throws when it is evaluated and names what is absent, everything else \
        evaluates. `--allow-missing` makes it no reason for exit status 1.",
    example: "# hive-manager/Hive/API.pm, line 3
use Hive::Honey;

PNX-407: hive-manager: hive-honey is required and absent: Hive/API.pm:3 uses it",
    remedy: "\
        Pin its source in the release, or package it as `pkgs/outside/NAME.nix`. Where the code asks for it before it uses it, \
        add a probe to `rules/general/optional.toml` with what its absence costs a user.",
};
