//! Locks: has cargo resolve a program in a joined tree, and reads its report on the result. This
//! module and `archives` are the only ones that run cargo.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};
use toml_edit::{DocumentMut, value};

use super::join;
use super::resolve::Resolved;
use super::select::Selection;
use super::{LocalCrate, Native, Program, Target, TargetKind, below};
use problem::{OUTPUT_FAILED, Problem, UNRESOLVED, UNSATISFIED_CRATE};
use release::{Entry, Source, checkout, source_name};

/// The platforms that a release is built for.
pub const PLATFORMS: [&str; 2] = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];
/// The remedy if cargo or rustc is missing.
const NO_CARGO: &str = "Have cargo and rustc on PATH (https://rustup.rs), and run it again.";
/// The registry that a lock may name. Any other source would need a hash that nobody publishes.
pub const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// The reasons why cargo cannot resolve a program.
pub enum Refused {
    /// No versions meet the requirements together. An earlier release of the program may have other
    /// requirements.
    Conflict(Problem),
    /// Anything else.
    Problem(Problem),
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// Has cargo resolve `program` from the crates selected for it, and fills in the lock and the
/// crates. cargo changes the previous `program.lock` as little as possible.
///
/// # Errors
/// PNX-218 if cargo is missing or reaches no registry; PNX-214 for a crate that no registry has, or
/// if no versions meet the requirements.
pub fn lock(
    program: &mut Program,
    resolved: &Resolved,
    sources: &[Source],
    rust_version: Option<&str>,
) -> Result<(), Refused> {
    let directory = tempfile::tempdir()
        .map_err(|error| Problem::new(&OUTPUT_FAILED, format!("a temporary directory: {error}")))?;
    prepare(program, resolved);
    for name in &resolved.selection.sources {
        let pinned = sources.iter().find(|source| source.name == *name);
        if let Some(source) = resolved.own.get(name).or(pinned) {
            lay(directory.path(), program, source, rust_version)?;
        }
    }
    let root = directory.path().join(program.directory());
    let kept = root.join("Cargo.lock");
    if !program.lock.is_empty() {
        fs::write(&kept, &program.lock).map_err(|error| failed(&kept, &error))?;
    }
    let mut told = BTreeMap::new();
    for platform in PLATFORMS {
        let platform = program.target.as_deref().unwrap_or(platform);
        let metadata = metadata(program, &root, platform)?;
        gather(program, &metadata, directory.path(), &mut told)?;
    }
    program.lock = fs::read_to_string(&kept).map_err(|error| failed(&kept, &error))?;
    // Separates built crates from those that are only resolved for the rest of the workspace.
    let built: BTreeSet<String> = told.values().map(|one| one.name.clone()).collect();
    program.crates.retain(|one| !built.contains(&one.name));
    program.crates.extend(told.into_values());
    program
        .crates
        .sort_by(|a, b| (&a.source, &a.path).cmp(&(&b.source, &b.path)));
    program.natives.sort();
    program.natives.dedup();
    Ok(())
}

fn failed(path: &Path, error: &std::io::Error) -> Problem {
    Problem::new(&OUTPUT_FAILED, format!("{}: {error}", path.display()))
}

/// Sets the crates that the root manifest's `[patch.crates-io]` will name: those that others depend
/// on by name. Crates of the root's own workspace need no entry.
fn prepare(program: &mut Program, resolved: &Resolved) {
    let Selection { patched, .. } = &resolved.selection;
    program.natives.clear();
    program.submodules.clone_from(&resolved.submodules);
    program.behind.clone_from(&resolved.behind);
    program.unresolved = None;
    program.patch = patched.keys().cloned().collect();
    program.crates = patched
        .values()
        .map(|member| LocalCrate {
            name: member.name.clone(),
            version: member.version.to_string(),
            source: member.source.clone(),
            path: member.directory.clone(),
            ..LocalCrate::default()
        })
        .collect();
}

/// Writes the files of a source that cargo reads: manifests and Rust files.
fn lay(
    directory: &Path,
    program: &Program,
    source: &Source,
    rust_version: Option<&str>,
) -> Result<(), Problem> {
    let name = source_name(&source.name);
    let is_own = name == program.source;
    let changing: BTreeSet<&str> = if is_own {
        let all = join::changing(program, source);
        all.into_iter().map(|entry| entry.path.as_str()).collect()
    } else {
        BTreeSet::new()
    };
    let wanted = |entry: &Entry| {
        changing.contains(entry.path.as_str())
            || entry.path.ends_with(".rs")
            || entry.path.rsplit('/').next() == Some("Cargo.toml")
            || entry.mode == release::Mode::Symlink
    };
    let place = directory.join(program.place(name, ""));
    checkout::write(&place, source, wanted, |entry, bytes| {
        let Ok(text) = str::from_utf8(&bytes) else {
            return Ok(Some(bytes));
        };
        let mut text = if changing.contains(entry.path.as_str()) {
            join::changed(program, &entry.path, text)?
        } else {
            text.to_owned()
        };
        if is_own && entry.path.ends_with("Cargo.toml") {
            text = with_rust_version(&text, rust_version);
        }
        Ok(Some(text.into_bytes()))
    })
}

/// Adds the Rust version of the compiler to the manifest if it states none, so that cargo selects
/// no crate that needs a newer one. The lock does not contain it.
fn with_rust_version(text: &str, rust_version: Option<&str>) -> String {
    let (Some(version), Ok(mut document)) = (rust_version, text.parse::<DocumentMut>()) else {
        return text.to_owned();
    };
    if let Some(package) = document
        .get_mut("package")
        .and_then(|item| item.as_table_mut())
        && !package.contains_key("rust-version")
    {
        package.insert("rust-version", value(version));
    }
    document.to_string()
}

/// Returns cargo's metadata of the tree for one platform. cargo writes the lock.
fn metadata(program: &Program, root: &Path, platform: &str) -> Result<Metadata, Refused> {
    let mut command = MetadataCommand::new();
    command
        .current_dir(root)
        .manifest_path(root.join("Cargo.toml"))
        .env("CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS", "fallback")
        .env_remove("CARGO_TARGET_DIR")
        // Within `cargo xtask`, these variables describe this project.
        .env_remove("CARGO")
        .env_remove("RUSTUP_TOOLCHAIN")
        .other_options(vec!["--filter-platform".to_owned(), platform.to_owned()]);
    command.exec().map_err(|error| match error {
        cargo_metadata::Error::CargoMetadata { stderr } => {
            refused(program, &without(&stderr, root, &program.directory()))
        }
        other => {
            let cause = format!("{}: cargo cannot be run: {other}", program.name);
            Problem::new(&UNRESOLVED, cause).mend(NO_CARGO).into()
        }
    })
}

/// Replaces paths in cargo's message by paths in the joined tree.
fn without(told: &str, root: &Path, directory: &str) -> String {
    let root = root.display().to_string();
    let joined = root.strip_suffix(directory).unwrap_or(&root);
    told.replace(joined, "")
}

/// Interprets cargo's error.
fn refused(program: &Program, stderr: &str) -> Refused {
    let mut lines = stderr.lines().map(str::trim);
    let lines: Vec<&str> = lines
        .by_ref()
        .filter(|line| !line.is_empty() && *line != "Caused by:")
        .filter(|line| !line.starts_with("Updating ") && !line.starts_with("warning: "))
        .collect();
    let told = lines.join("; ");
    let network = [
        "failed to download",
        "failed to fetch",
        "unable to update registry",
        "Could not resolve host",
        "you may be missing a network",
        "--offline was specified",
        "you're using offline mode",
    ];
    if network.iter().any(|sign| told.contains(sign)) {
        let cause = format!("{}: cargo cannot reach the registry: {told}", program.name);
        return Problem::new(&UNRESOLVED, cause).into();
    }
    let told = told.trim_start_matches("error: ");
    if told.contains("could not execute process") {
        let cause = format!("{}: cargo cannot be run: {told}", program.name);
        return Problem::new(&UNRESOLVED, cause).mend(NO_CARGO).into();
    }
    let missing = told
        .split_once("no matching package named `")
        .and_then(|(_, rest)| rest.split_once('`'));
    if let Some((name, _)) = missing {
        let cause = format!(
            "{}: the crate {name} is in neither a source of the release nor a registry, only in Debian's archive: {told}",
            program.name
        );
        let problem = Problem::new(&UNSATISFIED_CRATE, cause);
        return problem.in_source(&program.source).into();
    }
    let cause = format!("{}: {told}", program.name);
    if told.contains("failed to select a version for") {
        let problem = Problem::new(&UNSATISFIED_CRATE, cause);
        return Refused::Conflict(problem.in_source(&program.source));
    }
    let help = "cargo's own message is above: pin sources that fit together, or correct the manifest that it names.";
    Problem::new(&UNRESOLVED, cause).mend(help).into()
}

/// Adds the crates of one platform's build.
fn gather(
    program: &mut Program,
    metadata: &Metadata,
    directory: &Path,
    told: &mut BTreeMap<PackageId, LocalCrate>,
) -> Result<(), Problem> {
    let directory = directory
        .canonicalize()
        .map_err(|error| failed(directory, &error))?;
    let built = built(program, metadata);
    let features: BTreeMap<&PackageId, BTreeSet<String>> = metadata
        .resolve
        .iter()
        .flat_map(|resolve| &resolve.nodes)
        .map(|node| {
            let features = node.features.iter().map(ToString::to_string);
            (&node.id, features.collect())
        })
        .collect();
    for package in metadata
        .packages
        .iter()
        .filter(|one| built.contains(&one.id))
    {
        if let Some(source) = &package.source {
            if source.repr != REGISTRY {
                let cause = format!(
                    "{}: {} {} comes from {}, which is not crates.io",
                    program.name, package.name, package.version, source.repr
                );
                return Err(Problem::new(&UNRESOLVED, cause));
            }
            program
                .natives
                .extend(package.links.as_ref().map(|links| Native {
                    name: package.name.to_string(),
                    version: package.version.to_string(),
                    links: links.clone(),
                }));
            continue;
        }
        let manifest = package.manifest_path.as_std_path();
        let manifest = manifest
            .canonicalize()
            .unwrap_or_else(|_| manifest.to_owned());
        let Ok(place) = manifest.strip_prefix(&directory) else {
            continue;
        };
        let place = place
            .parent()
            .unwrap_or(place)
            .to_string_lossy()
            .into_owned();
        let (source, path) = program.source_at(&place);
        let (source, path) = (source.to_owned(), path.to_owned());
        let is_root = program
            .packages
            .iter()
            .any(|name| *name == package.name.as_str());
        let local = told
            .entry(package.id.clone())
            .or_insert_with(|| LocalCrate {
                name: package.name.to_string(),
                version: package.version.to_string(),
                source,
                path,
                features: Vec::new(),
                targets: targets(package, is_root, &directory.join(&place)),
            });
        let mut all: BTreeSet<String> = local.features.drain(..).collect();
        all.extend(features.get(&package.id).into_iter().flatten().cloned());
        local.features = all.into_iter().collect();
    }
    Ok(())
}

/// Returns the packages that the program's own are built from: themselves, their dependencies and
/// those of build scripts.
fn built(program: &Program, metadata: &Metadata) -> BTreeSet<PackageId> {
    let nodes: BTreeMap<&PackageId, &cargo_metadata::Node> = metadata
        .resolve
        .iter()
        .flat_map(|resolve| &resolve.nodes)
        .map(|node| (&node.id, node))
        .collect();
    let is_root = |package: &&cargo_metadata::Package| {
        package.source.is_none()
            && program
                .packages
                .iter()
                .any(|name| *name == package.name.as_str())
    };
    let roots = metadata.packages.iter().filter(is_root);
    let mut queue: Vec<PackageId> = roots.map(|package| package.id.clone()).collect();
    let mut found: BTreeSet<PackageId> = queue.iter().cloned().collect();
    while let Some(id) = queue.pop() {
        for dependency in nodes.get(&id).into_iter().flat_map(|node| &node.deps) {
            let for_tests = dependency
                .dep_kinds
                .iter()
                .all(|kind| kind.kind == DependencyKind::Development);
            if !for_tests && found.insert(dependency.pkg.clone()) {
                queue.push(dependency.pkg.clone());
            }
        }
    }
    found
}

/// Returns the compiled targets of a package: its library and build script, and for the program's
/// own package also its programs.
fn targets(package: &cargo_metadata::Package, is_root: bool, directory: &Path) -> Vec<Target> {
    let mut targets: Vec<Target> = package
        .targets
        .iter()
        .filter_map(|target| {
            let kinds: Vec<String> = target.kind.iter().map(ToString::to_string).collect();
            let has = |name: &str| kinds.iter().any(|kind| kind == name);
            let kind = if has("proc-macro") {
                TargetKind::ProcMacro
            } else if has("custom-build") {
                TargetKind::Build
            } else if has("cdylib") && is_root {
                TargetKind::Cdylib
            } else if has("lib") || has("rlib") || has("dylib") || has("cdylib") {
                TargetKind::Lib
            } else if has("bin") && is_root {
                TargetKind::Bin
            } else {
                return None;
            };
            let path = target.src_path.as_std_path();
            let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
            let path = path.strip_prefix(directory).unwrap_or(&path);
            Some(Target {
                path: path.to_string_lossy().into_owned(),
                kind,
                name: target.name.clone(),
            })
        })
        .collect();
    targets.sort();
    targets
}

/// Returns the path of a lock in the joined tree.
pub fn place(program: &Program) -> String {
    below(&program.directory(), "Cargo.lock")
}
