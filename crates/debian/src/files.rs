//! Selects the files of a tree that this crate needs, and reads them all at once.

use std::borrow::Cow;
use std::collections::HashMap;

use globset::GlobBuilder;

use super::{make, role, stray_link, tree_path, units};
use problem::Problem;
use release::{Entry, Mode, Tree};

/// The size limit for packaging. Some `debian/` directories also contain firmware images and logos.
const MAX_SIZE: u64 = 4 * 1024 * 1024;
/// The size limit for configuration outside of `debian/`.
const MAX_CONFIGURATION: u64 = 64 * 1024;
/// The longest chain of symbolic links to follow.
const MAX_LINKS: usize = 8;

/// Joins `root`, which may be `""`, and `path`.
pub(super) fn under(root: &str, path: &str) -> String {
    if root.is_empty() {
        path.to_owned()
    } else {
        format!("{root}/{path}")
    }
}

/// The directories of a tree with a `debian/` and a control file in it, sorted.
pub(super) struct Roots(Vec<String>);

impl Roots {
    pub(super) fn of(tree: &dyn Tree) -> Self {
        let controls = tree.entries().iter().filter_map(|entry| {
            let directory = entry
                .path
                .strip_suffix("/control")
                .or_else(|| entry.path.strip_suffix("/control.in"))?;
            let root = if directory == "debian" {
                ""
            } else {
                directory.strip_suffix("/debian")?
            };
            (entry.mode != Mode::Submodule && !is_aside(root)).then(|| root.to_owned())
        });
        let mut roots: Vec<String> = controls.collect();
        roots.sort_unstable();
        roots.dedup();
        Self(roots)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether `path` belongs to `root` and to none of the roots below it.
    fn owns(&self, root: &str, path: &str) -> bool {
        let nested = |other: &&str| *other != root && tree_path::below(root, other).is_some();
        tree_path::below(root, path).is_some()
            && !self
                .iter()
                .filter(nested)
                .any(|other| tree_path::below(other, path).is_some())
    }
}

/// Whether a path is a test's or an example's, which packages do not install as is.
fn is_aside(path: &str) -> bool {
    layout::is_test(path) || layout::is_example(path)
}

/// Whether a file may affect the installation.
fn is_wanted(entry: &Entry) -> bool {
    let path = entry.path.as_str();
    if entry.mode == Mode::Submodule {
        return false;
    }
    let name = tree_path::file_name(path);
    let directory = tree_path::parent(path);
    let in_debian = directory == "debian" || directory.ends_with("/debian");
    let is_packaging = in_debian
        && (matches!(
            name,
            "control" | "control.in" | "changelog" | "copyright" | "rules" | "compat"
        ) || role::has_role(name));
    if is_packaging || path.starts_with("debian/patches/") || path.contains("/debian/patches/") {
        return entry.size <= MAX_SIZE;
    }
    let is_makefile =
        matches!(name, "Makefile" | "makefile" | "GNUmakefile") || has_extension(name, "mk");
    let is_configuration = has_extension(name, "conf")
        || ["rules", "logrotate", "link"]
            .iter()
            .any(|extension| has_extension(name, extension))
        || units::unit_name(name).is_some();
    (is_makefile || is_configuration)
        && entry.size <= MAX_CONFIGURATION
        && !is_aside(tree_path::parent(path))
}

fn has_extension(name: &str, extension: &str) -> bool {
    let name = name.strip_suffix(".in").unwrap_or(name);
    name.rsplit_once('.')
        .is_some_and(|(_, found)| found == extension)
}

/// A file that was read.
struct Content {
    path: String,
    bytes: Vec<u8>,
    /// The bytes as text with replacement characters, if they are not valid UTF-8.
    lossy: Option<String>,
}

impl Content {
    fn text(&self) -> &str {
        self.lossy
            .as_deref()
            .or_else(|| std::str::from_utf8(&self.bytes).ok())
            .unwrap_or_default()
    }
}

/// The files of a tree, and the contents of the relevant ones.
pub(super) struct Contents {
    /// Every path of the tree, sorted.
    paths: Vec<String>,
    /// Sorted by path.
    files: Vec<Content>,
    index: HashMap<String, usize>,
    /// Problems with symbolic links.
    stray: Vec<Problem>,
}

impl Contents {
    /// Reads all relevant files at once, and follows symbolic links among them within the tree.
    pub(super) fn read(tree: &dyn Tree, roots: &Roots) -> Result<Self, Problem> {
        let entries = tree.entries();
        let in_roots = |entry: &&Entry| {
            roots
                .iter()
                .any(|root| tree_path::below(root, &entry.path).is_some())
        };
        let wanted: Vec<&Entry> = entries
            .iter()
            .filter(in_roots)
            .filter(|entry| is_wanted(entry))
            .collect();
        let bytes = tree.read(&wanted)?;
        let mut read = Self {
            paths: entries.iter().map(|entry| entry.path.clone()).collect(),
            files: Vec::with_capacity(wanted.len()),
            index: HashMap::with_capacity(wanted.len()),
            stray: Vec::new(),
        };
        let mut links = HashMap::new();
        for (entry, bytes) in wanted.iter().zip(bytes) {
            if entry.mode == Mode::Symlink {
                links.insert(
                    entry.path.clone(),
                    String::from_utf8_lossy(&bytes).into_owned(),
                );
            } else {
                read.add(entry.path.clone(), bytes);
            }
        }
        read.targets(tree, &links)?;
        read.follow(&links);
        Ok(read)
    }

