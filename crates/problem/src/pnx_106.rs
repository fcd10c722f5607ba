//! PNX-106: a decision that cannot be written in this position.

use super::{Code, Severity};

/// A decision whose rewrite does not fit the lexical form around the text.
pub static UNREWRITABLE: Code = Code {
    id: "PNX-106",
    title: "a decision that cannot be written in this position",
    severity: Severity::Finding,
    explanation: "\
        The place has a decision, but replacing its text would change the meaning of the program: a \
        regular expression would match something else, the code assembles the path from parts that \
        are known only at run time, or the literal's quoting leaves no room for a store path. The \
        tool stops rather than write wrong code that looks right.",
    example: r#"# The program's name is only known at run time.
my $path = "/usr/lib/hive/$kind-helper";

PNX-106: hive-api/src/Hive/API.pm:9: `/usr/lib/hive/` goes on with an interpolation"#,
    remedy: "\
        Write the rule for the directory, so that the known part can be rewritten; or keep the place \
        and give the reason; or remove the feature that it belongs to.",
};
