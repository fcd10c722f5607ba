//! A program's crates, with earlier commits of the sources whose pins have gone past what it needs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use semver::Version;

use super::crates::{Member, SourceCrates, joined};
use super::select::{Asked, Selection, Stop, Unsatisfied, select};
use super::{Program, below};
use crate::decide::matcher::is_below;
use crate::decide::rules::CrateRules;
use crate::problem::{Problem, UNSATISFIED_CRATE};
use crate::release::{Earlier, Entry, Mode, OpenOptions, Pin, Source};

/// A program's crates and the commits of its own that they need.
pub struct Resolved {
    /// The crates.
    pub selection: Selection,
    /// The sources that it has at earlier commits than the release, by the source's name.
    pub own: BTreeMap<String, Source>,
}

/// What is known of a release before its programs are resolved.
pub struct Known<'a> {
    /// The sources at the release's pins.
    pub sources: &'a [Source],
    /// Their crates, by source.
    pub crates: &'a BTreeMap<String, SourceCrates>,
    /// The pins that programs had so far.
    pub kept: &'a BTreeMap<String, BTreeMap<String, Pin>>,
    /// Where histories are.
    pub options: &'a OpenOptions,
    /// What rules say of crates.
    pub rules: &'a CrateRules,
}

/// Selects the crates of `program`; where a pin has gone past what is needed, an earlier commit of its source is taken.
///
/// # Errors
/// What cannot be met at any commit, with what there is; what reading an earlier commit says.
pub fn resolve(program: &Program, known: &Known) -> Result<Resolved, Vec<Problem>> {
    let mut crates = known.crates.clone();
    let mut own: BTreeMap<String, Source> = BTreeMap::new();
    if let Some(source) = released(program, known).map_err(|problem| vec![problem])? {
        let read = SourceCrates::read(&program.source, source.tree.as_ref())?;
        crates.insert(program.source.clone(), read);
        own.insert(program.source.clone(), source);
    }
    loop {
        let unsatisfied = match select(program, &crates, known.rules) {
            Ok(selection) => {
                own.retain(|source, _| selection.sources.contains(source));
                return Ok(Resolved { selection, own });
            }
            Err(Stop::Problem(problem)) => return Err(vec![problem]),
            Err(Stop::Unsatisfied(unsatisfied)) => unsatisfied,
        };
        let source = earlier(program, &unsatisfied, &crates, &own, known)?;
        let name = crate::release::source_name(&source.name).to_owned();
        let read = SourceCrates::read(&name, source.tree.as_ref())?;
        crates.insert(name.clone(), read);
        own.insert(name, source);
    }
}

/// The program's own source at the release of its Debian package, where the pin has gone past that: a repository of
/// several packages is pinned at its newest commit, which may be ahead of what any of them needs from others.
fn released(program: &Program, known: &Known) -> Result<Option<Source>, Problem> {
    let pinned = known
        .sources
        .iter()
        .find(|source| source.name == program.source);
    let Some(pinned) = pinned.filter(|source| source.pin.version.is_none()) else {
        return Ok(None);
    };
    let Some(history) = Earlier::of(&program.source, &pinned.pin, known.options)? else {
        return Ok(None);
    };
    let changelog = below(&program.root, "debian/changelog");
    let Some(commit) = history.released(&changelog)? else {
        return Ok(None);
    };
    if pinned.pin.rev.as_deref() == Some(commit.as_str()) {
        return Ok(None);
    }
    let kept = known.kept.get(&program.name);
    let kept = kept.and_then(|pins| pins.get(&program.source));
    let source = history.at(&commit, &program.name, kept)?;
    let same = files_of(program, &source)? == files_of(program, pinned)?;
    Ok((!same).then_some(source))
}

/// The names of the contents of a program's directory, and of those that links in it lead to.
fn files_of(program: &Program, source: &Source) -> Result<BTreeSet<(String, String)>, Problem> {
    let entries = source.tree.entries();
    let is_link =
        |entry: &&Entry| entry.mode == Mode::Symlink && is_below(&entry.path, &program.root);
    let links: Vec<&Entry> = entries.iter().filter(is_link).collect();
    let mut directories = vec![program.root.clone()];
    for (link, target) in links.iter().zip(source.tree.read_once(&links)?) {
        let above = link.path.rsplit_once('/').map_or("", |(above, _)| above);
        directories.push(joined(above, &String::from_utf8_lossy(&target)));
    }
    let within = entries.iter().filter(|entry| {
        let mut all = directories.iter();
        all.any(|directory| is_below(&entry.path, directory))
    });
    Ok(within
        .map(|entry| (entry.path.clone(), entry.id.clone()))
        .collect())
}

