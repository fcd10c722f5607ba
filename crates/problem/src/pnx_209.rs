//! PNX-209: a tree with an entry that cannot be handled.

use super::{Code, Severity};

/// A tree entry with a name or a link that cannot be carried over.
pub static BAD_TREE: Code = Code {
    id: "PNX-209",
    title: "a tree with an entry that cannot be handled",
    severity: Severity::Fatal,
    explanation: "\
        A tree holds an entry whose name is not UTF-8, is empty, is `..` or holds a control character; or \
        symbolic links that lead in a circle or out of the tree. Such an entry could not be written to a \
        patch or a Nix file and mean the same thing there.",
    example: "$ ls -l hive-common/
a -> b
b -> a

PNX-209: hive-common/a: symbolic links lead in a circle",
    remedy: "\
        Mend the tree at its origin. If upstream really ships such an entry, the tool has to learn to handle \
        it: please report it with the source's name and commit.",
};
