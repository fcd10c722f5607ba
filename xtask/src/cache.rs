//! What is kept between runs in the user's cache directory, so that only what changed is read again.
//!
//! One file a value: the SHA-256 of the rest, then the value in postcard's format. All of it can be thrown away: a cache
//! that cannot be read or is not whole is an empty one, one that cannot be written is left.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

/// Values by name, for one build of the scanners.
#[derive(Debug, Clone)]
pub struct Cache {
    dir: PathBuf,
}

impl Cache {
    /// The cache below `dir` for this build of the scanners and these calls: any other finds nothing in it.
    pub fn new(dir: &Path, calls_text: &str) -> Self {
        Self::of_build(dir, env!("PNX_SCANNERS"), calls_text)
    }

    /// The same for the build that `scanners` names.
    pub fn of_build(dir: &Path, scanners: &str, calls_text: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(scanners);
        hash.update(calls_text);
        let mut name = String::with_capacity(24);
        for byte in hash.finalize().iter().take(12) {
            let _ = write!(name, "{byte:02x}");
        }
        Self {
            dir: dir.join("scan").join(name),
        }
    }

    /// The directory it stands in; made when something is kept.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A value kept under a name; `None` where there is none, or none that is whole.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        postcard::from_bytes(&self.read(name)?).ok()
    }

    /// Keeps a value under a name. Written beside and renamed, so that a kill leaves the old one.
    pub fn put<T: Serialize>(&self, name: &str, value: &T) {
        let write = || -> std::io::Result<()> {
            std::fs::create_dir_all(&self.dir)?;
            let bytes = postcard::to_allocvec(value).map_err(std::io::Error::other)?;
            let mut file = tempfile::NamedTempFile::new_in(&self.dir)?;
            file.write_all(&Sha256::digest(&bytes))?;
            file.write_all(&bytes)?;
            file.persist(self.file(name)).map_err(|error| error.error)?;
            Ok(())
        };
        // The cache only saves time; a run without one is whole.
        drop(write());
    }

    /// The bytes kept under a name.
    pub(crate) fn read(&self, name: &str) -> Option<Vec<u8>> {
        let mut bytes = std::fs::read(self.file(name)).ok()?;
        let (hash, rest) = bytes.split_at_checked(HASH)?;
        if Sha256::digest(rest).as_slice() != hash {
            return None;
        }
        bytes.drain(..HASH);
        Some(bytes)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.postcard"))
    }
}

/// The length of the hash at a file's start.
const HASH: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_file_is_no_cache() {
        let dir = tempfile::tempdir().expect("a directory");
        let cache = Cache::new(dir.path(), "calls");
        let value = vec!["x".to_owned(), "yz".to_owned()];
        cache.put("s", &value);
        assert_eq!(cache.get("s"), Some(value.clone()));
        assert_eq!(cache.get::<Vec<String>>("other"), None);
        assert_eq!(
            Cache::new(dir.path(), "other").get::<Vec<String>>("s"),
            None
        );
        let whole = std::fs::read(cache.file("s")).expect("it was written");
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x55;
            std::fs::write(cache.file("s"), &damaged).expect("it can be written");
            assert_eq!(cache.get::<Vec<String>>("s"), None, "byte {at}");
            std::fs::write(cache.file("s"), &whole[..at]).expect("it can be written");
            assert_eq!(cache.get::<Vec<String>>("s"), None, "cut at {at}");
        }
    }
}
