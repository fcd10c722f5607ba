//! PNX-304: a Debian package that no rule maps.

use super::{Code, Severity};

/// A dependency on a Debian package for which `rules/` name no nixpkgs attribute.
pub static UNMAPPED_PACKAGE: Code = Code {
    id: "PNX-304",
    title: "a Debian package that no rule maps",
    severity: Severity::Finding,
    explanation: "\
        `Depends` or `Build-Depends` names a Debian package that is neither made by one of the release's \
        sources nor mapped to an attribute of nixpkgs. A derivation written without it would fail to build, \
        or fail later at run time.",
    example: "# hive-api/debian/control, line 6
Build-Depends: libcomb-dev

PNX-304: hive-api/debian/control:6: no rule maps `libcomb-dev`",
    remedy: "\
        Add the package to the rules for Debian packages: the nixpkgs attribute that provides it, or that \
        nothing is needed on NixOS, and why.",
};
