//! PNX-603: a file that is not in its package.

use super::{Code, Severity};

/// A reference to a file that its store path does not have.
pub static NOT_IN_PACKAGE: Code = Code {
    id: "PNX-603",
    title: "a file that is not in its package",
    severity: Severity::Finding,
    explanation: "\
        A built file names a program or another file of a package, and the package is there and has no such \
        file: the program has another name in nixpkgs, is in another output (`bin`, `lib`), or left the package \
        in a newer version. In compiled programs only `bin` and `libexec` are asked for: directories for \
        configuration and plugins are compiled into them whether they are made or not.",
    example: "PNX-603: result/lib/perl5/site_perl/Hive/LVM.pm:40: `/nix/store/5p9yzdv8wf5yxarw7zrk5sd63l93nn17-lvm2-2.03` has no `bin/vgz`",
    remedy: "\
        Correct the package, or the target below it, in `rules/nixpkgs/programs.toml` or in the rule that decided it, and run \
        `cargo xtask regen`.",
};
