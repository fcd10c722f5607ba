//! Selects a program's crates, and earlier commits of sources whose pins are too new for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use semver::Version;

use super::crates::{Member, SourceCrates, joined};
use super::lock::Refused;
use super::select::{Asked, Selection, Stop, Unsatisfied, Within, select};
use super::submodule::{self, Mounted};
use super::{Program, below};
use decide::matcher::is_below;
use decide::rules::CrateRules;
use problem::{Problem, UNSATISFIED_CRATE};
use release::{Earlier, Entry, Mode, OpenOptions, Pin, Source};

/// A program's crates, and the commits that it needs for itself.
pub struct Resolved {
    /// The crates.
    pub selection: Selection,
    /// The sources that it has at other commits than the release, by name.
    pub own: BTreeMap<String, Source>,
    /// The sources among them that lie in another's submodule, with their directories in the joined
    /// tree.
    pub submodules: BTreeMap<String, String>,
    /// The reason why its own source is at an earlier release than the pinned one.
    pub behind: Option<String>,
}

/// The input for resolving the programs of a release.
pub struct Known<'a> {
    /// The sources at the release's pins.
    pub sources: &'a [Source],
    /// Their crates, by source.
    pub crates: &'a BTreeMap<String, SourceCrates>,
    /// The previous pins of programs.
    pub kept: &'a BTreeMap<String, BTreeMap<String, Pin>>,
    /// The options for opening histories.
    pub options: &'a OpenOptions,
    /// The rules for crates.
    pub rules: &'a CrateRules,
}

impl Known<'_> {
    /// Returns the release's pin of a source.
    fn pin(&self, name: &str) -> Option<&Pin> {
        let mut sources = self.sources.iter();
        Some(&sources.find(|source| source.name == name)?.pin)
    }
}

/// Selects the crates of `program`. If a pin is too new, it uses an earlier commit of that source.
/// If that does not help, it uses the program's own source at the newest earlier release that can
/// be resolved. `settle` has the final say on a selection, because cargo knows the registry.
///
/// # Errors
/// Requirements that no commit satisfies, with the available versions, or the error of reading a
/// commit.
pub fn resolve(program: &Program, known: &Known, settle: Settle) -> Result<Resolved, Vec<Problem>> {
    let one = |problem| vec![problem];
    let released = released(program, known).map_err(one)?;
    let rev = released.as_ref().and_then(|source| source.pin.rev.clone());
    let rule = known.rules.program.get(&program.name);
    let of_its_day = rule.is_some_and(|rule| rule.of_its_day);
    let failed = match attempt(program, known, released, of_its_day) {
        Ok(resolved) => match settle(&resolved) {
            Ok(()) => return Ok(resolved),
            Err(Refused::Problem(problem)) => return Err(vec![problem]),
            Err(Refused::Conflict(problem)) => problem.into(),
        },
        Err(failed) => failed,
    };
    match behind(program, known, (rev.as_deref(), &failed), settle)? {
        Some(resolved) => Ok(resolved),
        None => Err(failed.problems),
    }
}

/// Has cargo resolve a selection.
pub type Settle<'a> = &'a mut dyn FnMut(&Resolved) -> Result<(), Refused>;

/// The failure to resolve a program.
struct Failed {
    problems: Vec<Problem>,
    /// The requirement that no commit satisfies, if that is the reason.
    asked: Option<Box<Asked>>,
}

impl From<Problem> for Failed {
    fn from(problem: Problem) -> Self {
        vec![problem].into()
    }
}

impl From<Vec<Problem>> for Failed {
    fn from(problems: Vec<Problem>) -> Self {
        Self {
            problems,
            asked: None,
        }
    }
}

/// Tries to select the crates of `program` with its own source as given, by default the release's.
/// The other sources are taken as of its date if requested, because it is behind the release or a
/// rule says so.
fn attempt(
    program: &Program,
    known: &Known,
    first: Option<Source>,
    of_its_time: bool,
) -> Result<Resolved, Failed> {
    let mut taken = Taken::new(known);
    if let Some(source) = first {
        taken.put(&program.source, source)?;
    }
    if of_its_time {
        taken.of_its_time(program)?;
    }
    loop {
        let unsatisfied = match select(program, &taken.crates, known.rules) {
            Ok(selection) => return Ok(taken.resolved(selection, program)?),
            Err(Stop::Problem(problem)) => return Err(problem.into()),
            Err(Stop::Submodule(within)) => {
                taken.mount(&within, program)?;
                continue;
            }
            Err(Stop::Unsatisfied(unsatisfied)) => unsatisfied,
        };
        let looking = Looking {
            program,
            crates: &taken.crates,
            own: &taken.own,
            tried: &taken.tried,
            mounted: &taken.submodules,
            known,
        };
        let source = earlier(&unsatisfied, &looking).map_err(|problems| Failed {
            problems,
            asked: Some(Box::new(unsatisfied.asked.clone())),
        })?;
        let name = release::source_name(&source.name).to_owned();
        taken
            .tried
            .insert((name.clone(), source.pin.rev.clone().unwrap_or_default()));
        taken.put(&name, source)?;
    }
}

