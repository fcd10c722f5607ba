//! PNX-309: an installed file below a directory that no rule knows.

use super::{Code, Severity};

/// Something is installed below a directory of which `rules/general/places.toml` says nothing.
pub static UNKNOWN_PLACE: Code = Code {
    id: "PNX-309",
    title: "an installed file below a directory that no rule knows",
    severity: Severity::Finding,
    explanation: "\
        Directories belong to programs, which read what others put there: D-Bus its policies, udev its rules, systemd-networkd its \
        links, LXC its hooks. APT's sources, Debian's initramfs and ifupdown's hooks are nothing that NixOS has. Something is \
        installed below one of which `rules/general/places.toml` does not say who reads it; a directory of the source's or a package's own \
        name needs no entry.",
    example: "# hive-manager/Makefile, line 8
install -D hive.sources $(DESTDIR)/etc/apt/sources.list.d/hive.sources

PNX-309: hive-manager/Makefile:8: `/etc/apt/sources.list.d/hive.sources` is installed, and no rule says who reads what is there",
    remedy: "\
        Add the directory to `rules/general/places.toml`: `leave-out` with the reason where NixOS has not what reads it, `keep` with who \
        reads it else.",
};
