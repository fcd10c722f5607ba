//! The figures and the list of files of a `regen`, for a report.

use serde::Serialize;

use decide::Tally;

/// The amounts that a release contains.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct RegenCounts {
    /// Sources.
    pub sources: u64,
    /// Their files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Occurrences by decision.
    pub occurrences: Tally,
    /// Patch files.
    pub patches: u64,
    /// Sources compiled alone and linked.
    pub objects: u64,
    /// Sources that are ordinary packages.
    pub packages: u64,
    /// Links.
    pub links: u64,
}

/// The files that `regen` wrote for one release or, with `--check`, would write.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Regenerated {
    /// The release's name.
    pub release: String,
    /// Whether nothing was written because of `--check`.
    pub check: bool,
    /// Number of findings that prevent the release from being written. If it is not zero, nothing
    /// is written.
    pub refused: u64,
    /// Files that are new or whose content changes, relative to the output directory, sorted.
    pub written: Vec<String>,
    /// Files that are no longer generated, sorted.
    pub removed: Vec<String>,
    /// Number of files that were up to date.
    pub unchanged: u64,
    /// The amounts that the release contains.
    pub counts: RegenCounts,
    /// Required packages that are absent, one sentence each. Expressions that use them cannot be
    /// evaluated.
    pub required: Vec<String>,
    /// Optional parts that the result lacks, one sentence each, worst first.
    pub lacks: Vec<String>,
    /// Sources without a derivation, or whose derivation cannot be fetched.
    pub unbuilt: Vec<String>,
    /// Files and places that stay as they are, or are left out.
    pub left_out: Vec<String>,
}

impl Regenerated {
    /// Whether the output already matched a fresh run.
    pub fn is_unchanged(&self) -> bool {
        self.written.is_empty() && self.removed.is_empty()
    }
}
