//! Compiles a plugin, a source outside of a release, into one more object of the release's links.

use std::collections::{BTreeMap, BTreeSet};

use super::package::{Class, Lack, Release};
use super::release::{One, changes, counted, one, system, told};
use super::{RegenCounts, Regenerated};
use analyse::{AnalysedSource, Analysis, Knowledge};
use debian::make::ActionKind;
use decide::kept::{Kept, NAME as KEPT};
use graph::exports::Exports;
use output::{Difference, Output};
use problem::{BAD_PLUGIN, Problem, REQUIRED_ABSENT};

/// The generated output of a plugin.
#[derive(Debug, Default)]
pub struct Compiled {
    /// The files below `pkgs/NAME/`.
    pub output: Output,
    /// Decisions that cannot be written, required packages that are absent, and reasons why it
    /// cannot be linked.
    pub findings: Vec<Problem>,
    /// Its gaps.
    pub lacks: Vec<Lack>,
    /// Patch files.
    patches: u64,
}

/// Generates the expression, the patches and the facts of the plugin `name`. `analysis` contains
/// only the plugin.
///
/// # Errors
/// As [`super::release::generate`].
pub fn compile(
    name: &str,
    analysis: &Analysis,
    exports: &Exports,
    knowledge: &Knowledge,
) -> Result<Compiled, Vec<Problem>> {
    let Some(source) = analysis.sources.first() else {
        return Ok(Compiled::default());
    };
    let roles = analysis.graph.roles();
    let (attributes, binaries, given) = (
        attributes(exports),
        binaries(source, exports),
        given(exports),
    );
    let wanted = wanted(source);
    let head = head(name, &analysis.manifest.name);
    let release = Release {
        name: &analysis.manifest.name,
        head: &head,
        archives: &analysis.manifest.archives,
        rules: &knowledge.rules,
        graph: &analysis.graph,
        roles: &roles,
        makers: &BTreeMap::new(),
        wanted: &wanted,
        by_hand: &exports.by_hand,
        attributes: &attributes,
        binaries: &binaries,
        given: &given,
        chosen: &BTreeMap::new(),
    };
    let mut compiled = Compiled {
        findings: unfit(name, source, exports),
        ..Compiled::default()
    };
    if source.packagings.is_empty() {
        return Ok(compiled);
    }
    let made = one(source, release, &[], knowledge)?;
    compiled
        .add(source, made, release)
        .map_err(|problem| vec![problem])?;
    Ok(compiled)
}

impl Compiled {
    /// Makes the report of `plugin`, with the files that writing changed or would change.
    pub fn report(
        &self,
        name: &str,
        analysis: &Analysis,
        check: bool,
        differences: &[(String, Difference)],
    ) -> Regenerated {
        let told = |lack: &Lack| format!("{}: {}", lack.what, lack.why);
        Regenerated {
            counts: RegenCounts {
                patches: self.patches,
                objects: 1,
                ..counted(analysis)
            },
            left_out: self.lacks.iter().map(told).collect(),
            ..changes(name, &self.output, check, differences)
        }
    }

    fn add(&mut self, source: &AnalysedSource, one: One, release: Release) -> Result<(), Problem> {
        let name = &source.source.name;
        self.findings.extend(one.findings);
        let facts = told(&system(source, release.rules))?;
        self.output.add(format!("{name}/system.json"), facts)?;
        for patch in one.made.patches {
            self.patches += 1;
            self.output
                .add(format!("patches/{name}/{}", patch.name), patch.bytes)?;
        }
        if let Some(package) = one.package {
            let (required, lacks): (Vec<Lack>, Vec<Lack>) = package
                .lacks
                .into_iter()
                .partition(|lack| lack.class == Class::Required);
            self.lacks = lacks;
            self.findings.extend(required.iter().map(|lack| {
                let cause = format!("{} is required and absent: {}", lack.what, lack.why);
                Problem::new(&REQUIRED_ABSENT, cause).in_source(name)
            }));
            self.output
                .add(format!("{name}/package.nix"), package.text)?;
        }
        let kept = Kept {
            release: release.name.to_owned(),
            files: one.kept,
        };
        self.output.add(KEPT, kept.text()?)
    }
}

