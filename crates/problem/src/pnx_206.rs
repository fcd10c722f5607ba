//! PNX-206: a tree whose NAR hash differs from its pin.

use super::{Code, Severity};

/// A source tree whose NAR hash is not the one the release gives.
pub static HASH_MISMATCH: Code = Code {
    id: "PNX-206",
    title: "a tree whose NAR hash differs from its pin",
    severity: Severity::Fatal,
    explanation: "\
        The NAR hash is what Nix checks after fetching. The one computed from the tree at the pinned commit \
        is not the one in the release, so a build would stop with a hash mismatch; or somebody gave you \
        another tree than the one that was pinned.",
    example: r#"# releases/hive-2.toml
[source.hive-common]
nar-hash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

PNX-206: hive-common: the tree has sha256-qL0c…, the release says sha256-AAAA…"#,
    remedy: "\
        If you moved the pin by hand, remove its `nar-hash` and run `cargo xtask lock RELEASE`, which computes \
        it. If you did not, do not use the tree: find out where it came from.",
};
