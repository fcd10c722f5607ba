//! Everything a release generates: patches, `package.nix`, `system.json`, `release.nix`.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::edits;
use super::meta;
use super::nix::{self, Binding, Expr, Name, WriteError};
use super::output::{Difference, Output};
use super::package::{self, Lack, Package, Patched, Release, lack};
use super::patch::{self, Header, Patch};
use super::rewrite::Role;
use crate::analyse::{AnalysedSource, Analysis, Knowledge};
use crate::debian::system::{Directory, System};
use crate::decide::rules::Rules;
use crate::decide::{Context, Decision};
use crate::problem::{OUTPUT_FAILED, Problem};
use crate::report::{RegenCounts, RegenReport, Tally};

/// How much a release gave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Patch files.
    pub patches: u64,
    /// Sources compiled alone and linked.
    pub objects: u64,
    /// Ordinary packages, those over nixpkgs' own included.
    pub packages: u64,
    /// Links.
    pub links: u64,
}

/// What a release generates.
#[derive(Debug, Default)]
pub struct Generated {
    /// The files below `pkgs/RELEASE/`.
    pub output: Output,
    /// Decisions that cannot be written, features that are not there.
    pub findings: Vec<Problem>,
    /// How much it is.
    pub counts: Counts,
    /// What derivations lack, by source; crates have none at all.
    pub lacks: Vec<Lack>,
}

impl Generated {
    /// What `regen` says of it, with what writing it changed or would change.
    pub fn report(
        &self,
        analysis: &Analysis,
        check: bool,
        differences: &[(String, Difference)],
    ) -> RegenReport {
        let of = |gone: bool| {
            let wanted = differences
                .iter()
                .filter(move |(_, difference)| (*difference == Difference::Obsolete) == gone);
            wanted
                .map(|(path, _)| path.clone())
                .collect::<Vec<String>>()
        };
        let (written, removed) = (of(false), of(true));
        // One file more is written than generated: the manifest.
        let files = self.output.files().len() + 1;
        let sources = &analysis.sources;
        let counts = RegenCounts {
            sources: sources.len() as u64,
            files: sources
                .iter()
                .map(|one| one.scanned.files.len() as u64)
                .sum(),
            bytes: sources.iter().map(|one| one.scanned.bytes).sum(),
            occurrences: Tally::of(sources.iter().flat_map(|one| &one.decided)),
            patches: self.counts.patches,
            objects: self.counts.objects,
            packages: self.counts.packages,
            links: self.counts.links,
        };
        RegenReport {
            release: analysis.manifest.name.clone(),
            check,
            unchanged: files.saturating_sub(written.len()) as u64,
            written,
            removed,
            counts,
            lacks: self
                .lacks
                .iter()
                .map(|lack| format!("{}: {}: {}", lack.source, lack.what, lack.why))
                .collect(),
        }
    }
}

/// What one source gives.
struct One {
    findings: Vec<Problem>,
    patches: Vec<Patch>,
    package: Option<Package>,
    system: String,
}

/// Generates everything of a release. The same input gives the same bytes, on any number of threads.
///
/// # Errors
/// Everything that makes output impossible: files that cannot be read, patches that do not give the edited file,
/// edited files that do not parse, names that Nix cannot hold.
pub fn generate(analysis: &Analysis, knowledge: &Knowledge) -> Result<Generated, Vec<Problem>> {
    let roles = analysis.graph.roles();
    let binaries = binaries(analysis);
    let attributes = attributes(analysis, &roles, &binaries, &knowledge.rules);
    let release = Release {
        name: &analysis.manifest.name,
        rules: &knowledge.rules,
        graph: &analysis.graph,
        roles: &roles,
        attributes: &attributes,
        binaries: &binaries,
    };
    let results: Vec<Result<One, Vec<Problem>>> = analysis
        .sources
        .par_iter()
        .map(|source| one(source, release, knowledge))
        .collect();
    let mut generated = Generated::default();
    let mut problems = Vec::new();
    for (source, result) in analysis.sources.iter().zip(results) {
        let added = result.and_then(|one| {
            generated
                .add(source, one, release)
                .map_err(|problem| vec![problem])
        });
        problems.extend(added.err().into_iter().flatten());
    }
    let listed = list(analysis, release).map_err(|error| {
        vec![Problem::new(
            &OUTPUT_FAILED,
            format!("`release.nix`: {error}"),
        )]
    })?;
    generated.counts.links = listed.links;
    generated
        .output
        .add("release.nix", listed.text)
        .map_err(|problem| vec![problem])?;
    if problems.is_empty() {
        Ok(generated)
    } else {
        Err(problems)
    }
}

