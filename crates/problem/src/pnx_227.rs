//! PNX-227: a source pinned at an older commit than the release's.

use super::{Code, Severity};

/// A pin at the newest commit with a published hash, because the release's own commit has none.
pub static OLDER_PIN: Code = Code {
    id: "PNX-227",
    title: "a source pinned at an older commit than the release's",
    severity: Severity::Finding,
    explanation: "\
        Nobody published the hash of the release's tree, and it cannot be computed here, mostly \
        because a submodule is not available. An earlier commit of the same history has a published \
        hash in `rules/sources.toml`, so `lock` pins that one: the release can be built, with an \
        older package than upstream's.",
    example: "# rules/sources.toml
[[source.hive-vm.known]]
version = \"1.0-1\"

PNX-227: hive-vm: 1.0-1 is pinned, not the release's 1.0-2, of 2026-02-03: the tree of 0123456789ab cannot be hashed: its \
        submodule comb is not at hand",
    remedy: "\
        Fetch the commits named into the directory named, or add a published hash, and run `cargo \
        xtask lock RELEASE` again.",
};
