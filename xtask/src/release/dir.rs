//! Trees that stand in plain directories: the demo, an unpacked source.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use sha2::{Digest, Sha256};
use walkdir::{DirEntry, WalkDir};

use super::{Entry, Mode, Tree, git};
use crate::problem::{self, Problem};

/// A plain directory's files. Symbolic links are entries and never followed; `.git` is left out, and so are empty
/// directories, as in Git.
pub struct DirTree {
    source: String,
    root: PathBuf,
    entries: Vec<Entry>,
}

impl DirTree {
    /// Lists and hashes every file below `root`; `source` is the name that problems tell.
    ///
    /// # Errors
    ///
    /// `PNX-201` when `root` is no directory, `PNX-209` for what cannot be read, names that are not UTF-8, and files that
    /// are neither regular nor symbolic links.
    pub fn open(source: &str, root: &Path) -> Result<Self, Problem> {
        if !root.is_dir() {
            let cause = format!("{} is not a directory", root.display());
            return Err(Problem::new(&problem::MISSING_SOURCE, cause).in_source(source));
        }
        let mut files = Vec::new();
        // The link given as the root itself may be followed (a farm of links to sources), those inside may not.
        let walk = WalkDir::new(root)
            .follow_links(false)
            .follow_root_links(true)
            .sort_by_file_name();
        for entry in walk
            .into_iter()
            .filter_entry(|entry| entry.depth() == 0 || entry.file_name() != ".git")
        {
            let entry = entry.map_err(|error| {
                let path = error.path().unwrap_or(root).display().to_string();
                unreadable(source, &path, &error.to_string())
            })?;
            if entry.depth() > 0 && !entry.file_type().is_dir() {
                files.push(entry);
            }
        }
        let mut entries = files
            .par_iter()
            .map(|file| describe(source, root, file))
            .collect::<Result<Vec<_>, Problem>>()?;
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

fn describe(source: &str, root: &Path, file: &DirEntry) -> Result<Entry, Problem> {
    let relative = file.path().strip_prefix(root).unwrap_or(file.path());
    let path = relative.to_str().ok_or_else(|| {
        unreadable(
            source,
            &relative.display().to_string(),
            "the name is not UTF-8",
        )
    })?;
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
        path: path.to_owned(),
        mode,
        size: bytes.len() as u64,
        id: id(&bytes),
    })
}

/// Whether the system gives up following the link. One that leads nowhere is another matter.
fn leads_in_a_circle(link: &Path) -> bool {
    let circle = rustix::io::Errno::LOOP.raw_os_error();
    fs::metadata(link).is_err_and(|error| error.raw_os_error() == Some(circle))
}

/// A file's bytes, a link's target.
fn content(path: &Path, mode: Mode) -> io::Result<Vec<u8>> {
    match mode {
        Mode::Symlink => Ok(fs::read_link(path)?.into_os_string().into_encoded_bytes()),
        // What was a file may have become a link since; the target would be outside the tree.
        _ if fs::symlink_metadata(path)?.is_file() => fs::read(path),
        _ => Err(io::Error::other("it is no longer a regular file")),
    }
}

/// As Git and Nix see it: the owner may execute it.
#[cfg(unix)]
fn is_executable(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &fs::Metadata) -> bool {
    false
}

/// What tells an entry's `id` from Git's object names.
pub(super) const ID_PREFIX: &str = "s:";

/// As long as Git's object names; a prefix tells it apart from them.
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
