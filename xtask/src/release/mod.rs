//! Pinned sources: manifests, Git histories, trees read from Git objects or plain directories.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::problem::Problem;

/// A release: a named set of pins, `releases/NAME.toml`.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// `pve-9.1.4`, the file's stem; not written in the file.
    #[serde(skip)]
    pub name: String,
    /// The source whose version names the release, with that version; `None` for the demo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The pins by source name (the repository's name).
    #[serde(rename = "source", default)]
    pub sources: BTreeMap<String, Pin>,
}

/// One source at its pin.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
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
    /// The commit's committer date, `YYYY-MM-DD` (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// The version of the newest `debian/changelog` entry; `None` where the repository has none of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Whether the tree holds submodules, which a fetch must bring too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub submodules: bool,
    /// The NAR hash of the tree as `fetchgit` makes it (SRI); `None` where it cannot be computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nar_hash: Option<String>,
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

/// A source's files at its pin, whether they stand in Git objects or in a plain directory.
pub trait Tree: Send + Sync {
    /// Every file, sorted by path.
    fn entries(&self) -> &[Entry];

    /// The contents of `wanted`, in that order.
    fn read(&self, wanted: &[&Entry]) -> Result<Vec<Vec<u8>>, Problem>;
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
