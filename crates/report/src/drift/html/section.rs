//! The sources, each with everything about it except places.

use serde::Serialize;

use super::commit::{Linked, linked, page};
use super::{anchor, shown_text};
use crate::drift::item::Item;
use crate::drift::{DriftReport, counts, hunks, versions};
use crate::paint::{count, grouped};
use drift::{At, Commit, History, LocalPatch, Presence, SourceDrift};

/// The most rows of a source's tables, and links to its items.
const ROWS: usize = 60;

/// A source with everything about it except places.
#[derive(Serialize)]
pub(super) struct Section {
    anchor: String,
    name: String,
    level: &'static str,
    presence: Option<&'static str>,
    versions: String,
    counts: String,
    history: Option<String>,
    old: Option<Linked>,
    new: Option<Linked>,
    text: Option<String>,
    findings: Vec<Reference>,
    more: Option<String>,
    rows: Vec<Other>,
    rows_more: Option<String>,
    local: Vec<Patched>,
}

#[derive(Serialize)]
pub(super) struct Reference {
    number: usize,
    place: String,
    kind: &'static str,
    level: &'static str,
}

/// A dependency, or something installed.
#[derive(Serialize)]
pub(super) struct Other {
    level: &'static str,
    sort: &'static str,
    name: String,
    old: Option<String>,
    new: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Patched {
    level: &'static str,
    path: String,
    hunks: String,
}

impl Section {
    /// Makes the section of `source`. `findings` are the numbers of its items on the page.
    pub(super) fn new(
        report: &DriftReport,
        number: usize,
        source: &SourceDrift,
        findings: &[(usize, &Item)],
    ) -> Self {
        let more = findings.len().saturating_sub(ROWS) as u64;
        let (rows, rows_more) = others(report, source);
        let at = |at: &Option<At>| at.as_ref().and_then(|at| commit_of(source, at));
        Self {
            anchor: anchor(number, &source.name),
            name: shown_text(&source.name),
            level: source.level.word(),
            presence: match source.presence {
                Presence::Stayed => None,
                Presence::Came => Some("came"),
                Presence::Went => Some("went"),
            },
            versions: shown_text(&versions(source)),
            counts: counts(&source.counts),
            history: source.history.as_ref().map(history),
            old: at(&source.old),
            new: at(&source.new),
            text: hunks(&source.text),
            findings: findings
                .iter()
                .take(ROWS)
                .map(|(number, item)| Reference {
                    number: *number,
                    place: shown_text(&item.place),
                    kind: item.kind(),
                    level: item.level.word(),
                })
                .collect(),
            more: (more > 0).then(|| grouped(more)),
            rows,
            rows_more,
            local: source.local.iter().take(ROWS).map(patched).collect(),
        }
    }
}

fn commit_of(source: &SourceDrift, at: &At) -> Option<Linked> {
    let commit = Commit {
        rev: at.rev.clone()?,
        date: at.date.clone().unwrap_or_default(),
        subject: String::new(),
    };
    let url = at.url.as_deref();
    Some(Linked {
        url: url.and_then(|url| page(url, &commit.rev)),
        ..linked(Some(source), &commit)
    })
}

fn history(history: &History) -> String {
    let commits = |number: u64| count(number, "commit", "commits");
    match history {
        History::Same => "the same commit".to_owned(),
        History::Forward { commits: number } => format!("{} on", commits(*number)),
        History::Backward { commits: number } => format!("{} back", commits(*number)),
        History::Diverged { old, new, .. } => {
            format!(
                "diverged: {} gone, {} instead",
                commits(*old),
                commits(*new)
            )
        }
    }
}

/// Returns dependencies and installed things, riskiest first, and the number omitted.
fn others(report: &DriftReport, source: &SourceDrift) -> (Vec<Other>, Option<String>) {
    let side = |side: &Option<String>| side.as_deref().map(shown_text);
    let needs = source.needs.iter().map(|need| {
        let row = Other {
            level: need.level.word(),
            sort: need.kind.word(),
            name: shown_text(&need.name),
            old: side(&need.old),
            new: side(&need.new),
        };
        (need.level, row)
    });
    let installs = source.installs.iter().map(|one| {
        let row = Other {
            level: one.level.word(),
            sort: one.kind.word(),
            name: shown_text(&one.name),
            old: side(&one.old),
            new: side(&one.new),
        };
        (one.level, row)
    });
    let mut rows: Vec<_> = needs
        .chain(installs)
        .filter(|(level, _)| *level >= report.from)
        .collect();
    rows.sort_by_key(|(level, _)| std::cmp::Reverse(*level));
    let more = rows.len().saturating_sub(ROWS) as u64;
    let rows = rows.into_iter().take(ROWS).map(|(_, row)| row).collect();
    (rows, (more > 0).then(|| grouped(more)))
}

fn patched(patch: &LocalPatch) -> Patched {
    Patched {
        level: patch.level.word(),
        path: shown_text(&patch.path),
        hunks: hunks(&patch.hunks).unwrap_or_default(),
    }
}
