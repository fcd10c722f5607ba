//! The store, and references into it: `/nix/store/HASH-NAME/…` (Nix manual, "Store path").

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{OnceLock, RwLock};

use memchr::memmem::Finder;

use super::machine::Machine;
use super::pieces::Piece;

/// The default directory of the store.
const DEFAULT: &str = "/nix/store";
/// The number of letters in a store path's hash.
const HASH: usize = 32;

/// Returns the store's directory: `NIX_STORE_DIR`, or else the store that contains `output`, or
/// else `/nix/store`.
pub fn directory(output: &Path) -> PathBuf {
    if let Some(set) = std::env::var_os("NIX_STORE_DIR").filter(|set| !set.is_empty()) {
        return set.into();
    }
    let is_base = |path: &&Path| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| base_length(name.as_bytes()) == Some(name.len()))
    };
    let within = output.ancestors().find(is_base).and_then(Path::parent);
    within.map_or_else(|| DEFAULT.into(), Path::to_path_buf)
}

/// A store.
pub struct Store {
    /// The machine that it belongs to.
    pub machine: Machine,
    /// Its directory.
    directory: PathBuf,
    /// Its name in outputs, with a final slash.
    prefix: String,
    finder: Finder<'static>,
    /// Names by hash.
    listed: OnceLock<HashMap<String, Vec<String>>>,
    /// Whether a path below the store exists.
    known: RwLock<HashMap<String, bool>>,
}

/// A reference in some bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference<'a> {
    /// The offset of its first byte.
    pub start: usize,
    /// The offset after its last byte.
    pub end: usize,
    /// `HASH-NAME/…`, the text after the store's directory.
    pub text: &'a str,
    /// Whether a variable or a pattern continues it.
    pub open: bool,
}

/// The target of a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leads {
    /// A file that exists, in this store path.
    There(String),
    /// A store path that does not exist.
    NoPath(String),
    /// A file that its store path lacks: the store path and the file.
    NoFile(String, String),
}

impl Store {
    /// Opens the store in `directory`. A store in `ROOT/nix/store` belongs to a machine whose root
    /// is `ROOT`, unless `NIX_STORE_DIR` gives this very path.
    pub fn new(directory: &Path) -> Self {
        let of_root = directory
            .ancestors()
            .nth(2)
            .filter(|root| root.join("nix/store") == directory && *root != Path::new("/"))
            .filter(|_| {
                std::env::var_os("NIX_STORE_DIR").is_none_or(|set| Path::new(&set) != directory)
            });
        let called = of_root.map_or(directory, |_| Path::new(DEFAULT));
        let prefix = format!("{}/", called.display().to_string().trim_end_matches('/'));
        Self {
            machine: of_root.map_or_else(Machine::this, |_| Machine::of(directory)),
            directory: directory.to_path_buf(),
            finder: Finder::new(&prefix).into_owned(),
            prefix,
            listed: OnceLock::new(),
            known: RwLock::new(HashMap::new()),
        }
    }

    /// Returns the store's name in outputs, with a final slash.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Returns the name of the store path that contains a path, given as outputs name it or by its
    /// place.
    pub fn base_of(&self, path: &Path) -> Option<String> {
        let named = path.strip_prefix(&self.prefix);
        let below = named.or_else(|_| path.strip_prefix(&self.directory)).ok()?;
        let first = below.components().next()?.as_os_str().to_str()?;
        (base_length(first.as_bytes()) == Some(first.len())).then(|| first.to_owned())
    }

    /// Returns the store path of a name.
    pub fn path(&self, base: &str) -> PathBuf {
        self.directory.join(base)
    }

