//! Adds everything that the generated expressions of a release fetch to the Nix store.
//!
//! The path of a fixed output depends only on its name and its hash. Once sources and crates are at
//! that path, nothing fetches them: the expressions that a consumer evaluates then build without a
//! network.

pub mod archives;
mod causes;
mod mirrors;
pub mod nix;
pub mod outside;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rayon::prelude::*;
use serde::Serialize;

use archives::{Fetched, Wanted};
use cargo::archives::{self as crate_archives, Archive, Cache, Kept};
use nix::Store;
use problem::{
    HASH_MISMATCH, MISSING_BLOB, MISSING_CRATE, MISSING_SUBMODULE, OUTPUT_FAILED, Problem,
    STORE_FAILED,
};
use release::{Entry, Manifest, OpenOptions, Pin, Tree as _, Whole, checkout};
use store::path::{self, Digest};

/// The result for a source or crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It has been added to the store.
    Added,
    /// It was already in the store.
    There,
    /// It is not in the store. A problem says why.
    Refused,
}

/// A tree that a release fetches.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tree {
    /// The source's name; `SOURCE+PROGRAM` at a program's own pin.
    pub source: String,
    /// The commit.
    pub rev: String,
    /// Whether it is the tree without its submodules, which the scanner reads.
    pub without_submodules: bool,
    /// Its NAR hash (SRI), if known.
    pub hash: Option<String>,
    /// Whether the pin has the hash.
    pub pinned: bool,
    /// Its store path, if its hash is known.
    pub path: Option<String>,
    /// Its result.
    pub state: State,
}

/// A crate's archive.
#[derive(Debug, Clone, Serialize)]
pub struct Crate {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its store path.
    pub path: String,
    /// Its result.
    pub state: State,
}

/// The result of `prefetch` for one release.
#[derive(Debug, Clone, Default)]
pub struct Prefetch {
    /// The release's name.
    pub release: String,
    /// The sources, by name.
    pub sources: Vec<Tree>,
    /// The crates, by name and version.
    pub crates: Vec<Crate>,
    /// The release archives, by name.
    pub archives: Vec<Fetched>,
    /// The reasons why something is not in the store.
    pub problems: Vec<Problem>,
}

/// A kept lock: its path and its text.
pub type Lock = (String, String);

/// Adds the sources and archives of a release and the crates of `locks` to the Nix store.
///
/// `outside` are the files that packages written by hand fetch.
///
/// # Errors
/// PNX-406 if the store cannot be used, PNX-211 for an unreadable lock. Problems with single
/// sources or crates are in [`Prefetch::problems`].
pub fn prefetch(
    manifest: &Manifest,
    locks: &[Lock],
    outside: &[Wanted],
    options: &OpenOptions,
) -> Result<Prefetch, Problem> {
    let store = Store::open()?;
    let mut done = Prefetch {
        release: manifest.name.clone(),
        ..Prefetch::default()
    };
    let wanted = wanted(manifest, &store);
    let known = wanted.iter().filter_map(|one| one.path.as_deref());
    let missing = store.missing(known)?;
    let bar = progress(wanted.len());
    let results: Vec<Result<Got, Problem>> = wanted
        .par_iter()
        .map(|want| {
            bar.set_message(want.name.clone());
            let is_there = |path: &String| !missing.contains(path);
            let got = if want.path.as_ref().is_some_and(is_there) {
                Ok(Got::There)
            } else {
                want.get(&store, options)
            };
            bar.inc(1);
            got
        })
        .collect();
    bar.finish_and_clear();
    for (want, result) in wanted.into_iter().zip(results) {
        done.add(want, result)?;
    }
    crates(&mut done, &store, locks)?;
    let mut files = files(manifest);
    files.extend_from_slice(outside);
    for (fetched, problem) in archives::put(&store, &files, options.sources.as_deref())? {
        done.archives.push(fetched);
        done.problems.extend(problem);
    }
    done.problems = causes::once(done.problems);
    Ok(done)
}

/// Returns the archives that the release's expressions fetch.
fn files(manifest: &Manifest) -> Vec<Wanted> {
    let files = manifest.archives.values().map(|one| Wanted {
        name: one.file_name().to_owned(),
        url: one.url.clone(),
        hash: one.hash.clone(),
    });
    files.collect()
}

/// A tree to add.
struct Want<'a> {
    name: String,
    pin: &'a Pin,
    rev: &'a str,
    submodules: bool,
    store_name: String,
    hash: Option<&'a str>,
    path: Option<String>,
}

/// The result of getting a tree.
enum Got {
    There,
    /// A tree with this hash at this path, and its state.
    Tree(Digest, String, State),
}

