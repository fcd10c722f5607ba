//! Computes the NAR hash of a tree, as nixpkgs' `fetchgit` does.
//!
//! `fetchgit` checks the commit out and removes `.git`. A submodule that is not fetched is an empty
//! directory; links and executable bits are kept. The archive's format is described in E. Dolstra,
//! "The Purely Functional Software Deployment Model", figure 5.2, and in the Nix manual ("Nix
//! Archive (NAR) format").

use std::collections::HashMap;
use std::io::{self, Cursor, Read as _};
use std::path::Path;

use base64::Engine as _;
use camino::{Utf8Path, Utf8PathBuf};
use nix_nar::{Encoder, FileSystem, FileSystemMetadata};
use sha2::{Digest, Sha256};

use super::{Entry, Mode, Source, Tree};
use problem::Problem;

/// The longest name or link target on Linux (`PATH_MAX`). Git objects may have longer ones.
const LONGEST_NAME: usize = 4096;

/// The NAR hash of a tree, or the reason why it is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NarHash {
    /// SRI: `sha256-` and base 64.
    Known(String),
    /// A blob is missing in the repository; its path.
    MissingBlob(String),
    /// An attribute changes files on checkout; the path of the `.gitattributes`.
    Converted(String),
}

impl NarHash {
    /// Returns the SRI hash, if known.
    #[must_use]
    pub fn known(self) -> Option<String> {
        match self {
            Self::Known(hash) => Some(hash),
            Self::MissingBlob(_) | Self::Converted(_) => None,
        }
    }
}

/// Hashes `tree` with empty directories for submodules.
///
/// # Errors
/// The error of [`Tree::read`], except for missing blobs.
pub fn hash(tree: &dyn Tree) -> Result<NarHash, Problem> {
    let wanted: Vec<&Entry> = tree
        .entries()
        .iter()
        .filter(|entry| entry.mode != Mode::Submodule)
        .collect();
    let contents = match tree.read(&wanted) {
        Ok(contents) => contents,
        Err(problem) if problem.code.id == problem::MISSING_BLOB.id => {
            return Ok(NarHash::MissingBlob(problem.place.path.unwrap_or_default()));
        }
        Err(problem) => return Err(problem),
    };
    let attributes = |path: &str| path == ".gitattributes" || path.ends_with("/.gitattributes");
    for (entry, content) in wanted.iter().zip(&contents) {
        if attributes(&entry.path) && converts(content) {
            return Ok(NarHash::Converted(entry.path.clone()));
        }
    }
    let mut files = Files::default();
    for (entry, content) in wanted.into_iter().zip(contents) {
        files.add(&entry.path, node(entry, content)?);
    }
    for entry in tree
        .entries()
        .iter()
        .filter(|entry| entry.mode == Mode::Submodule)
    {
        files.add(&entry.path, Node::Directory(Vec::new()));
    }
    let digest = files
        .digest()
        .map_err(|error| Problem::new(&problem::BAD_TREE, format!("no NAR of it: {error}")))?;
    Ok(NarHash::Known(sri(&digest.into())))
}

/// Formats a SHA-256 digest as Subresource Integrity: `sha256-` and base 64.
pub fn sri(digest: &[u8; 32]) -> String {
    let digest = base64::engine::general_purpose::STANDARD.encode(digest);
    format!("sha256-{digest}")
}

/// Parses the format of [`sri`].
pub fn parse_sri(hash: &str) -> Option<[u8; 32]> {
    let digest = hash.strip_prefix("sha256-")?;
    let digest = base64::engine::general_purpose::STANDARD.decode(digest);
    digest.ok()?.try_into().ok()
}

/// Hashes the NAR of a directory on disk, with only one buffer in memory.
///
/// # Errors
/// A read fails.
pub fn hash_of_directory(directory: &Path) -> io::Result<[u8; 32]> {
    let encoder = Encoder::new(directory).map_err(io::Error::other)?;
    digest(encoder).map(Into::into)
}

/// Returns the path of a `.gitattributes` that changes files when `tree` is checked out.
///
/// # Errors
/// The error of [`Tree::read`].
pub(super) fn converted(tree: &dyn Tree) -> Result<Option<String>, Problem> {
    let attributes = |entry: &&Entry| {
        let name = entry.path.rsplit('/').next();
        name == Some(".gitattributes") && entry.mode != Mode::Symlink && !entry.is_absent()
    };
    let attributes: Vec<&Entry> = tree.entries().iter().filter(attributes).collect();
    let contents = tree.read_once(&attributes)?;
    let mut found = attributes.into_iter().zip(contents);
    let found = found.find(|(_, content)| converts(content));
    Ok(found.map(|(entry, _)| entry.path.clone()))
}

