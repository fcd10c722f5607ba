//! The expression of an object: `mkPveObject { … }`.

use std::collections::BTreeSet;

use super::inputs;
use super::installed;
use super::needs::{Needs, Uses};
use super::package::{self, Lack, Patched, Release, lack};
use super::{meta, pin};
use analyse::AnalysedSource;
use decide::{Context, Decision};
use graph::{Place, Reason, Role};
use nix::Formals;
use nix::{Binding, Expr, Name, WriteError};
use scan::Language;

/// Returns the object's expression.
///
/// # Errors
/// Nix cannot express a text or name.
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
    // A plugin's tree is an argument.
    let is_given = matches!(fetched, Expr::Variable(_));
    let mut fetching = vec![if in_strings || is_given {
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
    let places = installed::places(source).laid_out(release.rules);
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
    let mut described = meta::meta(source, release, formals)?;
    described.extend(
        meta::main_program(source)
            .map(|program| Binding::attr("mainProgram", Expr::string(program))),
    );
    let body = package::grouped(vec![
        package::named(name, source),
        fetching,
        patching,
        making.into_iter().collect(),
        build(source, release, formals)?,
        placing,
        package::left_out(source, release.rules),
        needs(source, release, formals, lacks)?,
        vec![Binding::attr("meta", Expr::Set(described))],
    ]);
    let object = formals.call("mkPveObject", [Expr::Set(body)])?;
    Ok(package::with_source(
        fetched,
        in_strings && !is_given,
        object,
    ))
}

/// Returns the build inputs. A source without C code compiles nothing.
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
    // Programs of Perl modules, and modules that programs use during the build.
    native.merge(&inputs.perl);
    let native = native.expr(formals)?;
    bindings.extend(native.map(|list| Binding::attr("nativeBuildInputs", list)));
    if compiles {
        let build = inputs.build.expr(formals)?;
        bindings.extend(build.map(|list| Binding::attr("buildInputs", list)));
    }
    Ok(bindings)
}

/// Collects the needs at run time.
fn needs(
    source: &AnalysedSource,
    release: Release,
    formals: &mut Formals,
    lacks: &mut Vec<Lack>,
) -> Result<Vec<Binding>, WriteError> {
    let name = source.source.name.as_str();
    let empty = graph::Node::default();
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
    let mut uses = node.outside.clone();
    for other in of_role(Role::Crate) {
        for (one, places) in crate_packages(source, other, release) {
            for chosen in release.chosen.get(&one).into_iter().flatten() {
                let also = uses.entry(chosen.clone()).or_default();
                also.extend(places.iter().cloned());
            }
            uses.entry(one).or_default().extend(places);
        }
    }
    let needs = Needs::of(source, &uses, release, lacks);
    bindings.extend(needs.needs(formals)?);
    let may_lack = needs.may_lack(formals)?;
    bindings.extend(may_lack.map(|set| Binding::attr("mayLack", set)));
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
    Ok(bindings)
}

/// Returns the Debian packages of a crate that the source uses, with the places: packages that
/// install a file the code names; otherwise those in its `Depends`; and if it names none, all
/// packages with something to run.
fn crate_packages(source: &AnalysedSource, other: &str, release: Release) -> Uses {
    let made = release.binaries.get(other).cloned().unwrap_or_default();
    let mut packages = Uses::new();
    let mut rest = BTreeSet::new();
    for (target, place) in uses_of(source, other) {
        let makers = release.makers.get(&(other.to_owned(), target));
        let makers = makers
            .into_iter()
            .flatten()
            .filter(|one| made.contains(one));
        let before = packages.values().map(BTreeSet::len).sum::<usize>();
        for maker in makers {
            let places = packages.entry(maker.clone()).or_default();
            places.insert(place.clone());
        }
        if packages.values().map(BTreeSet::len).sum::<usize>() == before {
            rest.insert(place);
        }
    }
    let depended: Vec<(&String, Place)> = source
        .packagings
        .iter()
        .flat_map(|packaging| {
            let control = &packaging.control;
            let binaries = control.binaries.iter();
            let relations = binaries.flat_map(|binary| {
                let needs = binary.pre_depends.iter().chain(&binary.depends);
                needs.chain(&binary.recommends)
            });
            relations.flat_map(move |relation| {
                let names = relation.alternatives.iter().map(|one| &one.name);
                let place = Place {
                    path: control.path.clone(),
                    line: relation.line,
                };
                names.map(move |name| (name, place.clone()))
            })
        })
        .filter(|(name, _)| made.contains(name))
        .collect();
    for (name, place) in &depended {
        let places = packages.entry((*name).clone()).or_default();
        if rest.is_empty() {
            places.insert(place.clone());
        } else {
            places.extend(rest.iter().cloned());
        }
    }
    if packages.is_empty() {
        let runs = |name: &&String| !name.ends_with("-dev") && !name.ends_with("-docs");
        for name in made.iter().filter(runs) {
            packages.insert(name.clone(), rest.clone());
        }
    }
    packages
}

/// Returns the paths below the output of `other` that the source's code uses, with the places.
fn uses_of<'a>(
    source: &'a AnalysedSource,
    other: &'a str,
) -> impl Iterator<Item = (String, Place)> + 'a {
    let host = source
        .decided
        .iter()
        .filter(|one| matches!(one.context, Context::Host | Context::Remote));
    host.filter_map(move |one| {
        let target = match &one.decision {
            Decision::Sibling { source, target } if source == other => target.clone(),
            Decision::Command {
                source: Some(source),
                program,
                ..
            } if source == other => format!("bin/{program}"),
            _ => return None,
        };
        let place = Place {
            path: one.path.clone(),
            line: one.occurrence.line,
        };
        Some((target, place))
    })
}
