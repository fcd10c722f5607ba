//! PNX-207: a release manifest that cannot be read.

use super::{Code, Severity};

/// A file in `releases/` that is not TOML, or has unknown, missing or contradicting keys.
pub static BAD_MANIFEST: Code = Code {
    id: "PNX-207",
    title: "a release manifest that cannot be read",
    severity: Severity::Fatal,
    explanation: "\
        The file in `releases/` is not valid TOML, has a key that is not known, or a pin lacks what it \
        needs: either `url` and `rev` (forty hexadecimal digits), or `path` for a source kept beside the \
        manifest.",
    example: r#"# releases/hive-2.toml
[source.hive-common]
url = "https://git.example.org/hive-common.git"
revision = "0123456789abcdef0123456789abcdef01234567"

PNX-207: releases/hive-2.toml:4: unknown key `revision`"#,
    remedy: "\
        Mend the line that is named. A release that `cargo xtask lock` wrote is always readable; to start \
        over, remove the file and lock again.",
};
