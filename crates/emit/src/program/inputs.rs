//! Build inputs and commands of a program: what it links and what it runs.

use std::collections::BTreeSet;

use super::install::Install;
use super::{Derivation, Sources};
use crate::inputs::{self, Inputs, List};
use crate::package::{self, Release};
use cargo::{Program, lockfile};
use decide::{Context, Decision};
use nix::Formals;
use nix::{Binding, Expr, WriteError};

/// The crate that makes Perl modules from Rust.
const PERLMOD: &str = "perlmod";

/// Returns `nativeBuildInputs` and `buildInputs`.
///
/// # Errors
/// Nix cannot name an attribute.
pub fn bindings(
    derivation: &Derivation,
    program: &Program,
    install: &Install,
    release: Release,
    formals: &mut Formals,
) -> Result<Vec<Binding>, WriteError> {
    let crates = lockfile::names(&program.lock);
    let (mut native, mut build) = (List::default(), List::default());
    // If the packaging is installed only in part, its `Build-Depends` also lists inputs of the
    // rest.
    if !install.partial {
        let read = inputs::inputs_of([derivation.packaging], release.rules);
        Inputs { native, build, .. } = read;
        // The builder adds them.
        for attr in ["cargo", "rustc"] {
            native.remove(attr);
        }
    }
    let rules = crates
        .iter()
        .filter_map(|name| release.rules.crates.crates.get(name));
    for rule in rules {
        rule.libraries
            .iter()
            .for_each(|attr| build.add(attr.as_str()));
        rule.tools.iter().for_each(|attr| native.add(attr.as_str()));
    }
    for attr in ["dpkg-shim", "perl", "pve-build-hook"] {
        native.add(attr);
    }
    if !build.is_empty() {
        native.add("pkg-config");
    }
    for attr in needed(derivation, release) {
        native.add(attr);
    }
    let mut bindings = lists(&native, &build, formals)?;
    if crates.contains(PERLMOD) {
        // It needs the headers of the Perl that loads the module, not of the one that runs during
        // the build.
        bindings.push(Binding::attr("pveHostPerl", formals.variable("perl")?));
    }
    let modules = modules(derivation, release);
    if !modules.is_empty() {
        let list = package::attributes(modules.iter().map(String::as_str), formals)?;
        bindings.push(Binding::attr("propagatedBuildInputs", Expr::List(list)));
    }
    Ok(bindings)
}

/// Returns those of the two lists that are not empty.
///
/// # Errors
/// Nix cannot name an attribute.
pub fn lists(
    native: &List,
    build: &List,
    formals: &mut Formals,
) -> Result<Vec<Binding>, WriteError> {
    let mut bindings = Vec::new();
    let native = native.expr(formals)?;
    bindings.extend(native.map(|list| Binding::attr("nativeBuildInputs", list)));
    let build = build.expr(formals)?;
    bindings.extend(build.map(|list| Binding::attr("buildInputs", list)));
    Ok(bindings)
}

/// Returns the other derivations of crates that `Build-Depends` names and that are neither modules
/// nor libraries, that is, tools.
pub fn needed(derivation: &Derivation, release: Release) -> BTreeSet<String> {
    let relations = derivation.packaging.control.source.all_build_depends();
    let names = relations
        .flat_map(|relation| &relation.alternatives)
        .map(|one| &one.name)
        .filter(|name| !name.starts_with("lib"));
    given(derivation, names, release)
}

/// Returns the release's other Perl modules made from crates that this one needs.
pub fn modules(derivation: &Derivation, release: Release) -> BTreeSet<String> {
    if !derivation.has_modules() {
        return BTreeSet::new();
    }
    let binaries = derivation.packaging.control.binaries.iter();
    let mine = binaries.filter(|binary| derivation.debian.contains(&binary.name));
    // With alternatives, any of them will do, and the others need this one.
    let only = mine
        .flat_map(|binary| &binary.depends)
        .filter(|relation| relation.alternatives.len() == 1);
    let names = only
        .flat_map(|relation| &relation.alternatives)
        .map(|one| &one.name)
        .filter(|name| name.starts_with("lib") && name.ends_with("-perl"));
    given(derivation, names, release)
}

fn given<'a>(
    derivation: &Derivation,
    names: impl Iterator<Item = &'a String>,
    release: Release,
) -> BTreeSet<String> {
    names
        .filter_map(|name| release.given.get(name))
        .filter(|attribute| **attribute != derivation.attribute)
        .cloned()
        .collect()
}

/// Returns `passthru.pveCommands`: the packages whose programs its crates run by bare name, for the
/// link's `PATH`.
///
/// # Errors
/// Nix cannot name an attribute.
pub fn commands(
    derivation: &Derivation,
    program: &Program,
    sources: &Sources,
    formals: &mut Formals,
) -> Result<Vec<Binding>, WriteError> {
    let mut attrs: BTreeSet<&str> = BTreeSet::new();
    for one in &program.crates {
        let name = program.sources.get(&one.source).unwrap_or(&one.source);
        let Some((source, _)) = sources.get(name.as_str()) else {
            continue;
        };
        let prefix = cargo::below(&one.path, "");
        let host = source.decided.iter().filter(|decided| {
            let rest = decided.path.strip_prefix(prefix.as_str());
            let inside = rest.is_some_and(|rest| prefix.is_empty() || rest.starts_with('/'));
            decided.context == Context::Host && inside
        });
        attrs.extend(host.filter_map(|decided| match &decided.decision {
            Decision::Command {
                attr: Some(attr), ..
            } => Some(attr.as_str()),
            _ => None,
        }));
    }
    attrs.remove(derivation.attribute.as_str());
    if attrs.is_empty() {
        return Ok(Vec::new());
    }
    let list = Expr::List(package::attributes(attrs, formals)?);
    let path = vec!["passthru".to_owned(), "pveCommands".to_owned()];
    Ok(vec![Binding::Attr(path, list)])
}
