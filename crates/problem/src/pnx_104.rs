//! PNX-104: two rules with one name.

use super::{Code, Severity};

/// Two rules that have the same name.
pub static DUPLICATE_RULE: Code = Code {
    id: "PNX-104",
    title: "two rules with one name",
    severity: Severity::Fatal,
    explanation: "\
        Every decision carries the name of the rule that made it, in reports, in patches and in `explain`. \
        With two rules of one name nobody could tell which of them decided.",
    example: "# `comb` stands in rules/general/state.toml, line 10, and again in
# rules/nixpkgs/programs.toml, line 33.

PNX-104: rules/nixpkgs/programs.toml:33: rule `comb` is also in rules/general/state.toml:10",
    remedy: "Rename one of the two, or merge them if they say the same.",
};