fn one(
    source: &AnalysedSource,
    release: Release,
    knowledge: &Knowledge,
) -> Result<One, Vec<Problem>> {
    let name = source.source.name.as_str();
    let edits = edits::edits(
        source,
        release.roles,
        &knowledge.rules.features,
        release.name,
    )?;
    let pin = &source.source.pin;
    let version = pin
        .version
        .as_deref()
        .or(pin.rev.as_deref())
        .unwrap_or("without a version");
    let header = Header {
        release: release.name,
        source: name,
        version,
        rules: &edits.rules,
    };
    let patches = patch::make(&edits.files, &header, &knowledge.calls)?;
    let package = match release.roles.get(name) {
        Some(Role::Crate) | None => None,
        Some(Role::Object | Role::Package) => {
            let whole = Patched {
                source,
                edits: &edits,
                patches: &patches,
            };
            Some(package::package(whole, release).map_err(|problem| vec![problem])?)
        }
    };
    let system = system(source, &knowledge.rules).map_err(|problem| vec![problem])?;
    Ok(One {
        findings: edits.findings,
        patches,
        package,
        system,
    })
}

/// `system.json`, with the directories that rules add.
fn system(source: &AnalysedSource, rules: &Rules) -> Result<String, Problem> {
    let mut system = System::of(&source.packagings);
    for extra in rules
        .directories
        .iter()
        .filter(|extra| extra.source == source.source.name)
    {
        if system
            .directories
            .iter()
            .any(|there| there.path == extra.path)
        {
            continue;
        }
        system.directories.push(Directory {
            path: extra.path.clone(),
            mode: extra.mode.clone(),
            owner: extra.owner.clone(),
            group: extra.group.clone(),
            from: format!("rules/system.toml: {}", extra.name),
        });
    }
    system.directories.sort();
    let mut text = serde_json::to_string_pretty(&system).map_err(|error| {
        Problem::new(&OUTPUT_FAILED, format!("`system.json`: {error}"))
            .in_source(&source.source.name)
    })?;
    text.push('\n');
    Ok(text)
}

impl Generated {
    fn add(&mut self, source: &AnalysedSource, one: One, release: Release) -> Result<(), Problem> {
        let name = &source.source.name;
        self.findings.extend(one.findings);
        self.output.add(format!("{name}/system.json"), one.system)?;
        for patch in one.patches {
            self.counts.patches += 1;
            self.output
                .add(format!("patches/{name}/{}", patch.name), patch.bytes)?;
        }
        let Some(package) = one.package else {
            let why = if source.packagings.is_empty() {
                "it has no packaging"
            } else {
                "cargo builds it"
            };
            self.lacks.push(lack(name, "a derivation", why));
            return Ok(());
        };
        if release.roles.get(name) == Some(&Role::Object) {
            self.counts.objects += 1;
        } else {
            self.counts.packages += 1;
            self.lacks.extend(open(source, release));
        }
        self.lacks.extend(package.lacks);
        self.output.add(format!("{name}/package.nix"), package.text)
    }
}

/// Places of an ordinary package that name files of what has no derivation: they stay as they are.
fn open(source: &AnalysedSource, release: Release) -> BTreeSet<Lack> {
    let host = source
        .decided
        .iter()
        .filter(|one| one.context == Context::Host);
    host.filter_map(|one| match &one.decision {
        Decision::Sibling { source: other, .. }
            if release.roles.get(other) != Some(&Role::Package) =>
        {
            let why = format!(
                "`{}` at {}:{} stays",
                one.occurrence.text, one.path, one.occurrence.line
            );
            Some(lack(&source.source.name, other, why))
        }
        _ => None,
    })
    .collect()
}

