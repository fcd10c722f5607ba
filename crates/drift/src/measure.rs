//! Measures the quality of proposals: makes them for a newer release with the rules of an older
//! one, and compares them with the rules that people wrote.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

use serde::Serialize;
use toml_edit::{ArrayOfTables, DocumentMut, Item};

use super::{Drift, Proposal, Spot};
use analyse::Analysis;
use decide::{Context, Decided, Decision, RuleId};
use release::is_own_pin;

/// The result of a measurement.
#[derive(Debug, Default, Serialize)]
pub struct Measured {
    /// The older release.
    pub old: String,
    /// The newer one.
    pub new: String,
    /// The rules that were removed because they decide nothing in the older release.
    pub taken_out: Vec<String>,
    /// Places of the newer release that need a rule: undecided, or decided differently than before.
    pub wanting: u64,
    /// The number of those that got advice in place of a rule.
    pub hinted: u64,
    /// Places whose proposal gives the decision that people made.
    pub equal: u64,
    /// Places whose proposal gives another decision.
    pub wrong: Vec<Wrong>,
    /// Places without a proposal, each with the advice given.
    pub without: Vec<(Place, Option<String>)>,
    /// Places that the older rules decide differently than people did, without asking anybody.
    pub unasked: Vec<Wrong>,
}

/// A place of the newer release.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// `SOURCE/PATH:LINE`.
    pub place: String,
    /// The literal.
    pub text: String,
    /// The decision that people made: the context, the decision and the rule.
    pub wanted: String,
}

/// A place whose decision differs from the one that people made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Wrong {
    /// The place.
    #[serde(flatten)]
    pub place: Place,
    /// Its decision.
    pub got: String,
    /// The proposal; empty if there was none.
    pub proposal: String,
}

impl Measured {
    /// Counts the proposals.
    pub fn proposed(&self) -> u64 {
        self.equal + self.wrong.len() as u64
    }

    /// Returns the percentage of proposals that equal a person's rule; 100 without proposals.
    pub fn share(&self) -> u64 {
        (self.equal * 100)
            .checked_div(self.proposed())
            .unwrap_or(100)
    }
}

/// The position of a place.
type Key = (String, String, u32, u32, &'static str);

/// A release's decision for each place.
pub struct Decisions<'a>(BTreeMap<Key, &'a Decided>);

impl<'a> Decisions<'a> {
    /// Collects the decisions of all sources.
    pub fn of(release: &'a Analysis) -> Self {
        let all = release.sources.iter().flat_map(|source| {
            let name = source.source.name.as_str();
            let decided = source.decided.iter();
            decided.map(move |one| (key(name, one), one))
        });
        Self(all.collect())
    }

    fn at(&self, key: &Key) -> Option<&'a Decided> {
        self.0.get(key).copied()
    }
}

fn key(source: &str, one: &Decided) -> Key {
    let place = &one.occurrence;
    let kind = place.kind.word();
    (
        source.to_owned(),
        one.path.clone(),
        place.line,
        place.column,
        kind,
    )
}

fn key_of(source: &str, spot: &Spot) -> Key {
    let kind = spot.kind.word();
    let source = spot.source.as_deref().unwrap_or(source);
    (
        source.to_owned(),
        spot.path.clone(),
        spot.line,
        spot.column,
        kind,
    )
}

/// The newer release, decided in three ways.
pub struct Ways<'a> {
    /// By the rules that people wrote.
    pub people: Decisions<'a>,
    /// By the older release's rules.
    pub older: Decisions<'a>,
    /// By the older rules and all proposals.
    pub proposed: Decisions<'a>,
}

/// Compares the proposals of `drift` with the decisions that people made.
pub fn measure(drift: &Drift, ways: &Ways, taken_out: Vec<String>) -> Measured {
    let mut measured = Measured {
        old: drift.old.release.clone(),
        new: drift.new.release.clone(),
        taken_out,
        ..Measured::default()
    };
    let mut asked = BTreeSet::new();
    for source in &drift.sources {
        for place in &source.places {
            let Some(spot) = &place.new else { continue };
            let key = key_of(&source.name, spot);
            let is_unknown = spot.decision == Decision::Unknown;
            if place.proposal.is_none() && !is_unknown {
                // A person reviews places that are reported as decided differently.
                if place.level >= super::Level::Review {
                    asked.insert(key);
                }
                continue;
            }
            measured.wanting += 1;
            let Some(people) = ways.people.at(&key) else {
                continue;
            };
            let what = told(&key, people);
            asked.insert(key.clone());
            let Some(proposal) = &place.proposal else {
                measured.hinted += u64::from(place.hint.is_some());
                measured.without.push((what, place.hint.clone()));
                continue;
            };
            match ways.proposed.at(&key) {
                Some(got) if is_same(people, got) => measured.equal += 1,
                got => measured.wrong.push(Wrong {
                    place: what,
                    got: got.map(verdict).unwrap_or_default(),
                    proposal: format!("{}: {}", proposal.file, proposal.toml),
                }),
            }
        }
    }
    for (key, people) in &ways.people.0 {
        let older = ways.older.at(key).filter(|older| !is_same(people, older));
        if let Some(older) = older.filter(|_| !asked.contains(key) && !is_own_pin(&key.0)) {
            measured.unasked.push(Wrong {
                place: told(key, people),
                got: verdict(older),
                proposal: String::new(),
            });
        }
    }
    measured.wrong.sort();
    measured.without.sort();
    measured.unasked.sort();
    measured
}

