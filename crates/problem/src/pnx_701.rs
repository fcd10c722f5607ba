//! PNX-701: a point that failed.

use super::{Code, Severity};

/// A built link that fails a point of `check`.
pub static POINT_FAILED: Code = Code {
    id: "PNX-701",
    title: "a point that failed",
    severity: Severity::Finding,
    explanation: "\
        `check` tries a built link as a user would. A point of `rules/general/check.toml` failed: a module does not \
        compile, a program does not answer, a daemon does not stay up, an answer is not the expected one. The \
        report shows the last lines of what was written.",
    example: "$ cargo xtask check result

FAILED  modules  every Perl module compiles: 1 of 243 modules  14.2 s  PNX-701
        lib/perl5/site_perl/Hive/Tools.pm: perl -c: exit status 2
            Can't locate JSON/XS.pm in @INC (you may need to install the JSON::XS module)",
    remedy: "Read the output below the point. What the code needs and the link does not have is missing in the rules: a \
        module in `rules/nixpkgs/perl.toml`, a command, a path in the source's file in `rules/sources/`. `--only POINT` \
        tries it again alone.",
};
