//! Resolves Rust workspaces to crates: the Proxmox crates of a program with their sources, versions
//! and features, and the native libraries and tools that the other crates need.
//!
//! Upstream's crates build only against Debian's packages in `/usr/share/cargo/registry`, and have
//! no `Cargo.lock`. Here every source that a program needs lies in one tree, in a directory of its
//! own name. Debian's registry is removed from Cargo's configuration, `[patch.crates-io]` names
//! Proxmox' crates by path, and the `Cargo.lock` that cargo resolves is kept with the release.
//! cargo itself runs only in `lock` and, to download, in `archives`.

pub mod archives;
pub mod attach;
pub mod compiled;
pub mod crates;
pub mod fit;
pub mod join;
pub mod kept;
pub mod lock;
pub mod locked;
pub mod lockfile;
pub mod manifest;
pub mod programs;
pub mod resolve;
pub mod select;
pub mod submodule;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A program or library that cargo builds from a source, with its crates:
/// `releases/RELEASE/cargo/PROGRAM.toml` and `PROGRAM.lock`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// The root package's name, or the source's if the root is only a workspace. It is also the
    /// files' stem.
    #[serde(skip)]
    pub name: String,
    /// The source it is in.
    pub source: String,
    /// The directory of its root manifest, relative to the source; empty at the top.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub root: String,
    /// The Cargo packages that are built, sorted.
    #[serde(default)]
    pub packages: Vec<String>,
    /// The target triple, if it is not the machine's own (`wasm32-unknown-unknown`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The requirement that its pin could not satisfy, if it is built from an earlier release of
    /// its own source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind: Option<String>,
    /// The reason why it has no lock. The other lists are then empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unresolved: Option<String>,
    /// The Debian packages made from it, without those of crates. A library has none.
    #[serde(skip)]
    pub debian: Vec<String>,
    /// The text of its `Cargo.lock`.
    #[serde(skip)]
    pub lock: String,
    /// The sources in its tree: directory (the source's name) to the source's name in the analysis,
    /// which differs if the program has its own pin.
    #[serde(skip)]
    pub sources: BTreeMap<String, String>,
    /// The crates that `[patch.crates-io]` names by path because others depend on them by name;
    /// sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patch: Vec<String>,
    /// The sources that lie in another's submodule, each with its directory in the joined tree. The
    /// others lie in directories of their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub submodules: BTreeMap<String, String>,
    /// The crates built from sources of the release, sorted by source and path.
    #[serde(default, rename = "crate", skip_serializing_if = "Vec::is_empty")]
    pub crates: Vec<LocalCrate>,
    /// The crates of the registry that link a native library, sorted.
    #[serde(default, rename = "native", skip_serializing_if = "Vec::is_empty")]
    pub natives: Vec<Native>,
}

/// A crate built from a source of the release.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalCrate {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The source it is in.
    pub source: String,
    /// The directory of its manifest, relative to the source; empty at the top.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// The features it is built with, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// Its compiled targets, in the order of paths; empty if it is only resolved, for a part of the
    /// workspace that is not built.
    pub targets: Vec<Target>,
}

/// One compilation of a crate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Its root file, relative to the crate.
    pub path: String,
    /// Its kind.
    pub kind: TargetKind,
    /// Its name, without the extension of the result.
    pub name: String,
}

/// The kind of a compiled target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetKind {
    /// A Rust library.
    Lib,
    /// A shared object with a C interface.
    Cdylib,
    /// A program.
    Bin,
    /// A build script, which runs before the crate is compiled.
    Build,
    /// A procedural macro, which runs while others are compiled.
    ProcMacro,
}

/// A crate of the registry that links a native library (its manifest's `links`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Native {
    /// Its name.
    #[serde(rename = "crate")]
    pub name: String,
    /// Its version.
    pub version: String,
    /// The library, as the manifest calls it.
    pub links: String,
}

impl Program {
    /// Whether it has a lock, without which it cannot be built.
    pub fn is_resolved(&self) -> bool {
        self.unresolved.is_none()
    }

    /// Returns the name of its own source in the analysis.
    pub fn own_source(&self) -> &str {
        let own = self.sources.get(&self.source);
        own.map_or(self.source.as_str(), String::as_str)
    }

    /// Returns additional flags for rustc. On Debian, the crates of other sources come from a
    /// registry, so cargo caps their lints at warnings. By path they count as the program's own,
    /// and a newer rustc would reject code that it only warns of there.
    pub fn rustc_flags(&self) -> Option<&'static str> {
        (self.sources.len() > 1).then_some("--cap-lints=warn")
    }

    /// Returns the path of a source's file or directory in the joined tree.
    pub fn place(&self, source: &str, path: &str) -> String {
        let directory = self.submodules.get(source);
        below(directory.map_or(source, String::as_str), path)
    }

    /// Returns the source, and the path in it, of a path in the joined tree.
    pub fn source_at<'p>(&'p self, place: &'p str) -> (&'p str, &'p str) {
        let within = self.submodules.iter().filter_map(|(source, directory)| {
            let rest = place.strip_prefix(directory.as_str())?;
            let rest = if rest.is_empty() {
                rest
            } else {
                rest.strip_prefix('/')?
            };
            Some((source.as_str(), rest))
        });
        // If submodules are nested, the innermost counts.
        let innermost = within.min_by_key(|(_, rest)| rest.len());
        innermost.unwrap_or_else(|| place.split_once('/').unwrap_or((place, "")))
    }

    /// Returns the root manifest's directory in the joined tree.
    pub fn directory(&self) -> String {
        below(&self.source, &self.root)
    }
}

/// Returns `DIRECTORY/PATH`, or the directory alone.
pub fn below(directory: &str, path: &str) -> String {
    match (directory, path) {
        (directory, "") => directory.to_owned(),
        ("", path) => path.to_owned(),
        (directory, path) => format!("{directory}/{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_submodule_stands_where_its_source_has_it() {
        let submodules = [
            ("comb".to_owned(), "hive-vm/sub/comb".to_owned()),
            ("wax".to_owned(), "hive-vm/sub/comb/wax".to_owned()),
        ];
        let program = Program {
            submodules: submodules.into(),
            ..Program::default()
        };
        for (source, path, place) in [
            ("hive-vm", "", "hive-vm"),
            ("hive-vm", "sub/combs", "hive-vm/sub/combs"),
            ("comb", "", "hive-vm/sub/comb"),
            ("comb", "a/b", "hive-vm/sub/comb/a/b"),
            ("wax", "c", "hive-vm/sub/comb/wax/c"),
        ] {
            assert_eq!(program.place(source, path), place);
            assert_eq!(program.source_at(place), (source, path));
        }
    }
}
