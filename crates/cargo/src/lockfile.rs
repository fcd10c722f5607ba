//! Parses `Cargo.lock`, for the whole project.
//!
//! The crate `cargo-lock` could do it too, but brings twenty-five crates for URLs that nothing here
//! needs.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// A `Cargo.lock`.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Lock {
    /// Its packages, in the order of the file.
    #[serde(default, rename = "package")]
    pub packages: Vec<Package>,
}

/// A package of a lock.
#[derive(Debug, Clone, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version, as written.
    pub version: String,
    /// Its source; `None` for a crate of the tree itself.
    pub source: Option<String>,
    /// The SHA-256 of its archive, hexadecimal.
    pub checksum: Option<String>,
    /// Its dependencies: `NAME`, `NAME VERSION` or `NAME VERSION (SOURCE)`.
    #[serde(default)]
    pub dependencies: Vec<String>,
}

impl Lock {
    /// Parses a lock.
    ///
    /// # Errors
    /// The cause of the syntax error.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.message().to_owned())
    }
}

/// Returns the packages of a lock by name, each with its versions; empty for an invalid lock.
pub fn versions(text: &str) -> BTreeMap<String, String> {
    let lock = Lock::parse(text).unwrap_or_default();
    let mut packages: BTreeMap<String, String> = BTreeMap::new();
    for Package { name, version, .. } in lock.packages {
        packages
            .entry(name)
            .and_modify(|others| *others = format!("{others}, {version}"))
            .or_insert(version);
    }
    packages
}

/// Returns the names of the packages in a lock; empty for an invalid lock.
pub fn names(text: &str) -> BTreeSet<String> {
    versions(text).into_keys().collect()
}

/// Counts the packages of a lock.
pub fn count(text: &str) -> usize {
    Lock::parse(text).unwrap_or_default().packages.len()
}
