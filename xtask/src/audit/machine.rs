//! The machine whose store is read: this one, or one in another root, as `nix build --store /tmp/other` makes it (Nix manual,
//! "Local Store": its `root` setting). Outputs name their files as they are on their own machine: links that lead to
//! `/nix/store/…` lead into that root.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Dir, FileType, Mode, OFlags, ResolveFlags, fstat, open, openat2};

/// A machine's file system.
#[derive(Debug, Clone)]
pub struct Machine {
    /// The root, with no link on the way; `None`: this machine's own.
    root: Option<PathBuf>,
}

impl Machine {
    /// This machine.
    pub fn this() -> Self {
        Self { root: None }
    }

    /// The machine whose root lies at `root`.
    pub fn at(root: &Path) -> Self {
        Self {
            root: Some(root.to_path_buf()),
        }
    }

    /// Opens a file of the machine, given by where it is there or here; links on the way are followed as the machine would.
    ///
    /// # Errors
    /// What the kernel says: nothing is there, links run in a circle, no right to look.
    fn open(&self, path: &Path, flags: OFlags) -> io::Result<File> {
        // A pipe would never be opened. `openat2` refuses what means nothing beside `PATH`.
        let more = if flags.contains(OFlags::PATH) {
            OFlags::CLOEXEC
        } else {
            OFlags::CLOEXEC | OFlags::NONBLOCK
        };
        let flags = flags | more;
        let Some(root) = &self.root else {
            return Ok(File::from(open(path, flags, Mode::empty())?));
        };
        let directory = open(root, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
        let below = path.strip_prefix(root).or_else(|_| path.strip_prefix("/"));
        let below = below.unwrap_or(path);
        let file = openat2(
            directory,
            below,
            flags,
            Mode::empty(),
            ResolveFlags::IN_ROOT,
        )?;
        Ok(File::from(file))
    }

    /// Whether a link leads to something.
    ///
    /// # Errors
    /// Why it cannot be followed.
    pub fn follow(&self, link: &Path) -> io::Result<()> {
        self.open(link, OFlags::PATH).map(drop)
    }

    /// Whether something has this name, be it a link that leads nowhere.
    pub fn has(&self, path: &Path) -> bool {
        self.open(path, OFlags::PATH | OFlags::NOFOLLOW).is_ok()
    }

    /// Whether a directory is there, or a link to one.
    pub fn is_directory(&self, path: &Path) -> bool {
        self.open(path, OFlags::PATH | OFlags::DIRECTORY).is_ok()
    }

    /// Opens a regular file for reading, or what a link leads to.
    ///
    /// # Errors
    /// Nothing is there, or something else is.
    pub fn read(&self, path: &Path) -> io::Result<File> {
        let file = self.open(path, OFlags::RDONLY)?;
        match FileType::from_raw_mode(fstat(&file)?.st_mode) {
            FileType::RegularFile => Ok(file),
            _ => Err(io::Error::other("it is no regular file")),
        }
    }

    /// The names in a directory; none of what cannot be read.
    pub fn names(&self, directory: &Path) -> Vec<String> {
        let opened = self.open(directory, OFlags::RDONLY | OFlags::DIRECTORY);
        let Ok(entries) = opened.and_then(|file| Ok(Dir::new(file)?)) else {
            return Vec::new();
        };
        let names = entries
            .flatten()
            .map(|entry| OsString::from_vec(entry.file_name().to_bytes().to_vec()));
        names
            .map(|name| name.to_string_lossy().into_owned())
            .filter(|name| name != "." && name != "..")
            .collect()
    }
}
