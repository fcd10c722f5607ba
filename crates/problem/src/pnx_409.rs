//! PNX-409: a plugin that cannot be linked.

use super::{Code, Severity};

/// A plugin lacks a packaging, has the name of something of the release's, or installs what the release installs.
pub static BAD_PLUGIN: Code = Code {
    id: "PNX-409",
    title: "a plugin that cannot be linked with the release",
    severity: Severity::Finding,
    explanation: "\
        A plugin becomes one more object of a link. What it installs, and where, its packaging says (`debian/` and the \
        Makefiles), so it needs one. In a link no two files stand at one place, and no two objects have one name: what the \
        release has already would make the link fail, or hide one of the two.",
    example: "\
        demo/hive-tape/Makefile: install -D Disk.pm $(PERLDIR)/Hive/Storage/Disk.pm

PNX-409: hive-tape: Makefile:9: it installs /usr/share/perl5/Hive/Storage/Disk.pm, which is hive-guests'",
    remedy: "Install the file at a place of the plugin's own, or give the plugin another name.",
};
