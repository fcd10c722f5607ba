//! PNX-226: a package of `pkgs/outside` whose archive cannot be read from it.

use super::{Code, Severity};

/// A call of `fetchurl` that is not on a set of literal strings.
pub static UNREADABLE_FETCH: Code = Code {
    id: "PNX-226",
    title: "a package of pkgs/outside whose archive cannot be read from it",
    severity: Severity::Fatal,
    explanation: "\
        `prefetch` brings what packages written by hand fetch, too, and reads URL and hash from their Nix files, so that no \
        second list can differ from them. It reads `fetchurl { url = \"…\"; hash = \"…\"; }` with literal strings and nothing \
        else.",
    example: "# pkgs/outside/wax.nix
src = fetchurl {
  url = \"https://hive.example/wax-${version}.tar.gz\";

PNX-226: pkgs/outside/wax.nix:2: fetchurl is not called on a set of literal strings",
    remedy: "\
        Write the URL and the hash out.",
};
