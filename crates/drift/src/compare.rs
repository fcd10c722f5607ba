//! Runs the whole comparison: each source, then everything that concerns several sources.

use decide::RuleId;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use rayon::prelude::*;

use super::judge::Known;
use super::later::later;
use super::pairs::{Compared, SourcePair, between, own_pins};
use super::propose::{Proposer, Wanting};
use super::structure::structure;
use super::{Aspect, Drift, Level, PlaceDrift, Side, SourceDrift, Summary, needs};
use analyse::{Analysis, Knowledge};
use cache::Cache;
use decide::rules::Directory;
use decide::{Decided, Decision};
use problem::Problem;
use release::is_own_pin;
use scan::{Kind, Language};

/// The input of a comparison.
pub struct Request<'a> {
    /// The old release.
    pub old: &'a Analysis,
    /// The new release.
    pub new: &'a Analysis,
    /// The knowledge that decided the old release.
    pub old_knowledge: &'a Knowledge,
    /// The knowledge that decided the new release.
    pub new_knowledge: &'a Knowledge,
    /// The directories the two were read from.
    pub rules: (&'a [Directory], &'a [Directory]),
    /// The project, in which `patches/local/` may stand.
    pub root: &'a Path,
    /// The cache between runs.
    pub cache: Option<&'a Cache>,
}

/// Compares two releases.
///
/// # Errors
/// A tree or history cannot be read.
pub fn drift(request: &Request) -> Result<Drift, Vec<Problem>> {
    let pairs = SourcePair::all(request.old, request.new);
    let mut compared: Vec<Compared> = gather(pairs.par_iter().map(Compared::new))?;
    own_pins(&mut compared, request.old, request.new);
    between(&mut compared);
    let known = Known::of(
        request
            .old
            .sources
            .iter()
            .map(|one| (one.source.name.as_str(), one.decided.as_slice())),
    );
    let inputs = needs::inputs(request.old);
    let drifts = compared
        .par_iter()
        .map(|one| one.drift(request, &known, &inputs));
    let mut sources: Vec<SourceDrift> = gather(drifts)?;
    propose(&mut sources, &compared, request);
    let mut drift = Drift {
        old: side(request.old),
        new: side(request.new),
        structure: structure(request.old, request.new),
        idle_rules: idle(request),
        problems: sourceless(request.new, &sources),
        ..Drift::default()
    };
    for source in &mut sources {
        source.settle();
    }
    let worst = sources.iter().map(|source| source.level).max();
    let broken = if drift.problems.is_empty() {
        Level::Clean
    } else {
        Level::Broken
    };
    drift.level = worst
        .unwrap_or_default()
        .max(drift.structure.level)
        .max(broken);
    drift.summary = Summary::of(&sources);
    drift.sources = sources;
    Ok(drift)
}

/// Collects all values, or all problems.
fn gather<T: Send>(
    results: impl ParallelIterator<Item = Result<T, Problem>>,
) -> Result<Vec<T>, Vec<Problem>> {
    let results: Vec<Result<T, Problem>> = results.collect();
    let mut problems = Vec::new();
    let mut values = Vec::with_capacity(results.len());
    for result in results {
        match result {
            Ok(value) => values.push(value),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        Ok(values)
    } else {
        Err(problems)
    }
}

fn side(analysis: &Analysis) -> Side {
    Side {
        release: analysis.manifest.name.clone(),
        version: analysis.manifest.version.clone(),
    }
}

/// Returns the rules that decided something in the old release and nothing in the new one.
fn idle(request: &Request) -> Vec<RuleId> {
    let known: BTreeSet<RuleId> = request.new_knowledge.rules.ids().into_iter().collect();
    let decided = request
        .old
        .uses
        .0
        .keys()
        .filter(|rule| known.contains(*rule));
    decided
        .filter(|rule| !request.new.uses.0.contains_key(*rule))
        .cloned()
        .collect()
}

/// Returns the problems of the new release that concern no listed source.
fn sourceless(new: &Analysis, sources: &[SourceDrift]) -> Vec<Problem> {
    let told: BTreeSet<&str> = sources.iter().map(|source| source.name.as_str()).collect();
    let of_none = |problem: &&Problem| {
        problem
            .place
            .source
            .as_deref()
            .is_none_or(|name| !told.contains(name))
    };
    new.findings
        .iter()
        .filter(of_none)
        .chain(&new.missing)
        .cloned()
        .collect()
}

/// Returns the files of the release's sources.
fn files(release: &Analysis) -> impl Iterator<Item = (&str, &str)> {
    let sources = release.sources.iter();
    let sources = sources.filter(|one| !is_own_pin(&one.source.name));
    sources.flat_map(|one| {
        let entries = one.source.tree.entries().iter();
        entries.map(|entry| (one.source.name.as_str(), entry.path.as_str()))
    })
}

/// Proposes rules for places that are undecided or decided differently, for all sources together.
fn propose(sources: &mut [SourceDrift], compared: &[Compared], request: &Request) {
    let wants = |place: &PlaceDrift| {
        let otherwise = [Aspect::Context, Aspect::Decision, Aspect::Rule];
        let new = place
            .new
            .as_ref()
            .is_some_and(|new| new.decision == Decision::Unknown);
        let other = place.level == Level::Review
            && !place.differs.contains(&Aspect::Literal)
            && place
                .differs
                .iter()
                .any(|aspect| otherwise.contains(aspect));
        new || other
    };
    if !sources.iter().any(|source| source.places.iter().any(wants)) {
        return;
    }
    let mut wanting = Vec::new();
    let mut places = Vec::new();
    for (source, compared) in sources.iter_mut().zip(compared) {
        let taken = compared
            .taken
            .iter()
            .map(|(_, old, new)| (Some(*old), *new));
        let paired = compared
            .places
            .paired
            .iter()
            .map(|(old, new)| (Some(*old), *new));
        let come = compared.places.come.iter().map(|new| (None, *new));
        let position = |one: &Decided| {
            (
                one.path.clone(),
                one.occurrence.line,
                one.occurrence.column,
                one.occurrence.kind,
            )
        };
        let by_place: HashMap<_, _> = paired
            .chain(taken)
            .chain(come)
            .map(|(old, new)| (position(new), (old, new)))
            .collect();
        for place in source.places.iter_mut().filter(|place| wants(place)) {
            let Some(new) = &place.new else { continue };
            let key = (new.path.clone(), new.line, new.column, new.kind);
            if let Some((old, new)) = by_place.get(&key) {
                wanting.push(Wanting {
                    source: compared.pair.name,
                    new,
                    old: *old,
                });
                places.push(place);
            }
        }
    }
    let mut proposer = Proposer::new(
        request.rules,
        &request.new_knowledge.rules,
        request.new,
        files(request.new),
    );
    let proposals = proposer.propose(&wanting).into_iter();
    for ((place, one), proposal) in places.into_iter().zip(&wanting).zip(proposals) {
        let module = place.new.as_ref().filter(|new| {
            let unknown = new.decision == Decision::Unknown;
            unknown && new.kind == Kind::Module && new.language == Language::Perl
        });
        if let (None, Some(module)) = (&proposal, module) {
            let rules = &request.new_knowledge.rules;
            place.hint = later(&module.text, one.source, request.new, rules);
        }
        place.proposal = proposal;
    }
}
