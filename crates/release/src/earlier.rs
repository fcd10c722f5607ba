//! Earlier commits of a pinned source.
//!
//! Debian's archive keeps older versions of a crate beside newer ones; a pin is one commit. Where a program needs a
//! version that its source has left behind, the commit that had it is looked for here.

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
    /// The history of the source `name`; `None` for a plain directory, which has none.
    ///
    /// # Errors
    /// PNX-201 when the source cannot be had.
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

    /// The commits that changed any of `paths`, newest first, the pin's own state included.
    ///
    /// # Errors
    /// PNX-203 when Git cannot read the repository.
    pub fn commits(&self, paths: &[String]) -> Result<Vec<String>, Problem> {
        let rev = self.pin.rev.as_deref().unwrap_or("HEAD");
        let mut arguments = vec!["log", "--first-parent", "--format=%H", rev, "--"];
        arguments.extend(paths.iter().map(String::as_str));
        let log = git::run(&self.name, &self.git_dir, &arguments)?;
        let log = String::from_utf8_lossy(&log);
        Ok(log.lines().map(str::to_owned).collect())
    }

    /// The contents of `paths` at each of `commits`, commit by commit; `None` for what is not there.
    ///
    /// # Errors
    /// PNX-203 when Git cannot read the repository.
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

    /// The repository's Git directory.
    pub fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// Whether the repository has a commit, its pin's own or any other.
    pub fn has(&self, commit: &str) -> bool {
        repository::has_commit(&self.git_dir, commit)
    }

    /// The newest commit up to the pin that is no younger than `commit` of the history `of`, by the committers' clocks.
    ///
    /// # Errors
    /// PNX-203 when Git cannot read a repository.
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

    /// The commits up to the pin that gave a changelog a new version, newest first: what the package's releases were
    /// built from. None where there is no such changelog.
    ///
    /// # Errors
    /// PNX-203 when Git cannot read the repository.
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

    /// The source at `commit`, to be looked at: its pin has no more than the commit and what is left out.
    ///
    /// # Errors
    /// PNX-203 when Git cannot read the repository.
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

    /// The source at `commit`, as the pin of `program` alone; `kept` is what such a pin was so far, whose hash stays
    /// where it cannot be computed.
    ///
    /// # Errors
    /// What reading the commit says.
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
