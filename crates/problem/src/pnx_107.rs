//! PNX-107: a rule names an attribute that does not exist.

use super::{Code, Severity};

/// An attribute that `rules/nixpkgs/attributes.toml`, the release and `pkgs/outside` do not have.
pub static UNKNOWN_ATTRIBUTE: Code = Code {
    id: "PNX-107",
    title: "a rule names an attribute that does not exist",
    severity: Severity::Finding,
    explanation: "\
        A rule says that a program, a module, a path or a Debian package is an attribute of nixpkgs. Each such attribute is \
        listed in `rules/nixpkgs/attributes.toml` with the file that defines it, because somebody looked it up there; a name that was \
        guessed, or misspelt, would otherwise be written into derivations and fail only where they are evaluated. What the \
        release makes itself, and what `pkgs/outside` and `pkgs/build-support` package, needs no entry.",
    example: "# rules/nixpkgs/programs.toml, line 12: nixpkgs calls it `comb-utils`
[comb]
programs = [\"comb\"]

PNX-107: rules/nixpkgs/programs.toml:12: the rule `command.comb` names the attribute `comb`, which neither rules/nixpkgs/attributes.toml, nor \
hive-2, nor pkgs/outside has",
    remedy: "Look the attribute up in nixpkgs: name the one that is there and list it in `rules/nixpkgs/attributes.toml` with its file; or \
        package it as `pkgs/outside/NAME.nix`.",
};
