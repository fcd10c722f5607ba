//! Assembles a source as `fetchgit` does: the tree at its pin, with submodules in their places.
//!
//! `fetchgit` runs `git submodule update --init --recursive`. Here a submodule comes from the first
//! repository that has its commit:
//!
//! 1. the source's own clone, if its submodules were initialised (`.git/modules/NAME`);
//! 2. `DIR/SOURCE.submodules/PATH`, where `PATH` is the submodule's path in the source;
//! 3. `DIR/NAME`, where `NAME` is the last part of the submodule's URL, because many of Proxmox's
//!    submodules are sources themselves.
//!
//! Without a DIR, its URL is cloned into the user's cache directory, like the source's own.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::repository::{self, Found, Progress};
use super::{
    DirTree, Entry, GitTree, Mode, OpenOptions, Pin, Tree, bad_component, git, nar, omit,
    source_name,
};
use problem::Problem;

/// The deepest nesting of submodules. QEMU's nest two deep.
const DEEPEST: usize = 8;

/// A source's whole tree. Empty directories are entries too, with the mode of a missing submodule.
pub struct Whole {
    entries: Vec<Entry>,
    parts: Vec<Box<dyn Tree>>,
    /// The index of the part that contains each file.
    of: HashMap<String, usize>,
    absent: Vec<Absent>,
}

/// A submodule that no local repository has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absent {
    /// Its path in the source.
    pub path: String,
    /// Its commit.
    pub rev: String,
    /// Its URL in the source's `.gitmodules`, if any.
    pub url: Option<String>,
    /// The places searched.
    pub looked: Vec<String>,
}

impl Absent {
    /// Describes that it is missing, its origin and the places searched.
    pub fn cause(&self) -> String {
        let url = self.url.as_deref().unwrap_or("an unknown URL");
        let looked = match self.looked.as_slice() {
            [] => String::new(),
            looked => format!(" (looked for in {})", looked.join(", ")),
        };
        format!(
            "no local repository has the commit {} of {url}{looked}",
            self.rev
        )
    }
}

impl Whole {
    /// Assembles the tree of the source `name` (possibly at a program's own pin), with or without
    /// submodules.
    ///
    /// # Errors
    /// The errors of [`super::open`] for one source; `PNX-209` for a tree that Git changes on
    /// checkout.
    pub fn open(
        name: &str,
        pin: &Pin,
        options: &OpenOptions,
        submodules: bool,
    ) -> Result<Self, Problem> {
        let mut whole = match repository::find(name, pin, options, &Progress::new())? {
            Found::Plain(path) => Self::plain(name, &path, submodules)?,
            Found::Git(git_dir) => {
                let rev = pin.rev.as_deref().unwrap_or_default();
                Self::at(name, (&git_dir, rev), pin, options, submodules)?
            }
        };
        whole.omit(&pin.omit);
        if let Some(path) = nar::converted(&whole)? {
            let cause =
                "it asks Git to change files when they are checked out, which is not done here";
            return Err(Problem::new(&problem::BAD_TREE, cause)
                .in_source(name)
                .at(path, None));
        }
        Ok(whole)
    }

    /// Assembles the tree of a commit in the repository `git_dir`, with submodules in their places.
    ///
    /// # Errors
    /// The repositories cannot be read.
    pub(super) fn at(
        name: &str,
        (git_dir, rev): (&Path, &str),
        pin: &Pin,
        options: &OpenOptions,
        submodules: bool,
    ) -> Result<Self, Problem> {
        let mut whole = Self::empty();
        let place = Place {
            source: source_name(name),
            url: pin.url.as_deref().unwrap_or_default(),
            options,
            submodules,
        };
        let tree = GitTree::open(name, git_dir, rev, pin.date.as_deref())?;
        whole.add(&place, "", (git_dir, rev), tree, 0)?;
        whole.entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Ok(whole)
    }

    /// Omits paths.
    pub(super) fn omit(&mut self, omit: &[String]) {
        if !omit.is_empty() {
            self.entries = omit::without(&self.entries, omit);
            self.absent.retain(|one| {
                let mut entries = self.entries.iter();
                entries.any(|entry| entry.path == one.path)
            });
        }
    }

    fn empty() -> Self {
        Self {
            entries: Vec::new(),
            parts: Vec::new(),
            of: HashMap::new(),
            absent: Vec::new(),
        }
    }

