//! PNX-802: a place with another decision than before.

use super::{Code, Severity};

/// A place whose decision, context or rule differs from the old release's.
pub static DECIDED_OTHERWISE: Code = Code {
    id: "PNX-802",
    title: "a place with another decision than before",
    severity: Severity::Finding,
    explanation: "\
        Both releases have the place, but not the same decision: another rule matches, its context \
        differs, or the same rule results in another package, target or reason. Upstream may have \
        changed the code around the literal, so that a rule's condition on a sub, a call or a file \
        no longer holds.",
    example: "PNX-802: hive-storage/src/Hive/Disk.pm:12: changed `/usr/sbin/comb-probe`: it is kept and was a package's",
    remedy: "\
        `cargo xtask explain FILE:LINE` shows why the rule matches. If the old decision was right, \
        paste the proposal, which restores it.",
};
