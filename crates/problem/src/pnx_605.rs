//! PNX-605: a link that leads nowhere.

use super::{Code, Severity};

/// A symbolic link whose target does not exist.
pub static DANGLING: Code = Code {
    id: "PNX-605",
    title: "a link that leads nowhere",
    severity: Severity::Finding,
    explanation: "\
        A symbolic link of an output leads to a file that does not exist, or in a circle. The audit \
        does not follow links into `/etc`, `/var`, `/run` and the like, because those lead to files \
        of the machine.",
    example: "PNX-605: result/share/hive/docs: the link leads to `../hive-docs`, which does not exist",
    remedy: "\
        Install the target, or take the link out of what `debian/` lists with a feature of the source's file in `rules/sources/`.",
};
