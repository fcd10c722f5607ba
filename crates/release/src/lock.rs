//! Resolves a release's pins from Git history.
//!
//! Proxmox makes a package with a commit `bump version to V` that changes `debian/changelog`. A
//! release `pve-V` is the state of the branches one day after pve-manager's bump to V: the newest
//! bump of each source or, if a repository has no changelog of its own (several packages in one
//! repository), its newest commit.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;

use chrono::{DateTime, FixedOffset, NaiveDate, TimeDelta};
use rayon::prelude::*;

use super::archive::{Archive, Archives};
use super::pinned::Hashes;
use super::repository::{self, Found};
use super::sources::{self, Known, Rule, Rules};
use super::{GitTree, Manifest, Omitting, OpenOptions, Pin, Source, constraint, git, manifest};
use problem::Problem;

/// The source whose version names a release.
const NAMING_SOURCE: &str = "pve-manager";
/// The start of a version bump's subject. A commit that changes the changelog under another subject
/// does not count as a release.
const BUMP: &str = "bump version to ";
/// Commits pushed within a day of the naming bump belong to the release.
const GRACE: TimeDelta = TimeDelta::days(1);

/// `--at`: the date of the release, in place of the bump's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// A day, at the bump's time of day and in its time zone, so that the bump's own day changes
    /// nothing.
    Day(NaiveDate),
    /// A point in time.
    Moment(DateTime<FixedOffset>),
}

impl FromStr for At {
    type Err = String;

    /// Parses `2025-12-22` or RFC 3339 (`2025-12-22T12:12:17+01:00`).
    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            return Ok(Self::Day(day));
        }
        DateTime::parse_from_rfc3339(text)
            .map(Self::Moment)
            .map_err(|_| format!("{text:?} is neither a date like 2025-12-22 nor a time like 2025-12-22T12:12:17Z"))
    }
}

/// A resolved release.
#[derive(Debug)]
pub struct Locked {
    /// Its pins.
    pub manifest: Manifest,
    /// Findings: unsatisfied dependencies (`PNX-205`), unreadable packaging (`PNX-301`, `PNX-302`),
    /// and hashes that differ from the previous manifest's at the same commit (`PNX-206`).
    pub problems: Vec<Problem>,
    /// The sources whose local history ends before the release's day, each with the day of its
    /// newest commit. Later commits may exist but not have been fetched.
    pub ended: BTreeMap<String, String>,
}

