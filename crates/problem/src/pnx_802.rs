//! PNX-802: a place that is decided otherwise than before.

use super::{Code, Severity};

/// A place whose decision, context or rule is not the old release's.
pub static DECIDED_OTHERWISE: Code = Code {
    id: "PNX-802",
    title: "a place that is decided otherwise than before",
    severity: Severity::Finding,
    explanation: "\
        Both releases have the place, and what becomes of it is not the same: another rule matches, its context is \
        another, or the same rule gives another package, target or reason. Upstream may have changed what stands around \
        the literal, so that a rule that asks for a sub, a call or a file no longer holds.",
    example: "PNX-802: hive-storage/src/Hive/Disk.pm:12: changed `/usr/sbin/comb-probe`: it is kept and was a package's",
    remedy: "`cargo xtask explain FILE:LINE` tells why the rule matches. Where the old decision was right, paste the proposal: \
        it gives that one.",
};