/// The sources as one program has them.
struct Taken<'a> {
    known: &'a Known<'a>,
    crates: BTreeMap<String, SourceCrates>,
    own: BTreeMap<String, Source>,
    /// Sources and commits that the program had before and that did not work.
    tried: BTreeSet<(String, String)>,
    /// For each submodule, the source that lies in it: the source and its directory in the joined
    /// tree.
    submodules: BTreeMap<String, String>,
}

impl<'a> Taken<'a> {
    fn new(known: &'a Known) -> Self {
        Self {
            known,
            crates: known.crates.clone(),
            own: BTreeMap::new(),
            tried: BTreeSet::new(),
            submodules: BTreeMap::new(),
        }
    }

    /// Replaces a source by the program's own commit of it. Sources in its submodules belonged to
    /// another commit.
    fn put(&mut self, name: &str, source: Source) -> Result<(), Vec<Problem>> {
        let read = SourceCrates::read(name, source.tree.as_ref())?;
        let before = self.crates.insert(name.to_owned(), read);
        self.own.insert(name.to_owned(), source);
        let mounted = before.into_iter().flat_map(|crates| crates.mounted);
        for (_, inner) in mounted {
            self.submodules.remove(&inner);
            self.own.remove(&inner);
            match self.known.crates.get(&inner) {
                Some(crates) => drop(self.crates.insert(inner, crates.clone())),
                None => drop(self.crates.remove(&inner)),
            }
        }
        Ok(())
    }

    /// Mounts a source at a submodule that the outer source names.
    fn mount(&mut self, within: &Within, program: &Program) -> Result<(), Failed> {
        let Within {
            source: around,
            submodule,
            problem,
        } = within;
        let mut pinned = self.known.sources.iter();
        let pinned = pinned.find(|source| source.name == *around);
        let outer = self.own.get(around).or(pinned);
        let outer = outer.ok_or_else(|| problem.clone())?;
        let Mounted { name, source } = submodule::mount(within, outer, &program.name, self.known)?;
        let directory = self.submodules.get(around).unwrap_or(around);
        let directory = below(directory, submodule);
        if let Some(other) = self.submodules.get(&name) {
            let mut problem = problem.clone();
            problem.cause = format!(
                "{}, which is in the submodule {submodule}; {name} is already mounted in {other}",
                problem.cause
            );
            return Err(problem.into());
        }
        self.put(&name, source)?;
        if let Some(crates) = self.crates.get_mut(around) {
            crates.mounted.insert(submodule.clone(), name.clone());
        }
        let is_first = self.submodules.is_empty();
        self.submodules.insert(name, directory);
        // A submodule stays where it was when the outer source was released.
        if is_first {
            self.of_its_time(program)?;
        }
        Ok(())
    }

    /// Replaces every other source by its newest commit up to the day of the program's own.
    /// Upstream's crates change within their version requirements, so an older program was built
    /// with what existed then.
    fn of_its_time(&mut self, program: &Program) -> Result<(), Vec<Problem>> {
        let one = |problem| vec![problem];
        let known = self.known;
        let Some(own) = own_history(program, known).map_err(one)? else {
            return Ok(());
        };
        let pin = self.own.get(&program.source).map(|source| &source.pin);
        let pin = pin.or_else(|| known.pin(&program.source));
        let Some(commit) = pin.and_then(|pin| pin.rev.clone()) else {
            return Ok(());
        };
        for source in known.sources {
            let name = &source.name;
            let has_crates = known
                .crates
                .get(name)
                .is_some_and(|one| !one.members.is_empty());
            let is_taken = self.own.contains_key(name) || *name == program.source;
            if !has_crates || is_taken {
                continue;
            }
            let history = Earlier::of(name, &source.pin, known.options).map_err(one)?;
            let Some(history) = history else {
                continue;
            };
            let found = history.not_after(&own, &commit).map_err(one)?;
            let found = found.filter(|found| source.pin.rev.as_ref() != Some(found));
            if let Some(found) = found {
                self.put(name, history.glance(&found, &program.name).map_err(one)?)?;
            }
        }
        Ok(())
    }

    /// Returns the sources that are needed, with complete pins.
    fn resolved(mut self, selection: Selection, program: &Program) -> Result<Resolved, Problem> {
        self.own
            .retain(|source, _| selection.sources.contains(source));
        self.submodules
            .retain(|source, _| selection.sources.contains(source));
        let kept = self.known.kept.get(&program.name);
        for (name, source) in &mut self.own {
            let Some(commit) = source.pin.rev.clone().filter(|_| source.pin.date.is_none()) else {
                continue;
            };
            if let Some(history) = Earlier::of(name, &source.pin, self.known.options)? {
                let kept = kept.and_then(|pins| pins.get(name));
                *source = history.at(&commit, &program.name, kept)?;
            }
        }
        Ok(Resolved {
            selection,
            own: self.own,
            submodules: self.submodules,
            behind: None,
        })
    }
}

