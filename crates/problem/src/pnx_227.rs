//! PNX-227: a source pinned at an older commit than the release's.

use super::{Code, Severity};

/// A pin at the newest commit with a published hash, because the release's own commit has none.
pub static OLDER_PIN: Code = Code {
    id: "PNX-227",
    title: "a source pinned at an older commit than the release's",
    severity: Severity::Finding,
    explanation: "\
        The tree that the release has can be hashed neither here nor by what somebody published, mostly because a submodule \
        is not at hand. An earlier commit of the same history has a published hash in its file in `rules/sources/`, and is pinned in \
        its place: the release can be built, with an older package than upstream's.",
    example: "# rules/sources/hive-vm.toml
[[repository.known]]
version = \"1.0-1\"

PNX-227: hive-vm: 1.0-1 is pinned, not the release's 1.0-2, of 2026-02-03: the tree of 0123456789ab cannot be hashed: its \
        submodule comb is not at hand",
    remedy: "\
        Fetch the commits named into the directory named, or add a published hash, and run `cargo \
        xtask lock RELEASE` again.",
};
