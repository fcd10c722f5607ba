//! The expression of an ordinary package: `stdenv.mkDerivation`, built by make or by the recipes of
//! `debian/rules`.

use std::collections::BTreeSet;

use super::inputs::{self, Inputs};
use super::installed;
use super::package::{self, Lack, Patched, Release, lack};
use super::{meta, pin};
use analyse::AnalysedSource;
use decide::{Context, Decision};
use graph::{Reason, Role};
use nix::Formals;
use nix::{Binding, Expr, Name, WriteError};
use scan::Kind;

/// The way to build a package.
enum Build {
    /// `make install` in a directory.
    Make(String),
    /// `make -f debian/rules override_dh_auto_build` in a directory, which may differ from that of
    /// `debian`.
    Rules(String),
}

fn build(source: &AnalysedSource) -> Build {
    if let Some(directory) = package::make_directory(source) {
        return Build::Make(directory);
    }
    let root = source
        .packagings
        .first()
        .map(|packaging| packaging.rules.build_root.clone());
    Build::Rules(root.unwrap_or_default())
}

/// Whether the package's patches may change a file. If the package is built in a directory with a
/// tree of its own, only `debian` lies beside that tree.
pub fn is_patched(source: &AnalysedSource, path: &str) -> bool {
    match build(source) {
        Build::Rules(directory) if !directory.is_empty() => path.starts_with("debian/"),
        _ => true,
    }
}

/// Returns the package's expression.
///
/// # Errors
/// Nix cannot express a text or name.
pub fn ordinary(
    whole: Patched,
    release: Release,
    formals: &mut Formals,
    lacks: &mut Vec<Lack>,
) -> Result<Expr, WriteError> {
    let source = whole.source;
    let name = source.source.name.as_str();
    let build = build(source);
    let fetched = pin::source(&source.source, formals)?;
    let in_strings = source
        .packagings
        .iter()
        .any(|packaging| packaging.series.is_some());
    let sourced = if in_strings {
        Binding::Inherit(vec![Name::new("src")?])
    } else {
        Binding::attr("src", fetched.clone())
    };
    let patches = package::all_patches(whole, release, formals)?;
    let mut places = installed::places(source).laid_out(release.rules);
    places.modules = modules(source);
    lacks.extend(
        places
            .nowhere
            .iter()
            .map(|place| lack(name, format!("/{place}"), "no place in an output")),
    );
    let body = Expr::Set(package::grouped(vec![
        package::named(name, source),
        vec![sourced],
        unpacked(&build),
        patches
            .into_iter()
            .map(|patches| Binding::attr("patches", patches))
            .collect(),
        depends(source, release, formals)?,
        making(source, &build),
        package::left_out(source, release.rules),
        vec![Binding::attr(
            "meta",
            Expr::Set(described(source, release, formals)?),
        )],
    ]));
    let built = matches!(build, Build::Rules(_));
    let attributes = package::placed(body, (&places, built), name, release, formals)?;
    let derivation = formals.call("stdenv.mkDerivation", [attributes])?;
    let is_library = release.graph.nodes.contains_key(name) && has_modules(source);
    let derivation = if is_library {
        formals.call("perl.pkgs.toPerlModule", [derivation])?
    } else {
        derivation
    };
    Ok(package::with_source(fetched, in_strings, derivation))
}

/// Whether the source installs Perl modules.
fn has_modules(source: &AnalysedSource) -> bool {
    let mut made = source
        .packagings
        .iter()
        .flat_map(|packaging| &packaging.made);
    made.any(|action| action.dest.starts_with("usr/share/perl5/") && action.dest.ends_with(".pm"))
}

/// Returns the outside Perl modules that its programs use. The modules of a library come from the
/// link that contains it.
fn modules(source: &AnalysedSource) -> BTreeSet<String> {
    if has_modules(source) {
        return BTreeSet::new();
    }
    let is_program = |dest: &str| dest.starts_with("usr/bin/") || dest.starts_with("usr/sbin/");
    let made = source
        .packagings
        .iter()
        .flat_map(|packaging| &packaging.made);
    let programs: BTreeSet<&str> = made
        .filter(|action| is_program(&action.dest))
        .map(|action| action.origin.as_str())
        .collect();
    let used = source.decided.iter().filter(|one| {
        let origin = one.path.strip_suffix(".in").unwrap_or(&one.path);
        one.context == Context::Host
            && one.occurrence.kind == Kind::Module
            && programs.contains(origin)
    });
    used.filter_map(|one| match &one.decision {
        Decision::Package { attr, .. } => Some(attr.clone()),
        _ => None,
    })
    .collect()
}