/// The newest earlier commit of a source at which everything that is asked of it is there; where there is none, that of
/// the source that asks at which it asks for something that is there.
fn earlier(
    program: &Program,
    unsatisfied: &Unsatisfied,
    crates: &BTreeMap<String, SourceCrates>,
    own: &BTreeMap<String, Source>,
    known: &Known,
) -> Result<Source, Vec<Problem>> {
    let looked = Looking {
        program,
        crates,
        own,
        known,
    };
    let wanted = &unsatisfied.asked;
    let mut seen = Vec::new();
    for (name, directory, version) in &unsatisfied.found {
        let Some(pin) = looked.pin(name) else {
            continue;
        };
        let rev = pin.rev.as_deref().unwrap_or("a directory");
        seen.push(format!("{version} ({} at {rev})", below(name, directory)));
        // What others asked of this source goes on holding.
        let before = unsatisfied.before.get(name).into_iter().flatten();
        let all: Vec<&Asked> = before.chain([wanted]).collect();
        if let Some(source) = looked.back(name, &all, &|_| true)? {
            return Ok(source);
        }
    }
    let asking = &wanted.place.0;
    if *asking != program.source {
        let all: Vec<&Asked> = unsatisfied
            .before
            .get(asking)
            .into_iter()
            .flatten()
            .collect();
        let content = |member: &Member| unsatisfied.would_do(member);
        if let Some(source) = looked.back(asking, &all, &content)? {
            return Ok(source);
        }
    }
    let (source, path, line) = wanted.place.clone();
    let places: Vec<&str> = unsatisfied.found.iter().map(|one| one.0.as_str()).collect();
    let cause = format!(
        "{} needs {} {}; there are {}, and no earlier commit of {} has it",
        wanted.by,
        wanted.name,
        wanted.requirement,
        seen.join(", "),
        places.join(" or "),
    );
    let problem = Problem::new(&UNSATISFIED_CRATE, cause);
    Err(vec![problem.in_source(source).at(path, line)])
}

impl Unsatisfied {
    /// Whether a crate asks for a version of the one wanted that there is; one that is not the asking crate does.
    fn would_do(&self, member: &Member) -> bool {
        if !self.asked.by.starts_with(&format!("{} ", member.name)) {
            return true;
        }
        let mut asking = member
            .dependencies
            .iter()
            .filter(|dependency| dependency.package == self.asked.name);
        asking.all(|dependency| {
            let mut versions = self
                .found
                .iter()
                .filter_map(|one| Version::parse(&one.2).ok());
            versions.any(|version| dependency.requirement.matches(&version))
        })
    }
}

/// Where earlier commits are looked for.
struct Looking<'a> {
    program: &'a Program,
    crates: &'a BTreeMap<String, SourceCrates>,
    own: &'a BTreeMap<String, Source>,
    known: &'a Known<'a>,
}

impl Looking<'_> {
    /// The pin of a source as this program has it now.
    fn pin(&self, name: &str) -> Option<&Pin> {
        let pinned = self.known.sources.iter().find(|source| source.name == name);
        Some(&self.own.get(name).or(pinned)?.pin)
    }

    /// The source at the newest commit before its pin at which every requirement and `content` hold.
    fn back(
        &self,
        name: &str,
        asked: &[&Asked],
        content: &dyn Fn(&Member) -> bool,
    ) -> Result<Option<Source>, Vec<Problem>> {
        let one = |problem| vec![problem];
        let Some(pin) = self.pin(name) else {
            return Ok(None);
        };
        let history = Earlier::of(name, pin, self.known.options).map_err(one)?;
        let Some(history) = history else {
            return Ok(None);
        };
        let Some(crates) = self.crates.get(name) else {
            return Ok(None);
        };
        let Some(commit) = search(&history, crates, asked, content).map_err(one)? else {
            return Ok(None);
        };
        let kept = self.known.kept.get(&self.program.name);
        let kept = kept.and_then(|pins| pins.get(name));
        let source = history.at(&commit, &self.program.name, kept);
        source.map(Some).map_err(one)
    }
}

/// The newest commit before the pin at which everything holds and which gave one of the crates its version: a crate is
/// released where its version changes, and what follows belongs to the next one.
fn search(
    history: &Earlier,
    crates: &SourceCrates,
    asked: &[&Asked],
    content: &dyn Fn(&Member) -> bool,
) -> Result<Option<String>, Problem> {
    let wanted = |member: &&Arc<Member>| asked.iter().any(|one| one.name == member.name);
    let mut paths: Vec<String> = crates
        .members
        .values()
        .filter(wanted)
        .flat_map(|member| [&member.directory, &member.workspace])
        .map(|directory| below(directory, "Cargo.toml"))
        .collect();
    paths.sort();
    paths.dedup();
    let commits = history.commits(&paths)?;
    let states: Vec<BTreeMap<String, Arc<Member>>> = history
        .contents(&commits, &paths)?
        .into_iter()
        .map(|contents| {
            let texts = paths.iter().zip(contents);
            let texts = texts.filter_map(|(path, text)| Some((path.as_str(), text?)));
            SourceCrates::of_texts(&crates.source, texts)
        })
        .collect();
    let holds = |state: &BTreeMap<String, Arc<Member>>| {
        let met = asked.iter().all(|one| {
            let member = state.get(&one.name);
            member.is_some_and(|member| one.requirement.matches(&member.version))
        });
        met && state.values().all(|member| content(member))
    };
    let versions = |at: usize| {
        let state = states.get(at).into_iter().flatten();
        state
            .map(|(name, member)| (name, &member.version))
            .collect::<Vec<_>>()
    };
    // The oldest commit has none before it.
    let is_release = |at: &usize| versions(*at) != versions(at + 1);
    let found = (1..states.len())
        .filter(|at| states.get(*at).is_some_and(holds))
        .find(is_release);
    Ok(found.and_then(|at| commits.get(at).cloned()))
}
