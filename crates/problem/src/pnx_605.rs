//! PNX-605: a link that leads nowhere.

use super::{Code, Severity};

/// A symbolic link whose target is not there.
pub static DANGLING: Code = Code {
    id: "PNX-605",
    title: "a link that leads nowhere",
    severity: Severity::Finding,
    explanation: "\
        A symbolic link of an output leads to a file that does not exist, or in a circle. Links into `/etc`, \
        `/var`, `/run` and their like are not followed: they lead to what a machine has.",
    example: "PNX-605: result/share/hive/docs: the link leads to `../hive-docs`, which does not exist",
    remedy: "\
        Install the target, or take the link out of what `debian/` lists with a feature of the source's file in `rules/sources/`.",
};