/// Returns every tree that the release's expressions fetch, for each pin the whole one and the
/// scanned one without submodules.
fn wanted<'a>(manifest: &'a Manifest, store: &Store) -> Vec<Want<'a>> {
    let mut wanted = Vec::new();
    for (name, pin) in manifest.pins() {
        let (Some(url), Some(rev)) = (&pin.url, pin.rev.as_deref()) else {
            continue;
        };
        let whole = Some((pin.submodules, pin.nar_hash.as_deref()));
        let scanned = pin.tree_hash.as_deref().filter(|_| !pin.outside);
        let scanned = scanned.map(|hash| (false, Some(hash)));
        for (submodules, hash) in whole.into_iter().chain(scanned) {
            let store_name = path::fetchgit_name(url, rev);
            let digest = hash.and_then(release::parse_sri);
            wanted.push(Want {
                name: name.clone(),
                pin,
                rev,
                submodules,
                hash,
                path: digest.map(|nar| path::of_tree(store.directory(), &store_name, &nar)),
                store_name,
            });
        }
    }
    wanted
}

impl Want<'_> {
    /// Exports the tree, checks its hash and adds it to the store.
    fn get(&self, store: &Store, options: &OpenOptions) -> Result<Got, Problem> {
        let whole = Whole::open(&self.name, self.pin, options, self.submodules)?;
        self.check_submodules(&whole)?;
        self.check_files(&whole)?;
        let directory = tempfile::tempdir().map_err(|error| unwritten(&error))?;
        let laid = directory.path().join(&self.store_name);
        checkout::write_all(&laid, &whole)?;
        let digest = release::directory_hash(&laid).map_err(|error| unwritten(&error))?;
        let found = release::sri(&digest);
        if let Some(pinned) = self.hash
            && found != pinned
        {
            let cause = format!("the pin has {pinned}, the tree is {found}");
            return Err(Problem::new(&HASH_MISMATCH, cause).in_source(&self.name));
        }
        let path = path::of_tree(store.directory(), &self.store_name, &digest);
        if self.hash.is_none() && store.missing([path.as_str()])?.is_empty() {
            return Ok(Got::Tree(digest, path, State::There));
        }
        expect(&path, &store.add_tree(&laid)?)?;
        Ok(Got::Tree(digest, path, State::Added))
    }

    fn check_submodules(&self, whole: &Whole) -> Result<(), Problem> {
        let [first, rest @ ..] = whole.absent() else {
            return Ok(());
        };
        let more: Vec<&str> = rest.iter().map(|one| one.path.as_str()).collect();
        let more = match more.len() {
            0 => String::new(),
            1..=8 => format!("; nor are {} there", more.join(", ")),
            count => format!("; nor are {count} more there"),
        };
        let cause = format!("{}{more}", first.cause());
        Err(Problem::new(&MISSING_SUBMODULE, cause)
            .in_source(&self.name)
            .at(&first.path, None))
    }

    fn check_files(&self, whole: &Whole) -> Result<(), Problem> {
        let mut absent = whole.entries().iter().filter(|entry| entry.is_absent());
        let Some(first) = absent.next() else {
            return Ok(());
        };
        let more: Vec<&Entry> = absent.collect();
        let more = match more.len() {
            0 => String::new(),
            count => format!(", nor has it {count} more"),
        };
        let cause = format!("the repository does not have the blob {}{more}", first.id);
        let problem = Problem::new(&MISSING_BLOB, cause)
            .in_source(&self.name)
            .at(&first.path, None);
        Err(problem)
    }
}

impl Prefetch {
    /// Whether everything is in the store.
    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }

    fn add(&mut self, want: Want, result: Result<Got, Problem>) -> Result<(), Problem> {
        let mut hash = want.hash.map(str::to_owned);
        let mut path = want.path;
        let state = match result {
            Ok(Got::There) => State::There,
            Ok(Got::Tree(digest, stored, state)) => {
                hash = Some(release::sri(&digest));
                path = Some(stored);
                state
            }
            // Without a store, nothing else can succeed.
            Err(problem) if problem.code.id == STORE_FAILED.id => return Err(problem),
            Err(problem) => {
                self.problems.push(problem.in_source(&want.name));
                State::Refused
            }
        };
        self.sources.push(Tree {
            source: want.name,
            rev: want.rev.to_owned(),
            without_submodules: want.pin.submodules && !want.submodules,
            pinned: want.hash.is_some(),
            hash,
            path,
            state,
        });
        Ok(())
    }
}

