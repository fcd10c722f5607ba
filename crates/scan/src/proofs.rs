//! Edited files that were parsed in an earlier run: the same bytes parse again.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::ParseError;
use cache::Cache;

/// A file's content, by the beginning of its SHA-256.
type Key = [u8; 16];

/// What of one source at one commit is known to parse.
#[derive(Debug, Default)]
pub struct Proofs {
    kept: Option<(Cache, String)>,
    known: HashSet<Key>,
    /// What this run asked for and is good.
    good: Mutex<HashSet<Key>>,
}

impl Proofs {
    /// What the cache holds under a name; without a cache nothing is known.
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
    /// What `parse` says.
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

    /// Keeps what this run found good, where that is not what was known.
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