    /// Returns the references that begin in a piece, in order.
    pub fn references<'a>(&'a self, piece: &Piece<'a>) -> impl Iterator<Item = Reference<'a>> + 'a {
        let piece = *piece;
        self.finder.find_iter(piece.bytes).filter_map(move |start| {
            // `nuke-refs` writes hashes of the letter e, which real hashes do not contain.
            let owned = piece.owns(start);
            owned.then(|| reference(piece.bytes, start, start + self.prefix.len()))?
        })
    }

    /// Returns the target of a reference. Strings in a program follow one another without a
    /// separator, so with `run_on` the next string's letters may follow a file's name.
    pub fn leads(&self, reference: &Reference, run_on: bool) -> Leads {
        let text = reference.text;
        let (name, rest) = text.split_at(text.find('/').unwrap_or(text.len()));
        let (base, rest) = if self.exists(name) {
            (name, rest)
        } else {
            match self.spelled(name) {
                // The text after the name belongs to the sentence.
                Some(base) => (base, ""),
                None => return Leads::NoPath(name.to_owned()),
            }
        };
        let there = Leads::There(base.to_owned());
        let rest = rest.trim_matches('/');
        let rest = match (reference.open, rest.rsplit_once('/')) {
            (true, Some((directory, _))) if !text.ends_with('/') => directory,
            (true, None) if !text.ends_with('/') => "",
            _ => rest,
        };
        if rest.is_empty() || self.exists(&format!("{base}/{rest}")) {
            return there;
        }
        let trimmed = rest.trim_end_matches(['.', ',', ':', ';', '?', '!', '-', '=', '+']);
        if trimmed != rest && (trimmed.is_empty() || self.exists(&format!("{base}/{trimmed}"))) {
            return there;
        }
        if run_on && self.begins(base, rest) {
            return there;
        }
        Leads::NoFile(base.to_owned(), collapsed(trimmed))
    }

    /// Whether a path below the store exists. A link does, wherever it leads.
    pub fn exists(&self, below: &str) -> bool {
        let known = self
            .known
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(there) = known.get(below) {
            return *there;
        }
        drop(known);
        let there = self.machine.has(&self.directory.join(below));
        let mut known = self
            .known
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        known.insert(below.to_owned(), there);
        there
    }

    /// Returns the names in a directory of a store path.
    pub fn names(&self, base: &str, below: &str) -> Vec<String> {
        self.machine.names(&self.directory.join(base).join(below))
    }

    /// Whether a path below the store is a directory.
    pub fn is_directory(&self, below: &str) -> bool {
        self.machine.is_directory(&self.directory.join(below))
    }

    /// Whether a path in a store path is an empty directory.
    pub fn is_empty(&self, base: &str, below: &str) -> bool {
        let path = self.directory.join(base).join(below);
        self.machine.is_directory(&path) && self.machine.names(&path).is_empty()
    }

    /// Whether a file name in the same directory begins with that of `rest`.
    pub fn has_head(&self, base: &str, rest: &str) -> bool {
        let path = self.directory.join(base).join(rest);
        let (Some(directory), Some(head)) = (path.parent(), path.file_name()) else {
            return false;
        };
        let head = head.to_string_lossy();
        let names = self.machine.names(directory);
        names.iter().any(|name| name.starts_with(&*head))
    }

    /// Returns the store path with the same hash as the start of `name`.
    fn spelled(&self, name: &str) -> Option<&str> {
        let listed = self.listed.get_or_init(|| {
            let mut listed: HashMap<String, Vec<String>> = HashMap::new();
            for name in self.machine.names(&self.directory) {
                if let Some(hash) = name.get(..HASH) {
                    listed.entry(hash.to_owned()).or_default().push(name);
                }
            }
            listed
        });
        let same = listed.get(name.get(..HASH)?)?.iter();
        let found = same.filter(|there| name.starts_with(there.as_str()));
        found.max_by_key(|there| there.len()).map(String::as_str)
    }

    /// Whether a path leads to a file whose name is a prefix of the rest.
    fn begins(&self, base: &str, rest: &str) -> bool {
        let mut directory = self.directory.join(base);
        for part in rest.split('/').filter(|part| !part.is_empty()) {
            let next = directory.join(part);
            if self.machine.is_directory(&next) {
                directory = next;
                continue;
            }
            let names = self.machine.names(&directory);
            return names.iter().any(|name| part.starts_with(name.as_str()));
        }
        true
    }
}

/// Returns the reference whose text begins at `at`.
fn reference(bytes: &[u8], start: usize, at: usize) -> Option<Reference<'_>> {
    let rest = bytes.get(at..)?;
    let base = base_length(rest)?;
    let path = rest[base..]
        .iter()
        .take_while(|byte| is_path(**byte))
        .count();
    let path = if rest.get(base) == Some(&b'/') {
        path
    } else {
        0
    };
    let end = at + base + path;
    let next = bytes.get(end).copied().unwrap_or_default();
    Some(Reference {
        start,
        end,
        text: str::from_utf8(bytes.get(at..end)?).ok()?,
        open: matches!(next, b'$' | b'*' | b'[' | b'{' | b'%'),
    })
}

/// Returns the length of the `HASH-NAME` at the start of some bytes.
fn base_length(bytes: &[u8]) -> Option<usize> {
    let hash = bytes.get(..HASH)?;
    let is_hash = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'd' | b'f'..=b'n' | b'p'..=b's' | b'v'..=b'z');
    if !hash.iter().all(is_hash) || bytes.get(HASH) != Some(&b'-') {
        return None;
    }
    let name = bytes[HASH + 1..]
        .iter()
        .take_while(|byte| is_name(**byte))
        .count();
    (name > 0).then_some(HASH + 1 + name)
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b'_' | b'?' | b'=')
}

fn is_path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b'_' | b'/' | b'~' | b'@')
}

/// Collapses repeated slashes.
fn collapsed(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    parts.join("/")
}