/// Adds the crates of every lock. Those not in the store come from cargo's cache.
fn crates(done: &mut Prefetch, store: &Store, locks: &[Lock]) -> Result<(), Problem> {
    let locks = locks
        .iter()
        .map(|(shown, text)| crate_archives::archives(text, shown));
    let locks: Vec<BTreeSet<Archive>> = locks.collect::<Result<_, _>>()?;
    let all: BTreeSet<&Archive> = locks.iter().flatten().collect();
    let path = |one: &Archive| {
        let name = path::crate_name(&one.name, &one.version);
        path::of_file(store.directory(), &name, &one.checksum)
    };
    let paths: BTreeMap<&Archive, String> = all.into_iter().map(|one| (one, path(one))).collect();
    let missing = store.missing(paths.values().map(String::as_str))?;
    let wanted: Vec<&Archive> = paths
        .iter()
        .filter(|(_, path)| missing.contains(*path))
        .map(|(one, _)| *one)
        .collect();
    let (found, said) = kept(&wanted, &locks)?;
    let mut added = BTreeSet::new();
    let there: Vec<(&Archive, &PathBuf)> = found
        .iter()
        .filter_map(|(one, kept)| match kept {
            Kept::At(file) => Some((*one, file)),
            _ => None,
        })
        .collect();
    for (one, stored) in add_archives(store, &there)? {
        expect(paths.get(one).map_or("", String::as_str), &stored)?;
        added.insert(one);
    }
    let mut nowhere = Vec::new();
    for (one, path) in &paths {
        let state = if added.contains(one) {
            State::Added
        } else if missing.contains(path) {
            match found.get(one) {
                Some(Kept::Other(file)) => done.problems.push(other(one, file)),
                _ => nowhere.push(format!("{} {}", one.name, one.version)),
            }
            State::Refused
        } else {
            State::There
        };
        done.crates.push(Crate {
            name: one.name.clone(),
            version: one.version.clone(),
            path: path.clone(),
            state,
        });
    }
    // cargo's message concerns all of them.
    if !nowhere.is_empty() {
        let (have, said) = match said.first() {
            None => ("does not have", String::new()),
            Some(said) => ("cannot fetch", format!(": {said}")),
        };
        let cause = format!("cargo {have} {}{said}", causes::listed(&nowhere));
        done.problems.push(Problem::new(&MISSING_CRATE, cause));
    }
    Ok(())
}

/// Returns the place of each archive in cargo's cache, after cargo has downloaded the missing ones,
/// and cargo's messages.
fn kept<'a>(
    wanted: &[&'a Archive],
    locks: &[BTreeSet<Archive>],
) -> Result<(BTreeMap<&'a Archive, Kept>, Vec<String>), Problem> {
    let look = |cache: &Cache| -> BTreeMap<&'a Archive, Kept> {
        let each = wanted.par_iter().map(|one| (*one, cache.find(one)));
        each.collect()
    };
    let mut found = look(&Cache::open());
    let mut said = Vec::new();
    for lock in locks {
        let is_lacking = |one: &&Archive| found.get(*one) == Some(&Kept::Nowhere);
        if lock.iter().any(|one| is_lacking(&one)) {
            let bar = progress(1);
            bar.set_message("crates");
            said.extend(crate_archives::download(lock)?.filter(|one| !said.contains(one)));
            bar.finish_and_clear();
            found = look(&Cache::open());
        }
    }
    Ok((found, said))
}

/// Adds archives under the names at the end of their store paths.
fn add_archives<'a>(
    store: &Store,
    archives: &[(&'a Archive, &PathBuf)],
) -> Result<Vec<(&'a Archive, String)>, Problem> {
    let directory = tempfile::tempdir().map_err(|error| unwritten(&error))?;
    let mut files = Vec::with_capacity(archives.len());
    for (one, kept) in archives {
        let file = directory
            .path()
            .join(path::crate_name(&one.name, &one.version));
        lay(kept, &file).map_err(|error| unwritten(&error))?;
        files.push(file);
    }
    let stored = store.add_files(&files)?;
    Ok(archives.iter().map(|(one, _)| *one).zip(stored).collect())
}

/// Makes a hard link to a file, or a copy on another file system.
fn lay(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(drop))
}

/// Makes the problem that cargo's file differs from the lock's.
fn other(one: &Archive, file: &Path) -> Problem {
    let cause = format!(
        "{} {}: {} is not the archive whose checksum the lock has, {}",
        one.name,
        one.version,
        file.display(),
        path::hex(&one.checksum)
    );
    Problem::new(&MISSING_CRATE, cause)
}

/// Compares the path that the store returned with the one in the expressions.
fn expect(path: &str, stored: &str) -> Result<(), Problem> {
    if path == stored {
        return Ok(());
    }
    let cause = format!("nix-store put {stored} there, and {path} was expected");
    Err(Problem::new(&STORE_FAILED, cause))
}

fn unwritten(error: &std::io::Error) -> Problem {
    Problem::new(&OUTPUT_FAILED, format!("a temporary directory: {error}"))
}

/// Makes the progress bar, which is shown on stderr if that is a terminal.
fn progress(length: usize) -> ProgressBar {
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(Some(length as u64), target);
    if let Ok(style) = ProgressStyle::with_template("{spinner} {pos}/{len} {wide_msg}") {
        bar.set_style(style);
    }
    bar
}
