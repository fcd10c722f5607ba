//! Pairs the sources of two releases, and their places.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::Presence;
use super::places::{self, Contents, Pairs};
use super::text::{self, Files};
use analyse::{AnalysedSource, Analysis};
use decide::Decided;
use problem::Problem;
use release::{is_own_pin, source_name};
use scan::Kind;

/// One source in both releases.
pub(super) struct SourcePair<'a> {
    /// Its name, including the program's at a program's own pin.
    pub name: &'a str,
    /// In the old release.
    pub old: Option<&'a AnalysedSource>,
    /// In the new release.
    pub new: Option<&'a AnalysedSource>,
}

impl<'a> SourcePair<'a> {
    /// Returns all sources of both. A source at a program's own pin that only one release has is
    /// compared with the release's own.
    pub fn all(old: &'a Analysis, new: &'a Analysis) -> Vec<Self> {
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
            // If a program no longer has its own pin, it uses the release's.
            .filter(|name| !is_own_pin(name) || news.contains_key(name))
            .map(|name| Self {
                name,
                old: find(&olds, name),
                new: find(&news, name),
            })
            .collect()
    }

    /// Whether a source at a program's own pin is compared with the release's own.
    pub fn is_borrowed(&self) -> bool {
        self.old.is_some_and(|old| old.source.name != self.name)
    }

    pub fn presence(&self) -> Presence {
        match (self.old, self.new) {
            (None, _) => Presence::Came,
            (_, None) => Presence::Went,
            _ => Presence::Stayed,
        }
    }
}

/// The paired places of a source.
pub(super) struct Compared<'a> {
    /// The source.
    pub pair: &'a SourcePair<'a>,
    /// The paired places, and the remaining ones.
    pub places: Pairs<'a>,
    /// Places that another source lost and this one gained: the source's name, the old place, the
    /// new place.
    pub taken: Vec<(&'a str, &'a Decided, &'a Decided)>,
    /// The contents of files whose places changed.
    pub contents: Contents,
}

impl<'a> Compared<'a> {
    /// Pairs the places of one source.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn new(pair: &'a SourcePair<'a>) -> Result<Self, Problem> {
        let decided = |source: Option<&'a AnalysedSource>| -> Vec<&'a Decided> {
            source
                .map(|one| one.decided.iter().collect())
                .unwrap_or_default()
        };
        let mut places = places::exact(decided(pair.old), decided(pair.new));
        if pair.is_borrowed() {
            // The release's own source lists its other places itself.
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

/// Returns the paths of all files of a source.
pub(super) fn paths(source: Option<&AnalysedSource>) -> HashSet<&str> {
    let entries = source
        .map(|one| one.source.tree.entries())
        .unwrap_or_default();
    entries.iter().map(|entry| entry.path.as_str()).collect()
}

/// Reads both states of the files with unpaired places.
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

/// Removes a place that a source lost or gained if programs have it at their own pins, in the new
/// release or the old. Their sources list it.
pub(super) fn own_pins<'a>(compared: &mut [Compared<'a>], old: &'a Analysis, new: &'a Analysis) {
    type Key<'a> = (&'a str, &'a str, Kind, &'a str);
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

/// Pairs places that one source lost and another gained.
pub(super) fn between(compared: &mut [Compared]) {
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
