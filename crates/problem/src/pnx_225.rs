//! PNX-225: a tree whose hash can be neither computed nor found.

use super::{Code, Severity};

/// A pin that would have no hash: its tree cannot be assembled here, and nobody published its hash.
pub static NO_HASH: Code = Code {
    id: "PNX-225",
    title: "a tree whose hash can be neither computed nor found",
    severity: Severity::Fatal,
    explanation: "\
        What Nix fetches has a hash, and `lock` computes it from the source's repository. A submodule whose commit no \
        repository at hand has, or a file that the clone lacks, makes that impossible; and its file in `rules/sources/` knows no \
        published hash of the commit.",
    example: "$ cat hive-vm/.gitmodules
[submodule \"comb\"]
    path = comb
    url = https://hive.example/comb.git

PNX-225: hive-vm: the tree of 0123456789ab cannot be hashed: its submodule comb is not at hand: no repository at hand has the \
        commit 89abcdef0123 of https://hive.example/comb.git (looked for in ~/upstream/comb)",
    remedy: "\
        Fetch the commits named into the directory named, and run `cargo xtask lock RELEASE` again.",
};
