//! PNX-312: code that writes a file that NixOS links into the store.

use super::{Code, Severity};

/// A statement that writes names a file that is NixOS' own by its rule.
pub static WRITTEN_LINK: Code = Code {
    id: "PNX-312",
    title: "code that writes a file that NixOS links into the store",
    severity: Severity::Finding,
    explanation: "\
        A rule says that a file below `/etc` is NixOS' own: a link into the store. A statement that \
        writes, removes or replaces files names it, or the variable that holds it. Such a write \
        fails after earlier steps have taken effect (it once left a formatted disk behind), or the \
        next activation undoes it.",
    example: "# hive-manager/Hive/Node.pm, line 9
my $hosts = '/etc/hosts';
file_set_contents($hosts, $text);

PNX-312: hive-manager/Hive/Node.pm:9: `/etc/hosts` is NixOS' own by `path.node-files`, a link into the store, and the code writes it",
    remedy: "\
        Remove the write with a feature, move it to another path (`system`), or make sure that it is \
        refused before it does harm, and record that in the rule's `written`.",
};
