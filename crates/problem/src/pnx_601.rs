//! PNX-601: a path of Debian's that no decision keeps.

use super::{Code, Severity};

/// An absolute path in a built file, or the target of a link.
pub static LEFT_OVER: Code = Code {
    id: "PNX-601",
    title: "a path of Debian's that no decision keeps",
    severity: Severity::Finding,
    explanation: "\
        A built file holds an absolute path below one of the FHS roots, and no decision of the release keeps \
        this text in the file that it was built from, or not as often as it stands there. Whoever reads it looks \
        where Debian has the file, and NixOS has nothing. Comments and documentation are not looked at. What is \
        joined from several files, generated or compiled may hold what any file of its language keeps.",
    example: "PNX-601: result/lib/perl5/site_perl/Hive/Tools.pm:12: no decision keeps `/usr/sbin/hive`",
    remedy: "\
        Decide the place in `rules/` and run `cargo xtask regen`; where the source is decided and the built file \
        is not, a patch is not applied or the build writes the path: `cargo xtask explain FILE:LINE` says what \
        was decided. After a `regen` build again, or name the release's file with `--kept`.",
};