/// Checks a source against its pin's hash, if it has one and the tree has no submodules.
///
/// # Errors
/// `PNX-206` if they differ, and the errors of [`hash`].
pub fn check(source: &Source) -> Result<(), Problem> {
    let Some(pinned) = source
        .pin
        .nar_hash
        .as_ref()
        .filter(|_| !source.pin.submodules)
    else {
        return Ok(());
    };
    match hash(source.tree.as_ref())? {
        NarHash::Known(found) if found != *pinned => {
            let cause = format!("the pin has {pinned}, the tree is {found}");
            Err(Problem::new(&problem::HASH_MISMATCH, cause).in_source(&*source.name))
        }
        _ => Ok(()),
    }
}

/// Whether a `.gitattributes` changes files on checkout (gitattributes(5)). `text` and `binary`
/// alone change nothing on Linux, and `export-subst` affects only `git archive`.
fn converts(attributes: &[u8]) -> bool {
    attributes
        .split(|&b| b == b'\n')
        .filter(|line| !line.trim_ascii_start().starts_with(b"#"))
        .any(|line| {
            line.split(u8::is_ascii_whitespace)
                .skip(1)
                .any(|attribute| {
                    attribute == b"eol=crlf"
                        || attribute == b"ident"
                        || attribute.starts_with(b"filter=")
                        || attribute.starts_with(b"working-tree-encoding=")
                })
        })
}

fn node(entry: &Entry, content: Vec<u8>) -> Result<Node, Problem> {
    if entry.path.len() > LONGEST_NAME
        || (entry.mode == Mode::Symlink && content.len() > LONGEST_NAME)
    {
        return Err(Problem::new(
            &problem::BAD_TREE,
            "a path or a link's target is longer than any file system allows",
        ));
    }
    if entry.mode != Mode::Symlink {
        return Ok(Node::File {
            executable: entry.mode == Mode::Executable,
            content,
        });
    }
    match String::from_utf8(content) {
        Ok(target) => Ok(Node::Symlink(target.into())),
        Err(_) => Err(
            Problem::new(&problem::BAD_TREE, "the link's target is not UTF-8")
                .at(&*entry.path, None),
        ),
    }
}

/// Returns the digest of an encoder's output.
fn digest<F: FileSystem>(mut encoder: Encoder<F>) -> io::Result<sha2::digest::Output<Sha256>>
where
    Encoder<F>: io::Read,
{
    let mut hasher = Sha256::new();
    // The encoder writes a whole name or link target into the buffer at once.
    let mut buffer = vec![0; 2 * LONGEST_NAME + (1 << 16)];
    loop {
        match encoder.read(&mut buffer)? {
            0 => return Ok(hasher.finalize()),
            length => hasher.update(buffer.get(..length).unwrap_or_default()),
        }
    }
}

enum Node {
    Directory(Vec<String>),
    File { executable: bool, content: Vec<u8> },
    Symlink(Utf8PathBuf),
}

/// A tree in memory, as the encoder walks it. The root is the empty path.
#[derive(Default)]
struct Files(HashMap<String, Node>);

impl Files {
    /// Adds a file and the directories above it.
    fn add(&mut self, path: &str, node: Node) {
        self.0.insert(path.to_owned(), node);
        let mut path = path;
        while !path.is_empty() {
            let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
            if let Some(Node::Directory(names)) = self.0.get_mut(parent) {
                names.push(name.to_owned());
                return;
            }
            self.0
                .insert(parent.to_owned(), Node::Directory(vec![name.to_owned()]));
            path = parent;
        }
    }

    fn digest(mut self) -> io::Result<sha2::digest::Output<Sha256>> {
        self.0
            .entry(String::new())
            .or_insert_with(|| Node::Directory(Vec::new()));
        digest(Encoder::new_with_filesystem("", &self).map_err(io::Error::other)?)
    }

    fn get(&self, path: &Utf8Path) -> io::Result<&Node> {
        self.0
            .get(path.as_str())
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, path.to_string()))
    }
}

impl<'a> FileSystem for &'a Files {
    type File = Cursor<&'a [u8]>;

    fn metadata(&self, path: &Utf8Path) -> io::Result<FileSystemMetadata> {
        Ok(match self.get(path)? {
            Node::Directory(_) => FileSystemMetadata::Directory,
            Node::File {
                executable,
                content,
            } => FileSystemMetadata::File {
                executable: *executable,
                length: content.len() as u64,
            },
            Node::Symlink(target) => FileSystemMetadata::Symlink {
                target_path: target.clone(),
            },
        })
    }

    fn read_dir(&self, path: &Utf8Path) -> io::Result<Vec<String>> {
        match self.get(path)? {
            Node::Directory(names) => Ok(names.clone()),
            _ => Err(io::Error::from(io::ErrorKind::NotADirectory)),
        }
    }

    fn open(&self, path: &Utf8Path) -> io::Result<Self::File> {
        let files: &'a Files = self;
        match files.get(path)? {
            Node::File { content, .. } => Ok(Cursor::new(content)),
            _ => Err(io::Error::from(io::ErrorKind::IsADirectory)),
        }
    }
}
