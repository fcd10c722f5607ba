//! PNX-309: a place below a directory that no rule knows.

use super::{Code, Severity};

/// Something is installed below a directory of `/etc` of which `rules/places.toml` says nothing.
pub static UNKNOWN_PLACE: Code = Code {
    id: "PNX-309",
    title: "a place below a directory that no rule knows",
    severity: Severity::Finding,
    explanation: "\
        Directories of `/etc` belong to programs: APT's sources, Debian's initramfs and ifupdown's hooks are nothing that NixOS \
        has, others are its own. Something is installed below one of which `rules/places.toml` does not say which it is.",
    example: "# hive-manager/Makefile, line 8
install -D hive.sources $(DESTDIR)/etc/apt/sources.list.d/hive.sources

PNX-309: hive-manager/Makefile:8: `/etc/apt/sources.list.d/hive.sources` is installed below /etc/apt, and no rule says whose that is",
    remedy: "\
        Add the directory to `rules/places.toml`: `leave-out` with the reason where NixOS has not what reads it, `keep` with the \
        reason else.",
};