/// Resolves the pins of the release `name` (`pve-9.1.4`) from the histories of all sources in `rules/sources/`.
///
/// `previous` is the manifest that the result replaces: a hash of it that the tool cannot compute itself (submodules, a
/// repository without some blob) stays as long as the commit does. A source without a history here gets the newest commit
/// that `rules/sources/` knows of it.
///
/// # Errors
/// All problems: a name without a version, missing sources, unreadable repositories, a version that
/// pve-manager never had.
pub fn lock(
    name: &str,
    at: Option<At>,
    options: &OpenOptions,
    previous: Option<&Manifest>,
) -> Result<Locked, Vec<Problem>> {
    let version = name
        .strip_prefix("pve-")
        .filter(|version| version.starts_with(|c: char| c.is_ascii_digit()));
    let version = version.ok_or_else(|| {
        let cause =
            format!("{name} names no version of {NAMING_SOURCE}, so there is nothing to resolve");
        vec![Problem::new(&problem::USAGE, cause).mend("Name a release like pve-9.1.4.")]
    })?;
    manifest::check_name(name)
        .map_err(|why| vec![Problem::new(&problem::USAGE, format!("{name:?} {why}"))])?;
    let (histories, without) = histories(options)?;
    let naming = histories
        .iter()
        .find(|history| history.name == NAMING_SOURCE)
        .ok_or_else(|| {
            vec![
                Problem::new(
                    &problem::BAD_MANIFEST,
                    format!("{NAMING_SOURCE} is missing"),
                )
                .at(sources::DIRECTORY, None),
            ]
        })?;
    let (branch, bump) = naming.bump_to(version).map_err(|problem| vec![problem])?;
    let until = moment(&bump, at) + GRACE;
    let (histories, older) = forks(histories, until);
    let ended = histories.iter().filter_map(|history| {
        let ended = history.ended()?;
        (ended < until - GRACE).then(|| (history.name.clone(), ended.date_naive().to_string()))
    });
    let ended = ended.collect();
    let progress = repository::Progress::new();
    let resolved = all(histories.par_iter().map(|history| {
        let _shown = progress.show(&history.name, "resolving its pin");
        let (commit, version) = if history.name == NAMING_SOURCE {
            (bump.clone(), Some(version.to_owned()))
        } else {
            history.newest(&history.branch_like(&branch), until)?
        };
        history.pin(&commit, version, previous, options)
    }))?;
    let mut problems = Vec::new();
    let mut sources = Vec::new();
    for (source, problem) in resolved {
        problems.extend(problem);
        sources.push(source);
    }
    problems.extend(constraint::unsatisfied(&sources).map_err(|problem| vec![problem])?);
    let archives = archives(&sources, options)?;
    let pins = sources.into_iter();
    let mut pins: BTreeMap<String, Pin> = pins.map(|source| (source.name, source.pin)).collect();
    pins.extend(known(without.into_iter().chain(older), until)?);
    let manifest = Manifest {
        name: name.to_owned(),
        version: Some(version.to_owned()),
        rules: previous.and_then(|previous| previous.rules.clone()),
        sources: pins,
        archives,
        programs: BTreeMap::new(),
    };
    Ok(Locked {
        manifest,
        problems,
        ended,
    })
}

