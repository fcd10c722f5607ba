//! Keeps parsed values in the user's cache directory between runs, so that only changed input is
//! read again.
//!
//! Each value has one file: the SHA-256 of the rest, then the value in postcard's format. The cache
//! may be deleted at any time. A cache that is unreadable or damaged counts as empty; if it cannot
//! be written, the run goes on without it.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

/// Values by name, for one build of the scanners.
#[derive(Debug, Clone)]
pub struct Cache {
    place: Place,
}

/// The place of the values.
#[derive(Debug, Clone)]
enum Place {
    /// In files below a directory, for later runs.
    Dir(PathBuf),
    /// In memory, for the rest of this run.
    Memory(Arc<Mutex<HashMap<String, Vec<u8>>>>),
}

impl Cache {
    /// Opens the cache below `dir` for one build of the scanners (`scanners` identifies it) and one
    /// table of calls. Values of other builds or tables are not found.
    pub fn new(dir: &Path, scanners: &str, calls_text: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(scanners);
        hash.update(calls_text);
        let mut name = String::with_capacity(24);
        for byte in hash.finalize().iter().take(12) {
            let _ = write!(name, "{byte:02x}");
        }
        Self {
            place: Place::Dir(dir.join("scan").join(name)),
        }
    }

    /// Makes a cache that ends with this run. Files that two releases share are then read once.
    pub fn in_memory() -> Self {
        Self {
            place: Place::Memory(Arc::default()),
        }
    }

    /// Returns its directory, which the first value creates. `None` for a cache in memory.
    pub fn dir(&self) -> Option<&Path> {
        match &self.place {
            Place::Dir(dir) => Some(dir),
            Place::Memory(_) => None,
        }
    }

    /// Returns the value of a name, or `None` if it is missing or damaged.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        postcard::from_bytes(&self.read(name)?).ok()
    }

    /// Stores a value under a name. It writes a temporary file and renames it, so a kill leaves the
    /// old value.
    pub fn put<T: Serialize>(&self, name: &str, value: &T) {
        let write = || -> std::io::Result<()> {
            let bytes = postcard::to_allocvec(value).map_err(std::io::Error::other)?;
            let dir = match &self.place {
                Place::Dir(dir) => dir,
                Place::Memory(values) => {
                    // The map stays intact if a thread panics while it holds the lock.
                    let mut values = values.lock().unwrap_or_else(PoisonError::into_inner);
                    values.insert(name.to_owned(), bytes);
                    return Ok(());
                }
            };
            std::fs::create_dir_all(dir)?;
            let mut file = tempfile::NamedTempFile::new_in(dir)?;
            file.write_all(&Sha256::digest(&bytes))?;
            file.write_all(&bytes)?;
            file.persist(file_in(dir, name))
                .map_err(|error| error.error)?;
            Ok(())
        };
        // The cache only saves time, so errors do not matter.
        drop(write());
    }

    /// Returns the bytes of a name.
    pub fn read(&self, name: &str) -> Option<Vec<u8>> {
        let dir = match &self.place {
            Place::Dir(dir) => dir,
            Place::Memory(values) => {
                let values = values.lock().unwrap_or_else(PoisonError::into_inner);
                return values.get(name).cloned();
            }
        };
        let mut bytes = std::fs::read(file_in(dir, name)).ok()?;
        let (hash, rest) = bytes.split_at_checked(HASH)?;
        if Sha256::digest(rest).as_slice() != hash {
            return None;
        }
        bytes.drain(..HASH);
        Some(bytes)
    }
}

/// The path of a value's file.
fn file_in(dir: &Path, name: &str) -> PathBuf {
    dir.join(format!("{name}.postcard"))
}

/// The length of the hash at the start of a file.
const HASH: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_memory_is_there_for_its_clones() {
        let cache = Cache::in_memory();
        cache.clone().put("s", &7_u8);
        assert_eq!(cache.get("s"), Some(7_u8));
        assert_eq!(Cache::in_memory().get::<u8>("s"), None);
    }

    #[test]
    fn a_damaged_file_is_no_cache() {
        let dir = tempfile::tempdir().expect("a directory");
        let cache = Cache::new(dir.path(), "build", "calls");
        let file = |name| file_in(cache.dir().expect("one of files"), name);
        let value = vec!["x".to_owned(), "yz".to_owned()];
        cache.put("s", &value);
        assert_eq!(cache.get("s"), Some(value.clone()));
        assert_eq!(cache.get::<Vec<String>>("other"), None);
        assert_eq!(
            Cache::new(dir.path(), "build", "other").get::<Vec<String>>("s"),
            None
        );
        let whole = std::fs::read(file("s")).expect("it was written");
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x55;
            std::fs::write(file("s"), &damaged).expect("it can be written");
            assert_eq!(cache.get::<Vec<String>>("s"), None, "byte {at}");
            std::fs::write(file("s"), &whole[..at]).expect("it can be written");
            assert_eq!(cache.get::<Vec<String>>("s"), None, "cut at {at}");
        }
    }
}
