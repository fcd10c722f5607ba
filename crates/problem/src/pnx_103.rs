//! PNX-103: a rule that cannot be read.

use super::{Code, Severity};

/// A rule file that is not TOML, or a rule with an unknown key, a missing key or a bad pattern.
pub static BAD_RULE: Code = Code {
    id: "PNX-103",
    title: "a rule that cannot be read",
    severity: Severity::Fatal,
    explanation: "\
        A file in `rules/` is not valid TOML, or one of its rules has an unknown key, lacks a \
        required one, or holds a regular expression or glob that does not compile. Unknown keys are \
        errors because a misspelt condition would make the rule match more than it should.",
    example: "# rules/paths.toml, line 7: the group is never closed
text = '/usr/bin/(comb|brood'

PNX-103: rules/paths.toml:7: regular expression: unclosed group",
    remedy: "\
        Correct the line named. `docs/rules.md` lists the keys of each kind of rule.",
};