/// If the build runs elsewhere, copies `debian` there.
fn unpacked(build: &Build) -> Vec<Binding> {
    match build {
        Build::Rules(directory) if !directory.is_empty() => {
            let text = format!(
                "cp -r \"$sourceRoot/debian\" \"$sourceRoot/{directory}/\"\nsourceRoot=\"$sourceRoot/{directory}\"\n"
            );
            vec![Binding::attr("postUnpack", Expr::string(text))]
        }
        _ => Vec::new(),
    }
}

fn depends(
    source: &AnalysedSource,
    release: Release,
    formals: &mut Formals,
) -> Result<Vec<Binding>, WriteError> {
    let name = &source.source.name;
    let Inputs {
        mut native,
        mut build,
        perl,
    } = inputs::inputs(source, release.rules);
    for attr in ["dpkg-shim", "perl", "pve-build-hook"] {
        native.add(attr);
    }
    native.merge(&perl);
    let needed = release.graph.edges.iter().filter(|edge| {
        edge.from == *name
            && edge.reason == Reason::BuildDepends
            && release.roles.get(&edge.to) == Some(&Role::Package)
    });
    for attr in needed.filter_map(|edge| release.attributes.get(&edge.to)) {
        native.add(attr.as_str());
    }
    for attr in package::interpreters(source) {
        build.add(attr);
    }
    // Only its own build patches the shebangs of what it installs.
    for attr in package::common_interpreters(source) {
        build.add(attr);
    }
    let mut bindings = vec![Binding::attr("strictDeps", Expr::Bool(true))];
    let hooks = [
        ("cmake", "dontUseCmakeConfigure"),
        ("meson", "dontUseMesonConfigure"),
        ("ninja", "dontUseNinjaBuild"),
    ];
    let stopped: Vec<&str> = hooks
        .iter()
        .filter(|(attr, _)| native.has(attr))
        .map(|(_, stop)| *stop)
        .collect();
    let native = native.expr(formals)?;
    bindings.extend(native.map(|list| Binding::attr("nativeBuildInputs", list)));
    let build = build.expr(formals)?;
    bindings.extend(build.map(|list| Binding::attr("buildInputs", list)));
    let hardening = release.rules.hardening.iter();
    let disabled: Vec<&str> = hardening
        .filter(|one| one.source == *name)
        .flat_map(|one| &one.disable)
        .map(String::as_str)
        .collect();
    if !disabled.is_empty() {
        bindings.push(Binding::attr("hardeningDisable", Expr::strings(disabled)));
    }
    bindings.extend(
        stopped
            .into_iter()
            .map(|stop| Binding::attr(stop, Expr::Bool(true))),
    );
    Ok(bindings)
}

/// Returns the attributes for the build's commands. `dh_auto_build` runs make before
/// `dh_auto_install` does.
fn making(source: &AnalysedSource, build: &Build) -> Vec<Binding> {
    let rules = source.packagings.first().map(|packaging| &packaging.rules);
    let off = rules.is_some_and(|rules| {
        let mut overrides = rules.overrides.iter();
        overrides.any(|one| one.tool == "dh_auto_build" && one.empty)
    });
    let mut bindings = Vec::new();
    match build {
        Build::Make(directory) => {
            if !directory.is_empty() {
                bindings.push(Binding::attr("makeDirectory", Expr::string(directory)));
            }
            if off {
                bindings.push(Binding::attr("dontBuild", Expr::Bool(true)));
            } else if !directory.is_empty() {
                bindings.push(Binding::attr(
                    "buildFlags",
                    Expr::strings(["-C", directory.as_str()]),
                ));
            }
        }
        Build::Rules(_) => {
            let flags = ["-f", "debian/rules", "override_dh_auto_build"];
            bindings.push(Binding::attr("buildFlags", Expr::strings(flags)));
            bindings.push(Binding::attr("dontMakeInstall", Expr::Bool(true)));
        }
    }
    bindings
}

fn described(
    source: &AnalysedSource,
    release: Release,
    formals: &mut Formals,
) -> Result<Vec<Binding>, WriteError> {
    let mut bindings = meta::meta(source, release, formals)?;
    bindings.push(Binding::attr("platforms", meta::platforms(source)));
    Ok(bindings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipes_find_the_packaging_in_the_directory_that_they_build() {
        let text = |build: Build| {
            let bindings = unpacked(&build);
            nix::write(&Expr::Set(bindings)).unwrap()
        };
        let moved = text(Build::Rules("src".to_owned()));
        assert!(
            moved.contains("cp -r \"$sourceRoot/debian\" \"$sourceRoot/src/\""),
            "{moved}"
        );
        assert!(moved.contains("sourceRoot=\"$sourceRoot/src\""), "{moved}");
        assert!(!text(Build::Rules(String::new())).contains("postUnpack"));
        assert!(!text(Build::Make("src".to_owned())).contains("postUnpack"));
    }
}
