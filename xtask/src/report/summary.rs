//! The counts of a scan.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::words::{CONTEXTS, KINDS, VERDICTS, Verdict};
use super::{ScannedSource, words};
use crate::decide::Decided;

/// Occurrences by kind of decision, in the order of [`VERDICTS`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally([u64; VERDICTS.len()]);

impl Tally {
    /// The tally of `decided`.
    pub fn of<'a>(decided: impl IntoIterator<Item = &'a Decided>) -> Self {
        let mut tally = Self::default();
        for decided in decided {
            tally.0[Verdict::of(&decided.decision) as usize] += 1;
        }
        tally
    }

    /// How many have this verdict.
    pub fn get(&self, verdict: Verdict) -> u64 {
        self.0[verdict as usize]
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

impl Serialize for Tally {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        counts(
            serializer,
            VERDICTS.iter().map(|v| (v.word(), self.get(*v))),
        )
    }
}

/// The counts over all sources of a release.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// Number of sources.
    pub sources: u64,
    /// Number of files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Number of occurrences.
    pub occurrences: u64,
    /// Number of problems found.
    pub findings: u64,
    /// Occurrences by decision.
    pub decisions: Tally,
    /// Occurrences by context, in the order of [`CONTEXTS`].
    #[serde(serialize_with = "by_context")]
    pub contexts: [u64; CONTEXTS.len()],
    /// Occurrences by kind, in the order of [`KINDS`].
    #[serde(serialize_with = "by_kind")]
    pub kinds: [u64; KINDS.len()],
}

impl Summary {
    /// The counts over `sources`, with the number of findings.
    pub fn of(sources: &[ScannedSource], findings: usize) -> Self {
        let all = || sources.iter().flat_map(|source| &source.decided);
        let decisions = Tally::of(all());
        let mut contexts = [0; CONTEXTS.len()];
        let mut kinds = [0; KINDS.len()];
        for decided in all() {
            contexts[decided.context as usize] += 1;
            kinds[decided.occurrence.kind as usize] += 1;
        }
        Self {
            sources: sources.len() as u64,
            files: sources.iter().map(|source| source.files).sum(),
            bytes: sources.iter().map(|source| source.bytes).sum(),
            occurrences: decisions.total(),
            findings: findings as u64,
            decisions,
            contexts,
            kinds,
        }
    }
}

fn counts<S: Serializer>(
    serializer: S,
    rows: impl ExactSizeIterator<Item = (&'static str, u64)>,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(rows.len()))?;
    for (word, number) in rows {
        map.serialize_entry(word, &number)?;
    }
    map.end()
}

// serde hands the field by reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn by_context<S: Serializer>(
    row: &[u64; CONTEXTS.len()],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    counts(
        serializer,
        CONTEXTS
            .iter()
            .zip(row)
            .map(|(c, n)| (words::context(*c), *n)),
    )
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn by_kind<S: Serializer>(row: &[u64; KINDS.len()], serializer: S) -> Result<S::Ok, S::Error> {
    counts(
        serializer,
        KINDS.iter().zip(row).map(|(k, n)| (words::kind(*k), *n)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_orders_are_those_of_the_enums() {
        for (place, verdict) in VERDICTS.into_iter().enumerate() {
            assert_eq!(verdict as usize, place);
        }
        for (place, context) in CONTEXTS.into_iter().enumerate() {
            assert_eq!(context as usize, place);
        }
        for (place, kind) in KINDS.into_iter().enumerate() {
            assert_eq!(kind as usize, place);
        }
    }
}
