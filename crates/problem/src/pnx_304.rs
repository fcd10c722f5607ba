//! PNX-304: a Debian package that no rule maps.

use super::{Code, Severity};

/// A dependency on a Debian package for which `rules/` name no nixpkgs attribute.
pub static UNMAPPED_PACKAGE: Code = Code {
    id: "PNX-304",
    title: "a Debian package that no rule maps",
    severity: Severity::Finding,
    explanation: "\
        `Depends` or `Build-Depends` names a Debian package that no source of the release builds and \
        no rule maps to an attribute of nixpkgs. A derivation without it would fail to build, or \
        fail at run time.",
    example: "# hive-api/debian/control, line 6
Build-Depends: libcomb-dev

PNX-304: hive-api/debian/control:6: no rule maps `libcomb-dev`",
    remedy: "\
        Add the package to the rules for Debian packages: the nixpkgs attribute that provides it, or \
        that NixOS needs nothing for it, and why.",
};
