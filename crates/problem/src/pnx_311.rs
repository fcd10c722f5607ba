//! PNX-311: a path below `/etc` of no sort.

use super::{Code, Severity};

/// A place stays below `/etc`, and its rule does not say whose file that is on NixOS.
pub static UNSAID_SORT: Code = Code {
    id: "PNX-311",
    title: "a path below /etc of which no rule says the sort",
    severity: Severity::Finding,
    explanation: "\
        On Debian `/etc` is state as a whole. On NixOS a file there is one of four: the machine's state; NixOS' own, a link into \
        the store that nobody can write; a file that another Debian package would bring; or this upstream's own data. A place stays \
        below `/etc` by a rule that does not say which.",
    example: "# hive-manager/Hive/Node.pm, line 9
my $hosts = '/etc/hosts';

PNX-311: hive-manager/Hive/Node.pm:9: `/etc/hosts` stays by `path.state`, which says no sort of it",
    remedy: "\
        Find out who makes the file on NixOS, and say `etc = \"state\"`, `\"nixos\"`, `\"conffile\"` or `\"own\"` in a rule of \
        the source's file in `rules/sources/`. What NixOS links is decided place by place, with `sources` and `files`.",
};