    fn add(&mut self, path: String, bytes: Vec<u8>) {
        let lossy = match String::from_utf8_lossy(&bytes) {
            Cow::Borrowed(_) => None,
            Cow::Owned(text) => Some(text),
        };
        self.index.insert(path.clone(), self.files.len());
        self.files.push(Content { path, bytes, lossy });
    }

    /// Reads the targets of symbolic links that were not read already. Hardly any source has one.
    fn targets(&mut self, tree: &dyn Tree, links: &HashMap<String, String>) -> Result<(), Problem> {
        let targets: Vec<String> = links
            .iter()
            .filter_map(|(path, target)| tree_path::beside(tree_path::parent(path), target))
            .collect();
        let missing = |entry: &&Entry| {
            let plain =
                matches!(entry.mode, Mode::File | Mode::Executable) && entry.size <= MAX_SIZE;
            plain && targets.contains(&entry.path) && !self.index.contains_key(&entry.path)
        };
        let wanted: Vec<&Entry> = if targets.is_empty() {
            Vec::new()
        } else {
            tree.entries().iter().filter(missing).collect()
        };
        if !wanted.is_empty() {
            for (entry, bytes) in wanted.iter().zip(tree.read(&wanted)?) {
                self.add(entry.path.clone(), bytes);
            }
        }
        Ok(())
    }

    /// Gives each symbolic link among packaging files the content of its target.
    fn follow(&mut self, links: &HashMap<String, String>) {
        let mut sorted: Vec<(&String, &String)> = links.iter().collect();
        sorted.sort_unstable();
        for (path, target) in sorted {
            let mut at = path.clone();
            for _ in 0..MAX_LINKS {
                match links
                    .get(&at)
                    .and_then(|target| tree_path::beside(tree_path::parent(&at), target))
                {
                    Some(next) => at = next,
                    None => break,
                }
            }
            if links.contains_key(&at) {
                self.stray.push(stray_link(path, target));
            } else if let Some(found) = self.index.get(&at).and_then(|index| self.files.get(*index))
            {
                let bytes = found.bytes.clone();
                self.add(path.clone(), bytes);
            }
        }
    }

    /// Returns the problems of links that leave the tree or lead in circles.
    pub(super) fn problems(&self) -> Vec<Problem> {
        self.stray.clone()
    }

    /// Returns a file's path and text.
    pub(super) fn get(&self, path: &str) -> Option<(&str, &str)> {
        let content = self.files.get(*self.index.get(path)?)?;
        Some((content.path.as_str(), content.text()))
    }

    /// Returns a file's bytes.
    pub(super) fn bytes(&self, path: &str) -> Option<&[u8]> {
        Some(&self.files.get(*self.index.get(path)?)?.bytes)
    }

    /// Whether the tree contains a file of that path, or files below it.
    pub(super) fn exists(&self, path: &str) -> bool {
        if path.is_empty() {
            return true;
        }
        let from = self.paths.partition_point(|entry| entry.as_str() < path);
        let is_file = self.paths.get(from).is_some_and(|entry| entry == path);
        // `x-y` sorts between `x` and `x/z`.
        let prefix = format!("{path}/");
        let from = self
            .paths
            .partition_point(|entry| entry.as_str() < prefix.as_str());
        is_file
            || self
                .paths
                .get(from)
                .is_some_and(|entry| entry.starts_with(&prefix))
    }

    /// As [`Contents::exists`], for a glob.
    pub(super) fn matches(&self, glob: &str) -> bool {
        if !glob.contains(['*', '?', '[', '{']) {
            return self.exists(glob);
        }
        let Ok(glob) = GlobBuilder::new(glob).literal_separator(true).build() else {
            return false;
        };
        let matcher = glob.compile_matcher();
        self.paths.iter().any(|path| matcher.is_match(path))
    }

    /// Returns the files directly in a root's `debian/`: name, path, text.
    pub(super) fn in_debian(&self, root: &str) -> Vec<(&str, &str, &str)> {
        let directory = under(root, "debian");
        let direct = |content: &Content| {
            let name = tree_path::below(&directory, &content.path)?;
            (!name.contains('/')).then_some(())
        };
        let mut files: Vec<(&str, &str, &str)> = self
            .files
            .iter()
            .filter(|content| direct(content).is_some())
            .map(|content| {
                (
                    tree_path::file_name(&content.path),
                    content.path.as_str(),
                    content.text(),
                )
            })
            .collect();
        files.sort_unstable_by_key(|(name, ..)| *name);
        files
    }

    /// Returns the Makefiles of a root.
    pub(super) fn makefiles(&self, root: &str, roots: &Roots) -> Vec<make::File<'_>> {
        let is_makefile = |path: &str| {
            let name = tree_path::file_name(path);
            !path.contains("debian/") && (name.ends_with("akefile") || has_extension(name, "mk"))
        };
        let mut files: Vec<make::File> = self
            .files
            .iter()
            .filter(|content| roots.owns(root, &content.path) && is_makefile(&content.path))
            .map(|content| make::File {
                path: &content.path,
                text: content.text(),
            })
            .collect();
        files.sort_unstable_by_key(|file| file.path);
        files
    }

    /// Returns the unit files of a root, with their text.
    pub(super) fn units(&self, root: &str, roots: &Roots) -> Vec<(&str, &str)> {
        let is_unit = |path: &str| roots.owns(root, path) && units::unit_name(path).is_some();
        let files = self.files.iter().filter(|content| is_unit(&content.path));
        let mut files: Vec<(&str, &str)> = files
            .map(|content| (content.path.as_str(), content.text()))
            .collect();
        files.sort_unstable_by_key(|(path, _)| *path);
        files
    }
}
