//! PNX-409: a plugin that cannot be linked.

use super::{Code, Severity};

/// A plugin without packaging, with the name of an object of the release, or with a file that the
/// release installs.
pub static BAD_PLUGIN: Code = Code {
    id: "PNX-409",
    title: "a plugin that cannot be linked with the release",
    severity: Severity::Finding,
    explanation: "\
        A plugin becomes one more object of a link. Its packaging (`debian/` and the Makefiles) says \
        what it installs, so it needs one. A link cannot contain two files at one path or two \
        objects of one name: the link would fail, or one would hide the other.",
    example: "\
        demo/hive-tape/Makefile: install -D Disk.pm $(PERLDIR)/Hive/Storage/Disk.pm

PNX-409: hive-tape: Makefile:9: it installs /usr/share/perl5/Hive/Storage/Disk.pm, which is hive-guests'",
    remedy: "\
        Install the file at a path of the plugin's own, or rename the plugin.",
};
