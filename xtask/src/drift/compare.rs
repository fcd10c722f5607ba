//! The whole comparison: sources side by side, then what is between them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use rayon::prelude::*;

use super::commits::{self, Question};
use super::judge::{self, Known};
use super::places::{self, Contents, Pairs};
use super::propose::{Proposer, Wanting};
use super::structure::structure;
use super::text::{self, Files};
use super::{
    Aspect, At, Change, Counts, Drift, Excerpt, History, Level, PlaceDrift, Presence, Side,
    SourceDrift, Spot, Summary, installs, needs, targets,
};
use crate::analyse::{AnalysedSource, Analysis, Knowledge};
use crate::cache::Cache;
use crate::decide::{Decided, Decision};
use crate::emit::edits::{self, Edits};
use crate::problem::{FEATURE_NOT_FOUND, Problem, UNDECIDED, UNMAPPED_MODULE};
use crate::release::{is_own_pin, source_name};
use crate::scan::Kind;

/// What is compared.
pub struct Request<'a> {
    /// The release it is measured from.
    pub old: &'a Analysis,
    /// The release it is measured to.
    pub new: &'a Analysis,
    /// What the old release was decided with.
    pub old_knowledge: &'a Knowledge,
    /// What the new release was decided with.
    pub new_knowledge: &'a Knowledge,
    /// The directories the two were read from.
    pub rules: (&'a Path, &'a Path),
    /// The project, in which `patches/local/` may stand.
    pub root: &'a Path,
    /// What is kept between runs.
    pub cache: Option<&'a Cache>,
}

/// Compares two releases.
///
/// # Errors
/// What cannot be read of trees and histories.
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

/// All values, or all problems.
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

/// The rules that decided something in the old release and decide nothing in the new one.
fn idle(request: &Request) -> Vec<String> {
    let names: BTreeSet<String> = request.new_knowledge.rules.names().into_iter().collect();
    let decided = request
        .old
        .uses
        .0
        .keys()
        .filter(|name| names.contains(*name));
    decided
        .filter(|name| !request.new.uses.0.contains_key(*name))
        .cloned()
        .collect()
}

/// What is wrong with the new release and is told of none of the sources.
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

/// One source in both releases.
struct SourcePair<'a> {
    name: &'a str,
    old: Option<&'a AnalysedSource>,
    new: Option<&'a AnalysedSource>,
}

impl<'a> SourcePair<'a> {
    /// All sources of both. One at a program's own pin that only one release has is held against the release's own.
    fn all(old: &'a Analysis, new: &'a Analysis) -> Vec<Self> {
        let by_name = |analysis: &'a Analysis| -> BTreeMap<&'a str, &'a AnalysedSource> {
            analysis
                .sources
                .iter()
                .map(|one| (one.source.name.as_str(), one))
                .collect()
        };
        let (olds, news) = (by_name(old), by_name(new));
        let names: BTreeSet<&str> = olds.keys().chain(news.keys()).copied().collect();
        let find = |all: &BTreeMap<&'a str, &'a AnalysedSource>, name: &str| {
            let base = is_own_pin(name)
                .then(|| all.get(source_name(name)))
                .flatten();
            all.get(name).or(base).copied()
        };
        names
            .into_iter()
            // What a program has no more at a pin of its own, it has of the release.
            .filter(|name| !is_own_pin(name) || news.contains_key(name))
            .map(|name| Self {
                name,
                old: find(&olds, name),
                new: find(&news, name),
            })
            .collect()
    }

    /// Whether a source at a program's own pin is held against the release's own.
    fn is_borrowed(&self) -> bool {
        self.old.is_some_and(|old| old.source.name != self.name)
    }

    fn presence(&self) -> Presence {
        match (self.old, self.new) {
            (None, _) => Presence::Came,
            (_, None) => Presence::Went,
            _ => Presence::Stayed,
        }
    }
}

/// A source's places, paired.
struct Compared<'a> {
    pair: &'a SourcePair<'a>,
    places: Pairs<'a>,
    /// Places that another source lost and this one gained: its name, the place there, the place here.
    taken: Vec<(&'a str, &'a Decided, &'a Decided)>,
    /// The contents of files whose places changed.
    contents: Contents,
}

