//! The machine whose store is read: this one, or one in another root, as `nix build --store /tmp/other` makes it (Nix manual,
//! "Local Store": its `root` setting). Outputs name their files as they are on their own machine: links that lead to
//! `/nix/store/…` lead into that root.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use store::place::Store;

/// A machine's file system.
#[derive(Debug, Clone)]
pub struct Machine {
    /// Its store; `None`: this machine's own.
    store: Option<Store>,
}

impl Machine {
    /// This machine.
    pub fn this() -> Self {
        Self { store: None }
    }

    /// The machine whose store lies in a directory of this one.
    pub fn of(directory: &Path) -> Self {
        // What is asked for is the store of a path in it.
        let (store, _) = Store::of(&directory.join("-"));
        Self { store: Some(store) }
    }

    /// Where on this machine a path leads to, given by where it is there or here.
    ///
    /// # Errors
    /// It leads nowhere.
    fn leads(&self, path: &Path) -> io::Result<PathBuf> {
        let Some(store) = &self.store else {
            return Ok(path.to_path_buf());
        };
        let below = path.strip_prefix(&store.physical);
        let there = below.map_or_else(|_| path.to_path_buf(), |below| store.logical.join(below));
        let found = store.resolve_lies(&there);
        found.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Whether a link leads to something.
    ///
    /// # Errors
    /// Why it cannot be followed.
    pub fn follow(&self, link: &Path) -> io::Result<()> {
        self.leads(link)?.metadata().map(drop)
    }

    /// Whether what a path leads to, over all links, lies in the store whose directory outputs name so.
    pub fn ends_in_store(&self, path: &Path, prefix: &str) -> bool {
        let directory = match &self.store {
            Some(store) => store.physical.clone(),
            None => PathBuf::from(prefix),
        };
        let found = self.leads(path).and_then(|found| found.canonicalize());
        match (found, directory.canonicalize()) {
            (Ok(found), Ok(directory)) => found.starts_with(directory),
            _ => false,
        }
    }

    /// Whether something has this name, be it a link that leads nowhere.
    pub fn has(&self, path: &Path) -> bool {
        let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
            return self.is_directory(path);
        };
        let directory = self.leads(directory);
        directory.is_ok_and(|directory| directory.join(name).symlink_metadata().is_ok())
    }

    /// Whether a directory is there, or a link to one.
    pub fn is_directory(&self, path: &Path) -> bool {
        self.leads(path).is_ok_and(|path| path.is_dir())
    }

    /// Opens a regular file for reading, or what a link leads to.
    ///
    /// # Errors
    /// Nothing is there, or something else is.
    pub fn read(&self, path: &Path) -> io::Result<File> {
        let (file, _) = super::walk::open(&self.leads(path)?.canonicalize()?)?;
        Ok(file)
    }

    /// The names in a directory; none of what cannot be read.
    pub fn names(&self, directory: &Path) -> Vec<String> {
        let entries = self.leads(directory).and_then(std::fs::read_dir);
        let entries = entries.into_iter().flatten().flatten();
        entries
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect()
    }
}
