//! Remembers edited contents that an earlier run has parsed.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::ParseError;
use cache::Cache;

/// A file's content, by the start of its SHA-256.
type Key = [u8; 16];

/// The contents of one source at one commit that are known to parse.
#[derive(Debug, Default)]
pub struct Proofs {
    kept: Option<(Cache, String)>,
    known: HashSet<Key>,
    /// The contents that this run has checked successfully.
    good: Mutex<HashSet<Key>>,
}

impl Proofs {
    /// Loads the known contents from the cache; none without a cache.
    pub fn load(kept: Option<(Cache, String)>) -> Self {
        let known = kept.as_ref().and_then(|(cache, name)| cache.get(name));
        Self {
            known: known.unwrap_or_default(),
            kept,
            good: Mutex::default(),
        }
    }

    /// Runs `parse` on `bytes` unless they are known to parse.
    ///
    /// # Errors
    /// The error of `parse`.
    pub fn check(
        &self,
        bytes: &[u8],
        parse: impl FnOnce(&[u8]) -> Result<(), ParseError>,
    ) -> Result<(), ParseError> {
        let hash = Sha256::digest(bytes);
        let mut key = Key::default();
        key.copy_from_slice(&hash[..16]);
        if !self.known.contains(&key) {
            parse(bytes)?;
        }
        self.good
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key);
        Ok(())
    }

    /// Stores the contents that this run has checked, if they differ from the known ones.
    pub fn keep(&self) {
        let good = self.good.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((cache, name)) = self.kept.as_ref().filter(|_| *good != self.known) {
            cache.put(name, &*good);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_parsed_once_is_not_parsed_again() {
        let dir = tempfile::tempdir().expect("a directory");
        let load = || Proofs::load(Some((crate::cache_below(dir.path(), ""), "x".to_owned())));
        let refused = |_: &[u8]| {
            Err(ParseError {
                line: 1,
                what: String::new(),
            })
        };
        let first = load();
        assert!(first.check(b"a", |_| Ok(())).is_ok());
        assert!(first.check(b"b", refused).is_err());
        first.keep();
        let second = load();
        assert!(second.check(b"a", refused).is_ok());
        assert!(second.check(b"b", refused).is_err());
        assert!(Proofs::default().check(b"a", refused).is_err());
    }
}