/// Returns the history of the program's own source up to the release's pin.
fn own_history(program: &Program, known: &Known) -> Result<Option<Earlier>, Problem> {
    match known.pin(&program.source) {
        Some(pin) => Earlier::of(&program.source, pin, known.options),
        None => Ok(None),
    }
}

/// Returns the program at the newest release of its own source before the one that `failed` at
/// which it can be resolved. `rev` is the failed commit if it is not the release's pin.
fn behind(
    program: &Program,
    known: &Known,
    (rev, failed): (Option<&str>, &Failed),
    settle: Settle,
) -> Result<Option<Resolved>, Vec<Problem>> {
    let one = |problem| vec![problem];
    // An earlier release does not help with any other problem.
    let is_unmet = |problem: &Problem| problem.code.id == UNSATISFIED_CRATE.id;
    let Some(cause) = failed.problems.iter().find(|problem| is_unmet(problem)) else {
        return Ok(None);
    };
    let Some(history) = own_history(program, known).map_err(one)? else {
        return Ok(None);
    };
    let changelog = below(&program.root, "debian/changelog");
    let releases = history.released(&changelog).map_err(one)?;
    let at = rev.or_else(|| known.pin(&program.source)?.rev.as_deref());
    let before = releases
        .iter()
        .skip_while(|commit| Some(commit.as_str()) != at);
    let before: Vec<&String> = before.skip(1).collect();
    let mut asked = failed.asked.clone();
    for commit in before {
        let source = history.glance(commit, &program.name).map_err(one)?;
        // A commit that cannot be read is not a release to build.
        let Ok(crates) = SourceCrates::read(&program.source, source.tree.as_ref()) else {
            continue;
        };
        if asked.as_ref().is_some_and(|asked| asks(&crates, asked)) {
            continue;
        }
        match attempt(program, known, Some(source), true) {
            Ok(mut resolved) => {
                resolved.behind = Some(cause.cause.clone());
                match settle(&resolved) {
                    Ok(()) => return Ok(Some(resolved)),
                    Err(Refused::Conflict(_)) => {}
                    Err(Refused::Problem(problem)) => return Err(vec![problem]),
                }
            }
            Err(failed) => asked = failed.asked.or(asked),
        }
    }
    Ok(None)
}

/// Whether crates depend on something that is not available.
fn asks(crates: &SourceCrates, asked: &Asked) -> bool {
    let members = crates.members.values();
    let mut dependencies = members
        .filter(|member| asked.by.starts_with(&format!("{} ", member.name)))
        .flat_map(|member| &member.dependencies);
    dependencies.any(|one| one.package == asked.name && one.requirement == asked.requirement)
}