    /// Reads a plain directory.
    fn plain(name: &str, root: &Path, submodules: bool) -> Result<Self, Problem> {
        let mut whole = Self::empty();
        let tree = if submodules {
            DirTree::open_whole(name, root)?
        } else {
            DirTree::open(name, root)?
        };
        whole.entries = tree.entries().to_vec();
        whole.parts.push(Box::new(tree));
        Ok(whole)
    }

    /// Adds a commit's tree at `prefix`, then its submodules.
    fn add(
        &mut self,
        place: &Place,
        prefix: &str,
        (git_dir, rev): (&Path, &str),
        tree: GitTree,
        depth: usize,
    ) -> Result<(), Problem> {
        let part = self.parts.len();
        let mut modules = Vec::new();
        for entry in tree.entries() {
            let mut entry = entry.clone();
            if !prefix.is_empty() {
                entry.path = format!("{prefix}/{}", entry.path);
            }
            if entry.mode == Mode::Submodule && place.submodules {
                modules.push(entry);
            } else {
                self.of.insert(entry.path.clone(), part);
                self.entries.push(entry);
            }
        }
        self.parts.push(Box::new(tree));
        if modules.is_empty() {
            return Ok(());
        }
        let declared = declared(place.source, git_dir, rev)?;
        for entry in modules {
            let local = entry.path.strip_prefix(prefix).unwrap_or(&entry.path);
            let declared = declared.get(local.trim_start_matches('/'));
            let mut looked = Vec::new();
            let found = declared.and_then(|one| place.find(git_dir, &entry, one, &mut looked));
            let Some(found) = found.filter(|_| depth < DEEPEST) else {
                self.absent.push(Absent {
                    path: entry.path.clone(),
                    rev: entry.id.clone(),
                    url: declared.and_then(|one| one.url.clone()),
                    looked,
                });
                self.entries.push(entry);
                continue;
            };
            let tree = GitTree::open(place.source, &found, &entry.id, None)?;
            self.add(place, &entry.path, (&found, &entry.id), tree, depth + 1)?;
        }
        Ok(())
    }

    /// Returns the missing submodules, by path.
    pub fn absent(&self) -> &[Absent] {
        &self.absent
    }
}

impl Tree for Whole {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn read(&self, wanted: &[&Entry]) -> Result<Vec<Vec<u8>>, Problem> {
        let part = |entry: &&Entry| self.of.get(&entry.path).copied().unwrap_or_default();
        let mut found = Vec::with_capacity(wanted.len());
        // Entries are sorted, so those of a submodule are adjacent.
        for run in wanted.chunk_by(|a, b| part(a) == part(b)) {
            let tree = run.first().and_then(|first| self.parts.get(part(first)));
            if let Some(tree) = tree {
                found.extend(tree.read_once(run)?);
            }
        }
        Ok(found)
    }
}

/// The places in which to look for submodules.
struct Place<'a> {
    source: &'a str,
    /// The source's own URL, to which those of submodules may be relative.
    url: &'a str,
    options: &'a OpenOptions,
    submodules: bool,
}

impl Place<'_> {
    /// Returns the Git directory of a repository with the submodule's commit. `git_dir` belongs to
    /// the tree around it. Adds the places searched to `looked`.
    fn find(
        &self,
        git_dir: &Path,
        entry: &Entry,
        declared: &Declared,
        looked: &mut Vec<String>,
    ) -> Option<PathBuf> {
        let has = |git_dir: &Path| git_dir.is_dir() && repository::has_commit(git_dir, &entry.id);
        if bad_component(&declared.name).is_none() {
            let own = git_dir.join("modules").join(&declared.name);
            if has(&own) {
                return Some(own);
            }
            looked.push(own.display().to_string());
        }
        let Some(sources) = self.options.sources.as_deref() else {
            return self.cloned(entry, declared, looked);
        };
        let beside = (format!("{}.submodules", self.source), entry.path.as_str());
        let other = declared.url.as_deref().and_then(last_part);
        let other = other.map(|name| (String::new(), name));
        for (directory, name) in [Some(beside), other].into_iter().flatten() {
            let directory = sources.join(directory);
            let git_dir = repository::git_below(&directory, name);
            if let Some(found) = git_dir.filter(|git_dir| has(git_dir)) {
                return Some(found);
            }
            looked.push(directory.join(name).display().to_string());
        }
        None
    }

    /// Returns a clone of the submodule's URL in the cache.
    fn cloned(
        &self,
        entry: &Entry,
        declared: &Declared,
        looked: &mut Vec<String>,
    ) -> Option<PathBuf> {
        let url = absolute(self.url, declared.url.as_deref()?)?;
        // Two repositories of one name must not share a clone.
        let digest: [u8; 32] = Sha256::digest(&url).into();
        let digest = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
        let name = last_part(&url)?.to_ascii_lowercase().replace('_', "-");
        let name = format!("submodule-{name}-{digest:08x}");
        let rev = Some(entry.id.as_str());
        let cached = repository::cached(&name, &url, rev, self.options, &Progress::new());
        match cached {
            Ok(git_dir) if repository::has_commit(&git_dir, &entry.id) => Some(git_dir),
            Ok(_) => {
                looked.push(url);
                None
            }
            Err(problem) => {
                looked.push(problem.cause);
                None
            }
        }
    }
}

