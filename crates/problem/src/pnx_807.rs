//! PNX-807: a history that does not go forward.

use super::{Code, Severity};

/// The new release's commit does not come after the old one's.
pub static HISTORY_DRIFTED: Code = Code {
    id: "PNX-807",
    title: "a history that does not go forward",
    severity: Severity::Finding,
    explanation: "\
        The new release has an older commit than the old one, or the two commits are of two branches: a release was put \
        back, pinned to another branch, or upstream rewrote its history. What is compared is still the two trees, but \
        a commit that is named as the one that did it may be one of many.",
    example: "PNX-807: hive-cluster: the new release has an older commit: 3 commits back",
    remedy: "Look whether the pin is the intended one; upstream's mailing list or release notes tell of a branch.",
};
