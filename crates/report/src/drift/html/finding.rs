//! Items that need a person, with all details.

use serde::Serialize;

use super::commit::{Linked, linked};
use super::{Piece, change, pieces, shown_text, source};
use crate::drift::code::{self, Line};
use crate::drift::item::{self, Body, Fact, Item, Said};
use crate::paint::count;
use drift::{LocalPatch, PlaceDrift, Proposal};

/// The most lines of a hunk or a proposal, and hunks of a patch.
const LINES: usize = 60;
/// The number of items that are open initially.
pub(super) const OPEN: usize = 25;

/// An item that needs a person.
#[derive(Serialize)]
pub(super) struct Finding {
    number: usize,
    many: u64,
    open: bool,
    level: &'static str,
    change: &'static str,
    kind: &'static str,
    source: String,
    code: &'static str,
    place: String,
    said: Vec<Piece>,
    differs: Option<String>,
    two: bool,
    facts: Vec<Row>,
    commit: Option<Linked>,
    excerpt: Vec<Line>,
    gone: bool,
    proposal: Option<Pasted>,
    conflicts: Vec<Clash>,
    remedy: Option<Vec<Piece>>,
    also: Vec<Also>,
    also_more: usize,
}

/// Another place with the same cause.
#[derive(Serialize)]
struct Also {
    place: String,
    text: String,
}

/// The two sides of a fact. If they differ, each is split around the difference.
#[derive(Serialize)]
struct Row {
    name: &'static str,
    differs: bool,
    old: Option<[String; 3]>,
    new: Option<[String; 3]>,
}

#[derive(Serialize)]
struct Pasted {
    said: Vec<Piece>,
    toml: String,
    closest: Vec<Near>,
}

#[derive(Serialize)]
struct Near {
    rule: String,
    fails: Vec<String>,
}

#[derive(Serialize)]
struct Clash {
    place: String,
    hunk: Vec<HunkLine>,
    upstream: Option<Vec<Line>>,
}

#[derive(Serialize)]
struct HunkLine {
    sort: &'static str,
    text: String,
}

impl Finding {
    pub(super) fn new(number: usize, open: bool, item: &Item) -> Self {
        let mut finding = Self {
            number,
            many: item.many(),
            open,
            level: item.level.word(),
            change: change(item),
            kind: item.kind(),
            source: source(item),
            code: item.code.id,
            place: shown_text(&item.place),
            said: pieces(&item.said),
            differs: None,
            two: false,
            facts: Vec::new(),
            commit: item.commit().map(|commit| linked(item.source, commit)),
            excerpt: Vec::new(),
            gone: false,
            proposal: None,
            conflicts: Vec::new(),
            remedy: None,
            also: item
                .also
                .iter()
                .take(LINES)
                .map(|one| Also {
                    place: shown_text(&one.place),
                    text: shown_text(&one.text),
                })
                .collect(),
            also_more: item.also.len().saturating_sub(LINES),
        };
        match item.body {
            Body::Place(place) => finding.place(item, place),
            Body::Patch(patch) => finding.patch(patch),
            Body::Problem(problem) => {
                let remedy = problem.remedy.as_deref().unwrap_or(problem.code.remedy);
                finding.remedy = Some(pieces(&Said::marked(remedy)));
            }
            _ => {}
        }
        finding
    }

    fn place(&mut self, item: &Item, place: &PlaceDrift) {
        self.differs = item::differs(place);
        self.two = place.old.is_some() && place.new.is_some();
        self.gone = place.new.is_none();
        self.excerpt = place.code.as_ref().map(code::lines).unwrap_or_default();
        self.proposal = place.proposal.as_ref().map(pasted);
        self.remedy = place.hint.as_ref().map(|hint| pieces(&Said::marked(hint)));
        let facts = item.source.map(|source| item::facts(source, place));
        // The heading already shows place and text, unless they differ.
        let told =
            |fact: &Fact| !["place", "text"].contains(&fact.name) || (self.two && !fact.is_same());
        let facts = facts.unwrap_or_default().into_iter().filter(told);
        self.facts = facts.map(Row::new).collect();
    }

