//! The machine whose store is audited: this one, or one in another root, such as `nix build --store
//! /tmp/other` makes (Nix manual, "Local Store": its `root` setting). Outputs name files by their
//! paths on their own machine, so links to `/nix/store/…` lead into that root.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use store::place::Store;

/// A machine's file system.
#[derive(Debug, Clone)]
pub struct Machine {
    /// Its store; `None` for this machine's own.
    store: Option<Store>,
}

impl Machine {
    /// This machine.
    pub fn this() -> Self {
        Self { store: None }
    }

    /// Returns the machine whose store lies in a directory of this one.
    pub fn of(directory: &Path) -> Self {
        // Look up the store of a path in it.
        let (store, _) = Store::of(&directory.join("-"));
        Self { store: Some(store) }
    }

    /// Returns the place on this machine to which a path leads. The path may be that machine's or
    /// this one's.
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

    /// Follows a link.
    ///
    /// # Errors
    /// The reason why the link cannot be followed.
    pub fn follow(&self, link: &Path) -> io::Result<()> {
        self.leads(link)?.metadata().map(drop)
    }

    /// Whether a path ends, after all links, in the store whose directory outputs call `prefix`.
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

    /// Whether a file of this name exists, dangling links included.
    pub fn has(&self, path: &Path) -> bool {
        let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
            return self.is_directory(path);
        };
        let directory = self.leads(directory);
        directory.is_ok_and(|directory| directory.join(name).symlink_metadata().is_ok())
    }

    /// Whether the path is a directory, or a link to one.
    pub fn is_directory(&self, path: &Path) -> bool {
        self.leads(path).is_ok_and(|path| path.is_dir())
    }

    /// Opens a regular file, or a link's target, for reading.
    ///
    /// # Errors
    /// It does not exist or is not a regular file.
    pub fn read(&self, path: &Path) -> io::Result<File> {
        let (file, _) = super::walk::open(&self.leads(path)?.canonicalize()?)?;
        Ok(file)
    }

    /// Returns the names in a directory, or none if it cannot be read.
    pub fn names(&self, directory: &Path) -> Vec<String> {
        let entries = self.leads(directory).and_then(std::fs::read_dir);
        let entries = entries.into_iter().flatten().flatten();
        entries
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect()
    }
}
