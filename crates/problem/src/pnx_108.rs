//! PNX-108: an example that its rule does not decide.

use super::{Code, Severity};

/// The `example` of a rule is decided by another rule, or by none.
pub static WRONG_EXAMPLE: Code = Code {
    id: "PNX-108",
    title: "an example that its rule does not decide",
    severity: Severity::Finding,
    explanation: "\
        A rule can show a line that it is for: `example = \"FILE: LINE\"`. `scan` reads that line as a file of the source would be \
        read, and asks all rules. Another rule decides it, or none does: the rule asks for something that the line does not \
        have, or a rule before it takes the line.",
    example: "# rules/sources/hive-storage.toml, line 8: the file of the example is not one that `where` names
[[path]]
name = \"comb-state\"
where.files = [\"src/Hive/Comb.pm\"]
where.exact = [\"/var/lib/comb\"]
decide = { keep = \"state\" }
example = \"src/Hive/Brood.pm: my $state = '/var/lib/comb';\"

PNX-108: rules/sources/hive-storage.toml:8: `path.comb-state` does not decide its example: `/var/lib/comb` is decided by `path.state`",
    remedy: "Correct the rule, or the example.",
};
