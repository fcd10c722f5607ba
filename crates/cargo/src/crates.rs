//! The crates that a set of source trees defines.

use std::collections::BTreeMap;
use std::sync::Arc;

use semver::Version;

use super::manifest::{CargoManifest, Dependency, Package};
use decide::matcher::is_below;
use problem::{Problem, UNKNOWN_WORKSPACE};
use release::{Entry, Mode, Tree};

/// A crate of a source.
#[derive(Debug, Clone)]
pub struct Member {
    /// The source.
    pub source: String,
    /// The directory of its manifest, relative to the source.
    pub directory: String,
    /// Its name.
    pub name: String,
    /// Its version, inherited if necessary.
    pub version: Version,
    /// Its dependencies, merged with the workspace's. Paths are relative to the source.
    pub dependencies: Vec<Dependency>,
    /// `[features]`.
    pub features: BTreeMap<String, Vec<String>>,
    /// The directory of its workspace, or its own without one.
    pub workspace: String,
}

/// The manifests of one source.
#[derive(Debug, Clone, Default)]
pub struct SourceCrates {
    /// The source.
    pub source: String,
    /// Its crates, by directory.
    pub members: BTreeMap<String, Arc<Member>>,
    /// Directories of manifests with a workspace.
    pub workspaces: Vec<String>,
    /// The places of submodules, whose files no tree contains.
    pub submodules: Vec<String>,
    /// The sources mounted at such places for a program, by place.
    pub mounted: BTreeMap<String, String>,
}

/// The name of a manifest.
const MANIFEST: &str = "Cargo.toml";

/// Returns the manifests among a tree's entries.
pub fn manifests(tree: &dyn Tree) -> Vec<&Entry> {
    let is_manifest = |entry: &&Entry| {
        let name = entry.path.rsplit('/').next();
        name == Some(MANIFEST) && matches!(entry.mode, Mode::File | Mode::Executable)
    };
    tree.entries().iter().filter(is_manifest).collect()
}

