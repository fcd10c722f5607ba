//! Finds a source's repository: below `--sources`, beside the manifest, or as a clone in the user's
//! cache directory.

use std::fs;
use std::io::{self, IsTerminal as _, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{OpenOptions, Pin, git, is_own_pin, manifest, source_name, user_cache};
use problem::Problem;

/// The environment variables that redirect Git to another repository (`git rev-parse
/// --local-env-vars`).
const LOCAL_VARIABLES: [&str; 15] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_COUNT",
    "GIT_OBJECT_DIRECTORY",
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_REPLACE_REF_BASE",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_COMMON_DIR",
];

/// A source's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// A Git repository: its Git directory.
    Git(PathBuf),
    /// A plain directory.
    Plain(PathBuf),
}

/// Finds the source `name`, and clones or fetches it without `--sources`.
///
/// A Git repository has every commit, so a program's own pin (`SOURCE+PROGRAM`) uses the source's.
/// A plain tree has one commit, so such a pin needs a tree under its whole name.
///
/// # Errors
/// `PNX-201` if it cannot be found, with the places searched.
pub(super) fn find(
    name: &str,
    pin: &Pin,
    options: &OpenOptions,
    progress: &Progress,
) -> Result<Found, Problem> {
    if let Some(sources) = &options.sources {
        if let Some(found) = below(sources, name) {
            return Ok(found);
        }
        match below(sources, source_name(name)) {
            Some(Found::Plain(path)) if is_own_pin(name) => {
                return Err(other_commit(name, pin, &path, sources));
            }
            Some(found) => return Ok(found),
            None => {}
        }
    }
    let name = source_name(name);
    if let Some(path) = &pin.path {
        return beside(name, &options.root, path);
    }
    if let Some(sources) = &options.sources {
        let cause = format!("neither {name} nor {name}.git is in {}", sources.display());
        return Err(missing(name, cause).mend(format!(
            "Put a Git repository or a tree of {name} there, or leave --sources out to have it cloned."
        )));
    }
    let url = pin
        .url
        .as_deref()
        .ok_or_else(|| missing(name, "the pin has no `url`".to_owned()))?;
    cached(name, url, pin.rev.as_deref(), options, progress).map(Found::Git)
}

/// Makes the problem that a plain tree is at the release's pin, but a program's own pin is needed.
fn other_commit(name: &str, pin: &Pin, path: &Path, sources: &Path) -> Problem {
    let rev = pin.rev.as_deref().unwrap_or("another commit");
    let cause = format!(
        "{} is a plain tree, and not the one of {rev}",
        path.display()
    );
    missing(name, cause).mend(format!(
        "Put that commit's tree at {}, or a Git repository in the place of the tree.",
        sources.join(name).display()
    ))
}

/// Returns `DIR/NAME` or `DIR/NAME.git`, preferring repositories to plain trees.
fn below(directory: &Path, name: &str) -> Option<Found> {
    let plain = directory.join(name);
    let bare = directory.join(format!("{name}.git"));
    if let Some(git_dir) = git_dir(&plain) {
        Some(Found::Git(git_dir))
    } else if bare.is_dir() {
        Some(Found::Git(git_dir(&bare).unwrap_or(bare)))
    } else {
        plain.is_dir().then_some(Found::Plain(plain))
    }
}

/// Returns the Git directory of the repository `DIR/NAME` or `DIR/NAME.git`, if there is one.
pub(super) fn git_below(directory: &Path, name: &str) -> Option<PathBuf> {
    match below(directory, name)? {
        Found::Git(git_dir) => Some(git_dir),
        Found::Plain(_) => None,
    }
}

