//! Lists the nodes of an output in a fixed order.

use std::collections::BTreeSet;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use rustix::fs::OFlags;
use walkdir::WalkDir;

/// The file in which a link lists its gaps.
const LACKS: &str = "nix-support/pve-lacks";

/// The most bytes of that list to read.
const LIST: u64 = 1 << 20;

/// An output.
#[derive(Debug, Clone)]
pub(super) struct Root {
    /// Its path without links.
    pub path: PathBuf,
    /// Its name in reports.
    pub shown: String,
    /// The gaps of a link, from its `nix-support/pve-lacks`.
    pub lacks: BTreeSet<String>,
}

impl Root {
    /// Opens the output at `path`.
    pub fn new(path: PathBuf, shown: String) -> Self {
        let mut text = String::new();
        let read =
            open(&path.join(LACKS)).and_then(|(file, _)| file.take(LIST).read_to_string(&mut text));
        if read.is_err() {
            text.clear();
        }
        Self {
            path,
            shown,
            lacks: text
                .lines()
                .filter_map(|line| line.split('\t').next())
                .map(str::to_owned)
                .collect(),
        }
    }

    /// Whether `mkPveObject` made it, judged by the name.
    pub fn is_object(&self) -> bool {
        let name = self.path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.contains("-object-"))
    }

    /// Returns a node's name in reports.
    pub fn place(&self, relative: &str) -> String {
        if relative.is_empty() {
            self.shown.clone()
        } else {
            format!("{}/{relative}", self.shown)
        }
    }
}

/// The type of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nature {
    /// A regular file.
    File,
    /// A symbolic link.
    Link,
    /// A socket, a pipe, a device.
    Odd(&'static str),
}

/// One node of an output.
#[derive(Debug)]
pub(super) struct Node {
    /// The path relative to the output, `/`-separated and lossily decoded, for rules and reports.
    pub relative: String,
    /// Its path.
    pub path: PathBuf,
    /// Its type, or the error that hides it.
    pub nature: io::Result<Nature>,
}

/// Returns the nodes below a root, except directories, sorted by name. A directory that cannot be
/// read is one node with the error.
pub(super) fn nodes(root: &Root) -> impl Iterator<Item = Node> + '_ {
    let walk = WalkDir::new(&root.path)
        .follow_links(false)
        .sort_by_file_name();
    walk.into_iter().filter_map(|entry| {
        let node = match entry {
            Ok(entry) if entry.file_type().is_dir() => return None,
            Ok(entry) => Node {
                relative: relative(root, entry.path()),
                nature: Ok(nature(entry.file_type())),
                path: entry.into_path(),
            },
            Err(error) => {
                let path = error.path().unwrap_or(&root.path).to_path_buf();
                Node {
                    relative: relative(root, &path),
                    path,
                    nature: Err(error.into()),
                }
            }
        };
        Some(node)
    })
}

fn relative(root: &Root, path: &std::path::Path) -> String {
    let below = path.strip_prefix(&root.path).unwrap_or(path);
    below.to_string_lossy().into_owned()
}

fn nature(kind: std::fs::FileType) -> Nature {
    use std::os::unix::fs::FileTypeExt as _;
    if kind.is_file() {
        Nature::File
    } else if kind.is_symlink() {
        Nature::Link
    } else if kind.is_socket() {
        Nature::Odd("a socket")
    } else if kind.is_fifo() {
        Nature::Odd("a pipe")
    } else {
        Nature::Odd("a device node")
    }
}

/// Opens a regular file for reading, but nothing that has replaced it since it was listed. A pipe
/// would never end.
pub(super) fn open(path: &std::path::Path) -> io::Result<(File, Metadata)> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path)?;
    let meta = file.metadata()?;
    if meta.is_file() {
        Ok((file, meta))
    } else {
        Err(io::Error::other("it is no longer a regular file"))
    }
}