/// Returns the program's own source at the release of its Debian package, if the pin is newer. A
/// repository with several packages is pinned at its newest commit, which may be ahead of what each
/// of them needs from others.
fn released(program: &Program, known: &Known) -> Result<Option<Source>, Problem> {
    let pinned = known
        .sources
        .iter()
        .find(|source| source.name == program.source);
    let Some(pinned) = pinned.filter(|source| source.pin.version.is_none()) else {
        return Ok(None);
    };
    let Some(history) = own_history(program, known)? else {
        return Ok(None);
    };
    let changelog = below(&program.root, "debian/changelog");
    let Some(commit) = history.released(&changelog)?.into_iter().next() else {
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

/// Returns the names of the contents of a program's directory, and of the targets of its links.
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

/// Returns the newest earlier commit of a source that satisfies all requirements on it. Without
/// one, returns an earlier commit of the requiring source whose requirement can be satisfied.
fn earlier(unsatisfied: &Unsatisfied, looking: &Looking) -> Result<Source, Vec<Problem>> {
    let wanted = &unsatisfied.asked;
    let mut seen = Vec::new();
    for (name, directory, version) in &unsatisfied.found {
        let Some(pin) = looking.pin(name) else {
            continue;
        };
        let rev = pin.rev.as_deref().unwrap_or("a directory");
        seen.push(format!("{version} ({} at {rev})", below(name, directory)));
        // Other requirements on this source must remain satisfied.
        let before = unsatisfied.before.get(name).into_iter().flatten();
        let all: Vec<&Asked> = before.chain([wanted]).collect();
        if let Some(source) = looking.back(name, &all, &|_| true)? {
            return Ok(source);
        }
    }
    let asking = &wanted.place.0;
    if *asking != looking.program.source {
        let all: Vec<&Asked> = unsatisfied
            .before
            .get(asking)
            .into_iter()
            .flatten()
            .collect();
        let content = |member: &Member| unsatisfied.would_do(member);
        if let Some(source) = looking.back(asking, &all, &content)? {
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
    /// Whether a crate's requirement on the wanted one can be satisfied. True for any crate but the
    /// requiring one.
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

/// The input of a search for earlier commits.
struct Looking<'a> {
    program: &'a Program,
    crates: &'a BTreeMap<String, SourceCrates>,
    own: &'a BTreeMap<String, Source>,
    /// Sources and commits that the program had before and that did not work.
    tried: &'a BTreeSet<(String, String)>,
    /// Sources in a submodule, at the commit that another source names.
    mounted: &'a BTreeMap<String, String>,
    known: &'a Known<'a>,
}

impl Looking<'_> {
    /// Returns the program's current pin of a source.
    fn pin(&self, name: &str) -> Option<&Pin> {
        let own = self.own.get(name).map(|source| &source.pin);
        own.or_else(|| self.known.pin(name))
    }

    /// Returns the source at the newest commit before its pin that satisfies every requirement and
    /// `content`. If the program already has an earlier commit, those between it and the release's
    /// pin may work now that there are more requirements.
    fn back(
        &self,
        name: &str,
        asked: &[&Asked],
        content: &dyn Fn(&Member) -> bool,
    ) -> Result<Option<Source>, Vec<Problem>> {
        if self.mounted.contains_key(name) {
            return Ok(None);
        }
        let own = self.own.get(name).map(|source| &source.pin);
        let pins = own.into_iter().chain(self.known.pin(name));
        for pin in pins {
            let found = self.before(name, pin, asked, content);
            if let Some(source) = found.map_err(|problem| vec![problem])? {
                return Ok(Some(source));
            }
        }
        Ok(None)
    }

    fn before(
        &self,
        name: &str,
        pin: &Pin,
        asked: &[&Asked],
        content: &dyn Fn(&Member) -> bool,
    ) -> Result<Option<Source>, Problem> {
        let history = Earlier::of(name, pin, self.known.options)?;
        let (Some(history), Some(crates)) = (history, self.crates.get(name)) else {
            return Ok(None);
        };
        let is_new = |commit: &String| !self.tried.contains(&(name.to_owned(), commit.clone()));
        let commits = search(&history, crates, asked, content)?;
        let Some(commit) = commits.into_iter().find(is_new) else {
            return Ok(None);
        };
        let kept = self.known.kept.get(&self.program.name);
        let kept = kept.and_then(|pins| pins.get(name));
        history.at(&commit, &self.program.name, kept).map(Some)
    }
}

/// Returns the commits before the pin that satisfy everything and that gave one of the crates its
/// version, newest first. A crate is released when its version changes; later commits belong to its
/// next version.
fn search(
    history: &Earlier,
    crates: &SourceCrates,
    asked: &[&Asked],
    content: &dyn Fn(&Member) -> bool,
) -> Result<Vec<String>, Problem> {
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
    // The oldest commit has no predecessor.
    let is_release = |at: &usize| versions(*at) != versions(at + 1);
    let found = (1..states.len())
        .filter(|at| states.get(*at).is_some_and(holds))
        .filter(is_release);
    Ok(found.filter_map(|at| commits.get(at).cloned()).collect())
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use tempfile::TempDir;

    use super::*;
    use release::{Manifest, OwnPins};

    fn git(directory: &Path, arguments: &[&str]) -> String {
        let time = "2025-03-01T12:00:00+0100";
        let output = Command::new("git")
            .current_dir(directory)
            .env_remove("GIT_DIR")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .envs([("GIT_AUTHOR_DATE", time), ("GIT_COMMITTER_DATE", time)])
            .args(["-c", "user.name=A Person", "-c", "user.email=a@b.example"])
            .args(arguments)
            .output()
            .expect("git runs");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "git {arguments:?}: {told}");
        String::from_utf8(output.stdout)
            .expect("UTF-8")
            .trim()
            .to_owned()
    }

    /// Sources with histories, pinned to their newest commits.
    struct Histories(TempDir);

    impl Histories {
        fn new() -> Self {
            Self(TempDir::new().expect("a directory"))
        }

        /// Commits crates to a source, with name, version and dependencies.
        fn commit(&self, source: &str, crates: &[(&str, &str, &str)]) -> String {
            let directory = self.0.path().join(source);
            for (name, version, dependencies) in crates {
                let path = directory.join(name);
                std::fs::create_dir_all(&path).expect("a directory");
                let text = format!(
                    "[package]\nname = \"{name}\"\nversion = \"{version}\"\n[dependencies]\n{dependencies}"
                );
                std::fs::write(path.join("Cargo.toml"), text).expect("written");
            }
            git(&directory, &["init", "-q", "-b", "master"]);
            git(&directory, &["add", "-A"]);
            git(&directory, &["commit", "-q", "--allow-empty", "-m", "x"]);
            git(&directory, &["rev-parse", "HEAD"])
        }

        /// Commits crates to a source on another day.
        fn commit_on(&self, day: &str, source: &str, crates: &[(&str, &str, &str)]) -> String {
            self.commit(source, crates);
            let directory = self.0.path().join(source);
            let date = format!("{day}T12:00:00+0100");
            Command::new("git")
                .current_dir(&directory)
                .env("GIT_COMMITTER_DATE", &date)
                .args(["-c", "user.name=A Person", "-c", "user.email=a@b.example"])
                .args(["commit", "-q", "--amend", "--allow-empty", "--no-edit"])
                .status()
                .expect("git runs");
            git(&directory, &["rev-parse", "HEAD"])
        }

        /// Gives `app` a new version in its changelog, for the next commit.
        fn bump(&self, version: &str) {
            let directory = self.0.path().join("app/app/debian");
            std::fs::create_dir_all(&directory).expect("a directory");
            let text = format!("app ({version}) stable; urgency=low\n\n  * x\n\n -- x\n");
            std::fs::write(directory.join("changelog"), text).expect("written");
        }

        /// Gives `app` the submodule `sub/comb` at a commit.
        fn submodule(&self, commit: &str) {
            let directory = self.0.path().join("app");
            std::fs::create_dir_all(directory.join("sub/comb")).expect("a directory");
            let text =
                "[submodule \"x\"]\n\tpath = sub/comb\n\turl = https://hive.example/comb.git\n";
            std::fs::write(directory.join(".gitmodules"), text).expect("written");
            let link = format!("160000,{commit},sub/comb");
            git(&directory, &["update-index", "--add", "--cacheinfo", &link]);
            git(&directory, &["add", ".gitmodules"]);
            git(&directory, &["commit", "-q", "-m", "x"]);
        }

        /// Resolves the program `app` of the source `app`. Returns its own commits by source.
        fn resolve(&self) -> Result<(BTreeMap<String, String>, Selection), Vec<Problem>> {
            let resolved = self.resolved()?;
            let rev = |(name, source): (String, Source)| (name, source.pin.rev.unwrap_or_default());
            Ok((
                resolved.own.into_iter().map(rev).collect(),
                resolved.selection,
            ))
        }

        fn resolved(&self) -> Result<Resolved, Vec<Problem>> {
            self.settled(&mut |_| Ok(()))
        }

        fn settled(&self, settle: Settle) -> Result<Resolved, Vec<Problem>> {
            let mut manifest = Manifest::default();
            let options = OpenOptions {
                sources: Some(self.0.path().to_owned()),
                ..OpenOptions::default()
            };
            for entry in std::fs::read_dir(self.0.path()).expect("sources") {
                let entry = entry.expect("a source");
                let pin = Pin {
                    url: Some("https://upstream.example/x.git".to_owned()),
                    rev: Some(git(&entry.path(), &["rev-parse", "HEAD"])),
                    ..Pin::default()
                };
                let name = entry.file_name().to_string_lossy().into_owned();
                manifest.sources.insert(name, pin);
            }
            let resolved = resolve_app(&manifest, &options, settle)?;
            for (name, source) in &resolved.own {
                assert_eq!(source.name, format!("{name}+app"));
                assert!(source.pin.nar_hash.is_some());
            }
            Ok(resolved)
        }
    }

    fn resolve_app(
        manifest: &Manifest,
        options: &OpenOptions,
        settle: Settle,
    ) -> Result<Resolved, Vec<Problem>> {
        let opened = release::open(manifest, options)?;
        let mut crates = BTreeMap::new();
        for source in &opened.sources {
            let read = SourceCrates::read(&source.name, source.tree.as_ref())?;
            crates.insert(source.name.clone(), read);
        }
        let program = Program {
            name: "app".to_owned(),
            source: "app".to_owned(),
            root: "app".to_owned(),
            ..Program::default()
        };
        let known = Known {
            sources: &opened.sources,
            crates: &crates,
            kept: &BTreeMap::new(),
            options,
            rules: &CrateRules::default(),
        };
        resolve(&program, &known, settle)
    }

    fn own(pins: &[(&str, &String)]) -> BTreeMap<String, String> {
        let own = |(source, rev): &(&str, &String)| ((*source).to_owned(), (*rev).clone());
        pins.iter().map(own).collect()
    }

    #[test]
    fn pins_that_fit_are_taken() {
        let all = Histories::new();
        all.commit("lib", &[("wax", "0.1.0", "")]);
        all.commit("lib", &[("wax", "0.2.0", "")]);
        all.commit("app", &[("app", "1.0.0", "wax = \"0.2\"\n")]);
        let (pins, selection) = all.resolve().expect("resolved");
        assert!(pins.is_empty());
        let sources: BTreeSet<String> = ["app", "lib"].map(str::to_owned).into();
        assert_eq!(selection.sources, sources);
    }

    #[test]
    fn a_pin_gone_past_gives_the_newest_commit_that_released_what_is_needed() {
        let all = Histories::new();
        all.commit("lib", &[("wax", "0.1.0", "")]);
        all.commit("lib", &[("wax", "0.2.0", "")]);
        let wanted = all.commit("lib", &[("wax", "0.2.1", "")]);
        // This commit already belongs to the next release.
        all.commit("lib", &[("wax", "0.2.1", "comb = \"1\"\n")]);
        all.commit("lib", &[("wax", "0.3.0", "comb = \"1\"\n")]);
        all.commit("app", &[("app", "1.0.0", "wax = \"0.2\"\n")]);
        let (pins, selection) = all.resolve().expect("resolved");
        assert_eq!(pins, own(&[("lib", &wanted)]));
        assert_eq!(selection.patched["wax"].version, Version::new(0, 2, 1));
    }

    #[test]
    fn the_first_commit_released_its_crates_too() {
        let all = Histories::new();
        let wanted = all.commit("lib", &[("wax", "0.1.0", "")]);
        all.commit("lib", &[("wax", "0.2.0", "")]);
        all.commit("app", &[("app", "1.0.0", "wax = \"0.1\"\n")]);
        let (pins, _) = all.resolve().expect("resolved");
        assert_eq!(pins, own(&[("lib", &wanted)]));
    }

    #[test]
    fn everything_that_is_asked_of_a_source_holds_at_its_commit() {
        let all = Histories::new();
        all.commit("lib", &[("wax", "0.1.0", ""), ("comb", "1.0.0", "")]);
        let wanted = all.commit("lib", &[("wax", "0.2.0", ""), ("comb", "1.0.0", "")]);
        all.commit("lib", &[("wax", "0.2.1", ""), ("comb", "2.0.0", "")]);
        all.commit("lib", &[("wax", "0.3.0", ""), ("comb", "2.0.0", "")]);
        all.commit("app", &[("app", "1.0.0", "comb = \"1\"\nwax = \"0.2\"\n")]);
        let (pins, _) = all.resolve().expect("resolved");
        assert_eq!(pins, own(&[("lib", &wanted)]));
    }

    #[test]
    fn who_asks_goes_back_where_what_is_asked_for_never_was() {
        let all = Histories::new();
        all.commit("lib", &[("wax", "0.3.0", "")]);
        all.commit("mid", &[("mid", "1.0.0", "wax = \"0.2\"\n")]);
        let wanted = all.commit("mid", &[("mid", "1.1.0", "wax = \"0.3\"\n")]);
        all.commit("mid", &[("mid", "1.2.0", "wax = \"0.4\"\n")]);
        all.commit("app", &[("app", "1.0.0", "mid = \"1\"\n")]);
        let (pins, _) = all.resolve().expect("resolved");
        assert_eq!(pins, own(&[("mid", &wanted)]));
    }

    #[test]
    fn who_asks_may_be_reached_by_path() {
        let all = Histories::new();
        all.commit("lib", &[("wax", "0.3.0", "")]);
        let path = "inner = { path = \"../inner\" }\n";
        let wanted = all.commit(
            "mid",
            &[
                ("mid", "1.1.0", path),
                ("inner", "1.1.0", "wax = \"0.3\"\n"),
            ],
        );
        all.commit(
            "mid",
            &[
                ("mid", "1.2.0", path),
                ("inner", "1.2.0", "wax = \"0.4\"\n"),
            ],
        );
        all.commit("app", &[("app", "1.0.0", "mid = \"1\"\n")]);
        let (pins, _) = all.resolve().expect("resolved");
        assert_eq!(pins, own(&[("mid", &wanted)]));
    }

    #[test]
    fn what_no_commit_has_is_told_with_what_there_is() {
        let all = Histories::new();
        all.commit("lib", &[("wax", "0.1.0", "")]);
        let rev = all.commit("lib", &[("wax", "0.3.0", "")]);
        all.commit("app", &[("app", "1.0.0", "wax = \"0.2\"\n")]);
        let problems = all.resolve().expect_err("there is none");
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].code.id, "PNX-214");
        assert_eq!(problems[0].place.to_string(), "app/app/Cargo.toml:5");
        assert_eq!(
            problems[0].cause,
            format!(
                "app 1.0.0 needs wax ^0.2; there are 0.3.0 (lib/wax at {rev}), and no earlier commit of lib has it"
            )
        );
    }

    #[test]
    fn a_pin_that_is_no_longer_needed_is_not_kept() {
        let all = Histories::new();
        all.commit("lib", &[("wax", "0.1.0", "")]);
        all.commit("lib", &[("wax", "0.2.0", "")]);
        // `mid` requires an old `wax` at its pin, and nothing at the commit that `comb` needs.
        let wanted = all.commit("mid", &[("mid", "1.0.0", "")]);
        all.commit("mid", &[("mid", "2.0.0", "wax = \"0.1\"\n")]);
        all.commit(
            "app",
            &[
                ("app", "1.0.0", "far = { path = \"../far\" }\nmid = \"*\"\n"),
                ("far", "1.0.0", "near = { path = \"../near\" }\n"),
                ("near", "1.0.0", "last = { path = \"../last\" }\n"),
                ("last", "1.0.0", "mid = \"1\"\n"),
            ],
        );
        let (pins, selection) = all.resolve().expect("resolved");
        assert_eq!(pins, own(&[("mid", &wanted)]));
        assert!(!selection.sources.contains("lib"));
    }

    #[test]
    fn a_program_goes_back_to_the_release_whose_crates_are_there() {
        let all = Histories::new();
        all.commit("lib", &[("wax", "0.3.0", "")]);
        all.bump("1.0");
        all.commit("app", &[("app", "1.0.0", "wax = \"0.3\"\n")]);
        all.bump("1.1");
        let wanted = all.commit("app", &[("app", "1.1.0", "wax = \"0.3\"\n")]);
        // A commit after a release belongs to none.
        all.commit("app", &[("app", "1.1.9", "wax = \"0.3\"\n")]);
        for (version, requirement) in [("1.2", "0.4"), ("1.3", "0.4"), ("1.4", "0.5")] {
            all.bump(version);
            let needs = format!("wax = \"{requirement}\"\n");
            all.commit("app", &[("app", &format!("{version}.0"), &needs)]);
        }
        let resolved = all.resolved().expect("1.1 can be built");
        assert_eq!(resolved.own["app"].pin.rev.as_ref(), Some(&wanted));
        let why = resolved.behind.expect("it is told why");
        assert!(why.starts_with("app 1.4.0 needs wax ^0.5; "), "{why}");
    }

    #[test]
    fn a_release_that_cargo_refuses_is_none_to_build() {
        let all = Histories::new();
        let mut commits = Vec::new();
        for version in ["1.0", "1.1", "1.2"] {
            all.bump(version);
            commits.push(all.commit("app", &[("app", &format!("{version}.0"), "")]));
        }
        let refuse = |conflict: bool| {
            let commits = commits.clone();
            move |resolved: &Resolved| {
                let own = resolved.own.get("app");
                if own.is_some_and(|source| source.pin.rev.as_ref() == commits.first()) {
                    return Ok(());
                }
                let problem = Problem::new(&UNSATISFIED_CRATE, "h2 has no such feature");
                Err(if conflict {
                    Refused::Conflict(problem)
                } else {
                    Refused::Problem(problem)
                })
            }
        };
        let resolved = all.settled(&mut refuse(true)).expect("1.0 is left");
        let why = resolved.behind.expect("it is told why");
        assert_eq!(why, "h2 has no such feature");
        // A problem that no other release would solve is reported at once.
        let problems = all.settled(&mut refuse(false)).err().expect("refused");
        assert_eq!(problems[0].cause, "h2 has no such feature");
    }

    #[test]
    fn a_program_whose_releases_all_ask_for_too_much_is_told_by_its_pin() {
        let all = Histories::new();
        all.commit("lib", &[("wax", "0.3.0", "")]);
        for (version, requirement) in [("1.0", "0.4"), ("1.1", "0.5")] {
            all.bump(version);
            let needs = format!("wax = \"{requirement}\"\n");
            all.commit("app", &[("app", &format!("{version}.0"), &needs)]);
        }
        let problems = all.resolved().err().expect("none can be built");
        assert!(
            problems[0].cause.starts_with("app 1.1.0 needs wax ^0.5"),
            "{problems:?}"
        );
    }

    const IN_SUBMODULE: &str = "comb = { path = \"../sub/comb/comb\" }\n";

    #[test]
    fn a_submodule_is_at_the_commit_that_its_source_names() {
        let all = Histories::new();
        all.commit("lib", &[("wax", "0.3.0", "")]);
        let near = "cell = { path = \"../cell\" }\nwax = \"0.3\"\n";
        let comb = [("comb", "1.0.0", near), ("cell", "1.0.0", "")];
        let wanted = all.commit("comb", &comb);
        all.commit("comb", &[("comb", "2.0.0", "wax = \"9\"\n")]);
        all.commit("app", &[("app", "1.0.0", IN_SUBMODULE)]);
        all.submodule(&wanted);
        let resolved = all.resolved().expect("resolved");
        assert_eq!(resolved.own["comb"].pin.rev.as_ref(), Some(&wanted));
        assert_eq!(resolved.submodules["comb"], "app/sub/comb");
        // A path leads to it, so no crate depends on it by name.
        let patched: Vec<&String> = resolved.selection.patched.keys().collect();
        assert_eq!(patched, ["wax"]);
    }

    #[test]
    fn beside_a_submodule_the_other_sources_are_of_the_time() {
        let all = Histories::new();
        let wanted = all.commit_on("2025-02-01", "lib", &[("wax", "0.3.0", "")]);
        all.commit_on("2025-04-01", "lib", &[("wax", "0.3.1", "")]);
        let named = all.commit_on(
            "2025-02-01",
            "comb",
            &[("comb", "1.0.0", "wax = \"0.3\"\n")],
        );
        all.commit("app", &[("app", "1.0.0", IN_SUBMODULE)]);
        all.submodule(&named);
        let (pins, _) = all.resolve().expect("resolved");
        assert_eq!(pins, own(&[("comb", &named), ("lib", &wanted)]));
    }

    #[test]
    fn what_a_program_behind_needs_is_of_its_time() {
        let all = Histories::new();
        let wanted = all.commit_on("2025-02-01", "lib", &[("wax", "0.3.0", "")]);
        all.commit_on("2025-04-01", "lib", &[("wax", "0.3.1", "")]);
        all.bump("1.0");
        let app = all.commit("app", &[("app", "1.0.0", "wax = \"0.3\"\n")]);
        all.bump("1.1");
        all.commit("app", &[("app", "1.1.0", "wax = \"0.4\"\n")]);
        let (pins, _) = all.resolve().expect("resolved");
        assert_eq!(pins, own(&[("app", &app), ("lib", &wanted)]));
    }

    #[test]
    fn what_a_submodule_asks_for_does_not_take_it_back() {
        let all = Histories::new();
        all.commit("lib", &[("wax", "0.3.0", "")]);
        all.commit("mid", &[("mid", "1.0.0", "comb = \"1\"\n")]);
        all.commit("comb", &[("comb", "0.9.0", "")]);
        all.commit("comb", &[("comb", "1.0.0", "wax = \"0.3\"\n")]);
        let named = all.commit("comb", &[("comb", "1.1.0", "wax = \"0.4\"\n")]);
        let needs = format!("mid = \"1\"\n{IN_SUBMODULE}");
        all.commit("app", &[("app", "1.0.0", &needs)]);
        all.submodule(&named);
        let problems = all.resolved().err().expect("wax 0.4 is nowhere");
        assert!(
            problems[0].cause.starts_with("comb 1.1.0 needs wax ^0.4"),
            "{problems:?}"
        );
    }

    #[test]
    fn a_submodule_that_no_copy_has_is_told_with_commit_url_and_place() {
        let all = Histories::new();
        let commit = "12".repeat(20);
        all.commit("app", &[("app", "1.0.0", IN_SUBMODULE)]);
        all.submodule(&commit);
        let told = |all: &Histories| {
            let problems = all.resolved().err().expect("nothing has it");
            assert_eq!(problems[0].code.id, "PNX-214");
            assert_eq!(problems[0].place.to_string(), "app/app/Cargo.toml:5");
            problems[0].cause.clone()
        };
        let whole = format!(
            "app needs `comb` at sub/comb/comb, which is in the submodule sub/comb: no local copy has its commit \
             {commit} of https://hive.example/comb.git; searched "
        );
        // With no repository at all, or with one that lacks the commit.
        let nowhere = told(&all);
        let directory = all.0.path().display();
        assert_eq!(
            nowhere,
            format!("{whole}the source comb: neither comb nor comb.git is in {directory}")
        );
        all.commit("comb", &[("comb", "1.0.0", "")]);
        assert_eq!(told(&all), format!("{whole}{directory}/comb/.git"));
    }

    #[test]
    fn a_submodule_of_a_plain_tree_is_the_directory_in_it() {
        let root = TempDir::new().expect("a directory");
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
            std::fs::write(path, text).expect("written");
        };
        let package = |name: &str| format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\n");
        let app = format!("{}[dependencies]\n{IN_SUBMODULE}", package("app"));
        write("vm/app/Cargo.toml", &app);
        write("vm/.gitmodules", "[submodule \"x\"]\n\tpath = sub/comb\n");
        std::fs::create_dir_all(root.path().join("vm/sub/comb")).expect("a directory");
        let pin = Pin {
            path: Some("vm".to_owned()),
            ..Pin::default()
        };
        let manifest = Manifest {
            sources: [("app".to_owned(), pin)].into(),
            ..Manifest::default()
        };
        let options = OpenOptions {
            root: root.path().to_owned(),
            ..OpenOptions::default()
        };
        let problems = resolve_app(&manifest, &options, &mut |_| Ok(()))
            .err()
            .expect("it is empty");
        assert!(
            problems[0]
                .cause
                .ends_with("the submodule sub/comb: vm/sub/comb is empty"),
            "{problems:?}"
        );
        write("vm/sub/comb/comb/Cargo.toml", &package("comb"));
        let resolved = resolve_app(&manifest, &options, &mut |_| Ok(())).expect("it is there");
        let own = &resolved.own["comb"];
        assert_eq!(own.name, "comb+app");
        assert_eq!(own.pin.path.as_deref(), Some("vm/sub/comb"));
        assert_eq!(resolved.submodules["comb"], "app/sub/comb");
    }

    #[test]
    fn own_pins_are_read_back() {
        let pin = |rev: &str| Pin {
            url: Some("https://upstream.example/lib.git".to_owned()),
            rev: Some(rev.repeat(40)),
            version: Some("1.0".to_owned()),
            ..Pin::default()
        };
        let mut manifest = Manifest {
            name: "pve-1.0".to_owned(),
            version: Some("1.0".to_owned()),
            ..Manifest::default()
        };
        manifest.sources.insert("lib".to_owned(), pin("1"));
        for program in ["app", "app.more"] {
            let sources = [("lib".to_owned(), pin("2")), ("x".to_owned(), pin("3"))].into();
            manifest
                .programs
                .insert(program.to_owned(), OwnPins { sources });
        }
        let text = manifest.to_toml();
        let read = Manifest::parse("pve-1.0", &text);
        assert_eq!(read.expect("a manifest"), manifest, "{text}");
        let names: Vec<String> = manifest.pins().into_keys().collect();
        assert!(names.contains(&"lib+app".to_owned()), "{names:?}");
    }
}
