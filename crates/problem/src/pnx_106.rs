//! PNX-106: a decision that cannot be written in this position.

use super::{Code, Severity};

/// A decision whose rewrite does not fit the lexical form the text stands in.
pub static UNREWRITABLE: Code = Code {
    id: "PNX-106",
    title: "a decision that cannot be written in this position",
    severity: Severity::Finding,
    explanation: "\
        The place is decided, but its text cannot be replaced where it stands without changing what the \
        program means: a regular expression would match something else, a path is put together from parts \
        that are only known at run time, or the literal's quoting leaves no room for a store path. The tool \
        refuses rather than writing code that looks right and is not.",
    example: r#"# The program's name is only known at run time.
my $path = "/usr/lib/hive/$kind-helper";

PNX-106: hive-api/src/Hive/API.pm:9: `/usr/lib/hive/` goes on with an interpolation"#,
    remedy: "\
        Write the rule for the directory, so that the part that is known can be rewritten; or decide to keep \
        the place and give the reason; or remove the feature it belongs to.",
};
