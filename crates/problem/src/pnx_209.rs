//! PNX-209: a tree with an entry that cannot be handled.

use super::{Code, Severity};

/// A tree entry whose name or link cannot be reproduced.
pub static BAD_TREE: Code = Code {
    id: "PNX-209",
    title: "a tree with an entry that cannot be handled",
    severity: Severity::Fatal,
    explanation: "\
        A tree has an entry whose name is not UTF-8, is empty, is `..` or contains a control \
        character, or it has symbolic links that lead in a circle or out of the tree. Such an entry \
        cannot be written to a patch or a Nix file with the same meaning.",
    example: "$ ls -l hive-common/
a -> b
b -> a

PNX-209: hive-common/a: symbolic links lead in a circle",
    remedy: "\
        Correct the tree at its origin. If upstream really ships such an entry, please report it \
        with the source's name and commit, so that the tool learns to handle it.",
};
