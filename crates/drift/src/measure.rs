//! How good proposals are: those for a newer release, made with the rules of an older one, held against what people decided.

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

/// What came of the proposals.
#[derive(Debug, Default, Serialize)]
pub struct Measured {
    /// The older release.
    pub old: String,
    /// The newer one.
    pub new: String,
    /// What was taken out of the rules, because it decides nothing in the older release.
    pub taken_out: Vec<String>,
    /// Places of the newer release that want a rule: undecided, or decided otherwise than before.
    pub wanting: u64,
    /// Of these, how many are told what to do in the place of a rule.
    pub hinted: u64,
    /// Places whose proposal gives what people decided.
    pub equal: u64,
    /// Those whose proposal gives something else.
    pub wrong: Vec<Wrong>,
    /// Places without a proposal, each with what is told in its place.
    pub without: Vec<(Place, Option<String>)>,
    /// Places that the older rules decide otherwise than people did, and nobody is asked.
    pub unasked: Vec<Wrong>,
}

/// A place of the newer release.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// `SOURCE/PATH:LINE`.
    pub place: String,
    /// The literal.
    pub text: String,
    /// What people decided: the context, what becomes of it, and the rule.
    pub wanted: String,
}

/// A place that got something else than people decided.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Wrong {
    /// Which.
    #[serde(flatten)]
    pub place: Place,
    /// What it got.
    pub got: String,
    /// The proposal; empty where there is none.
    pub proposal: String,
}

impl Measured {
    /// How many proposals there are.
    pub fn proposed(&self) -> u64 {
        self.equal + self.wrong.len() as u64
    }

    /// The share of proposals that equal the rule that a person wrote, in hundredths; of none all are.
    pub fn share(&self) -> u64 {
        (self.equal * 100)
            .checked_div(self.proposed())
            .unwrap_or(100)
    }
}

/// Where a place stands.
type Key = (String, String, u32, u32, &'static str);

/// What a release decides of each place.
pub struct Decisions<'a>(BTreeMap<Key, &'a Decided>);

impl<'a> Decisions<'a> {
    /// Of all sources.
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

/// The newer release, decided three ways.
pub struct Ways<'a> {
    /// By what people wrote.
    pub people: Decisions<'a>,
    /// By the older release's rules.
    pub older: Decisions<'a>,
    /// By those with every proposal.
    pub proposed: Decisions<'a>,
}

/// Holds the proposals of `drift` against what people decided.
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
                // What is told as decided otherwise is looked at by a person.
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

/// Whether two decisions do the same. Where nothing acts on the machine, why it stays is for the reader.
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
/// Files that cannot be read, parsed or written.
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

/// Puts a proposal where it says.
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

/// Puts elements before the one that the proposal names, in the place of the one that it replaces, or behind all.
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
