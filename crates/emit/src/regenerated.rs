//! The figures and the list of files that a run of `regen` gives, for a report.

use serde::Serialize;

use decide::Tally;

/// How much a release gave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct RegenCounts {
    /// Sources read.
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

/// What `regen` wrote for one release, or, with `--check`, what it would write.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Regenerated {
    /// The release's name.
    pub release: String,
    /// Whether nothing was written because of `--check`.
    pub check: bool,
    /// Number of findings that keep the release from being written; with any of them nothing is.
    pub refused: u64,
    /// Files that are new or have another content, relative to the output directory, sorted.
    pub written: Vec<String>,
    /// Files that are no longer made, sorted.
    pub removed: Vec<String>,
    /// Number of files that were as they should be.
    pub unchanged: u64,
    /// How much the release gave.
    pub counts: RegenCounts,
    /// What is required and absent, one sentence each: what uses it cannot be evaluated.
    pub required: Vec<String>,
    /// What the result does without, one sentence each, the most painful first.
    pub lacks: Vec<String>,
    /// What has no derivation, or none that can be fetched.
    pub unbuilt: Vec<String>,
    /// Files and places that are left as they are, or out.
    pub left_out: Vec<String>,
}

impl Regenerated {
    /// Whether the output was already that of a fresh run.
    pub fn is_unchanged(&self) -> bool {
        self.written.is_empty() && self.removed.is_empty()
    }
}
