//! Pinned sources: manifests, Git histories, trees read from Git objects or plain directories.

mod archive;
pub mod checkout;
mod constraint;
mod dir;
mod earlier;
mod git;
pub mod history;
mod lock;
mod manifest;
mod nar;
mod objects;
mod omit;
mod pinned;
mod repository;
mod sources;
mod whole;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use cache::Cache;
use problem::Problem;

pub use archive::Archive;
pub use constraint::unsatisfied;
pub use dir::{DirTree, submodules};
pub use earlier::Earlier;
pub use git::GitTree;
pub use lock::{At, Locked, lock};
pub use manifest::check_name;
pub use nar::{
    NarHash, check as check_nar_hash, hash as nar_hash, hash_of_directory as directory_hash,
    parse_sri, sri,
};
pub use omit::Omitting;
pub use whole::{Absent, Whole, last_part};

/// A release: a named set of pins, `releases/NAME.toml`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// `pve-9.1.4`, the file's stem; not written in the file.
    #[serde(skip)]
    pub name: String,
    /// The source whose version names the release, with that version; `None` for the demo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// A directory of rules of its own, relative to the project: `demo/rules`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<String>,
    /// The pins by source name (the repository's name).
    #[serde(rename = "source", default)]
    pub sources: BTreeMap<String, Pin>,
    /// The release archives that sources package, by name.
    #[serde(
        rename = "archive",
        default,
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub archives: BTreeMap<String, Archive>,
    /// The sources that a Rust program has at a commit of its own, by program.
    #[serde(
        rename = "program",
        default,
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub programs: BTreeMap<String, OwnPins>,
}

/// The sources that one program has at other commits than the release.
#[derive(Debug, Clone, Default, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct OwnPins {
    /// The pins by source name.
    #[serde(rename = "source", default)]
    pub sources: BTreeMap<String, Pin>,
}

/// What stands between a source's name and that of the program it is pinned for. No source's name holds it.
const OWN_PIN: char = '+';

/// The name under which a source at one program's own pin is known.
pub fn own_pin(source: &str, program: &str) -> String {
    format!("{source}{OWN_PIN}{program}")
}

/// A source's name, whether or not it is at a program's own pin: what rules are asked with.
pub fn source_name(name: &str) -> &str {
    name.split(OWN_PIN).next().unwrap_or(name)
}

/// Whether a source is there at a program's own pin: of it only crates matter.
pub fn is_own_pin(name: &str) -> bool {
    name.contains(OWN_PIN)
}

impl Manifest {
    /// Every pin by the name under which its source is known: the release's, then those of single programs.
    pub fn pins(&self) -> BTreeMap<String, &Pin> {
        let own = self.programs.iter().flat_map(|(program, own)| {
            let pins = own.sources.iter();
            pins.map(move |(source, pin)| (own_pin(source, program), pin))
        });
        let all = self.sources.iter().map(|(name, pin)| (name.clone(), pin));
        all.chain(own).collect()
    }
}

/// One source at its pin.
#[derive(Debug, Clone, Default, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pin {
    /// The upstream Git URL; `None` for a directory kept beside the manifest (the demo).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// A plain directory, relative to the repository's root (the demo's sources).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The commit, forty hex digits; `None` with `path`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rev: Option<String>,
    /// The commit's committer date, `YYYY-MM-DD`, in the committer's own time zone (as `git log --format=%cs`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// The version of the newest `debian/changelog` entry; `None` where the repository has none of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The release archive that it packages: what is built is that, and the tree's own submodules are not fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive: Option<String>,
    /// Whether the tree holds submodules, which a fetch must bring too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub submodules: bool,
    /// Paths that are taken away after the tree was fetched, because a clone may lack them and only tests read them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub omit: Vec<String>,
    /// Whether it is packaged by hand, in `pkgs/outside`: it is fetched, and neither scanned nor compiled.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub outside: bool,
    /// Whether it was pinned without its history: it is scanned where its tree is at hand, and else done without.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub commit_only: bool,
    /// The NAR hash of the tree as `fetchgit` makes it (SRI); `None` where it cannot be computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nar_hash: Option<String>,
    /// The NAR hash of the tree without its submodules (SRI), which is what is scanned; only with `submodules`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tree_hash: Option<String>,
}