/// Returns the Git directory of `path`, bare or not. A damaged one counts, so that the damage is
/// reported.
fn git_dir(path: &Path) -> Option<PathBuf> {
    let inner = path.join(".git");
    if inner.is_dir() {
        return Some(inner);
    }
    // In a linked work tree or a submodule, `.git` is a file with the path.
    if let Ok(text) = fs::read_to_string(&inner)
        && let Some(target) = text.strip_prefix("gitdir:")
    {
        return Some(path.join(target.trim()));
    }
    let has = |name| path.join(name).exists();
    (has("objects") && (has("HEAD") || has("refs") || has("packed-refs"))).then(|| path.to_owned())
}

/// Returns a directory of this project, named by a pin's `path`.
fn beside(name: &str, root: &Path, path: &str) -> Result<Found, Problem> {
    let joined = root.join(path);
    let unread = |error: io::Error| missing(name, format!("{path} cannot be read: {error}"));
    let real = joined.canonicalize().map_err(unread)?;
    // The path was checked not to contain `..`, but a link on the way could still lead elsewhere.
    if !real.starts_with(root.canonicalize().map_err(unread)?) {
        let cause = format!("{path} leads to {}, outside of the project", real.display());
        return Err(Problem::new(&problem::BAD_MANIFEST, cause).in_source(name));
    }
    Ok(Found::Plain(joined))
}

/// Returns the clone in the cache, made or updated if it lacks `rev`; always updated without a
/// `rev`.
pub(super) fn cached(
    name: &str,
    url: &str,
    rev: Option<&str>,
    options: &OpenOptions,
    progress: &Progress,
) -> Result<PathBuf, Problem> {
    manifest::check_name(name).map_err(|why| missing(name, format!("the name {why}")))?;
    manifest::check_url(url)
        .map_err(|why| Problem::new(&problem::UNSAFE_URL, why).in_source(name))?;
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    let cache = options.cache.clone().or_else(|| {
        Some(user_cache(variable("XDG_CACHE_HOME"), variable("HOME"))?.join("pve-nix/git"))
    });
    let cache =
        cache.ok_or_else(|| missing(name, "neither XDG_CACHE_HOME nor HOME is set".to_owned()))?;
    let kept = cache.join(format!("{name}.git"));
    if !kept.is_dir() {
        clone(name, url, &cache, &kept, progress)?;
    } else if rev.is_none_or(|rev| !has_commit(&kept, rev)) {
        fetch(name, url, &kept, progress)?;
    }
    Ok(kept)
}

pub(super) fn has_commit(git_dir: &Path, rev: &str) -> bool {
    git::command(git_dir)
        .args(["cat-file", "-e", &format!("{rev}^{{commit}}")])
        .output()
        .is_ok_and(|o| o.status.success())
}

/// Clones to a temporary directory and renames it, so that a kill leaves no partial clone in its
/// place.
fn clone(
    name: &str,
    url: &str,
    cache: &Path,
    kept: &Path,
    progress: &Progress,
) -> Result<(), Problem> {
    let unmade =
        |error: io::Error| missing(name, format!("{} cannot be made: {error}", kept.display()));
    fs::create_dir_all(cache).map_err(unmade)?;
    let temporary = tempfile::Builder::new()
        .prefix(&format!(".{name}."))
        .tempdir_in(cache)
        .map_err(unmade)?;
    let target = temporary.path().join("clone");
    let mut command = network();
    command
        .args(["clone", "--bare", "--progress", "--"])
        .arg(url)
        .arg(&target);
    watched(name, url, command, progress)?;
    match fs::rename(&target, kept) {
        // Another run was faster. Its clone is as good.
        Err(_) if kept.is_dir() => Ok(()),
        renamed => renamed.map_err(unmade),
    }
}

fn fetch(name: &str, url: &str, git_dir: &Path, progress: &Progress) -> Result<(), Problem> {
    let mut command = network();
    command.arg("--git-dir").arg(git_dir);
    command.args([
        "fetch",
        "--progress",
        "--prune",
        "--tags",
        "--force",
        "--",
        url,
        "+refs/heads/*:refs/heads/*",
    ]);
    watched(name, url, command, progress)
}

