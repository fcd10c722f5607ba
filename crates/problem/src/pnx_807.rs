//! PNX-807: a history that does not move forward.

use super::{Code, Severity};

/// The new release's commit is not a descendant of the old one's.
pub static HISTORY_DRIFTED: Code = Code {
    id: "PNX-807",
    title: "a history that does not move forward",
    severity: Severity::Finding,
    explanation: "\
        The new release's commit is older than the old one's, or the two are on different branches: \
        somebody reverted a release or pinned another branch, or upstream rewrote its history. \
        `drift` still compares the two trees, but the commit that it names for a change may be one \
        of many.",
    example: "PNX-807: hive-cluster: the new release has an older commit: 3 commits back",
    remedy: "\
        Check whether the pin is the intended one. Upstream's mailing list or release notes mention \
        branches.",
};