impl<'a> Compared<'a> {
    fn new(pair: &'a SourcePair<'a>) -> Result<Self, Problem> {
        let decided = |source: Option<&'a AnalysedSource>| -> Vec<&'a Decided> {
            source
                .map(|one| one.decided.iter().collect())
                .unwrap_or_default()
        };
        let mut places = places::exact(decided(pair.old), decided(pair.new));
        if pair.is_borrowed() {
            // What else the release's own source has is told of that.
            places.gone.clear();
        }
        let contents = contents(pair, &places)?;
        let (old, new) = (paths(pair.old), paths(pair.new));
        places.rest(&contents, &|path| new.contains(path), &|path| {
            old.contains(path)
        });
        Ok(Self {
            pair,
            places,
            taken: Vec::new(),
            contents,
        })
    }
}

/// The paths of all files of a source.
fn paths(source: Option<&AnalysedSource>) -> std::collections::HashSet<&str> {
    let entries = source
        .map(|one| one.source.tree.entries())
        .unwrap_or_default();
    entries.iter().map(|entry| entry.path.as_str()).collect()
}

/// Reads both states of the files in which a place is left over.
fn contents(pair: &SourcePair, places: &Pairs) -> Result<Contents, Problem> {
    let left = places.gone.iter().chain(&places.come);
    let paths: BTreeSet<&str> = left.map(|one| one.path.as_str()).collect();
    let read = |source: Option<&AnalysedSource>| match source {
        Some(source) => text::read(source, paths.iter().copied()),
        None => Ok(Files::new()),
    };
    let (mut old, mut new) = (read(pair.old)?, read(pair.new)?);
    let mut contents = Contents::new();
    for path in paths {
        let both = (old.remove(path), new.remove(path));
        let both = (both.0.unwrap_or_default(), both.1.unwrap_or_default());
        contents.insert(path.to_owned(), both);
    }
    Ok(contents)
}

/// A place that a source has no more, or has anew, may be one that programs have at pins of their own now, or had: it is told
/// there.
fn own_pins<'a>(compared: &mut [Compared<'a>], old: &'a Analysis, new: &'a Analysis) {
    type Key<'a> = (&'a str, &'a str, crate::scan::Kind, &'a str);
    fn key<'a>(source: &'a str, one: &'a Decided) -> Key<'a> {
        (
            source_name(source),
            &one.path,
            one.occurrence.kind,
            &one.occurrence.text,
        )
    }
    let pinned = |release: &'a Analysis| -> BTreeSet<Key<'a>> {
        let own = release
            .sources
            .iter()
            .filter(|one| is_own_pin(&one.source.name));
        own.flat_map(|one| one.decided.iter().map(|place| key(&one.source.name, place)))
            .collect()
    };
    let (was, is) = (pinned(old), pinned(new));
    for one in compared.iter_mut().filter(|one| !is_own_pin(one.pair.name)) {
        let name = one.pair.name;
        one.places
            .gone
            .retain(|place| !is.contains(&key(name, place)));
        one.places
            .come
            .retain(|place| !was.contains(&key(name, place)));
    }
}

/// Pairs what one source lost and another gained.
fn between(compared: &mut [Compared]) {
    let own = |one: &&Compared| !is_own_pin(one.pair.name);
    let gone = compared
        .iter()
        .filter(own)
        .flat_map(|one| one.places.gone.iter().map(|place| (one.pair.name, *place)));
    let come = compared
        .iter()
        .filter(own)
        .flat_map(|one| one.places.come.iter().map(|place| (one.pair.name, *place)));
    let (gone, come): (Vec<_>, Vec<_>) = (gone.collect(), come.collect());
    let at: HashMap<&str, usize> = compared
        .iter()
        .enumerate()
        .map(|(at, one)| (one.pair.name, at))
        .collect();
    for ((from, old), (to, new)) in places::between(gone, &come) {
        let same = |a: &Decided, b: &Decided| std::ptr::eq(a, b);
        compared[at[from]].places.gone.retain(|one| !same(one, old));
        compared[at[to]].places.come.retain(|one| !same(one, new));
        compared[at[to]].taken.push((from, old, new));
    }
}

