//! PNX-311: a path below /etc whose rule does not say its sort.

use super::{Code, Severity};

/// A rule keeps a place below `/etc` and does not say whose file that is on NixOS.
pub static UNSAID_SORT: Code = Code {
    id: "PNX-311",
    title: "a path below /etc whose rule does not say its sort",
    severity: Severity::Finding,
    explanation: "\
        On Debian all of `/etc` is state. On NixOS a file there is one of four sorts: the machine's \
        state; NixOS' own, a link into the store that nobody can write; a file that another Debian \
        package would install; or this upstream's own data. A rule keeps a path below `/etc` and \
        does not say which.",
    example: "# hive-manager/Hive/Node.pm, line 9
my $hosts = '/etc/hosts';

PNX-311: hive-manager/Hive/Node.pm:9: `/etc/hosts` stays by `path.state`, which says no sort of it",
    remedy: "\
        Find out who makes the file on NixOS, and say `etc = \"state\"`, `\"nixos\"`, `\"conffile\"` or `\"own\"` in a rule of \
        the source's file in `rules/sources/`. What NixOS links is decided place by place, with `sources` and `files`.",
};