impl SourceCrates {
    /// Reads every manifest of a tree.
    ///
    /// # Errors
    /// PNX-212 for an invalid manifest, PNX-213 for one that inherits from a missing workspace, and
    /// the tree's own errors.
    pub fn read(source: &str, tree: &dyn Tree) -> Result<Self, Vec<Problem>> {
        let wanted = manifests(tree);
        let contents = tree
            .read(&wanted)
            .map_err(|problem| vec![problem.in_source(source)])?;
        let mut parsed: BTreeMap<String, CargoManifest> = BTreeMap::new();
        let mut problems = Vec::new();
        for (entry, bytes) in wanted.iter().zip(contents) {
            match CargoManifest::parse(source, &entry.path, &bytes) {
                Ok(manifest) => drop(parsed.insert(manifest.directory().to_owned(), manifest)),
                Err(problem) => problems.push(problem),
            }
        }
        let mut crates = Self {
            source: source.to_owned(),
            submodules: tree
                .entries()
                .iter()
                .filter(|entry| entry.mode == Mode::Submodule)
                .map(|entry| entry.path.clone())
                .collect(),
            ..Self::default()
        };
        for (directory, manifest) in &parsed {
            if manifest.workspace.is_some() {
                crates.workspaces.push(directory.clone());
            }
            let Some(package) = &manifest.package else {
                continue;
            };
            match crates.member(directory, manifest, package, &parsed) {
                Ok(member) => drop(crates.members.insert(directory.clone(), Arc::new(member))),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() {
            Ok(crates)
        } else {
            Err(problems)
        }
    }

    /// Returns the crates by name in some manifests of a source: path and bytes. Invalid manifests,
    /// and those without their workspace, are skipped, because histories contain such states.
    pub fn of_texts<'t>(
        source: &str,
        texts: impl Iterator<Item = (&'t str, Vec<u8>)>,
    ) -> BTreeMap<String, Arc<Member>> {
        let parsed: BTreeMap<String, CargoManifest> = texts
            .filter_map(|(path, bytes)| CargoManifest::parse(source, path, &bytes).ok())
            .map(|manifest| (manifest.directory().to_owned(), manifest))
            .collect();
        let crates = Self {
            source: source.to_owned(),
            ..Self::default()
        };
        let members = parsed.iter().filter_map(|(directory, manifest)| {
            let package = manifest.package.as_ref()?;
            crates.member(directory, manifest, package, &parsed).ok()
        });
        members
            .map(|member| (member.name.clone(), Arc::new(member)))
            .collect()
    }

    fn member(
        &self,
        directory: &str,
        manifest: &CargoManifest,
        package: &Package,
        parsed: &BTreeMap<String, CargoManifest>,
    ) -> Result<Member, Problem> {
        let workspace = ancestors(directory).find_map(|above| {
            let workspace = parsed.get(above)?.workspace.as_ref()?;
            Some((above, workspace))
        });
        let missing = |what: &str, line| {
            let cause = match workspace {
                Some((above, _)) => format!(
                    "{what} is inherited from the workspace {}, which does not say it",
                    super::below(above, MANIFEST)
                ),
                None => format!("{what} is inherited, and no directory above has a workspace"),
            };
            Problem::new(&UNKNOWN_WORKSPACE, cause)
                .in_source(&self.source)
                .at(&manifest.path, line)
        };
        let version = match &package.version {
            Some(version) => version.clone(),
            None => workspace
                .and_then(|(_, workspace)| workspace.version.clone())
                .ok_or_else(|| missing("the version", None))?,
        };
        let mut dependencies = Vec::with_capacity(package.dependencies.len());
        for dependency in &package.dependencies {
            let (mut whole, base) = if dependency.inherited {
                let all = workspace.map(|(above, workspace)| (above, &workspace.dependencies));
                let found = all.and_then(|(above, all)| {
                    Some((all.iter().find(|one| one.key == dependency.key)?, above))
                });
                let (one, above) = found
                    .ok_or_else(|| missing(&format!("`{}`", dependency.key), dependency.line))?;
                (dependency.inherit(one), above)
            } else {
                (dependency.clone(), directory)
            };
            // A path that leaves the source leads to nothing pinned. The crate that needs it
            // reports that.
            whole.path = whole.path.map(|path| joined(base, &path));
            dependencies.push(whole);
        }
        Ok(Member {
            source: self.source.clone(),
            directory: directory.to_owned(),
            name: package.name.clone(),
            version,
            dependencies,
            features: package.features.clone(),
            workspace: workspace.map_or(directory, |(above, _)| above).to_owned(),
        })
    }

    /// Returns the submodule that contains a path.
    pub fn submodule(&self, path: &str) -> Option<&String> {
        let mut submodules = self.submodules.iter();
        submodules.find(|submodule| is_below(path, submodule))
    }

    /// Returns the crates of the workspace in `root`, or the single crate there.
    pub fn roots(&self, root: &str) -> Vec<Arc<Member>> {
        let of = |member: &&Arc<Member>| member.directory == root || member.workspace == root;
        self.members.values().filter(of).cloned().collect()
    }
}

/// Returns a directory and those above it, up to the top, which is empty.
fn ancestors(directory: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(directory), |path| {
        (!path.is_empty()).then(|| path.rsplit_once('/').map_or("", |(above, _)| above))
    })
}

/// Joins `path` to `base` and resolves `..` if possible.
pub(super) fn joined(base: &str, path: &str) -> String {
    let mut parts: Vec<&str> = base.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_from_their_manifest() {
        assert_eq!(joined("a/b", "../c"), "a/c");
        assert_eq!(joined("", "./c/"), "c");
        assert_eq!(joined("a", "../../c"), "../c");
        assert_eq!(ancestors("a/b").collect::<Vec<_>>(), ["a/b", "a", ""]);
    }
}