/// Resolves a submodule's URL, which may be relative to that of the repository around it
/// (gitmodules(5)). A local URL is accepted only from a repository that is itself local.
fn absolute(base: &str, url: &str) -> Option<String> {
    if !url.starts_with("./") && !url.starts_with("../") {
        let is_local = url.starts_with("file://") && !base.starts_with("file://");
        return (!is_local).then(|| url.to_owned());
    }
    let mut base = base.trim_end_matches('/');
    let mut rest = url;
    loop {
        if let Some(after) = rest.strip_prefix("./") {
            rest = after;
        } else if let Some(after) = rest.strip_prefix("../") {
            base = base
                .rsplit_once('/')
                .filter(|(above, _)| !above.ends_with('/'))?
                .0;
            rest = after;
        } else {
            return Some(format!("{base}/{rest}"));
        }
    }
}

/// Returns the last part of a URL, without `.git`.
pub fn last_part(url: &str) -> Option<&str> {
    let part = url.trim_end_matches('/').rsplit(['/', ':']).next()?;
    let part = part.strip_suffix(".git").unwrap_or(part);
    bad_component(part).is_none().then_some(part)
}

/// A submodule's entry in `.gitmodules` (gitmodules(5)).
#[derive(Debug, Default, Clone)]
struct Declared {
    name: String,
    url: Option<String>,
}

/// Returns the submodules that a commit declares, by path. Git itself parses the file, which has
/// the syntax of Git's configuration.
fn declared(
    source: &str,
    git_dir: &Path,
    rev: &str,
) -> Result<BTreeMap<String, Declared>, Problem> {
    let blob = format!("{rev}:.gitmodules");
    let there = git::contents(source, git_dir, &[&blob])?;
    if there.iter().all(Option::is_none) {
        return Ok(BTreeMap::new());
    }
    let listing = git::run(
        source,
        git_dir,
        &["config", "--blob", &blob, "-z", "--list"],
    )?;
    let mut paths: BTreeMap<String, String> = BTreeMap::new();
    let mut urls: BTreeMap<String, String> = BTreeMap::new();
    for line in listing.split(|&b| b == 0) {
        let line = String::from_utf8_lossy(line);
        let Some((key, value)) = line.split_once('\n') else {
            continue;
        };
        let name_and_key = key.strip_prefix("submodule.");
        match name_and_key.and_then(|rest| rest.rsplit_once('.')) {
            Some((name, "path")) => drop(paths.insert(name.to_owned(), value.to_owned())),
            Some((name, "url")) => drop(urls.insert(name.to_owned(), value.to_owned())),
            _ => {}
        }
    }
    let declared = paths.into_iter().map(|(name, path)| {
        let url = urls.get(&name).cloned();
        (path, Declared { name, url })
    });
    Ok(declared.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_url_is_taken_from_that_of_the_repository_around() {
        let base = "git://hive.example/git/ui/comb.git";
        for (base, url, expected) in [
            (base, "../wax", Some("git://hive.example/git/ui/wax")),
            (base, "../../wax", Some("git://hive.example/git/wax")),
            (
                base,
                "./wax",
                Some("git://hive.example/git/ui/comb.git/wax"),
            ),
            (base, "../../../../../wax", None),
            (base, "https://a.example/b", Some("https://a.example/b")),
            (base, "file:///etc", None),
            (
                "file:///srv/comb",
                "file:///srv/wax",
                Some("file:///srv/wax"),
            ),
        ] {
            assert_eq!(absolute(base, url).as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn a_urls_last_part_names_the_repository() {
        for (url, name) in [
            ("https://hive.example/vm/comb.git", Some("comb")),
            ("../pve-manager", Some("pve-manager")),
            ("git@hive.example:comb.git/", Some("comb")),
            ("https://hive.example/..", None),
            ("", None),
        ] {
            assert_eq!(last_part(url), name, "{url}");
        }
    }
}