impl<'a> Compared<'a> {
    /// Everything that differs of the source, without proposals and without its level.
    fn drift(
        &self,
        request: &Request,
        known: &Known<'a>,
        inputs: &BTreeSet<&str>,
    ) -> Result<SourceDrift, Problem> {
        let (old, new) = (self.pair.old, self.pair.new);
        let history = match (old, new) {
            (Some(old), Some(new)) if !self.pair.is_borrowed() => {
                commits::relation(old, new, request.cache)?
            }
            _ => None,
        };
        let mut drift = SourceDrift {
            name: self.pair.name.to_owned(),
            presence: self.pair.presence(),
            old: old.map(at),
            new: new.map(at),
            history,
            // What programs are built with at their own pins is told of the source itself.
            needs: if is_own_pin(self.pair.name) {
                Vec::new()
            } else {
                needs::needs((old, request.old), (new, request.new), inputs)
            },
            installs: if self.pair.is_borrowed() {
                Vec::new()
            } else {
                installs::installs(old, new)
            },
            problems: problems(self.pair.name, request.new),
            ..SourceDrift::default()
        };
        self.places(&mut drift, known);
        self.excerpts(&mut drift)?;
        let lost = self.lost(request)?;
        let mut questions: Vec<Question> = drift.places.iter().filter_map(question).collect();
        questions.extend(lost.iter().map(|(_, question)| question.clone()));
        let answers = match (old, new) {
            (Some(old), Some(new)) => {
                commits::answers(&questions, old, new, drift.history.as_ref(), request.cache)?
            }
            _ => vec![None; questions.len()],
        };
        let mut answers = answers.into_iter();
        for place in drift
            .places
            .iter_mut()
            .filter(|place| question(place).is_some())
        {
            place.commit = answers.next().flatten();
        }
        drift.lost_targets = lost.into_iter().map(|(lost, _)| lost).collect();
        for (lost, commit) in drift.lost_targets.iter_mut().zip(answers) {
            lost.commit = commit;
        }
        self.texts(&mut drift, request)?;
        Ok(drift)
    }

    /// Counts and judges the places.
    fn places(&self, drift: &mut SourceDrift, known: &Known<'a>) {
        let source = self.pair.name;
        let taken = self
            .taken
            .iter()
            .map(|(from, old, new)| (Some(*from), *old, *new));
        let paired = self
            .places
            .paired
            .iter()
            .map(|(old, new)| (None, *old, *new));
        for (from, old, new) in paired.chain(taken) {
            let mut differs = places::differences(old, new);
            if from.is_some() {
                differs.insert(0, Aspect::Source);
            }
            let Some(change) = judge::change(&differs) else {
                drift.counts.unchanged += 1;
                drift.counts.shifted += u64::from(old.occurrence.line != new.occurrence.line);
                continue;
            };
            let judged = judge::paired(old, new, &differs, source, known);
            let before = Spot {
                source: from.map(str::to_owned),
                ..spot(old)
            };
            drift.places.push(place(
                change,
                judged,
                differs,
                Some(before),
                Some(spot(new)),
            ));
        }
        for new in &self.places.come {
            let judged = judge::came(new, source, known);
            drift.places.push(place(
                Change::Added,
                judged,
                Vec::new(),
                None,
                Some(spot(new)),
            ));
        }
        for old in &self.places.gone {
            let judged = judge::went(old);
            drift.places.push(place(
                Change::Removed,
                judged,
                Vec::new(),
                Some(spot(old)),
                None,
            ));
        }
        drift.places.sort_by(|a, b| rank(a).cmp(&rank(b)));
        for place in &drift.places {
            *match place.change {
                Change::Moved => &mut drift.counts.moved,
                Change::Changed => &mut drift.counts.changed,
                Change::Added => &mut drift.counts.added,
                Change::Removed => &mut drift.counts.removed,
            } += 1;
        }
    }