/// What a tree's entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// A regular file.
    File,
    /// A regular file with the executable bit.
    Executable,
    /// A symbolic link; its content is the target.
    Symlink,
    /// A Git submodule: a commit of another repository, never read.
    Submodule,
}

/// One file of a tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Relative to the tree's root, `/`-separated, UTF-8 (others are a problem when the tree is opened).
    pub path: String,
    /// What it is.
    pub mode: Mode,
    /// Its size in bytes; 0 for submodules.
    pub size: u64,
    /// Names the content: the Git object name, or, in a plain directory, a hash of the content. The scan cache's key.
    pub id: String,
}

impl Entry {
    /// Whether it is known to hold nothing. A blob that Git cannot size (it is missing or damaged) is listed with
    /// size 0, too, and is not known to be empty.
    pub fn is_empty(&self) -> bool {
        /// The names that Git gives to nothing, by SHA-1 and by SHA-256.
        const NOTHING: [&str; 2] = [
            "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
            "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
        ];
        self.size == 0 && (self.id.starts_with(dir::ID_PREFIX) || NOTHING.contains(&&*self.id))
    }

    /// Whether the repository lacks its content: Git tells no size of it.
    pub fn is_absent(&self) -> bool {
        self.mode != Mode::Submodule && self.size == 0 && !self.is_empty()
    }
}

/// A source's files at its pin, whether they stand in Git objects or in a plain directory.
pub trait Tree: Send + Sync {
    /// Every file, sorted by path.
    fn entries(&self) -> &[Entry];

    /// The contents of `wanted`, in that order.
    fn read(&self, wanted: &[&Entry]) -> Result<Vec<Vec<u8>>, Problem>;

    /// The same for what the next run need not read again: nothing of it is kept.
    fn read_once(&self, wanted: &[&Entry]) -> Result<Vec<Vec<u8>>, Problem> {
        self.read(wanted)
    }

    /// Whether it is a commit's tree, which is the same whenever it is read.
    fn is_commit(&self) -> bool {
        self.repository().is_some()
    }

    /// The Git directory of the repository that a commit's tree is in; `None` for a plain directory.
    fn repository(&self) -> Option<&Path> {
        None
    }
}

/// A source with its pin and its tree.
pub struct Source {
    /// The repository's name, `pve-storage`.
    pub name: String,
    /// Where it stands.
    pub pin: Pin,
    /// Its files.
    pub tree: Box<dyn Tree>,
}

/// Where sources are looked for.
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// The project's root, against which a pin's `path` is taken.
    pub root: PathBuf,
    /// `--sources`: holds `NAME`, `NAME.git` (Git repositories, bare or not) or `NAME` (a plain tree) per source.
    pub sources: Option<PathBuf>,
    /// `--allow-missing`: sources that cannot be had are told in [`Opened::missing`] instead of being an error.
    pub allow_missing: bool,
    /// Listings and the blobs of changed files are kept here; `None`: everything is read from the repositories.
    pub kept: Option<Cache>,
    /// Where clones are kept when `sources` is `None`; by default `pve-nix/git` in the user's cache directory.
    pub cache: Option<PathBuf>,
}

/// The sources of a release.
pub struct Opened {
    /// Sorted by name.
    pub sources: Vec<Source>,
    /// What could not be had; empty unless [`OpenOptions::allow_missing`].
    pub missing: Vec<Problem>,
    /// What is known by its commit alone and could not be had: source and cause.
    pub unread: Vec<(String, String)>,
}

