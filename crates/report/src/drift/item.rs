//! All differences as items of one shape.

use std::borrow::Cow;
use std::collections::HashMap;

use super::count;
use decide::{Context, Decision, RuleId, Verdict};
use drift::{
    Aspect, Change, Commit, History, Install, Level, LocalPatch, LostTarget, Need, PlaceDrift,
    Presence, Proposal, SourceDrift, Spot, Structure, TextDrift,
};
use problem::{
    Code, DECIDED_OTHERWISE, HISTORY_DRIFTED, INSTALL_DRIFTED, LOCAL_PATCH_FAILS, LOST_TARGET,
    NEED_DRIFTED, PLACE_DRIFTED, Problem, STRUCTURE_DRIFTED, UNDECIDED, UNMAPPED_MODULE,
};
use scan::Kind;

/// One difference.
pub(super) struct Item<'a> {
    /// How much attention it needs.
    pub level: Level,
    /// Its code.
    pub code: &'static Code,
    /// The source that it is about.
    pub source: Option<&'a SourceDrift>,
    /// Its place: `hive-manager/src/Hive/API.pm:3`, a source, a patch, or empty.
    pub place: String,
    /// The change, in half a sentence.
    pub said: Said<'a>,
    /// Further details.
    pub body: Body<'a>,
    /// Other places with the same cause.
    pub also: Vec<Also>,
}

/// Another place with the same cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Also {
    /// The place.
    pub place: String,
    /// The text at the place.
    pub text: String,
}

