//! `Cargo.lock`: the one place that reads it.
//!
//! The crate `cargo-lock` reads the same; it brings twenty-five crates for URLs that nothing here asks for.

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
    /// Where it comes from; `None` for one of the tree itself.
    pub source: Option<String>,
    /// The SHA-256 of its archive, hexadecimal.
    pub checksum: Option<String>,
    /// What it depends on: `NAME`, `NAME VERSION` or `NAME VERSION (SOURCE)`.
    #[serde(default)]
    pub dependencies: Vec<String>,
}

impl Lock {
    /// Reads a lock's text.
    ///
    /// # Errors
    /// The cause, where it is not one.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.message().to_owned())
    }
}

/// The packages of a lock by name, each with its versions; none where the text is not a lock.
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

/// The names of the packages in a lock; none where the text is not one.
pub fn names(text: &str) -> BTreeSet<String> {
    versions(text).into_keys().collect()
}

/// How many packages a lock has.
pub fn count(text: &str) -> usize {
    Lock::parse(text).unwrap_or_default().packages.len()
}
