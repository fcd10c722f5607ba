//! PNX-102: a rule that decides nothing in any release.

use super::{Code, Severity};

/// A rule that no occurrence of any release needs.
pub static STALE_RULE: Code = Code {
    id: "PNX-102",
    title: "a rule that decides nothing in any release",
    severity: Severity::Finding,
    explanation: "\
        A rule exists because some place in some release needs it. Once the last such place is gone, \
        the rule can hide a spelling mistake, and it may catch a new place that its author never \
        thought of. The run checks a rule against all releases in `releases/`, so a rule that only \
        an old release needs is not stale.",
    example: "# rules/sources/hive-storage.toml has a rule for /usr/bin/comb-legacy, which
# upstream removed two releases ago.

PNX-102: rules/sources/hive-storage.toml:40: rule `comb-legacy` decides nothing in any release",
    remedy: "\
        Remove the rule, or correct its pattern if it should decide something. `cargo xtask scan \
        all` lists the rules in use.",
};