/// Whether two decisions have the same effect. Where nothing acts on the machine, the reason for
/// keeping a place does not matter.
fn is_same(people: &Decided, other: &Decided) -> bool {
    let acts = |one: &Decided| {
        matches!(
            one.context,
            Context::Host | Context::Guest | Context::Remote
        )
    };
    let keeps = |one: &Decided| matches!(one.decision, Decision::Keep { .. });
    if !acts(people) && !acts(other) && keeps(people) && keeps(other) {
        return true;
    }
    let same_context = people.context == other.context || (!acts(people) && !acts(other));
    people.decision == other.decision && same_context
}

fn told(key: &Key, people: &Decided) -> Place {
    let (source, path, line, ..) = key;
    Place {
        place: format!("{source}/{path}:{line}"),
        text: people.occurrence.text.clone(),
        wanted: verdict(people),
    }
}

fn verdict(one: &Decided) -> String {
    let decision = one.decision.phrase();
    let rules = [&one.context_rule, &one.rule].into_iter().flatten();
    let rules: Vec<String> = rules.map(ToString::to_string).collect();
    format!("{}: {decision} ({})", one.context.name(), rules.join(", "))
}

/// Writes every proposal of `drift` into the rules of a project at `rules`, each once.
///
/// # Errors
/// A file cannot be read, parsed or written.
pub fn take(drift: &Drift, rules: &Path) -> io::Result<()> {
    let places = drift.sources.iter().flat_map(|source| &source.places);
    let proposals = places.filter_map(|place| place.proposal.as_ref());
    let mut taken = BTreeSet::new();
    let mut documents: BTreeMap<&str, DocumentMut> = BTreeMap::new();
    for proposal in proposals.filter(|one| taken.insert((&one.file, &one.toml))) {
        let file = proposal.file.as_str();
        if !documents.contains_key(file) {
            // A source may have no file yet.
            let text = match fs::read_to_string(rules.join(file)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
                read => read?,
            };
            documents.insert(file, parsed(&text)?);
        }
        if let Some(document) = documents.get_mut(file) {
            paste(document, proposal)?;
        }
    }
    for (file, document) in documents {
        fs::write(rules.join(file), document.to_string())?;
    }
    Ok(())
}

fn parsed(text: &str) -> io::Result<DocumentMut> {
    text.parse().map_err(io::Error::other)
}

/// Pastes a proposal.
fn paste(document: &mut DocumentMut, proposal: &Proposal) -> io::Result<()> {
    let new = parsed(&proposal.toml)?;
    for (key, item) in new.iter() {
        match item {
            Item::ArrayOfTables(tables) => insert(document, key, tables, proposal),
            Item::Table(table) if table.is_implicit() => {
                let there = document.entry(key).or_insert_with(toml_edit::table);
                for (below, item) in table {
                    there[below] = item.clone();
                }
            }
            item => document[key] = item.clone(),
        }
    }
    Ok(())
}

/// Inserts elements before the one that the proposal names, in place of the one that it replaces,
/// or at the end.
fn insert(document: &mut DocumentMut, key: &str, new: &ArrayOfTables, proposal: &Proposal) {
    let named = |table: &toml_edit::Table| {
        let name = table.get("name").and_then(Item::as_str);
        name.unwrap_or_default().to_owned()
    };
    let before = proposal.before.as_ref().map(RuleId::name);
    let replaced: Vec<String> = new.iter().map(named).collect();
    let there = document.get(key).and_then(Item::as_array_of_tables);
    let mut all: Vec<toml_edit::Table> = there.into_iter().flatten().cloned().collect();
    let at = all.iter().position(|one| {
        proposal.replaces.is_some() && replaced.contains(&named(one))
            || before == Some(named(one).as_str())
    });
    let at = at.unwrap_or(all.len());
    if proposal.replaces.is_some() && at < all.len() {
        all.remove(at);
    }
    all.splice(at..at, new.iter().cloned());
    let mut tables = ArrayOfTables::new();
    for (position, mut table) in all.into_iter().enumerate() {
        table.set_position(Some(isize::try_from(position).unwrap_or(isize::MAX)));
        tables.push(table);
    }
    document[key] = Item::ArrayOfTables(tables);
}
