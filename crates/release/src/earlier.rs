//! Finds earlier commits of a pinned source.
//!
//! Debian's archive keeps older versions of a crate beside newer ones, but a pin is one commit. If
//! a program needs a version from before the pin, this module finds the commit that had it.

use std::path::{Path, PathBuf};

use super::lock::{ChangelogEntry, History};
use super::repository::{self, Found};
use super::sources::{Omit, Rule};
use super::{GitTree, Omitting, OpenOptions, Pin, Source, git, own_pin};
use problem::Problem;

/// The history of a pinned source up to its pin.
pub struct Earlier {
    name: String,
    pin: Pin,
    git_dir: PathBuf,
    options: OpenOptions,
}

impl Earlier {
    /// Opens the history of the source `name`; `None` for a plain directory, which has none.
    ///
    /// # Errors
    /// PNX-201: the source cannot be found.
    pub fn of(name: &str, pin: &Pin, options: &OpenOptions) -> Result<Option<Self>, Problem> {
        let progress = repository::Progress::new();
        Ok(match repository::find(name, pin, options, &progress)? {
            Found::Plain(_) => None,
            Found::Git(git_dir) => Some(Self {
                name: name.to_owned(),
                pin: pin.clone(),
                git_dir,
                options: options.clone(),
            }),
        })
    }

    /// Returns the commits that changed any of `paths`, newest first, including the pin's.
    ///
    /// # Errors
    /// PNX-203: Git cannot read the repository.
    pub fn commits(&self, paths: &[String]) -> Result<Vec<String>, Problem> {
        let rev = self.pin.rev.as_deref().unwrap_or("HEAD");
        let mut arguments = vec!["log", "--first-parent", "--format=%H", rev, "--"];
        arguments.extend(paths.iter().map(String::as_str));
        let log = git::run(&self.name, &self.git_dir, &arguments)?;
        let log = String::from_utf8_lossy(&log);
        Ok(log.lines().map(str::to_owned).collect())
    }

    /// Returns the contents of `paths` at each of `commits`, commit by commit; `None` for missing
    /// paths.
    ///
    /// # Errors
    /// PNX-203: Git cannot read the repository.
    pub fn contents(
        &self,
        commits: &[String],
        paths: &[String],
    ) -> Result<Vec<Vec<Option<Vec<u8>>>>, Problem> {
        let mut names = Vec::with_capacity(commits.len() * paths.len());
        for commit in commits {
            names.extend(paths.iter().map(|path| format!("{commit}:{path}")));
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let contents = git::contents(&self.name, &self.git_dir, &names)?;
        Ok(contents
            .chunks(paths.len().max(1))
            .map(<[_]>::to_vec)
            .collect())
    }

    /// Returns the repository's Git directory.
    pub fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// Whether the repository has a commit, on the pin's history or elsewhere.
    pub fn has(&self, commit: &str) -> bool {
        repository::has_commit(&self.git_dir, commit)
    }

    /// Returns the newest commit up to the pin that is not newer than `commit` of the history `of`,
    /// by committer dates.
    ///
    /// # Errors
    /// PNX-203: Git cannot read a repository.
    pub fn not_after(&self, of: &Self, commit: &str) -> Result<Option<String>, Problem> {
        let arguments = ["log", "-1", "--format=%ct", commit, "--"];
        let time = git::run(&of.name, &of.git_dir, &arguments)?;
        let before = format!("--before={}", String::from_utf8_lossy(&time).trim());
        let rev = self.pin.rev.as_deref().unwrap_or("HEAD");
        let arguments = ["rev-list", "-1", "--first-parent", &before, rev, "--"];
        let found = git::run(&self.name, &self.git_dir, &arguments)?;
        let found = String::from_utf8_lossy(&found).trim().to_owned();
        Ok((!found.is_empty()).then_some(found))
    }

    /// Returns the commits up to the pin that gave a changelog a new version, newest first. The
    /// package's releases were built from these. Returns none if there is no such changelog.
    ///
    /// # Errors
    /// PNX-203: Git cannot read the repository.
    pub fn released(&self, changelog: &str) -> Result<Vec<String>, Problem> {
        let paths = [changelog.to_owned()];
        let commits = self.commits(&paths)?;
        let contents = self.contents(&commits, &paths)?;
        let version = |content: Option<&Vec<Option<Vec<u8>>>>| {
            let text = content?.first()?.as_deref()?;
            Some(ChangelogEntry::newest(text)?.version)
        };
        let is_bump = |at: &usize| {
            let new = version(contents.get(*at));
            new.is_some() && new != version(contents.get(at + 1))
        };
        let found = (0..commits.len()).filter(is_bump);
        Ok(found.filter_map(|at| commits.get(at).cloned()).collect())
    }

    /// Returns the source at `commit` for inspection. Its pin contains only the commit and the
    /// omitted paths.
    ///
    /// # Errors
    /// PNX-203: Git cannot read the repository.
    pub fn glance(&self, commit: &str, program: &str) -> Result<Source, Problem> {
        Ok(Source {
            name: own_pin(&self.name, program),
            pin: Pin {
                url: self.pin.url.clone(),
                rev: Some(commit.to_owned()),
                omit: self.pin.omit.clone(),
                ..Pin::default()
            },
            tree: Box::new(GitTree::open(&self.name, &self.git_dir, commit, None)?),
        })
    }

    /// Returns the source at `commit`, as the pin of `program` alone. `kept` is the previous pin;
    /// its hash stays if it cannot be computed.
    ///
    /// # Errors
    /// The commit cannot be read.
    pub fn at(&self, commit: &str, program: &str, kept: Option<&Pin>) -> Result<Source, Problem> {
        let history = History {
            name: self.name.clone(),
            rule: Rule {
                url: self.pin.url.clone().unwrap_or_default(),
                omit: self.pin.omit.iter().cloned().map(Omit::Always).collect(),
                ..Rule::default()
            },
            git_dir: self.git_dir.clone(),
        };
        let pin = history.pin_at(commit, kept, &self.options)?;
        let rev = pin.rev.clone().unwrap_or_default();
        let tree = GitTree::open(&self.name, &self.git_dir, &rev, None)?;
        Ok(Source {
            name: own_pin(&self.name, program),
            tree: Omitting::of(Box::new(tree), &pin.omit),
            pin,
        })
    }
}
