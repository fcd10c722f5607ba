//! What a program links, and what it runs: build inputs and commands.

use std::collections::BTreeSet;

use super::install::Install;
use super::{Derivation, Sources};
use crate::inputs::{self, Inputs, List};
use crate::package::{self, Release};
use cargo::{Program, lockfile};
use decide::{Context, Decision};
use nix::Formals;
use nix::{Binding, Expr, WriteError};

/// The crate that makes Perl modules of Rust.
const PERLMOD: &str = "perlmod";

/// `nativeBuildInputs`, `buildInputs`.
///
/// # Errors
/// An attribute that Nix cannot name.
pub fn bindings(
    derivation: &Derivation,
    program: &Program,
    install: &Install,
    release: Release,
    formals: &mut Formals,
) -> Result<Vec<Binding>, WriteError> {
    let crates = lockfile::names(&program.lock);
    let (mut native, mut build) = (List::default(), List::default());
    // Of a packaging that is not installed as a whole, `Build-Depends` names what the rest is built with.
    if !install.partial {
        let read = inputs::inputs_of([derivation.packaging], release.rules);
        Inputs { native, build, .. } = read;
        // The builder brings them.
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
        // Its headers are those of the Perl that loads the module, not of the one that runs here.
        bindings.push(Binding::attr("pveHostPerl", formals.variable("perl")?));
    }
    let modules = modules(derivation, release);
    if !modules.is_empty() {
        let list = package::attributes(modules.iter().map(String::as_str), formals)?;
        bindings.push(Binding::attr("propagatedBuildInputs", Expr::List(list)));
    }
    Ok(bindings)
}

/// Both lists, those that hold something.
///
/// # Errors
/// An attribute that Nix cannot name.
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

/// The other derivations of crates that `Build-Depends` names and that hold no module or library: tools.
pub fn needed(derivation: &Derivation, release: Release) -> BTreeSet<String> {
    let relations = derivation.packaging.control.source.all_build_depends();
    let names = relations
        .flat_map(|relation| &relation.alternatives)
        .map(|one| &one.name)
        .filter(|name| !name.starts_with("lib"));
    given(derivation, names, release)
}

/// The Perl modules of the release's crates that a Perl module needs beside its own.
pub fn modules(derivation: &Derivation, release: Release) -> BTreeSet<String> {
    if !derivation.has_modules() {
        return BTreeSet::new();
    }
    let binaries = derivation.packaging.control.binaries.iter();
    let mine = binaries.filter(|binary| derivation.debian.contains(&binary.name));
    // Where there are several, any will do, and the others need this one.
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

/// `passthru.pveCommands`: the packages whose programs its crates run by bare name, for the link's `PATH`.
///
/// # Errors
/// An attribute that Nix cannot name.
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
