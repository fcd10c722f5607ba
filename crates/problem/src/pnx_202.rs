//! PNX-202: a pin that is not in its repository.

use super::{Code, Severity};

/// A pinned commit that the source's repository does not contain.
pub static MISSING_PIN: Code = Code {
    id: "PNX-202",
    title: "a pin that is not in its repository",
    severity: Severity::Fatal,
    explanation: "\
        The release pins this source to a commit that the repository does not have. Most often the \
        clone is older than the release, or shallow. Sometimes upstream has rewritten its history, \
        or the pin has a wrong digit.",
    example: r#"# releases/hive-2.toml
[source.hive-common]
rev = "0123456789abcdef0123456789abcdef01234567"

PNX-202: hive-common: no commit 0123456789ab in ~/upstream/hive-common.git"#,
    remedy: "\
        Run `git fetch --all --tags` in the repository (`git fetch --unshallow` if it is shallow). \
        If upstream no longer has the commit, resolve the pins again with `cargo xtask lock \
        RELEASE`.",
};
