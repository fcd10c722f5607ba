//! PNX-203: a repository that Git cannot read.

use super::{Code, Severity};

/// A repository whose objects are corrupt or cut short, or a Git program that fails.
pub static BROKEN_REPOSITORY: Code = Code {
    id: "PNX-203",
    title: "a repository that Git cannot read",
    severity: Severity::Fatal,
    explanation: "\
        Git could not read an object that the pinned commit refers to, or the directory is not a Git \
        repository. The message includes Git's own. Interrupted clones and damaged disks are the \
        usual causes.",
    example: "# hive-common.git/objects/pack holds a pack that was cut short.

PNX-203: hive-common: git cat-file: error: packfile is truncated",
    remedy: "\
        Run `git fsck` in the repository. If it complains, move the repository away and clone it \
        again.",
};