/// Makes a call of Git for network access. It uses the user's configuration (proxies, keys), but
/// ignores variables for other repositories.
fn network() -> Command {
    let mut command = Command::new("git");
    for variable in LOCAL_VARIABLES {
        command.env_remove(variable);
    }
    command
        .env("LC_ALL", "C")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_ALLOW_PROTOCOL", "http:https:git:ssh:file");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// Runs Git and shows its progress.
fn watched(
    name: &str,
    url: &str,
    mut command: Command,
    progress: &Progress,
) -> Result<(), Problem> {
    let mut child = command.spawn().map_err(|error| git::no_git(name, &error))?;
    let bar = progress.start(name);
    let complaint = child
        .stderr
        .take()
        .map(|stderr| follow(stderr, &bar))
        .unwrap_or_default();
    let status = child.wait();
    bar.finish_and_clear();
    if status.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    let cause = format!("{url} cannot be fetched");
    Err(git::explained(
        &problem::MISSING_SOURCE,
        name,
        &cause,
        &complaint,
    ))
}

/// Shows each line of Git's progress (they end in a carriage return) and returns the last of the
/// other lines.
fn follow(mut stderr: impl Read, bar: &ProgressBar) -> Vec<u8> {
    let mut kept: Vec<u8> = Vec::new();
    let mut line: Vec<u8> = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(length @ 1..) = stderr.read(&mut chunk) {
        for &byte in chunk.get(..length).unwrap_or_default() {
            line.push(byte);
            if byte == b'\r' || byte == b'\n' {
                bar.set_message(String::from_utf8_lossy(line.trim_ascii()).into_owned());
                if byte == b'\n' && kept.len() < 1 << 16 {
                    kept.extend_from_slice(line.rsplit(|&b| b == b'\r').next().unwrap_or_default());
                }
                line.clear();
            }
        }
    }
    kept.extend_from_slice(&line);
    kept
}

/// The progress of clones and fetches, shown on stderr if that is a terminal.
pub(super) struct Progress(MultiProgress);

impl Progress {
    pub(super) fn new() -> Self {
        let shown = io::stderr().is_terminal();
        let target = if shown {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        Self(MultiProgress::with_draw_target(target))
    }

    /// Shows the current action on a source for as long as the value lives.
    pub(super) fn show(&self, name: &str, doing: &'static str) -> Shown {
        let bar = self.start(name);
        bar.set_message(doing);
        Shown(bar)
    }

    fn start(&self, name: &str) -> ProgressBar {
        let bar = self
            .0
            .add(ProgressBar::new_spinner().with_prefix(name.to_owned()));
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {wide_msg}") {
            bar.set_style(style);
        }
        if !self.0.is_hidden() {
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        bar
    }
}

/// A line of a [`Progress`]. Dropping it removes the line.
pub(super) struct Shown(ProgressBar);

impl Drop for Shown {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn missing(name: &str, cause: String) -> Problem {
    Problem::new(&problem::MISSING_SOURCE, cause).in_source(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_tree_stands_at_one_commit_and_a_repository_at_every() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let options = OpenOptions {
            sources: Some(directory.path().to_owned()),
            ..OpenOptions::default()
        };
        let found = |name| find(name, &Pin::default(), &options, &Progress::new());
        fs::create_dir(at("comb")).unwrap();
        assert_eq!(found("comb").unwrap(), Found::Plain(at("comb")));
        let problem = found("comb+term").expect_err("another commit");
        assert_eq!(problem.code.id, "PNX-201");
        assert!(problem.to_string().contains("comb+term"), "{problem}");
        fs::create_dir(at("comb+term")).unwrap();
        assert_eq!(found("comb+term").unwrap(), Found::Plain(at("comb+term")));
        fs::create_dir_all(at("wax/.git")).unwrap();
        assert_eq!(found("wax+term").unwrap(), Found::Git(at("wax/.git")));
    }
}