/// Returns the archives that sources package.
fn archives(
    sources: &[Source],
    options: &OpenOptions,
) -> Result<BTreeMap<String, Archive>, Vec<Problem>> {
    let listed = Archives::read(&options.root).map_err(|problem| vec![problem])?;
    let mut archives: BTreeMap<String, Archive> = BTreeMap::new();
    let mut problems = Vec::new();
    for source in sources {
        let Some(name) = &source.pin.archive else {
            continue;
        };
        match listed.of(name, &source.name, source.pin.version.as_deref()) {
            Ok(found) => drop(archives.insert(name.clone(), found)),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        Ok(archives)
    } else {
        Err(problems)
    }
}

/// Returns the release's point in time.
fn moment(bump: &Commit, at: Option<At>) -> DateTime<FixedOffset> {
    match at {
        None => bump.time,
        Some(At::Moment(moment)) => moment,
        Some(At::Day(day)) => bump.time + day.signed_duration_since(bump.time.date_naive()),
    }
}

/// Collects all results, or all problems.
fn all<T: Send>(
    results: impl ParallelIterator<Item = Result<T, Problem>>,
) -> Result<Vec<T>, Vec<Problem>> {
    let (good, bad): (Vec<_>, Vec<_>) = results
        .collect::<Vec<_>>()
        .into_iter()
        .partition(Result::is_ok);
    if bad.is_empty() {
        Ok(good.into_iter().flatten().collect())
    } else {
        Err(bad.into_iter().filter_map(Result::err).collect())
    }
}

/// A source's repository.
pub(super) struct History {
    pub(super) name: String,
    pub(super) rule: Rule,
    pub(super) git_dir: PathBuf,
}

/// A source without a local history of which some commits are known, with the reason.
struct Without {
    name: String,
    rule: Rule,
    why: Problem,
}

/// Returns the repositories of all sources, with clones in the cache updated, and the sources
/// without one of which commits are known.
fn histories(options: &OpenOptions) -> Result<(Vec<History>, Vec<Without>), Vec<Problem>> {
    let rules = Rules::read(&options.root).map_err(|problem| vec![problem])?;
    let progress = repository::Progress::new();
    let rules: Vec<_> = rules.source.into_iter().collect();
    let found = all(rules.into_par_iter().map(|(name, rule)| {
        // Without a commit to look for, a clone in the cache is always updated.
        let pin = Pin {
            url: Some(rule.url.clone()),
            ..Pin::default()
        };
        let found = match repository::find(&name, &pin, options, &progress) {
            Ok(Found::Git(git_dir)) => Ok(git_dir),
            Ok(Found::Plain(path)) => {
                let cause = format!(
                    "{} is a plain directory and has no history to resolve pins from",
                    path.display()
                );
                Err(Problem::new(&problem::MISSING_SOURCE, cause).in_source(&*name))
            }
            Err(problem) => Err(problem),
        };
        match found {
            Ok(git_dir) => Ok(Ok(History {
                name,
                rule,
                git_dir,
            })),
            Err(why) if why.code.id == problem::MISSING_SOURCE.id && !rule.known.is_empty() => {
                Ok(Err(Without { name, rule, why }))
            }
            Err(problem) => Err(problem),
        }
    }))?;
    let (mut histories, mut without) = (Vec::new(), Vec::new());
    for one in found {
        match one {
            Ok(history) => histories.push(history),
            Err(one) => without.push(one),
        }
    }
    Ok((histories, without))
}

/// Separates histories that end before a known commit of the source. These are copies that nobody
/// updates any more, so their newest commit is not the release's.
fn forks(histories: Vec<History>, until: DateTime<FixedOffset>) -> (Vec<History>, Vec<Without>) {
    let (mut whole, mut ending) = (Vec::new(), Vec::new());
    for history in histories {
        let newest = newest_known(&history.rule, until);
        match newest.filter(|known| !repository::has_commit(&history.git_dir, &known.rev)) {
            None => whole.push(history),
            Some(known) => {
                let cause = format!(
                    "{} does not have the commit {}",
                    history.git_dir.display(),
                    known.rev
                );
                ending.push(Without {
                    why: Problem::new(&problem::MISSING_SOURCE, cause).in_source(&*history.name),
                    name: history.name,
                    rule: history.rule,
                });
            }
        }
    }
    (whole, ending)
}

/// Returns the newest known commit that is not newer than the release, if dates are known.
fn newest_known(rule: &Rule, until: DateTime<FixedOffset>) -> Option<&Known> {
    let until = until.date_naive().to_string();
    let fits = |one: &&Known| {
        one.date
            .as_deref()
            .is_none_or(|date| date <= until.as_str())
    };
    let version = |one: &&Known| debversion::Version::from_str(&one.version).ok();
    rule.known
        .iter()
        .filter(fits)
        .max_by(|a, b| version(a).cmp(&version(b)))
}

/// Returns the pins of sources that are known by their commits alone.
fn known(
    without: impl Iterator<Item = Without>,
    until: DateTime<FixedOffset>,
) -> Result<Vec<(String, Pin)>, Vec<Problem>> {
    let mut pins = Vec::new();
    let mut problems = Vec::new();
    for Without { name, rule, why } in without {
        let Some(known) = newest_known(&rule, until) else {
            problems.push(why);
            continue;
        };
        let pin = Pin {
            url: Some(rule.url.clone()),
            rev: Some(known.rev.clone()),
            date: known.date.clone(),
            version: Some(known.version.clone()),
            submodules: known.submodules,
            outside: rule.outside,
            commit_only: true,
            nar_hash: Some(known.hash.clone()),
            ..Pin::default()
        };
        pins.push((name, pin));
    }
    if problems.is_empty() {
        Ok(pins)
    } else {
        Err(problems)
    }
}

/// A commit of a history.
#[derive(Debug, Clone)]
struct Commit {
    id: String,
    /// The committer date.
    time: DateTime<FixedOffset>,
    subject: String,
}

impl History {
    fn run(&self, arguments: &[&str]) -> Result<Vec<u8>, Problem> {
        git::run(&self.name, &self.git_dir, arguments)
    }

    /// Returns the repository's main branch: its origin's, or else its own.
    fn main_branch(&self) -> &'static str {
        let origin = "refs/remotes/origin/HEAD";
        if self.has_branch(origin) {
            origin
        } else {
            "HEAD"
        }
    }

    fn has_branch(&self, name: &str) -> bool {
        self.run(&[
            "rev-parse",
            "--verify",
            "--quiet",
            &format!("{name}^{{commit}}"),
        ])
        .is_ok()
    }

    /// Returns the branch on which this source was released while the naming source was on
    /// `branch`: the one of the same name or suite, or else the main branch.
    fn branch_like(&self, branch: &Branch) -> String {
        let suite = branch.suite.as_ref().map(|suite| format!("stable-{suite}"));
        let same = branch
            .name
            .as_ref()
            .map(|name| name.rsplit('/').next().unwrap_or(name).to_owned());
        let candidates = [suite, same]
            .into_iter()
            .flatten()
            .filter(|_| branch.name.is_some());
        let places = ["refs/remotes/origin/", "refs/heads/"];
        candidates
            .flat_map(|name| places.map(|place| format!("{place}{name}")))
            .find(|name| self.has_branch(name))
            .unwrap_or_else(|| self.main_branch().to_owned())
    }

    /// Returns the date of the newest commit on any branch, or `None` without commits.
    fn ended(&self) -> Option<DateTime<FixedOffset>> {
        let newest = self.run(&[
            "for-each-ref",
            "--sort=-committerdate",
            "--count=1",
            "--format=%(committerdate:iso-strict)",
            "refs/heads",
            "refs/remotes",
        ]);
        let newest = String::from_utf8(newest.ok()?).ok()?;
        DateTime::parse_from_rfc3339(newest.trim()).ok()
    }

    /// Returns the first-parent commits of `branch`, newest first; only those that changed `path`,
    /// if given.
    fn commits(&self, branch: &str, path: Option<&str>) -> Result<Vec<Commit>, Problem> {
        let mut arguments = vec![
            "log",
            "--first-parent",
            "--format=%H%x09%cI%x09%s",
            branch,
            "--",
        ];
        arguments.extend(path);
        let log = self.run(&arguments)?;
        let commit = |line: &str| {
            let mut fields = line.splitn(3, '\t');
            let id = fields.next()?.to_owned();
            let time = DateTime::parse_from_rfc3339(fields.next()?).ok()?;
            Some(Commit {
                id,
                time,
                subject: fields.next()?.to_owned(),
            })
        };
        Ok(String::from_utf8_lossy(&log)
            .lines()
            .filter_map(commit)
            .collect())
    }

    /// Returns the newest changelog entries of a commit and of its parent.
    fn entries(
        &self,
        commit: &Commit,
    ) -> Result<(Option<ChangelogEntry>, Option<ChangelogEntry>), Problem> {
        let names = [
            format!("{}:debian/changelog", commit.id),
            format!("{}^:debian/changelog", commit.id),
        ];
        let contents = git::contents(
            &self.name,
            &self.git_dir,
            &names.each_ref().map(String::as_str),
        )?;
        let mut entries = contents
            .into_iter()
            .map(|content| ChangelogEntry::newest(&content?));
        Ok((entries.next().flatten(), entries.next().flatten()))
    }

    /// Returns the commit that made `version` the changelog's newest, and its branch: the main one,
    /// or else any.
    fn bump_to(&self, version: &str) -> Result<(Branch, Commit), Problem> {
        let main = self.main_branch();
        if let Some((commit, _)) = self.find_bump(main, version)? {
            return Ok((
                Branch {
                    name: None,
                    suite: None,
                },
                commit,
            ));
        }
        let branches = self.run(&[
            "for-each-ref",
            "--format=%(refname)",
            "refs/heads",
            "refs/remotes/origin",
        ])?;
        for branch in String::from_utf8_lossy(&branches).lines() {
            if let Some((commit, entry)) = self.find_bump(branch, version)? {
                return Ok((
                    Branch {
                        name: Some(branch.to_owned()),
                        suite: Some(entry.suite),
                    },
                    commit,
                ));
            }
        }
        let newest = self
            .commits(main, Some("debian/changelog"))?
            .into_iter()
            .find(|c| c.subject.starts_with(BUMP));
        let newest =
            newest.map(|c| format!("; the newest is {:?} of {}", c.subject, c.time.date_naive()));
        let ended = self.ended().map(|day| {
            let day = day.date_naive();
            format!("; the local history ends on {day}; fetch a later one first")
        });
        let cause = format!(
            "no commit bumps the version to {version}{}{}",
            newest.unwrap_or_default(),
            ended.unwrap_or_default()
        );
        Err(Problem::new(&problem::MISSING_PIN, cause).in_source(&*self.name))
    }

    fn find_bump(
        &self,
        branch: &str,
        version: &str,
    ) -> Result<Option<(Commit, ChangelogEntry)>, Problem> {
        let mut commits = self.commits(branch, Some("debian/changelog"))?;
        commits.retain(|commit| {
            commit
                .subject
                .split_ascii_whitespace()
                .any(|word| word == version)
        });
        for commit in commits {
            if let (Some(new), old) = self.entries(&commit)?
                && new.version == version
                && old.is_none_or(|old| old.version != version)
            {
                return Ok(Some((commit, new)));
            }
        }
        Ok(None)
    }

    /// Returns the newest version bump of `branch` up to `until`, or the newest commit if there is
    /// no changelog.
    fn newest(
        &self,
        branch: &str,
        until: DateTime<FixedOffset>,
    ) -> Result<(Commit, Option<String>), Problem> {
        let newest = self
            .commits(branch, None)?
            .into_iter()
            .find(|commit| commit.time <= until);
        let newest = newest.ok_or_else(|| {
            let cause = format!("the branch {branch} has no commit up to {until}");
            Problem::new(&problem::MISSING_PIN, cause).in_source(&*self.name)
        })?;
        let (Some(entry), _) = self.entries(&newest)? else {
            return Ok((newest, None));
        };
        let bumps = self.commits(branch, Some("debian/changelog"))?;
        for commit in bumps
            .into_iter()
            .filter(|commit| commit.time <= until && commit.subject.starts_with(BUMP))
        {
            let (new, old) = self.entries(&commit)?;
            let (new, old) = (
                new.map(|entry| entry.version),
                old.map(|entry| entry.version),
            );
            if new.is_some() && new != old {
                return Ok((commit, new));
            }
        }
        // The changelog was never bumped in the usual way, so its newest state counts.
        Ok((newest, Some(entry.version)))
    }

    /// Returns the pin of `commit` without a version. A program's own pin is for crates, which have
    /// their own versions.
    pub(super) fn pin_at(
        &self,
        commit: &str,
        kept: Option<&Pin>,
        options: &OpenOptions,
    ) -> Result<Pin, Problem> {
        let dated = self.run(&["log", "-1", "--format=%cs", commit, "--"])?;
        let date = String::from_utf8_lossy(&dated).trim().to_owned();
        let (pin, problem) = self.hashed(commit, date, kept, options)?;
        match problem {
            Some(problem) => Err(problem),
            None => Ok(pin),
        }
    }

    /// Returns the source at `commit`, and problems with its hash.
    fn pin(
        &self,
        commit: &Commit,
        version: Option<String>,
        previous: Option<&Manifest>,
        options: &OpenOptions,
    ) -> Result<(Source, Option<Problem>), Problem> {
        let before = previous.and_then(|manifest| manifest.sources.get(&self.name));
        let date = commit.time.date_naive().to_string();
        let hashed = self.hashed(&commit.id, date, before, options);
        let (version, (pin, problem)) = match hashed {
            Err(why) if why.code.id == problem::NO_HASH.id => {
                let (known, pin, problem) = self.published(commit, version, why, options)?;
                (Some(known), (pin, Some(problem)))
            }
            hashed => (version, hashed?),
        };
        let pin = Pin {
            version,
            archive: self.rule.archive.clone(),
            outside: self.rule.outside,
            ..pin
        };
        let rev = pin.rev.as_deref().unwrap_or_default();
        let tree = GitTree::open(&self.name, &self.git_dir, rev, None)?;
        let source = Source {
            name: self.name.clone(),
            tree: Omitting::of(Box::new(tree), &pin.omit),
            pin,
        };
        Ok((source, problem))
    }

    /// Replaces a commit without a hash by the newest earlier one whose hash is published. Returns
    /// a finding about it.
    fn published(
        &self,
        commit: &Commit,
        version: Option<String>,
        why: Problem,
        options: &OpenOptions,
    ) -> Result<(String, Pin, Problem), Problem> {
        let is_before = |rev: &str| {
            self.run(&["merge-base", "--is-ancestor", rev, &commit.id])
                .is_ok()
        };
        let known = newest_known(&self.rule, commit.time).filter(|known| is_before(&known.rev));
        let Some(known) = known else {
            return Err(why);
        };
        let date = known.date.clone().unwrap_or_default();
        let (pin, _) = self.hashed(&known.rev, date, None, options)?;
        let released = version.unwrap_or_else(|| commit.id.clone());
        let cause = format!(
            "{} is pinned, not the release's {released}, of {}: {}",
            known.version,
            commit.time.date_naive(),
            why.cause
        );
        let problem = Problem::new(&problem::OLDER_PIN, cause).in_source(&*self.name);
        let problem = match why.remedy {
            Some(remedy) => problem.mend(remedy),
            None => problem,
        };
        Ok((known.version.clone(), pin, problem))
    }

    fn hashed(
        &self,
        commit: &str,
        date: String,
        before: Option<&Pin>,
        options: &OpenOptions,
    ) -> Result<(Pin, Option<Problem>), Problem> {
        let at = (self.git_dir.as_path(), commit, date.as_str());
        let hashes = Hashes::of(&self.name, at, &self.rule, options)?;
        let in_source = |problem: Problem| problem.in_source(&*self.name);
        let settled = hashes.settle(commit, &self.rule, before);
        let (hash, problem) = settled.map_err(in_source)?;
        let pin = Pin {
            url: Some(self.rule.url.clone()),
            rev: Some(commit.to_owned()),
            date: Some(date),
            submodules: hashes.submodules,
            omit: hashes.omit,
            nar_hash: Some(hash),
            tree_hash: hashes.tree,
            ..Pin::default()
        };
        Ok((pin, problem.map(in_source)))
    }
}

/// The branch of the naming source's bump; the main branch if it has no name.
struct Branch {
    name: Option<String>,
    suite: Option<String>,
}

/// The first line of the newest entry in a Debian changelog (Debian Policy 4.4): `package (version)
/// suite; urgency=…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ChangelogEntry {
    pub(super) version: String,
    pub(super) suite: String,
}

impl ChangelogEntry {
    pub(super) fn newest(changelog: &[u8]) -> Option<Self> {
        let line = changelog
            .split(|&b| b == b'\n')
            .find(|line| !line.trim_ascii().is_empty())?;
        let line = str::from_utf8(line).ok()?;
        let (_, rest) = line.split_once(" (")?;
        let (version, rest) = rest.split_once(')')?;
        debversion::Version::from_str(version).ok()?;
        let suite = rest.split(';').next()?.trim();
        Some(Self {
            version: version.to_owned(),
            suite: suite.to_owned(),
        })
    }
}