    fn patch(&mut self, patch: &LocalPatch) {
        let clash = |conflict: &drift::Conflict| Clash {
            place: shown_text(&format!("{}:{}", conflict.file, conflict.line)),
            hunk: hunk(&conflict.hunk),
            upstream: conflict.upstream.as_ref().map(code::lines),
        };
        self.conflicts = patch.conflicts.iter().take(LINES).map(clash).collect();
    }
}

impl Row {
    fn new(fact: Fact) -> Self {
        let differs = !fact.is_same() && fact.old.is_some() && fact.new.is_some();
        let whole = |text: String| [shown_text(&text), String::new(), String::new()];
        let (old, new) = match (fact.old, fact.new) {
            (Some(old), Some(new)) if differs => {
                let (old, new) = parted(&shown_text(&old), &shown_text(&new));
                (Some(old), Some(new))
            }
            (old, new) => (old.map(whole), new.map(whole)),
        };
        Self {
            name: fact.name,
            differs,
            old,
            new,
        }
    }
}

/// Splits both texts before, in and after the words that differ.
fn parted(old: &str, new: &str) -> ([String; 3], [String; 3]) {
    let same = |(a, b): &(char, char)| a == b;
    // The common part must end at a word's end, because half a word in common means nothing.
    let whole = |shared: Vec<char>| {
        let end = shared.iter().rposition(|c| !c.is_alphanumeric());
        let kept = &shared[..end.map_or(0, |end| end + 1)];
        kept.iter().map(|c| c.len_utf8()).sum::<usize>()
    };
    let shared = |(c, _): (char, char)| c;
    let ahead = old.chars().zip(new.chars()).take_while(same);
    let start = whole(ahead.map(shared).collect());
    let (head, old, new) = (&old[..start], &old[start..], &new[start..]);
    let behind = old.chars().rev().zip(new.chars().rev()).take_while(same);
    let end = whole(behind.map(shared).collect());
    let part = |text: &str| {
        let (middle, tail) = text.split_at(text.len() - end);
        [head, middle, tail].map(str::to_owned)
    };
    (part(old), part(new))
}

fn pasted(proposal: &Proposal) -> Pasted {
    Pasted {
        said: pieces(&item::paste(proposal)),
        toml: lines(&proposal.toml).join("\n"),
        closest: proposal
            .closest
            .iter()
            .take(8)
            .map(|closest| Near {
                rule: shown_text(&closest.rule.to_string()),
                fails: closest
                    .fails
                    .iter()
                    .take(8)
                    .map(|one| shown_text(one))
                    .collect(),
            })
            .collect(),
    }
}

/// Returns the first lines of `text`, and a last one that counts the rest.
fn lines(text: &str) -> Vec<String> {
    let mut rest = text.lines();
    let kept = rest.by_ref().take(LINES);
    let mut kept: Vec<String> = kept.map(|line| code::visible(line, &mut 0)).collect();
    let more = rest.count() as u64;
    if more > 0 {
        kept.push(format!("… {}", count(more, "line more", "lines more")));
    }
    kept
}

fn hunk(text: &str) -> Vec<HunkLine> {
    let sort = |line: &str| match line.as_bytes().first() {
        Some(b'+') => "plus",
        Some(b'-') => "minus",
        Some(b'@') => "at",
        _ => "",
    };
    let line = |text: String| HunkLine {
        sort: sort(&text),
        text,
    };
    lines(text).into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_that_differs_is_apart() {
        let (old, new) = parted("bin/ümlaut-a.pm", "bin/ümlaut-bb.pm");
        assert_eq!(old, ["bin/ümlaut-", "a", ".pm"]);
        assert_eq!(new, ["bin/ümlaut-", "bb", ".pm"]);
        let (old, new) = parted("aa", "aaa");
        assert_eq!((old.concat(), new.concat()), ("aa".into(), "aaa".into()));
        let (old, new) = parted("package comb, bin/comb-probe", "keep: state");
        assert_eq!((&*old[2], &*new[2]), ("", ""));
    }
}
