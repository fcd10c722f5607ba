//! Pinned sources: manifests, Git histories, and trees read from Git objects or plain directories.

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

/// A named set of pins, `releases/NAME.toml`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// `pve-9.1.4`, the file's stem. Not stored in the file.
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
    /// The sources that a Rust program pins at a commit of its own, by program.
    #[serde(
        rename = "program",
        default,
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub programs: BTreeMap<String, OwnPins>,
}

/// The sources that one program pins at other commits than the release.
#[derive(Debug, Clone, Default, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct OwnPins {
    /// The pins by source name.
    #[serde(rename = "source", default)]
    pub sources: BTreeMap<String, Pin>,
}

/// The separator between a source's name and the program that pins it. No source's name contains
/// it.
const OWN_PIN: char = '+';

/// Returns the name of a source at one program's own pin.
pub fn own_pin(source: &str, program: &str) -> String {
    format!("{source}{OWN_PIN}{program}")
}

/// Returns a source's name without the program of its own pin. Rules refer to sources by this name.
pub fn source_name(name: &str) -> &str {
    name.split(OWN_PIN).next().unwrap_or(name)
}

/// Whether a source is at a program's own pin, where only its crates matter.
pub fn is_own_pin(name: &str) -> bool {
    name.contains(OWN_PIN)
}

impl Manifest {
    /// Returns every pin by the name of its source: the release's, then those of single programs.
    pub fn pins(&self) -> BTreeMap<String, &Pin> {
        let own = self.programs.iter().flat_map(|(program, own)| {
            let pins = own.sources.iter();
            pins.map(move |(source, pin)| (own_pin(source, program), pin))
        });
        let all = self.sources.iter().map(|(name, pin)| (name.clone(), pin));
        all.chain(own).collect()
    }
}

/// The pin of one source.
#[derive(Debug, Clone, Default, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pin {
    /// The upstream Git URL; `None` for a directory beside the manifest (the demo).
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
    /// The version of the newest `debian/changelog` entry; `None` if the repository has no
    /// changelog of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The release archive that it packages. The archive is built, and the tree's own submodules
    /// are not fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive: Option<String>,
    /// Whether the tree has submodules that a fetch must include.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub submodules: bool,
    /// Paths to remove from the fetched tree, because a clone may lack them and only tests read
    /// them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub omit: Vec<String>,
    /// Whether `pkgs/outside` packages it by hand. It is fetched, but neither scanned nor compiled.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub outside: bool,
    /// Whether it was pinned without its history. It is scanned if its tree is available, and
    /// otherwise skipped.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub commit_only: bool,
    /// The NAR hash of the tree as `fetchgit` makes it (SRI); `None` if it cannot be computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nar_hash: Option<String>,
    /// The NAR hash (SRI) of the tree without its submodules, which the scanner reads. Only with
    /// `submodules`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tree_hash: Option<String>,
}

/// The type of a tree's entry.
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
    /// The path relative to the tree's root, `/`-separated, in UTF-8 (others are rejected when the
    /// tree is opened).
    pub path: String,
    /// Its type.
    pub mode: Mode,
    /// Its size in bytes; 0 for submodules.
    pub size: u64,
    /// Identifies the content for the scan cache: the Git object name or, in a plain directory, a
    /// hash of the content.
    pub id: String,
}

impl Entry {
    /// Whether it is known to be empty. A blob that is missing or damaged is listed with size 0
    /// too, but is not known to be empty.
    pub fn is_empty(&self) -> bool {
        /// Git's names for an empty blob, by SHA-1 and by SHA-256.
        const NOTHING: [&str; 2] = [
            "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
            "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
        ];
        self.size == 0 && (self.id.starts_with(dir::ID_PREFIX) || NOTHING.contains(&&*self.id))
    }

    /// Whether the repository lacks its content, so that Git does not know its size.
    pub fn is_absent(&self) -> bool {
        self.mode != Mode::Submodule && self.size == 0 && !self.is_empty()
    }
}

/// A source's files at its pin, in Git objects or in a plain directory.
pub trait Tree: Send + Sync {
    /// Returns every file, sorted by path.
    fn entries(&self) -> &[Entry];

    /// Returns the contents of `wanted`, in that order.
    fn read(&self, wanted: &[&Entry]) -> Result<Vec<Vec<u8>>, Problem>;

    /// As [`Self::read`], for contents that the next run need not read, so that they are not
    /// cached.
    fn read_once(&self, wanted: &[&Entry]) -> Result<Vec<Vec<u8>>, Problem> {
        self.read(wanted)
    }

    /// Whether it is a commit's tree, which never changes.
    fn is_commit(&self) -> bool {
        self.repository().is_some()
    }

    /// Returns the Git directory of a commit's tree; `None` for a plain directory.
    fn repository(&self) -> Option<&Path> {
        None
    }
}

/// A source with its pin and its tree.
pub struct Source {
    /// The repository's name, `pve-storage`.
    pub name: String,
    /// Its pin.
    pub pin: Pin,
    /// Its files.
    pub tree: Box<dyn Tree>,
}

/// The places in which to look for sources.
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// The project's root, to which a pin's `path` is relative.
    pub root: PathBuf,
    /// `--sources`: contains `NAME`, `NAME.git` (Git repositories, bare or not) or `NAME` (a plain
    /// tree) for each source.
    pub sources: Option<PathBuf>,
    /// `--allow-missing`: missing sources are listed in [`Opened::missing`] instead of being an
    /// error.
    pub allow_missing: bool,
    /// The cache for listings and the blobs of changed files; `None` reads everything from the
    /// repositories.
    pub kept: Option<Cache>,
    /// The directory of clones if `sources` is `None`; by default `pve-nix/git` in the user's cache
    /// directory.
    pub cache: Option<PathBuf>,
}

/// The sources of a release.
pub struct Opened {
    /// Sorted by name.
    pub sources: Vec<Source>,
    /// The problems of missing sources; empty without [`OpenOptions::allow_missing`].
    pub missing: Vec<Problem>,
    /// Sources that are known by their commits alone and that are not available, each with the
    /// cause.
    pub unread: Vec<(String, String)>,
}

/// Opens every source of a release at its pin, in parallel, except those packaged by hand.
///
/// # Errors
/// All problems, sorted by source: `PNX-201` and `PNX-202` for missing sources (unless
/// [`OpenOptions::allow_missing`]), `PNX-203` for a repository that Git cannot read, `PNX-209` for
/// a tree that cannot be handled.
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

/// Whether a problem means that a source is missing, rather than unusable.
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

/// Returns the first part of `path` that a tree must not contain, because the path would leave the
/// tree or name Git's own directory once written out.
fn bad_component(path: &str) -> Option<&str> {
    path.split('/').find(|part| {
        part.is_empty() || *part == "." || *part == ".." || part.eq_ignore_ascii_case(".git")
    })
}

/// Returns the user's cache directory, by the XDG Base Directory Specification.
fn user_cache(xdg: Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    // By the specification, relative paths are ignored.
    xdg.filter(|path| path.is_absolute())
        .or_else(|| home.map(|home| home.join(".cache")))
}

/// Formats `path` for messages: relative to `root` if it is below it.
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
