//! Which packages a `Cargo.lock` has.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
}

/// The packages of a `Cargo.lock` by name, each with its versions; none where the text is not a lock.
pub fn versions(lock: &str) -> BTreeMap<String, String> {
    let lock = toml::from_str(lock).unwrap_or(Lock {
        package: Vec::new(),
    });
    let mut packages: BTreeMap<String, String> = BTreeMap::new();
    for Package { name, version } in lock.package {
        packages
            .entry(name)
            .and_modify(|others| *others = format!("{others}, {version}"))
            .or_insert(version);
    }
    packages
}

/// The names of the packages in a `Cargo.lock`; none where the text is not a lock.
pub fn names(lock: &str) -> BTreeSet<String> {
    versions(lock).into_keys().collect()
}