/// Opens every source of a release at its pin, in parallel, but for those that are packaged by hand.
///
/// # Errors
///
/// All that went wrong, sorted by source: `PNX-201` and `PNX-202` for what cannot be had (with
/// [`OpenOptions::allow_missing`] these are no errors), `PNX-203` for a repository that Git cannot read, `PNX-209`
/// for a tree that cannot be handled.
pub fn open(manifest: &Manifest, options: &OpenOptions) -> Result<Opened, Vec<Problem>> {
    let pins = manifest.pins().into_iter();
    let pins: Vec<_> = pins.filter(|(_, pin)| !pin.outside).collect();
    let clones = repository::Progress::new();
    let results: Vec<_> = pins
        .par_iter()
        .map(|(name, pin)| open_one(name, pin, options, &clones))
        .collect();
    let mut opened = Opened {
        sources: Vec::with_capacity(pins.len()),
        missing: Vec::new(),
        unread: Vec::new(),
    };
    let mut problems = Vec::new();
    for ((name, pin), result) in pins.into_iter().zip(results) {
        match result {
            Ok(source) => opened.sources.push(source),
            Err(problem) => {
                let problem = if problem.place.source.is_none() {
                    problem.in_source(&*name)
                } else {
                    problem
                };
                if pin.commit_only && is_missing(&problem) {
                    opened.unread.push((name, problem.cause));
                } else if options.allow_missing && is_missing(&problem) {
                    opened.missing.push(problem);
                } else {
                    problems.push(problem);
                }
            }
        }
    }
    if problems.is_empty() {
        Ok(opened)
    } else {
        Err(problems)
    }
}

/// Opens one source at its pin.
///
/// # Errors
/// As [`open`].
pub fn open_pin(name: &str, pin: &Pin, options: &OpenOptions) -> Result<Source, Problem> {
    open_one(name, pin, options, &repository::Progress::new())
}

/// Whether a problem says that a source cannot be had, and not that what was found is unusable.
fn is_missing(problem: &Problem) -> bool {
    [problem::MISSING_SOURCE.id, problem::MISSING_PIN.id].contains(&problem.code.id)
}

fn open_one(
    name: &str,
    pin: &Pin,
    options: &OpenOptions,
    clones: &repository::Progress,
) -> Result<Source, Problem> {
    let tree: Box<dyn Tree> = match repository::find(name, pin, options, clones)? {
        repository::Found::Plain(path) => Box::new(DirTree::open(name, &path)?),
        repository::Found::Git(git_dir) => {
            let rev = pin.rev.as_deref().ok_or_else(|| {
                Problem::new(
                    &problem::MISSING_PIN,
                    format!(
                        "{} is a Git repository, but the pin has no `rev`",
                        git_dir.display()
                    ),
                )
            })?;
            Box::new(match &options.kept {
                Some(kept) => GitTree::kept(name, &git_dir, rev, pin.date.as_deref(), kept)?,
                None => GitTree::open(name, &git_dir, rev, pin.date.as_deref())?,
            })
        }
    };
    Ok(Source {
        name: name.to_owned(),
        pin: pin.clone(),
        tree: Omitting::of(tree, &pin.omit),
    })
}

/// The first part of `path` that a tree may not hold, because the path would leave the tree or name Git's own
/// directory when it is written out.
fn bad_component(path: &str) -> Option<&str> {
    path.split('/').find(|part| {
        part.is_empty() || *part == "." || *part == ".." || part.eq_ignore_ascii_case(".git")
    })
}

/// The user's cache directory, by the XDG Base Directory Specification.
fn user_cache(xdg: Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    // The specification tells to ignore relative paths.
    xdg.filter(|path| path.is_absolute())
        .or_else(|| home.map(|home| home.join(".cache")))
}

/// `path` as messages show it: relative to `root` where it lies below.
fn shown(path: &Path, root: &Path) -> String {
    path.strip_prefix(root)
        .unwrap_or(path)
        .display()
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_is_where_xdg_says() {
        let path = |text: &str| Some(PathBuf::from(text));
        assert_eq!(user_cache(path("/c"), path("/home/p")), path("/c"));
        assert_eq!(
            user_cache(path("relative"), path("/home/p")),
            path("/home/p/.cache")
        );
        assert_eq!(user_cache(path(""), None), None);
    }

    #[test]
    fn a_path_that_leaves_its_tree_is_told_by_its_part() {
        for (path, part) in [
            ("a/../b", ".."),
            ("/a", ""),
            ("a/", ""),
            ("./a", "."),
            (".git/config", ".git"),
            ("a/.GIT", ".GIT"),
        ] {
            assert_eq!(bad_component(path), Some(part), "{path}");
        }
        assert_eq!(bad_component("a/..b/.gitignore"), None);
    }
}
