//! PNX-208: a URL that Git would take for an option or a command.

use super::{Code, Severity};

/// A source's URL that begins with `-`, or whose transport would run a program.
pub static UNSAFE_URL: Code = Code {
    id: "PNX-208",
    title: "a URL that Git would take for an option or a command",
    severity: Severity::Fatal,
    explanation: "\
        The tool passes the URL of a source to Git. Git would read one that begins with `-` as an \
        option, and transports such as `ext::` run a program of the URL's choosing. A release needs \
        neither, so the tool rejects both before it starts Git.",
    example: r#"# releases/hive-2.toml
[source.hive-common]
url = "--upload-pack=touch /tmp/owned"

PNX-208: releases/hive-2.toml:3: `--upload-pack=touch /tmp/owned` begins with `-`"#,
    remedy: "\
        Give the full URL, with `https://`, `git://`, `ssh://` or `file://`. If you did not write it \
        yourself, distrust the rest of the file too.",
};
