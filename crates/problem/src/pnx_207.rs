//! PNX-207: a release manifest that cannot be read.

use super::{Code, Severity};

/// A file in `releases/` that is not TOML, or has unknown, missing or contradicting keys.
pub static BAD_MANIFEST: Code = Code {
    id: "PNX-207",
    title: "a release manifest that cannot be read",
    severity: Severity::Fatal,
    explanation: "\
        The file in `releases/` is not valid TOML, has an unknown key, or has a pin without its \
        required keys: either `url` and `rev` (forty hexadecimal digits), or `path` for a source \
        that lies beside the manifest.",
    example: r#"# releases/hive-2.toml
[source.hive-common]
url = "https://git.example.org/hive-common.git"
revision = "0123456789abcdef0123456789abcdef01234567"

PNX-207: releases/hive-2.toml:4: unknown key `revision`"#,
    remedy: "\
        Correct the line named. Files written by `cargo xtask lock` are always readable; to start \
        over, remove the file and lock again.",
};
