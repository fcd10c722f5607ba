//! PNX-312: code writes what NixOS links into the store.

use super::{Code, Severity};

/// A file that is NixOS' own by its rule is named in a statement that writes.
pub static WRITTEN_LINK: Code = Code {
    id: "PNX-312",
    title: "code that writes what NixOS links into the store",
    severity: Severity::Finding,
    explanation: "\
        A rule says that a file below `/etc` is NixOS' own: a link into the store. A statement that writes, removes or replaces files \
        names it, or the variable it goes to. Such a write fails, after whatever was done before it (a disk was formatted once), or the \
        next activation undoes it.",
    example: "# hive-manager/Hive/Node.pm, line 9
my $hosts = '/etc/hosts';
file_set_contents($hosts, $text);

PNX-312: hive-manager/Hive/Node.pm:9: `/etc/hosts` is NixOS' own by `path.node-files`, a link into the store, and the code writes it",
    remedy: "\
        Take the write out by a feature, give it another place (`system`), or see to it that it is refused before it does harm; then \
        say so in `written` of the rule.",
};
