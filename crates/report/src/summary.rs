//! The counts of a scan.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::ScannedSource;
use decide::{Context, Tally};
use scan::Kind;

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
    /// Occurrences by context, in the order of [`Context::ALL`].
    #[serde(serialize_with = "by_context")]
    pub contexts: [u64; Context::ALL.len()],
    /// Occurrences by kind, in the order of [`Kind::ALL`].
    #[serde(serialize_with = "by_kind")]
    pub kinds: [u64; Kind::ALL.len()],
}

impl Summary {
    /// Counts the occurrences of `sources`. `findings` is the number of findings.
    pub fn of(sources: &[ScannedSource], findings: usize) -> Self {
        let all = || sources.iter().flat_map(|source| &source.decided);
        let decisions = Tally::of(all());
        let mut contexts = [0; Context::ALL.len()];
        let mut kinds = [0; Kind::ALL.len()];
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

// serde passes the field by reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn by_context<S: Serializer>(
    row: &[u64; Context::ALL.len()],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    counts(
        serializer,
        Context::ALL.iter().zip(row).map(|(c, n)| (c.name(), *n)),
    )
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn by_kind<S: Serializer>(row: &[u64; Kind::ALL.len()], serializer: S) -> Result<S::Ok, S::Error> {
    counts(
        serializer,
        Kind::ALL.iter().zip(row).map(|(k, n)| (k.word(), *n)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_orders_are_those_of_the_enums() {
        for (place, context) in Context::ALL.into_iter().enumerate() {
            assert_eq!(context as usize, place);
        }
        for (place, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, place);
        }
    }
}
