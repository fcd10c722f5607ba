//! An object: `mkPveObject { … }`.

use std::collections::BTreeSet;

use super::formals::Formals;
use super::inputs;
use super::installed;
use super::nix::{Binding, Expr, Name, WriteError};
use super::package::{self, Lack, Patched, Release, lack};
use super::rewrite::Role;
use super::{meta, pin};
use crate::analyse::AnalysedSource;
use crate::decide::{Context, Decision};
use crate::graph::Reason;
use crate::scan::Language;

/// The object's expression.
///
/// # Errors
/// Text or names that Nix cannot hold.
pub fn object(
    whole: Patched,
    release: Release,
    formals: &mut Formals,
    lacks: &mut Vec<Lack>,
) -> Result<Expr, WriteError> {
    let source = whole.source;
    let name = source.source.name.as_str();
    let fetched = pin::source(&source.source, formals)?;
    let patches = package::all_patches(whole, release, formals)?;
    let in_strings = source
        .packagings
        .iter()
        .any(|packaging| packaging.series.is_some());
    let mut fetching = vec![if in_strings {
        Binding::Inherit(vec![Name::new("src")?])
    } else {
        Binding::attr("src", fetched.clone())
    }];
    if let Some(rev) = &source.source.pin.rev {
        fetching.push(Binding::attr("rev", Expr::string(rev)));
    }
    let mut patching = Vec::new();
    patching.extend(patches.map(|patches| Binding::attr("patches", patches)));
    let directory = package::make_directory(source).filter(|directory| !directory.is_empty());
    let making = directory.map(|directory| Binding::attr("makeDirectory", Expr::string(directory)));
    let places = installed::places(source);
    lacks.extend(
        places
            .nowhere
            .iter()
            .map(|place| lack(name, format!("/{place}"), "no place in an output")),
    );
    let mut placing = Vec::new();
    placing
        .extend(package::files(&places, false).map(|files| package::set_binding("files", files)));
    let links = package::links(&places, name, release, formals)?;
    placing.extend(links.map(|links| package::set_binding("links", links)));
    let body = package::grouped(vec![
        package::named(name, source),
        fetching,
        patching,
        making.into_iter().collect(),
        build(source, release, formals)?,
        placing,
        needs(source, release, formals, lacks)?,
        vec![Binding::attr(
            "meta",
            Expr::Set(meta::meta(source, formals)?),
        )],
    ]);
    let object = formals.call("mkPveObject", [Expr::Set(body)])?;
    Ok(package::with_source(fetched, in_strings, object))
}

/// Build inputs. What has no C compiles nothing.
fn build(
    source: &AnalysedSource,
    release: Release,
    formals: &mut Formals,
) -> Result<Vec<Binding>, WriteError> {
    let inputs = inputs::inputs(source, release.rules);
    let compiles = source
        .scanned
        .files
        .iter()
        .any(|file| file.language == Language::C)
        || source
            .source
            .tree
            .entries()
            .iter()
            .any(|entry| entry.path.ends_with(".xs"));
    let mut bindings = Vec::new();
    let mut native = inputs.native;
    // Programs of Perl modules, and modules that what runs while it is built uses.
    native.merge(&inputs.perl);
    let native = native.expr(formals)?;
    bindings.extend(native.map(|list| Binding::attr("nativeBuildInputs", list)));
    if compiles {
        let build = inputs.build.expr(formals)?;
        bindings.extend(build.map(|list| Binding::attr("buildInputs", list)));
    }
    Ok(bindings)
}

