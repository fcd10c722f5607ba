//! PNX-309: an installed file below a directory that no rule knows.

use super::{Code, Severity};

/// A file is installed below a directory that `rules/places.toml` does not list.
pub static UNKNOWN_PLACE: Code = Code {
    id: "PNX-309",
    title: "an installed file below a directory that no rule knows",
    severity: Severity::Finding,
    explanation: "\
        Directories belong to programs, which read the files that others install there: D-Bus reads \
        policies, udev rules, systemd-networkd links, LXC hooks. NixOS has no APT sources, initramfs \
        hooks of Debian's or ifupdown hooks. The source installs something below a directory for \
        which `rules/places.toml` names no reader. A directory of the source's or a package's own \
        name needs no entry.",
    example: "# hive-manager/Makefile, line 8
install -D hive.sources $(DESTDIR)/etc/apt/sources.list.d/hive.sources

PNX-309: hive-manager/Makefile:8: `/etc/apt/sources.list.d/hive.sources` is installed, and no rule says who reads what is there",
    remedy: "\
        Add the directory to `rules/places.toml`: `leave-out` with the reason if NixOS does not have \
        the program that reads it, otherwise `keep` with the program's name.",
};
