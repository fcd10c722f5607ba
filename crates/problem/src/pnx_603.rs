//! PNX-603: a file that is not in its package.

use super::{Code, Severity};

/// A reference to a file that does not exist in its store path.
pub static NOT_IN_PACKAGE: Code = Code {
    id: "PNX-603",
    title: "a file that is not in its package",
    severity: Severity::Finding,
    explanation: "\
        A built file names a file of a package that is in the store without that file: the program \
        has another name in nixpkgs, is in another output (`bin`, `lib`), or is gone from a newer \
        version. In compiled programs the audit checks only `bin` and `libexec`, because compilers \
        embed directories for configuration and plugins whether they exist or not.",
    example: "PNX-603: result/lib/perl5/site_perl/Hive/LVM.pm:40: `/nix/store/5p9yzdv8wf5yxarw7zrk5sd63l93nn17-lvm2-2.03` has no `bin/vgz`",
    remedy: "\
        Correct the package, or the target below it, in `rules/nixpkgs/programs.toml` or in the rule that decided it, and run \
        `cargo xtask regen`.",
};
