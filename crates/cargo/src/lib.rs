//! Rust workspaces to resolved crates: which Proxmox crates a program is built from, of which source and version, with
//! which features; which native libraries and tools the others need.
//!
//! Upstream's crates build only against what Debian installed below `/usr/share/cargo/registry`, and keep no
//! `Cargo.lock`. Here every source that a program needs stands beside the others in one tree, named as the source;
//! Debian's registry goes from Cargo's configuration, `[patch.crates-io]` names Proxmox' crates by path, and cargo
//! resolves a `Cargo.lock` that is kept with the release. cargo itself runs in `lock`
//! and, to download, in `archives` only.

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

/// Something that cargo builds of a source, with its crates: `releases/RELEASE/cargo/PROGRAM.toml` and `PROGRAM.lock`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// The root package's name, or that of the source where the root is a workspace only. The files' stem.
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
    /// The target triple, where it is not the machine's own (`wasm32-unknown-unknown`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Why it is built from an earlier release of its own source than the pinned one: what could not be met at the pin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind: Option<String>,
    /// Why there is no lock; the other lists are empty then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unresolved: Option<String>,
    /// The Debian packages that are made of it, those of crates left out. Of a library there are none.
    #[serde(skip)]
    pub debian: Vec<String>,
    /// The text of its `Cargo.lock`.
    #[serde(skip)]
    pub lock: String,
    /// Which of the release's sources stand in its tree: directory (the source's name) to the name under which the
    /// analysis knows it, which is another one where the program has a pin of its own.
    #[serde(skip)]
    pub sources: BTreeMap<String, String>,
    /// The crates that `[patch.crates-io]` names by path, because others ask for them by name; sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patch: Vec<String>,
    /// The sources that stand in another's submodule, each with its directory in the joined tree; the others stand in
    /// directories of their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub submodules: BTreeMap<String, String>,
    /// The crates that are built from sources of the release, sorted by source and path.
    #[serde(default, rename = "crate", skip_serializing_if = "Vec::is_empty")]
    pub crates: Vec<LocalCrate>,
    /// The crates of the registry that link a native library, sorted.
    #[serde(default, rename = "native", skip_serializing_if = "Vec::is_empty")]
    pub natives: Vec<Native>,
}

/// A crate that is built from a source of the release.
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
    /// What of it is compiled, in the order of the paths; nothing where it is only resolved, because a part of the
    /// workspace that is not built asks for it.
    pub targets: Vec<Target>,
}

/// One compilation of a crate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Its root file, relative to the crate.
    pub path: String,
    /// What it becomes.
    pub kind: TargetKind,
    /// Its name, without the extension of what it becomes.
    pub name: String,
}

/// What a compilation gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetKind {
    /// A Rust library.
    Lib,
    /// A shared object with a C interface.
    Cdylib,
    /// A program.
    Bin,
    /// A build script: it runs while the crate is built.
    Build,
    /// A procedural macro: it runs while others are built.
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
    /// Whether there is a lock, without which nothing can be built.
    pub fn is_resolved(&self) -> bool {
        self.unresolved.is_none()
    }

    /// The name under which the analysis knows the source that it is in.
    pub fn own_source(&self) -> &str {
        let own = self.sources.get(&self.source);
        own.map_or(self.source.as_str(), String::as_str)
    }

    /// What rustc is told beside what cargo tells it. The crates of other sources are dependencies from a registry on Debian, of which cargo
    /// lets no lint become an error; by path they are as the program's own, and a newer rustc refuses what it only warns of there.
    pub fn rustc_flags(&self) -> Option<&'static str> {
        (self.sources.len() > 1).then_some("--cap-lints=warn")
    }

    /// The place of a source's file or directory in the joined tree.
    pub fn place(&self, source: &str, path: &str) -> String {
        let directory = self.submodules.get(source);
        below(directory.map_or(source, String::as_str), path)
    }

    /// The source and the path in it of a place in the joined tree.
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
        // Of submodules in one another the innermost.
        let innermost = within.min_by_key(|(_, rest)| rest.len());
        innermost.unwrap_or_else(|| place.split_once('/').unwrap_or((place, "")))
    }

    /// The root manifest's directory in the joined tree.
    pub fn directory(&self) -> String {
        below(&self.source, &self.root)
    }
}

/// `DIRECTORY/PATH`, or the directory alone.
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