/// The details of an item.
#[derive(Clone, Copy)]
pub(super) enum Body<'a> {
    /// A place.
    Place(&'a PlaceDrift),
    /// A structural edit without a target.
    Lost(&'a LostTarget),
    /// A hand-kept patch.
    Patch(&'a LocalPatch),
    /// A dependency.
    Need(&'a Need),
    /// Something installed or set up.
    Install(&'a Install),
    /// A finding of the new release.
    Problem(&'a Problem),
    /// A history.
    History,
    /// A source that was added or removed.
    Presence,
    /// Objects, circles, links.
    Structure,
}

/// A sentence that alternates between our words and upstream's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Said<'a>(pub Vec<Part<'a>>);

/// A part of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// Our words.
    Own(Cow<'a, str>),
    /// Upstream's words: a path, a name, a version.
    Code(Cow<'a, str>),
}

impl<'a> Said<'a> {
    pub(super) fn own(mut self, text: impl Into<Cow<'a, str>>) -> Self {
        self.0.push(Part::Own(text.into()));
        self
    }

    pub(super) fn code(mut self, text: impl Into<Cow<'a, str>>) -> Self {
        self.0.push(Part::Code(text.into()));
        self
    }

    pub(super) fn names(mut self, names: &'a [String]) -> Self {
        for (place, name) in names.iter().enumerate() {
            if place > 0 {
                self = self.own(", ");
            }
            self = self.code(name.as_str());
        }
        self
    }

    /// Splits `text` at backticks. The parts between them are code.
    pub(super) fn marked(text: &'a str) -> Self {
        let parts = text.split('`').enumerate();
        let parts = parts.filter(|(_, part)| !part.is_empty());
        Self(
            parts
                .map(|(place, part)| match place % 2 {
                    0 => Part::Own(part.into()),
                    _ => Part::Code(part.into()),
                })
                .collect(),
        )
    }

    /// Returns the sentence as text, with backticks around upstream's parts.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Own(own) => text.push_str(own),
                Part::Code(code) => text.extend(["`", code, "`"]),
            }
        }
        text
    }
}

/// A property of a place in both releases. If the place exists in one only, the other side is
/// `None`.
pub(super) struct Fact {
    /// Its name.
    pub name: &'static str,
    /// Its value in the old release.
    pub old: Option<String>,
    /// Its value in the new one.
    pub new: Option<String>,
}

impl Fact {
    /// Whether both sides are equal.
    pub(super) fn is_same(&self) -> bool {
        self.old == self.new
    }
}

impl<'a> Item<'a> {
    fn of(
        source: Option<&'a SourceDrift>,
        level: Level,
        code: &'static Code,
        said: Said<'a>,
        body: Body<'a>,
    ) -> Self {
        Self {
            level,
            code,
            source,
            place: source.map(|source| source.name.clone()).unwrap_or_default(),
            said,
            body,
            also: Vec::new(),
        }
    }

    /// Counts the places of the item.
    pub(super) fn many(&self) -> u64 {
        1 + self.also.len() as u64
    }

    /// Returns the sentence, with the number of further places of the same cause.
    pub(super) fn told(&self) -> String {
        let said = self.said.text();
        match self.also.len() {
            0 => said,
            more => format!(
                "{said} (and {} more of this cause)",
                super::grouped(more as u64)
            ),
        }
    }

    fn at(mut self, place: impl Into<String>) -> Self {
        self.place = place.into();
        self
    }

    /// Makes the item of a finding in the new release.
    pub(super) fn problem(source: Option<&'a SourceDrift>, problem: &'a Problem) -> Self {
        let said = Said::marked(&problem.cause);
        let body = Body::Problem(problem);
        Self::of(source, Level::Broken, problem.code, said, body).at(problem.place.to_string())
    }

    fn place(source: &'a SourceDrift, place: &'a PlaceDrift) -> Self {
        let label = place.spot().map(|spot| label(source, spot));
        Self::of(
            Some(source),
            place.level,
            place_code(place),
            place_said(place),
            Body::Place(place),
        )
        .at(label.unwrap_or_default())
    }

    /// Ranks the item within its level. Places that are kept because only a build reads them come
    /// last.
    pub(super) fn rank(&self) -> u8 {
        match self.body {
            Body::Lost(_) => 0,
            Body::Problem(_) => 1,
            Body::Patch(_) => 2,
            Body::Place(place) => place.spot().map_or(9, weight),
            Body::Need(_) => 7,
            Body::Install(_) => 8,
            Body::History => 10,
            Body::Presence => 11,
            Body::Structure => 12,
        }
    }

    /// Returns the key that items of one cause share, or `None` for an item of its own.
    fn cause(&self) -> Option<Cause<'a>> {
        // Items that need nobody are single lines already.
        let Body::Place(place) = self.body else {
            return None;
        };
        if self.level < Level::Review {
            return None;
        }
        let spot = place.spot()?;
        let side = |spot: &'a Option<Spot>| {
            spot.as_ref()
                .map(|spot| (Verdict::of(&spot.decision), spot.rule.as_ref()))
        };
        // Without a rule, compare the literals: the same name, or the same directory.
        let text = (spot.rule.is_none()).then(|| match spot.text.rsplit_once('/') {
            // `/usr/share/x` groups the paths below it; `/usr/bin` is too general.
            Some((directory, name)) if !name.is_empty() && directory.matches('/').count() > 2 => {
                directory
            }
            _ => spot.text.as_str(),
        });
        Some(Cause {
            level: self.level,
            source: self.source.map_or("", |source| &source.name),
            change: place.change,
            why: place.why,
            context: spot.context,
            kind: spot.kind,
            old: side(&place.old),
            new: side(&place.new),
            text,
        })
    }

    /// Returns the kind of change.
    pub(super) fn change(&self) -> Option<Change> {
        let sides = |old: &Option<String>, new: &Option<String>| match (old, new) {
            (None, Some(_)) => Change::Added,
            (Some(_), None) => Change::Removed,
            _ => Change::Changed,
        };
        match self.body {
            Body::Place(place) => Some(place.change),
            Body::Need(need) => Some(sides(&need.old, &need.new)),
            Body::Install(install) => Some(sides(&install.old, &install.new)),
            Body::Presence => self.source.map(|source| match source.presence {
                Presence::Came => Change::Added,
                Presence::Went => Change::Removed,
                Presence::Stayed => Change::Changed,
            }),
            _ => None,
        }
    }

    /// Returns the upstream commit that made the change.
    pub(super) fn commit(&self) -> Option<&'a Commit> {
        match self.body {
            Body::Place(place) => place.commit.as_ref(),
            Body::Lost(lost) => lost.commit.as_ref(),
            _ => None,
        }
    }

    /// Returns the kind of item for a list: a place's kind, or a word for anything else.
    pub(super) fn kind(&self) -> &'static str {
        match self.body {
            Body::Place(place) => place.spot().map_or("place", |spot| spot.kind.word()),
            Body::Lost(_) => "structural edit",
            Body::Patch(_) => "local patch",
            Body::Need(_) => "dependency",
            Body::Install(_) => "installation",
            Body::Problem(_) => "finding",
            Body::History => "history",
            Body::Presence => "source",
            Body::Structure => "structure",
        }
    }
}