/// The Debian packages of each source that run something: no crates.
fn binaries(analysis: &Analysis) -> BTreeMap<String, Vec<String>> {
    let of = |source: &AnalysedSource| {
        let all = source
            .packagings
            .iter()
            .flat_map(|packaging| &packaging.control.binaries);
        let names = all.map(|binary| binary.name.clone());
        let names: Vec<String> = names.filter(|name| !name.starts_with("librust-")).collect();
        (source.source.name.clone(), names)
    };
    analysis.sources.iter().map(of).collect()
}

/// The attribute of each source that has a derivation: its own name, or its first Debian package where that name is
/// taken from nixpkgs.
fn attributes(
    analysis: &Analysis,
    roles: &BTreeMap<String, Role>,
    binaries: &BTreeMap<String, Vec<String>>,
    rules: &Rules,
) -> BTreeMap<String, String> {
    let mut attributes = BTreeMap::new();
    for source in &analysis.sources {
        let name = &source.source.name;
        if roles.get(name) == Some(&Role::Crate) {
            continue;
        }
        let attribute = if is_taken(name, rules) {
            let mut others = binaries.get(name).into_iter().flatten();
            others.find(|other| !is_taken(other, rules))
        } else {
            None
        };
        attributes.insert(name.clone(), attribute.unwrap_or(name).clone());
    }
    attributes
}

/// Whether generated files take `name` from nixpkgs.
fn is_taken(name: &str, rules: &Rules) -> bool {
    rules.nixpkgs.contains_key(name) || rules.packages.values().any(|rule| rule.over == name)
}

/// `release.nix`.
struct Listed {
    text: String,
    links: u64,
}

fn list(analysis: &Analysis, release: Release) -> Result<Listed, WriteError> {
    let mut objects = BTreeMap::new();
    let mut entries: BTreeMap<String, Expr> = BTreeMap::new();
    let mut links = 1;
    for source in &analysis.sources {
        let name = &source.source.name;
        let Some(attribute) = release.attributes.get(name) else {
            continue;
        };
        let path = Expr::Path(format!("{name}/package.nix"));
        let called = Expr::dotted("self.callPackage")?.apply([path, Expr::Set(Vec::new())]);
        if release.roles.get(name) == Some(&Role::Object) {
            objects.insert(name.clone(), called);
            let version = meta::version(source).name;
            entries.insert(attribute.clone(), link(attribute, &version, &[name])?);
            links += 1;
        } else {
            entries.insert(attribute.clone(), called);
        }
    }
    aliases(release, &mut entries)?;
    let roots: Vec<&String> = objects.keys().collect();
    let version = analysis.manifest.version.as_deref().unwrap_or(release.name);
    let everything = link("pve", version, &roots)?;
    let objects = Expr::sorted_set(objects);
    let mut bindings = vec![Binding::attr("pveObjects", objects), Binding::Blank];
    bindings.extend(
        entries
            .into_iter()
            .map(|(name, value)| Binding::attr(name, value)),
    );
    bindings.push(Binding::Blank);
    bindings.push(Binding::Comment("Everything.".to_owned()));
    bindings.push(Binding::attr("pve", everything));
    let function = Expr::Function(Name::new("self")?, Box::new(Expr::Set(bindings)));
    let file = Expr::Commented(package::head(release.name), Box::new(function));
    Ok(Listed {
        text: nix::write(&file)?,
        links,
    })
}

/// Debian's package names, for what has no attribute of that name; of two sources the first by name.
fn aliases(release: Release, entries: &mut BTreeMap<String, Expr>) -> Result<(), WriteError> {
    for (source, attribute) in release.attributes {
        for binary in release.binaries.get(source).into_iter().flatten() {
            let free = !entries.contains_key(binary)
                && !matches!(binary.as_str(), "pve" | "pveObjects")
                && !is_taken(binary, release.rules);
            if free {
                let target =
                    Expr::Select(Box::new(Expr::variable("self")?), vec![attribute.clone()]);
                entries.insert(binary.clone(), target);
            }
        }
    }
    Ok(())
}

/// `self.linkPve { … }`.
fn link(name: &str, version: &str, roots: &[&String]) -> Result<Expr, WriteError> {
    let set = Expr::Set(vec![
        Binding::attr("pname", Expr::string(name)),
        Binding::attr("version", Expr::string(version)),
        Binding::attr(
            "roots",
            Expr::strings(roots.iter().map(|root| (*root).clone())),
        ),
    ]);
    Ok(Expr::dotted("self.linkPve")?.apply([set]))
}
