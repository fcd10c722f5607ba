//! PNX-103: a rule that cannot be read.

use super::{Code, Severity};

/// A rule file that is not TOML, or a rule with an unknown key, a missing key or a bad pattern.
pub static BAD_RULE: Code = Code {
    id: "PNX-103",
    title: "a rule that cannot be read",
    severity: Severity::Fatal,
    explanation: "\
        A file in `rules/` is not valid TOML, or one of its rules has a key that is not known, lacks one \
        that it needs, holds a regular expression or glob that does not compile, has a word \
        that is not known, or gives no reason (`why`) where nobody would agree without one. Unknown keys are refused \
        because a misspelt condition would otherwise make a rule match more than it should.",
    example: "# rules/sources/hive-storage.toml, line 7: the group is never closed
text = '/usr/bin/(comb|brood'

PNX-103: rules/sources/hive-storage.toml:7: regular expression: unclosed group",
    remedy: "Mend the line that is named; `docs/rules.md` lists the keys of each kind of rule.",
};