/// Returns the first line of its expression.
fn head(name: &str, release: &str) -> String {
    format!(
        "Made by pve-nix of {name} for {release}; `cargo xtask plugin {release}` makes it again."
    )
}

/// Returns the reasons why the plugin cannot be an object of the release's links.
fn unfit(name: &str, source: &AnalysedSource, exports: &Exports) -> Vec<Problem> {
    let bad = |cause: String| Problem::new(&BAD_PLUGIN, cause).in_source(name);
    let mut problems = Vec::new();
    if let Some(taken) = exports.sources.get(name) {
        let which = taken.attribute.as_deref().unwrap_or(name);
        problems.push(bad(format!(
            "{} has a source of this name ({which})",
            exports.release
        )));
    }
    if source.packagings.is_empty() {
        let cause = "it has no `debian/control`, which says what it is and what it needs";
        problems.push(bad(cause.to_owned()));
    }
    let owners: BTreeMap<&str, &str> = exports
        .sources
        .iter()
        .flat_map(|(owner, exported)| {
            let files = exported.files.iter();
            files.map(move |file| (file.as_str(), owner.as_str()))
        })
        .collect();
    let mut places = 0;
    for packaging in &source.packagings {
        let made = packaging.made.iter();
        let made = made.filter(|one| one.kind != ActionKind::Directory);
        let made = made.map(|one| (one.dest.as_str(), &one.path, one.line));
        let files = packaging.files.installed.iter();
        let files = files.map(|one| (one.dest.as_str(), &one.path, one.line));
        let links = packaging.files.links.iter();
        let links = links.map(|one| (one.link.as_str(), &one.path, one.line));
        for (dest, path, line) in made.chain(files).chain(links) {
            places += 1;
            let place = format!("/{}", dest.trim_start_matches('/'));
            if let Some(owner) = owners.get(place.as_str()) {
                let cause = format!("it installs {place}, which is {owner}'s");
                problems.push(bad(cause).at(path, Some(line)));
            }
        }
    }
    if places == 0 && !source.packagings.is_empty() {
        let cause = "neither its Makefile nor `debian/` installs anything";
        problems.push(bad(cause.to_owned()));
    }
    problems
}

/// Returns the attribute of each source of the release that has one.
fn attributes(exports: &Exports) -> BTreeMap<String, String> {
    let sources = exports.sources.iter();
    sources
        .filter_map(|(name, exported)| Some((name.clone(), exported.attribute.clone()?)))
        .collect()
}

/// Returns the Debian packages of the release's sources and of the plugin.
fn binaries(source: &AnalysedSource, exports: &Exports) -> BTreeMap<String, Vec<String>> {
    let sources = exports.sources.iter();
    let mut binaries: BTreeMap<String, Vec<String>> = sources
        .map(|(name, exported)| (name.clone(), exported.packages.keys().cloned().collect()))
        .collect();
    let own = source.packagings.iter();
    let own = own.flat_map(|packaging| &packaging.control.binaries);
    let own = own.map(|binary| binary.name.clone()).collect();
    binaries.insert(source.source.name.clone(), own);
    binaries
}

/// Returns the attributes of Debian packages that cargo builds.
fn given(exports: &Exports) -> BTreeMap<String, String> {
    let packages = exports.sources.values();
    let packages = packages.flat_map(|exported| &exported.packages);
    packages
        .filter_map(|(name, attribute)| Some((name.clone(), attribute.clone()?)))
        .collect()
}

/// Returns the Debian packages that the plugin's `Depends` names.
fn wanted(source: &AnalysedSource) -> BTreeSet<String> {
    let packagings = source.packagings.iter();
    let binaries = packagings.flat_map(|packaging| &packaging.control.binaries);
    let relations = binaries.flat_map(|binary| binary.pre_depends.iter().chain(&binary.depends));
    let names = relations.flat_map(|relation| &relation.alternatives);
    names.map(|one| one.name.clone()).collect()
}