/// The properties that places of one cause share.
#[derive(PartialEq, Eq, Hash)]
struct Cause<'a> {
    level: Level,
    source: &'a str,
    change: Change,
    why: &'static str,
    context: Context,
    kind: Kind,
    old: Option<(Verdict, Option<&'a RuleId>)>,
    new: Option<(Verdict, Option<&'a RuleId>)>,
    text: Option<&'a str>,
}

/// Returns how much a place matters within its level.
fn weight(spot: &Spot) -> u8 {
    let kept = matches!(spot.decision, Decision::Keep { .. });
    match spot.context {
        _ if spot.decision == Decision::Unknown => 3,
        Context::Host | Context::Guest | Context::Remote if !kept => 4,
        Context::Host | Context::Guest | Context::Remote => 5,
        Context::Build if !kept => 6,
        Context::Build | Context::Test | Context::Doc => 9,
    }
}

/// Merges items with one cause into the first of them, in order, with the places of the others.
pub(super) fn grouped(items: Vec<Item>) -> Vec<Item> {
    let mut groups: Vec<Item> = Vec::new();
    let mut by_cause: HashMap<Cause, usize> = HashMap::new();
    for item in items {
        let Some(cause) = item.cause() else {
            groups.push(item);
            continue;
        };
        if let Some(group) = by_cause.get(&cause) {
            let text = match item.body {
                Body::Place(place) => place.spot().map(|spot| spot.text.clone()),
                _ => None,
            };
            groups[*group].also.push(Also {
                place: item.place,
                text: text.unwrap_or_default(),
            });
        } else {
            by_cause.insert(cause, groups.len());
            groups.push(item);
        }
    }
    groups
}

/// Returns `hive-manager/src/Hive/API.pm:3`.
pub(super) fn label(source: &SourceDrift, spot: &Spot) -> String {
    let name = spot.source.as_ref().unwrap_or(&source.name);
    format!("{name}/{}:{}", spot.path, spot.line)
}

/// Returns the properties of a place on both sides, in the order of a table.
pub(super) fn facts(source: &SourceDrift, place: &PlaceDrift) -> Vec<Fact> {
    let fact = |name, of: &dyn Fn(&Spot) -> Option<String>| Fact {
        name,
        old: place.old.as_ref().and_then(of),
        new: place.new.as_ref().and_then(of),
    };
    let all = [
        fact("place", &|spot| Some(label(source, spot))),
        fact("text", &|spot| Some(spot.text.clone())),
        fact("sub", &|spot| spot.sub.clone()),
        fact("context", &|spot| Some(spot.context.name().into())),
        fact("decision", &|spot| Some(spot.decision.phrase())),
        fact("rule", &|spot| spot.rule.as_ref().map(ToString::to_string)),
    ];
    let there = |fact: &Fact| fact.old.is_some() || fact.new.is_some();
    all.into_iter().filter(there).collect()
}

/// Says where a proposal goes and what it does: `paste into FILE before the rule NAME (decides it
/// as before)`.
pub(super) fn paste(proposal: &Proposal) -> Said<'_> {
    let said = Said::default()
        .own("paste into ")
        .code(proposal.file.as_str());
    let said = match (&proposal.replaces, &proposal.before) {
        (Some(table), _) => said.own(" in place of ").code(table.as_str()),
        (None, Some(rule)) => said.own(" before the rule ").code(rule.to_string()),
        // A key of the file itself stands before its tables.
        (None, None) if !proposal.toml.starts_with('[') => said.own(" at its head"),
        (None, None) => said,
    };
    said.own(if proposal.as_before {
        " (decides it as before)"
    } else {
        " (a guess to be looked at)"
    })
}

