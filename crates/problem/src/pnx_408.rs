//! PNX-408: a decided place in a file that no patch reaches.

use super::{Code, Severity};

/// A file with a decided place is outside of the tree that the package is built from, so no patch
/// changes it.
pub static DROPPED_PATCH: Code = Code {
    id: "PNX-408",
    title: "a decided place in a file that no patch reaches",
    severity: Severity::Finding,
    explanation: "\
        A package that the recipes of `debian/rules` build in a directory has its own source tree; \
        of the rest, only `debian/` is patched. Places in other files of builds may stay. A file \
        elsewhere has a place that takes effect on the machine and that a rule rewrites. No patch \
        would contain the rewrite, and the program would look for Debian's path.",
    example: "# hive-qemu/scripts/info, line 7; debian/rules: dh $@ --sourcedirectory=src
my $emu = '/usr/bin/hive-emu';

PNX-408: hive-qemu/scripts/info:7: `/usr/bin/hive-emu` is decided by `installed`, and no patch of the package has the file",
    remedy: "\
        Where the file is not installed, say so by a context in the source's file in `rules/sources/`; where it is, the package needs a build that has it \
        in its tree.",
};
