//! PNX-601: a path of Debian's that no decision keeps.

use super::{Code, Severity};

/// An absolute path in a built file, or the target of a link.
pub static LEFT_OVER: Code = Code {
    id: "PNX-601",
    title: "a path of Debian's that no decision keeps",
    severity: Severity::Finding,
    explanation: "\
        A built file contains an absolute path below one of the FHS roots, and no decision of the \
        release keeps this text in the source file, or not as often as it occurs. Code that uses the \
        path looks where Debian has the file, and NixOS has nothing there. The audit skips comments \
        and documentation. Files that a build joins, generates or compiles may contain whatever any \
        file of their language keeps.",
    example: "PNX-601: result/lib/perl5/site_perl/Hive/Tools.pm:12: no decision keeps `/usr/sbin/hive`",
    remedy: "\
        Decide the place in `rules/` and run `cargo xtask regen`. If the source's place has a \
        decision, a patch was not applied or the build writes the path: `cargo xtask explain \
        FILE:LINE` shows the decision. After a `regen`, build again, or name the release's file with \
        `--kept`.",
};