/// Names the properties in which the two sides of a place differ: `file, decision`.
pub(super) fn differs(place: &PlaceDrift) -> Option<String> {
    let words: Vec<&str> = place.differs.iter().map(|a| a.word()).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

fn place_code(place: &PlaceDrift) -> &'static Code {
    let decided = [Aspect::Context, Aspect::Decision, Aspect::Rule];
    match &place.new {
        Some(new) if new.decision == Decision::Unknown => match new.kind {
            scan::Kind::Module => &UNMAPPED_MODULE,
            _ => &UNDECIDED,
        },
        Some(_) if place.old.is_some() && place.differs.iter().any(|one| decided.contains(one)) => {
            &DECIDED_OTHERWISE
        }
        _ => &PLACE_DRIFTED,
    }
}

fn place_said(place: &PlaceDrift) -> Said<'_> {
    let said = Said::default().own(place.change.word()).own(" ");
    let said = match (&place.old, &place.new) {
        (Some(old), Some(new)) if old.text != new.text => said
            .code(old.text.as_str())
            .own(" → ")
            .code(new.text.as_str()),
        (Some(one), None) | (_, Some(one)) => said.code(one.text.as_str()),
        (None, None) => said,
    };
    let said = match whence(place) {
        Some(whence) => said.own(" from ").code(whence),
        None => said,
    };
    said.own(": ").own(place.why)
}

/// Returns the former surroundings of a moved place, if they differ.
fn whence(place: &PlaceDrift) -> Option<&str> {
    let (old, new) = (place.old.as_ref()?, place.new.as_ref()?);
    if place.change != Change::Moved {
        None
    } else if old.source != new.source && old.path == new.path {
        old.source.as_deref()
    } else if old.path != new.path {
        Some(&old.path)
    } else {
        old.sub.as_deref().filter(|_| old.sub != new.sub)
    }
}

/// Returns all differences in `source`.
pub(super) fn of_source(source: &SourceDrift) -> Vec<Item<'_>> {
    let lost = source.lost_targets.iter().map(|lost| {
        let said = lost_said(lost);
        Item::of(
            Some(source),
            lost.level,
            &LOST_TARGET,
            said,
            Body::Lost(lost),
        )
    });
    let problems = source
        .problems
        .iter()
        .map(|problem| Item::problem(Some(source), problem));
    let patches = source.local.iter().map(|patch| {
        let said = patch_said(&patch.hunks);
        let body = Body::Patch(patch);
        Item::of(Some(source), patch.level, &LOCAL_PATCH_FAILS, said, body).at(patch.path.as_str())
    });
    let places = source.places.iter().map(|place| Item::place(source, place));
    let needs = source.needs.iter().map(|need| {
        let (old, new) = (need.old.as_deref(), need.new.as_deref());
        let said = sides(need.kind.word(), &need.name, old, new);
        Item::of(
            Some(source),
            need.level,
            &NEED_DRIFTED,
            said,
            Body::Need(need),
        )
    });
    let installs = source.installs.iter().map(|one| {
        let (old, new) = (one.old.as_deref(), one.new.as_deref());
        let said = sides(one.kind.word(), &one.name, old, new);
        Item::of(
            Some(source),
            one.level,
            &INSTALL_DRIFTED,
            said,
            Body::Install(one),
        )
    });
    lost.chain(problems)
        .chain(patches)
        .chain(places)
        .chain(needs)
        .chain(installs)
        .chain(itself(source))
        .collect()
}

