//! PNX-408: a place that is rewritten in no patch.

use super::{Code, Severity};

/// A file with a decided place is outside of the tree that a package is built from, so its patch is dropped.
pub static DROPPED_PATCH: Code = Code {
    id: "PNX-408",
    title: "a decided place whose file no patch has",
    severity: Severity::Finding,
    explanation: "\
        A package that the recipes of `debian/rules` build in a directory is built from another tree, and beside it `debian/` alone \
        is patched. Places of builds elsewhere may stay as they are. A file elsewhere has a place that acts on the machine and that a \
        rule rewrites: the rewrite would be in no patch, and the program would look for Debian's path.",
    example: "# hive-qemu/scripts/info, line 7; debian/rules: dh $@ --sourcedirectory=src
my $emu = '/usr/bin/hive-emu';

PNX-408: hive-qemu/scripts/info:7: `/usr/bin/hive-emu` is decided by `installed`, and no patch of the package has the file",
    remedy: "\
        Where the file is not installed, say so by a context in the source's file in `rules/sources/`; where it is, the package needs a build that has it \
        in its tree.",
};