    /// Shows the code around what a person has to look at.
    fn excerpts(&self, drift: &mut SourceDrift) -> Result<(), Problem> {
        let looked_at = |place: &&mut PlaceDrift| place.level >= Level::Review;
        let wanted = drift.places.iter_mut().filter(looked_at);
        let lacking: BTreeSet<String> = wanted
            .filter_map(|place| place.new.as_ref())
            .map(|spot| spot.path.clone())
            .filter(|path| !self.contents.contains_key(path))
            .collect();
        let more = match self.pair.new {
            Some(new) => text::read(new, lacking.iter().map(String::as_str))?,
            None => Files::new(),
        };
        for place in drift.places.iter_mut().filter(looked_at) {
            let is_new = place.new.is_some();
            let Some(spot) = place.new.as_ref().or(place.old.as_ref()) else {
                continue;
            };
            let both = self
                .contents
                .get(&spot.path)
                .map(|(old, new)| if is_new { new } else { old });
            let content = both.or_else(|| more.get(&spot.path));
            place.code = content
                .and_then(|content| Excerpt::of(content, spot.line, spot.column, spot.text.len()));
        }
        Ok(())
    }

    fn lost(&self, request: &Request) -> Result<Vec<targets::Lost>, Problem> {
        let (Some(old), Some(new)) = (self.pair.old, self.pair.new) else {
            return Ok(Vec::new());
        };
        let (from, to) = (&request.old.manifest.name, &request.new.manifest.name);
        let features = &request.new_knowledge.rules.features;
        targets::lost((old, from), (new, to), features, &|path| self.went_to(path))
    }

    /// The new file in which at least half of the places of an old one are. Interpreters and modules are in every program.
    fn went_to(&self, path: &str) -> Option<String> {
        let is_own = |one: &&Decided| {
            one.path == path && !matches!(one.occurrence.kind, Kind::Module | Kind::Shebang)
        };
        let paired = self.places.paired.iter().filter(|(old, _)| is_own(old));
        let mut files: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, new) in paired {
            *files.entry(&new.path).or_default() += 1;
        }
        let gone = self.places.gone.iter().filter(|old| is_own(old)).count();
        let all = gone + files.values().sum::<usize>();
        let was = paths(self.pair.old);
        let fresh = files
            .into_iter()
            .filter(|(new, count)| !was.contains(new) && count * 2 >= all);
        fresh
            .max_by_key(|(_, count)| *count)
            .map(|(new, _)| new.to_owned())
    }

    /// What becomes of text patches, and whether the new release's edits can be made.
    fn texts(&self, drift: &mut SourceDrift, request: &Request) -> Result<(), Problem> {
        if let Some(new) = self.pair.new {
            match edited(new, request.new, request.new_knowledge) {
                Ok(edits) => drift.problems.extend(edits.findings),
                Err(problems) => drift.problems.extend(problems),
            }
            let patches = text::local_patches(request.root, self.pair.name)?;
            drift.local = text::local(&patches, new)?;
        }
        if let Some(old) = self.pair.old.filter(|_| !self.pair.is_borrowed()) {
            // What the old release could not write, it has no patch of.
            let edits = edited(old, request.old, request.old_knowledge).unwrap_or_default();
            drift.text = text::generated(&edits, old, self.pair.new)?;
        }
        let told = !drift.lost_targets.is_empty();
        // Which target is lost says more than that one is.
        drift
            .problems
            .retain(|problem| !told || problem.code.id != FEATURE_NOT_FOUND.id);
        Ok(())
    }
}

/// The edits of a source in its release.
fn edited(
    source: &AnalysedSource,
    release: &Analysis,
    knowledge: &Knowledge,
) -> Result<Edits, Vec<Problem>> {
    let roles = release.graph.roles();
    edits::edits(
        source,
        &roles,
        &knowledge.rules.features,
        &release.programs,
        &release.manifest.name,
    )
}

/// Where a release has a source.
fn at(source: &AnalysedSource) -> At {
    let pin = &source.source.pin;
    At {
        rev: pin.rev.clone(),
        version: pin.version.clone(),
        date: pin.date.clone(),
        url: pin.url.clone(),
    }
}

/// The findings of a source that are no places.
fn problems(name: &str, new: &Analysis) -> Vec<Problem> {
    let places = [UNDECIDED.id, UNMAPPED_MODULE.id];
    let of_it = new.findings.iter().filter(|problem| {
        problem.place.source.as_deref() == Some(name) && !places.contains(&problem.code.id)
    });
    of_it.cloned().collect()
}