/// Returns the changes of the source itself. Its level says whether somebody must review them too.
fn itself(source: &SourceDrift) -> Vec<Item<'_>> {
    let level = source.level.min(Level::Review);
    let mut items = Vec::new();
    if let Some(said) = source.history.as_ref().and_then(history_said) {
        items.push(Item::of(
            Some(source),
            level,
            &HISTORY_DRIFTED,
            said,
            Body::History,
        ));
    }
    let said = match source.presence {
        Presence::Stayed => return items,
        Presence::Came => "the source came",
        Presence::Went => "the source went",
    };
    items.push(Item::of(
        Some(source),
        level,
        &STRUCTURE_DRIFTED,
        Said::default().own(said),
        Body::Presence,
    ));
    items
}

fn lost_said(lost: &LostTarget) -> Said<'_> {
    let said = Said::default()
        .code(lost.feature.as_str())
        .own(" does not find ")
        .code(lost.target.as_str());
    match &lost.nearest {
        Some(nearest) => said.own("; the nearest there is: ").code(nearest.as_str()),
        None => said.own("; nothing is near"),
    }
}

fn patch_said(hunks: &TextDrift) -> Said<'_> {
    let said = super::hunks(hunks).unwrap_or_else(|| "none of its hunks can be read".to_owned());
    Said::default().own(said)
}

fn sides<'a>(
    kind: &'static str,
    name: &'a str,
    old: Option<&'a str>,
    new: Option<&'a str>,
) -> Said<'a> {
    let said = Said::default().own(kind).own(" ").code(name);
    let worth = |said: Said<'a>, value: &'a str| match value {
        "" => said,
        value => said.own(": ").code(value),
    };
    match (old, new) {
        (None, Some(new)) => worth(said.own(" came"), new),
        (Some(old), None) => worth(said.own(" went"), old),
        (Some(old), Some(new)) => said.own(": ").code(named(old)).own(" → ").code(named(new)),
        (None, None) => said,
    }
}

fn named(value: &str) -> &str {
    match value {
        "" => "any",
        value => value,
    }
}

fn history_said(history: &History) -> Option<Said<'_>> {
    let commits = |number: u64| count(number, "commit", "commits");
    match history {
        History::Same | History::Forward { .. } => None,
        History::Backward { commits: number } => Some(Said::default().own(format!(
            "the new release has an older commit: {} back",
            commits(*number)
        ))),
        History::Diverged { old, new, base } => {
            let said = Said::default().own(format!(
                "the history does not go on from the old commit: {} are gone, {} are there instead, ",
                commits(*old),
                commits(*new)
            ));
            Some(match base {
                Some(base) => said.own("since ").code(super::short(base)),
                None => said.own("and none is in both"),
            })
        }
    }
}

/// Returns the differences that concern no single source.
pub(super) fn of_structure(structure: &Structure) -> Vec<Item<'_>> {
    let mut items = Vec::new();
    let mut tell = |level: Level, place: &str, said| {
        items.push(Item::of(None, level, &STRUCTURE_DRIFTED, said, Body::Structure).at(place));
    };
    for one in &structure.knot_entered {
        let said = Said::default().own("tied into a circle: ").names(&one.by);
        tell(Level::Review, &one.source, said);
    }
    for (names, said) in [
        (&structure.knot_left, "no longer in a circle"),
        (&structure.objects_entered, "compiled as an object now"),
        (&structure.objects_left, "no longer compiled as an object"),
    ] {
        for name in names {
            tell(Level::Review, name, Said::default().own(said));
        }
    }
    for link in &structure.links {
        let said = Said::default().own("link ").code(link.link.as_str());
        let said = match link.presence {
            Presence::Stayed => said,
            Presence::Came => said.own(" is new"),
            Presence::Went => said.own(" is gone"),
        };
        let said = [(" gained ", &link.gained), (" lost ", &link.lost)]
            .into_iter()
            .filter(|(_, names)| !names.is_empty())
            .fold(said, |said, (word, names)| said.own(word).names(names));
        // A link's contents follow from its sources, which have their own items.
        tell(Level::Moved, "", said);
    }
    items
}
