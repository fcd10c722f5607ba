//! PNX-208: a URL that Git would take for an option or a command.

use super::{Code, Severity};

/// A source's URL that begins with `-`, or whose transport would run a program.
pub static UNSAFE_URL: Code = Code {
    id: "PNX-208",
    title: "a URL that Git would take for an option or a command",
    severity: Severity::Fatal,
    explanation: "\
        The URL of a source is handed to Git. One that begins with `-` would be read as an option, and \
        transports such as `ext::` run a program of the URL's choosing. Neither has a place in a release, so \
        they are refused before Git is started.",
    example: r#"# releases/hive-2.toml
[source.hive-common]
url = "--upload-pack=touch /tmp/owned"

PNX-208: releases/hive-2.toml:3: `--upload-pack=touch /tmp/owned` begins with `-`"#,
    remedy: "\
        Give the URL in full, with `https://`, `git://`, `ssh://` or `file://`. If you did not write it \
        yourself, distrust the rest of the file too.",
};
