//! PNX-226: a package of pkgs/outside whose fetchurl call cannot be read.

use super::{Code, Severity};

/// A call of `fetchurl` whose argument is not a set of literal strings.
pub static UNREADABLE_FETCH: Code = Code {
    id: "PNX-226",
    title: "a package of pkgs/outside whose fetchurl call cannot be read",
    severity: Severity::Fatal,
    explanation: "\
        `prefetch` also fetches the sources of packages written by hand. It reads URL and hash from \
        their Nix files, so that no second list can disagree with them. It understands only \
        `fetchurl { url = \"…\"; hash = \"…\"; }` with literal strings.",
    example: "# pkgs/outside/wax.nix
src = fetchurl {
  url = \"https://hive.example/wax-${version}.tar.gz\";

PNX-226: pkgs/outside/wax.nix:2: fetchurl is not called on a set of literal strings",
    remedy: "\
        Write the URL and the hash as literal strings.",
};
