//! PNX-604: a command that is not on the search path.

use super::{Code, Severity};

/// A bare command in no directory of the search path.
pub static NOT_ON_PATH: Code = Code {
    id: "PNX-604",
    title: "a command that is not on the search path",
    severity: Severity::Finding,
    explanation: "\
        A built program runs a command by its bare name, and no directory of the `PATH` that it sets \
        itself, or that the output's services have, contains it: the call fails with `No such file`. \
        Commands that systemd starts must be paths, because systemd searches no `PATH` for them. \
        Decisions mark commands that run in a guest or on another node, and those that the code \
        looks for before it runs them; the audit skips these.",
    example: "PNX-604: result/lib/perl5/site_perl/Hive/Disk.pm:77: `sgdisk` is run, and the output's PATH has no such program",
    remedy: "\
        Give the program a package in `rules/nixpkgs/programs.toml`, or add it as `[[closure]]` to the source's file in `rules/sources/` where another \
        program runs it, and run `cargo xtask regen`. Where the link says that it lacks the package, build that.",
};