/// What it needs at run time.
fn needs(
    source: &AnalysedSource,
    release: Release,
    formals: &mut Formals,
    lacks: &mut Vec<Lack>,
) -> Result<Vec<Binding>, WriteError> {
    let name = source.source.name.as_str();
    let empty = crate::graph::Node::default();
    let node = release.graph.nodes.get(name).unwrap_or(&empty);
    let of_role = |role: Role| {
        node.requires
            .iter()
            .filter(move |other| *other != name && release.roles.get(*other) == Some(&role))
    };
    let mut bindings = Vec::new();
    let requires: Vec<&String> = of_role(Role::Object).collect();
    if !requires.is_empty() {
        bindings.push(Binding::attr(
            "requires",
            Expr::strings(requires.into_iter().cloned()),
        ));
    }
    let run = release.graph.edges.iter().filter(|edge| {
        edge.from == name
            && edge.reason == Reason::Command
            && release.roles.get(&edge.to) == Some(&Role::Package)
    });
    let own = run
        .filter_map(|edge| release.attributes.get(&edge.to))
        .map(String::as_str);
    let commands: BTreeSet<&str> = node
        .commands
        .keys()
        .map(String::as_str)
        .chain(own)
        .collect();
    let modules = node.modules.iter().map(String::as_str).collect();
    for (key, list) in [
        ("perlModules", modules),
        ("commands", commands),
        ("interpreters", package::interpreters(source)),
    ] {
        if !list.is_empty() {
            let list = package::attributes(list, formals)?;
            bindings.push(Binding::attr(key, Expr::List(list)));
        }
    }
    let mut may_lack = unpinned(source, release);
    for other in of_role(Role::Crate) {
        for one in crate_packages(source, other, release) {
            may_lack.extend(release.chosen.get(&one).into_iter().flatten().cloned());
            may_lack.insert(one);
        }
    }
    if !may_lack.is_empty() {
        let mut names = Vec::new();
        for one in &may_lack {
            formals.optional(one, Expr::Null)?;
            names.push(Name::new(one.as_str())?);
        }
        bindings.push(Binding::attr(
            "mayLack",
            Expr::Set(vec![Binding::Inherit(names)]),
        ));
        let crates = may_lack
            .into_iter()
            .filter(|one| !node.lacks.contains_key(one) && !release.given.contains_key(one));
        lacks.extend(crates.map(|one| lack(name, one, "there is no derivation of it")));
    }
    let mut laid = BTreeSet::new();
    for other in of_role(Role::Package) {
        let over = release.rules.packages.get(other).filter(|over| over.laid);
        if let (Some(over), Some(attribute)) = (over, release.attributes.get(other)) {
            laid.insert(attribute.as_str());
            laid.extend(over.beside.iter().map(String::as_str));
        }
    }
    if !laid.is_empty() {
        let list = package::attributes(laid, formals)?;
        bindings.push(Binding::attr("extras", Expr::List(list)));
    }
    let missing = node.lacks.iter().map(|(what, why)| lack(name, what, why));
    lacks.extend(missing);
    Ok(bindings)
}

/// What the code takes from sources that no pin has.
fn unpinned(source: &AnalysedSource, release: Release) -> BTreeSet<String> {
    let host = source
        .decided
        .iter()
        .filter(|one| one.context == Context::Host);
    host.filter_map(|one| match &one.decision {
        Decision::Sibling { source, .. }
        | Decision::Command {
            source: Some(source),
            ..
        } => Some(source),
        _ => None,
    })
    .filter(|other| !release.graph.nodes.contains_key(*other))
    .cloned()
    .collect()
}

/// The Debian packages of a crate that the source's `Depends` name; all that run where it names none.
fn crate_packages(source: &AnalysedSource, other: &str, release: Release) -> Vec<String> {
    let made = release.binaries.get(other).cloned().unwrap_or_default();
    let depends: BTreeSet<&str> = source
        .packagings
        .iter()
        .flat_map(|packaging| &packaging.control.binaries)
        .flat_map(|binary| {
            binary
                .pre_depends
                .iter()
                .chain(&binary.depends)
                .chain(&binary.recommends)
        })
        .flat_map(|relation| &relation.alternatives)
        .map(|one| one.name.as_str())
        .collect();
    let named: Vec<String> = made
        .iter()
        .filter(|name| depends.contains(name.as_str()))
        .cloned()
        .collect();
    if !named.is_empty() {
        return named;
    }
    let runs = |name: &&String| !name.ends_with("-dev") && !name.ends_with("-docs");
    made.iter().filter(runs).cloned().collect()
}
