//! Compares one source.

use std::collections::{BTreeMap, BTreeSet};

use super::commits::{self, Question};
use super::compare::Request;
use super::judge::{self, Known};
use super::pairs::{Compared, paths};
use super::places;
use super::text::{self, Files};
use super::{
    Aspect, At, Change, Excerpt, Level, PlaceDrift, SourceDrift, Spot, installs, needs, targets,
};
use analyse::{AnalysedSource, Analysis, Knowledge};
use decide::Decided;
use patch::edits::{self, Edits};
use problem::{FEATURE_NOT_FOUND, Problem, UNDECIDED, UNMAPPED_MODULE};
use release::is_own_pin;
use scan::Kind;

impl<'a> Compared<'a> {
    /// Returns all differences of the source, without proposals and level.
    ///
    /// # Errors
    /// A tree or history cannot be read.
    pub fn drift(
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
            // The source itself reports the needs of programs at their own pins.
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

    /// Adds the code around places that a person must review.
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

    /// Returns the new file that contains at least half of an old file's places. Interpreters and
    /// modules do not count, because every program has them.
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

    /// Applies text patches, and checks whether the new release's edits are possible.
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
            // The old release has no patch for what it could not write.
            let edits = edited(old, request.old, request.old_knowledge).unwrap_or_default();
            drift.text = text::generated(&edits, old, self.pair.new)?;
        }
        let told = !drift.lost_targets.is_empty();
        // The lost target is a better report than the failed edit.
        drift
            .problems
            .retain(|problem| !told || problem.code.id != FEATURE_NOT_FOUND.id);
        Ok(())
    }
}

/// Returns the edits of a source in its release.
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

/// Returns a source's place in a release.
fn at(source: &AnalysedSource) -> At {
    let pin = &source.source.pin;
    At {
        rev: pin.rev.clone(),
        version: pin.version.clone(),
        date: pin.date.clone(),
        url: pin.url.clone(),
    }
}

/// Returns the findings of a source that are not places.
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
        hint: None,
    }
}

/// Ranks places: riskiest first, then by change, file and line.
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

/// Returns the question to the history about a place, or `None` if its bytes are the same.
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