fn spot(one: &Decided) -> Spot {
    let occurrence = &one.occurrence;
    Spot {
        source: None,
        path: one.path.clone(),
        line: occurrence.line,
        column: occurrence.column,
        text: occurrence.text.clone(),
        kind: occurrence.kind,
        language: one.language,
        sub: occurrence.site.sub.clone(),
        context: one.context,
        decision: one.decision.clone(),
        rule: one.rule.clone(),
    }
}

fn place(
    change: Change,
    (level, why): judge::Judged,
    differs: Vec<Aspect>,
    old: Option<Spot>,
    new: Option<Spot>,
) -> PlaceDrift {
    PlaceDrift {
        change,
        level,
        differs,
        why,
        old,
        new,
        commit: None,
        code: None,
        proposal: None,
    }
}

/// The riskiest first, then by change, file and line.
fn rank(place: &PlaceDrift) -> (std::cmp::Reverse<Level>, Change, &str, u32, u32) {
    let spot = place.spot();
    let (path, line, column) = spot.map_or(("", 0, 0), |spot| {
        (spot.path.as_str(), spot.line, spot.column)
    });
    (
        std::cmp::Reverse(place.level),
        place.change,
        path,
        line,
        column,
    )
}

/// What the history is asked for a place; `None` for one whose bytes are the same.
fn question(place: &PlaceDrift) -> Option<Question> {
    const OF_BYTES: [Aspect; 5] = [
        Aspect::Source,
        Aspect::File,
        Aspect::Sub,
        Aspect::Literal,
        Aspect::Site,
    ];
    let of_bytes = place.differs.iter().any(|aspect| OF_BYTES.contains(aspect));
    let (spot, gained) = match (&place.old, &place.new) {
        (_, Some(new)) if of_bytes || place.old.is_none() => (new, true),
        (Some(old), None) => (old, false),
        _ => return None,
    };
    Some(Question {
        path: spot.path.clone(),
        text: spot.text.clone(),
        gained,
        within: spot.sub.clone(),
    })
}

/// Proposes rules for what is undecided or decided otherwise than before, over all sources together.
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
    let decided = request
        .new
        .sources
        .iter()
        .flat_map(|source| &source.decided);
    let proposer = Proposer::new(
        request.rules,
        &request.new_knowledge.rules,
        &request.new.manifest.name,
        decided,
    );
    for (place, proposal) in places.into_iter().zip(proposer.propose(&wanting)) {
        place.proposal = Some(proposal);
    }
}

impl SourceDrift {
    /// Sets the level: the greatest of everything told.
    fn settle(&mut self) {
        let presence = match self.presence {
            Presence::Came | Presence::Went => Level::Review,
            Presence::Stayed => Level::Clean,
        };
        let history = match self.history {
            Some(History::Backward { .. } | History::Diverged { .. }) => Level::Review,
            _ => Level::Clean,
        };
        let problems = if self.problems.is_empty() {
            Level::Clean
        } else {
            Level::Broken
        };
        let all = [presence, history, problems];
        self.level = all
            .into_iter()
            .chain(self.places.iter().map(|one| one.level))
            .chain(self.needs.iter().map(|one| one.level))
            .chain(self.installs.iter().map(|one| one.level))
            .chain(self.lost_targets.iter().map(|one| one.level))
            .chain(self.local.iter().map(|one| one.level))
            .max()
            .unwrap_or_default();
    }
}

impl Summary {
    fn of(sources: &[SourceDrift]) -> Self {
        let at = |level: Level| {
            Level::ALL
                .iter()
                .position(|one| *one == level)
                .unwrap_or_default()
        };
        let mut summary = Self::default();
        for source in sources {
            summary.sources[at(source.level)] += 1;
            for place in &source.places {
                summary.places[at(place.level)] += 1;
            }
            summary.counts = summary.counts.plus(source.counts);
            summary.text = summary.text.plus(source.text);
        }
        summary
    }
}

impl Counts {
    fn plus(self, other: Self) -> Self {
        Self {
            unchanged: self.unchanged + other.unchanged,
            shifted: self.shifted + other.shifted,
            moved: self.moved + other.moved,
            changed: self.changed + other.changed,
            added: self.added + other.added,
            removed: self.removed + other.removed,
        }
    }
}
