//! PNX-604: a command that is not on the search path.

use super::{Code, Severity};

/// A bare command that no directory of the search path has.
pub static NOT_ON_PATH: Code = Code {
    id: "PNX-604",
    title: "a command that is not on the search path",
    severity: Severity::Finding,
    explanation: "\
        A built program runs a command by its name, and none of the directories on the `PATH` that it sets \
        itself, or that the output's services have, holds a program of that name: running it fails with `No such \
        file`. What systemd itself starts must be a path, because it searches no `PATH` for it. What runs in a \
        guest or on another node, and what the code asks for before it runs it, is no fault; decisions say so.",
    example: "PNX-604: result/lib/perl5/site_perl/Hive/Disk.pm:77: `sgdisk` is run, and the output's PATH has no such program",
    remedy: "\
        Give the program a package in `rules/nixpkgs/programs.toml`, or add it as `[[closure]]` to the source's file in `rules/sources/` where another \
        program runs it, and run `cargo xtask regen`. Where the link says that it lacks the package, build that.",
};
