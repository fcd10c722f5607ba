//! Trees in plain directories: the demo, an unpacked source.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use sha2::{Digest, Sha256};
use walkdir::{DirEntry, WalkDir};

use super::{Entry, Mode, Tree, git};
use problem::Problem;

/// The files of a plain directory. Symbolic links are entries and are never followed; `.git` is
/// left out.
///
/// Git's only empty directories are those of submodules that were not fetched, so an empty
/// directory counts as one here.
pub struct DirTree {
    source: String,
    root: PathBuf,
    entries: Vec<Entry>,
}

impl DirTree {
    /// Lists and hashes every file below `root`. Problems name `source`. A path named in
    /// `.gitmodules` is a submodule, empty or not, as in Git's objects.
    ///
    /// # Errors
    /// `PNX-201` if `root` is not a directory; `PNX-209` for unreadable files, names that are not
    /// UTF-8, and files that are neither regular nor symbolic links.
    pub fn open(source: &str, root: &Path) -> Result<Self, Problem> {
        let declared = fs::read(root.join(".gitmodules")).unwrap_or_default();
        let declared = submodules(&String::from_utf8_lossy(&declared));
        let paths = declared.into_keys().map(PathBuf::from);
        Self::list(source, root, &paths.collect())
    }

    /// As [`DirTree::open`], including the files in submodules.
    ///
    /// # Errors
    /// As [`DirTree::open`].
    pub fn open_whole(source: &str, root: &Path) -> Result<Self, Problem> {
        Self::list(source, root, &BTreeSet::new())
    }

    fn list(source: &str, root: &Path, submodules: &BTreeSet<PathBuf>) -> Result<Self, Problem> {
        if !root.is_dir() {
            let cause = format!("{} is not a directory", root.display());
            return Err(Problem::new(&problem::MISSING_SOURCE, cause).in_source(source));
        }
        let mut files = Vec::new();
        let mut empty = Vec::new();
        // The root itself may be a link (a farm of links to sources), and is followed. Links inside
        // are not.
        let mut walk = WalkDir::new(root)
            .follow_links(false)
            .follow_root_links(true)
            .sort_by_file_name()
            .into_iter();
        while let Some(entry) = walk.next() {
            let entry = entry.map_err(|error| {
                let path = error.path().unwrap_or(root).display().to_string();
                unreadable(source, &path, &error.to_string())
            })?;
            if entry.depth() == 0 {
                continue;
            }
            let is_directory = entry.file_type().is_dir();
            let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
            if entry.file_name() == ".git" {
                if is_directory {
                    walk.skip_current_dir();
                }
            } else if !is_directory {
                files.push(entry);
            } else if submodules.contains(relative) || is_empty(entry.path()) {
                empty.push(submodule(source, relative)?);
                walk.skip_current_dir();
            }
        }
        let mut entries = files
            .par_iter()
            .map(|file| describe(source, root, file))
            .collect::<Result<Vec<_>, Problem>>()?;
        entries.extend(empty);
        entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        git::check_paths(&entries)
            .map_err(|cause| Problem::new(&problem::BAD_TREE, cause).in_source(source))?;
        Ok(Self {
            source: source.to_owned(),
            root: root.to_owned(),
            entries,
        })
    }
}

impl Tree for DirTree {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn read(&self, wanted: &[&Entry]) -> Result<Vec<Vec<u8>>, Problem> {
        let read = |entry: &&Entry| {
            content(&self.root.join(&entry.path), entry.mode).map_err(|error| {
                Problem::new(&problem::MISSING_BLOB, error.to_string())
                    .in_source(&*self.source)
                    .at(&*entry.path, None)
            })
        };
        wanted.iter().map(read).collect()
    }
}

/// Returns the paths in a `.gitmodules`, with their URLs (gitmodules(5)). Lines in other forms are
/// ignored.
pub fn submodules(text: &str) -> BTreeMap<String, Option<String>> {
    let mut all: Vec<[Option<String>; 2]> = Vec::new();
    let mut within = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            within = line.starts_with("[submodule ");
            all.push([None, None]);
        } else if let Some((key, value)) = line.split_once('=')
            && let Some([path, url]) = all.last_mut()
            && within
        {
            let value = value.trim().trim_matches('"').to_owned();
            match key.trim().to_ascii_lowercase().as_str() {
                "path" => *path = Some(value),
                "url" => *url = Some(value),
                _ => {}
            }
        }
    }
    let named = all.into_iter().filter_map(|[path, url]| Some((path?, url)));
    named.collect()
}

