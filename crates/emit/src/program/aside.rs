//! Packagings beside a program in its source that cargo does not build: Perl modules, pages,
//! scripts.

use std::collections::BTreeSet;

use super::{Derivation, Sources, inputs, patched_source};
use crate::inputs::{self as build_inputs, Inputs};
use crate::installed::{self, Places};
use crate::package::{self, Lack, Release, lack};
use crate::{meta, pin};
use analyse::AnalysedSource;
use cargo::below;
use debian::Packaging;
use debian::install::{Installed, matches};
use debian::tree_path::file_name;
use decide::rules::Rules;
use nix::Formals;
use nix::{Binding, Expr, WriteError};

/// The target of a packaging's own build.
const BUILD: &str = "override_dh_auto_build";

/// Returns the derivations of a source's packagings that cargo does not build.
pub fn derivations<'a>(
    source: &'a AnalysedSource,
    rules: &'a Rules,
) -> impl Iterator<Item = Derivation<'a>> {
    let others = source
        .packagings
        .iter()
        .filter(|packaging| !packaging.is_built_by_cargo());
    others.filter_map(move |packaging| {
        let names = packaging.control.binaries.iter().map(|binary| &binary.name);
        let debian: Vec<String> = names
            .filter(|name| !name.starts_with("librust-"))
            .cloned()
            .collect();
        let mut free = debian.iter();
        let attribute = free
            .find(|name| !crate::release::is_taken(name, rules))?
            .clone();
        Some(Derivation {
            directory: attribute.clone(),
            attribute,
            debian,
            program: None,
            source,
            packaging,
        })
    })
}

/// Returns its expression.
///
/// # Errors
/// Nix cannot express a text or name.
pub fn package(
    derivation: &Derivation,
    sources: &Sources,
    release: Release,
    formals: &mut Formals,
    lacks: &mut Vec<Lack>,
) -> Result<Expr, WriteError> {
    let (source, packaging) = (derivation.source, derivation.packaging);
    let name = &source.source.name;
    let makefile = below(&packaging.root, "Makefile");
    let makes = package::has_install(source, &makefile);
    let places = places(source, packaging, makes).laid_out(release.rules);
    lacks.extend(
        places
            .nowhere
            .iter()
            .map(|place| lack(name, format!("/{place}"), "no place in an output")),
    );
    lacks.extend(pin::lacking(&source.source));
    let fetched = pin::source(&source.source, formals)?;
    let patches = match patched_source(name, sources) {
        Some(whole) => package::all_patches(whole, release, formals)?,
        None => None,
    };
    let mut described = meta::meta_of(source, packaging, &derivation.attribute, release, formals)?;
    described.push(Binding::attr("platforms", meta::platforms_of([packaging])));
    let body = Expr::Set(package::grouped(vec![
        derivation.named(),
        vec![Binding::attr("src", fetched)],
        patches
            .into_iter()
            .map(|patches| Binding::attr("patches", patches))
            .collect(),
        needs(derivation, release, formals)?,
        making(packaging, makes),
        vec![Binding::attr("meta", Expr::Set(described))],
    ]));
    let attributes = package::placed(body, (&places, true), name, release, formals)?;
    let built = formals.call("stdenv.mkDerivation", [attributes])?;
    derivation.as_module(built, formals)
}

/// Returns the files that `debian/` installs, including products of the build if no `make install`
/// installs those.
fn places(source: &AnalysedSource, packaging: &Packaging, makes: bool) -> Places {
    let mut places = installed::places_of(source, [packaging], |_| true);
    let mut built = std::mem::take(&mut places.built);
    if !makes && packaging.rules.overrides("dh_auto_build") {
        // The recipe may create and remove files that match a pattern.
        for one in patterns(packaging) {
            places.files.retain(|place, _| {
                !matches(&format!("{}/{}", one.dest, file_name(&one.origin)), place)
            });
            let directory = format!("{}/", one.dest.trim_start_matches('/'));
            built
                .entry(directory)
                .or_default()
                .insert(one.origin.clone());
        }
    }
    if !makes {
        let whole = |patterns: BTreeSet<String>| {
            patterns
                .iter()
                .map(|pattern| below(&packaging.root, pattern))
                .collect()
        };
        places.built = built
            .into_iter()
            .map(|(place, patterns)| (place, whole(patterns)))
            .collect();
    }
    places
}

/// Returns the entries of `debian/*.install` that are patterns.
fn patterns(packaging: &Packaging) -> impl Iterator<Item = &Installed> {
    let installed = packaging.files.installed.iter();
    installed.filter(|one| !one.renames && one.origin.contains(['*', '?', '[']))
}

fn needs(
    derivation: &Derivation,
    release: Release,
    formals: &mut Formals,
) -> Result<Vec<Binding>, WriteError> {
    let Inputs {
        mut native,
        build,
        perl,
    } = build_inputs::inputs_of([derivation.packaging], release.rules);
    for attr in ["dpkg-shim", "perl", "pve-build-hook"] {
        native.add(attr);
    }
    native.merge(&perl);
    for attr in inputs::needed(derivation, release) {
        native.add(attr);
    }
    let mut bindings = vec![Binding::attr("strictDeps", Expr::Bool(true))];
    bindings.extend(inputs::lists(&native, &build, formals)?);
    Ok(bindings)
}

/// Returns the attributes that run `make install`, or the recipe of `debian/rules`, in the
/// packaging's directory.
fn making(packaging: &Packaging, makes: bool) -> Vec<Binding> {
    let directory = Some(packaging.root.as_str()).filter(|root| !root.is_empty());
    if makes {
        let directory = directory.map(|root| Binding::attr("makeDirectory", Expr::string(root)));
        // `make install` builds what it installs.
        return directory
            .into_iter()
            .chain([Binding::attr("dontBuild", Expr::Bool(true))])
            .collect();
    }
    let mut bindings = Vec::new();
    if packaging.rules.overrides("dh_auto_build") {
        let place = directory.into_iter().flat_map(|root| ["-C", root]);
        let flags = place.chain(["-f", "debian/rules", BUILD]);
        bindings.push(Binding::attr("buildFlags", Expr::strings(flags)));
    } else {
        bindings.push(Binding::attr("dontBuild", Expr::Bool(true)));
    }
    bindings.push(Binding::attr("dontMakeInstall", Expr::Bool(true)));
    bindings
}
