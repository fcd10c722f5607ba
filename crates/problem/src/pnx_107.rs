//! PNX-107: a rule names an attribute that does not exist.

use super::{Code, Severity};

/// An attribute that neither `rules/nixpkgs.toml`, nor the release, nor `pkgs/outside` has.
pub static UNKNOWN_ATTRIBUTE: Code = Code {
    id: "PNX-107",
    title: "a rule names an attribute that does not exist",
    severity: Severity::Finding,
    explanation: "\
        A rule maps a program, a module, a path or a Debian package to an attribute of nixpkgs. \
        `rules/nixpkgs.toml` lists each such attribute with the file that defines it, because \
        somebody looked it up there. A guessed or misspelt name would otherwise end up in \
        derivations and fail only when they are evaluated. Attributes of the release itself, of \
        `pkgs/outside` and of `pkgs/build-support` need no entry.",
    example: "# rules/commands.toml, line 12: nixpkgs calls it `comb-utils`
[comb]
programs = [\"comb\"]

PNX-107: rules/commands.toml:12: the rule `command.comb` names the attribute `comb`, which neither rules/nixpkgs.toml, nor \
hive-2, nor pkgs/outside has",
    remedy: "\
        Look the attribute up in nixpkgs. Use its right name and list it in `rules/nixpkgs.toml` \
        with its file, or package it as `pkgs/outside/NAME.nix`.",
};