/// Whether a directory is empty.
fn is_empty(directory: &Path) -> bool {
    fs::read_dir(directory).is_ok_and(|mut names| names.next().is_none())
}

fn submodule(source: &str, path: &Path) -> Result<Entry, Problem> {
    Ok(Entry {
        path: utf8(source, path)?,
        mode: Mode::Submodule,
        size: 0,
        id: String::new(),
    })
}

fn utf8(source: &str, path: &Path) -> Result<String, Problem> {
    let shown = || path.display().to_string();
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| unreadable(source, &shown(), "the name is not UTF-8"))
}

fn describe(source: &str, root: &Path, file: &DirEntry) -> Result<Entry, Problem> {
    let relative = file.path().strip_prefix(root).unwrap_or(file.path());
    let path = &utf8(source, relative)?;
    let failed = |error: io::Error| unreadable(source, path, &error.to_string());
    let kind = file.file_type();
    let mode = if kind.is_symlink() {
        Mode::Symlink
    } else if !kind.is_file() {
        return Err(unreadable(
            source,
            path,
            "it is neither a regular file nor a symbolic link",
        ));
    } else if is_executable(&file.metadata().map_err(|error| failed(error.into()))?) {
        Mode::Executable
    } else {
        Mode::File
    };
    if mode == Mode::Symlink && leads_in_a_circle(file.path()) {
        return Err(unreadable(
            source,
            path,
            "the symbolic link leads in a circle",
        ));
    }
    let bytes = content(file.path(), mode).map_err(failed)?;
    Ok(Entry {
        path: path.clone(),
        mode,
        size: bytes.len() as u64,
        id: id(&bytes),
    })
}

/// Whether the system gives up on the link as a circle. A dangling link is not one.
fn leads_in_a_circle(link: &Path) -> bool {
    let circle = rustix::io::Errno::LOOP.raw_os_error();
    fs::metadata(link).is_err_and(|error| error.raw_os_error() == Some(circle))
}

/// Returns a file's bytes, or a link's target.
fn content(path: &Path, mode: Mode) -> io::Result<Vec<u8>> {
    match mode {
        Mode::Symlink => Ok(fs::read_link(path)?.into_os_string().into_encoded_bytes()),
        // The file may have become a link since, whose target would be outside of the tree.
        _ if fs::symlink_metadata(path)?.is_file() => fs::read(path),
        _ => Err(io::Error::other("it is no longer a regular file")),
    }
}

/// Whether the owner may execute the file, which is how Git and Nix see it.
#[cfg(unix)]
fn is_executable(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &fs::Metadata) -> bool {
    false
}

/// The prefix that distinguishes an entry's `id` from Git's object names.
pub(super) const ID_PREFIX: &str = "s:";

/// Returns an id as long as Git's object names, with a prefix to distinguish it.
fn id(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut id = String::with_capacity(42);
    id.push_str(ID_PREFIX);
    for byte in Sha256::digest(bytes).iter().take(20) {
        let _ = write!(id, "{byte:02x}");
    }
    id
}

fn unreadable(source: &str, path: &str, cause: &str) -> Problem {
    Problem::new(&problem::BAD_TREE, cause)
        .in_source(source)
        .at(path, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(tree: &DirTree) -> Vec<(&str, Mode)> {
        let entries = tree.entries().iter();
        entries
            .map(|entry| (entry.path.as_str(), entry.mode))
            .collect()
    }

    #[test]
    fn submodules_are_told_as_git_tells_them() {
        let root = tempfile::tempdir().unwrap();
        let modules =
            "[submodule \"lib/comb\"]\n\tpath = lib/comb\n\turl = ../comb\n[x]\npath = lib\n";
        fs::write(root.path().join(".gitmodules"), modules).unwrap();
        fs::create_dir_all(root.path().join("lib/comb")).unwrap();
        let empty = DirTree::open("x", root.path()).unwrap();
        let expected = [(".gitmodules", Mode::File), ("lib/comb", Mode::Submodule)];
        assert_eq!(listed(&empty), expected);
        fs::write(root.path().join("lib/comb/wax.c"), "int wax;\n").unwrap();
        fs::write(root.path().join("lib/comb/.git"), "gitdir: x\n").unwrap();
        assert_eq!(listed(&DirTree::open("x", root.path()).unwrap()), expected);
        let whole = DirTree::open_whole("x", root.path()).unwrap();
        let expected = [(".gitmodules", Mode::File), ("lib/comb/wax.c", Mode::File)];
        assert_eq!(listed(&whole), expected);
    }
}
