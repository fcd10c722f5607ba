//! PNX-206: a tree whose NAR hash differs from its pin.

use super::{Code, Severity};

/// A source tree whose NAR hash differs from the release's.
pub static HASH_MISMATCH: Code = Code {
    id: "PNX-206",
    title: "a tree whose NAR hash differs from its pin",
    severity: Severity::Fatal,
    explanation: "\
        Nix checks the NAR hash after fetching. The hash of the tree at the pinned commit is not the \
        one in the release, so a build would stop with a hash mismatch, or you have a different tree \
        from the one that was pinned.",
    example: r#"# releases/hive-2.toml
[source.hive-common]
nar-hash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

PNX-206: hive-common: the tree has sha256-qL0c…, the release says sha256-AAAA…"#,
    remedy: "\
        If you moved the pin by hand, remove its `nar-hash` and run `cargo xtask lock RELEASE`, \
        which computes it. Otherwise do not use the tree before you know where it came from.",
};
