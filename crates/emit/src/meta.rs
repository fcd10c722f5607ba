//! A package's metadata: version, description, licence, platforms.

use std::collections::BTreeSet;

use super::package::Release;
use analyse::AnalysedSource;
use debian::Packaging;
use debian::make::ActionKind;
use nix::Formals;
use nix::{Binding, Expr, WriteError};

/// A version for a store name and as Debian writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The part that a store name can contain.
    pub name: String,
    /// The whole version, if it is longer.
    pub debian: Option<String>,
}

/// Returns the version of a source: from its pin, its changelog, or the pin's date.
pub fn version(source: &AnalysedSource) -> Version {
    let pin = &source.source.pin;
    let first = source.packagings.first().and_then(Packaging::version);
    version_or(source, pin.version.as_deref().or(first))
}

/// Returns the version of one of a source's packagings, which may differ from the pin's.
pub fn version_of(source: &AnalysedSource, packaging: &Packaging) -> Version {
    let own = packaging.version().or(source.source.pin.version.as_deref());
    version_or(source, own)
}

fn version_or(source: &AnalysedSource, version: Option<&str>) -> Version {
    let pin = &source.source.pin;
    let dated = || format!("0-unstable-{}", pin.date.as_deref().unwrap_or("unknown"));
    of(&version.map_or_else(dated, str::to_owned))
}

fn of(whole: &str) -> Version {
    let after_epoch = whole.split_once(':').map_or(whole, |(_, rest)| rest);
    let allowed = |letter: char| {
        if letter.is_ascii_alphanumeric() || "+-._?=".contains(letter) {
            letter
        } else {
            '-'
        }
    };
    let name: String = after_epoch.chars().map(allowed).collect();
    let debian = (name != whole).then(|| whole.to_owned());
    Version { name, debian }
}

/// Returns the attributes of `meta` without the platforms.
///
/// # Errors
/// A text cannot be a Nix string.
pub fn meta(
    source: &AnalysedSource,
    release: Release,
    formals: &mut Formals,
) -> Result<Vec<Binding>, WriteError> {
    match source.packagings.first() {
        Some(packaging) => meta_of(source, packaging, &source.source.name, release, formals),
        None => Ok(Vec::new()),
    }
}

/// Returns a source's main program: the only one that it installs, or the one with its name.
pub fn main_program(source: &AnalysedSource) -> Option<&str> {
    let made = source
        .packagings
        .iter()
        .flat_map(|packaging| &packaging.made);
    let programs: BTreeSet<&str> = made
        .filter(|action| action.kind == ActionKind::File)
        .filter_map(|action| {
            let mut directories = ["usr/bin/", "usr/sbin/"].iter();
            directories.find_map(|directory| action.dest.strip_prefix(directory))
        })
        .collect();
    let named = programs.get(source.source.name.as_str()).copied();
    named.or_else(|| programs.first().copied().filter(|_| programs.len() == 1))
}

/// As [`meta`], for one of its packagings, with the description of its Debian package `name`.
///
/// # Errors
/// A text cannot be a Nix string.
pub fn meta_of(
    source: &AnalysedSource,
    packaging: &Packaging,
    name: &str,
    release: Release,
    formals: &mut Formals,
) -> Result<Vec<Binding>, WriteError> {
    let mut bindings = Vec::new();
    let named = |name: &str| {
        let binaries = &packaging.control.binaries;
        let same = binaries.iter().find(|binary| binary.name == name);
        // Among packages for several products, take the one that another source of this release
        // depends on.
        let mut wanted = binaries
            .iter()
            .filter(|binary| release.wanted.contains(&binary.name));
        same.or_else(|| wanted.next()).or(binaries.first())
    };
    if let Some(binary) = named(name).filter(|binary| !binary.short.is_empty()) {
        bindings.push(Binding::attr("description", Expr::string(&binary.short)));
    }
    if let Some(homepage) = homepage(source, packaging) {
        bindings.push(Binding::attr("homepage", Expr::string(homepage)));
    }
    if let Some(licence) = packaging.licence.as_ref() {
        bindings.push(Binding::attr("license", licences(&licence.main, formals)?));
    }
    Ok(bindings)
}

/// Returns the homepage in the packaging, or else the repository's page.
fn homepage(source: &AnalysedSource, packaging: &Packaging) -> Option<String> {
    if let Some(homepage) = &packaging.control.source.homepage {
        return Some(homepage.clone());
    }
    let repository = source
        .source
        .pin
        .url
        .as_deref()?
        .strip_prefix("git://git.proxmox.com/git/")?;
    Some(format!("https://git.proxmox.com/?p={repository}"))
}

/// Translates an SPDX expression to nixpkgs' licences: one, or a list of several.
fn licences(expression: &str, formals: &mut Formals) -> Result<Expr, WriteError> {
    let words = expression.split_whitespace();
    let ids: Vec<&str> = words
        .map(|word| word.trim_matches(['(', ')']))
        .filter(|word| !matches!(*word, "AND" | "OR"))
        .take_while(|word| *word != "WITH")
        .collect();
    let mut licences = Vec::new();
    for id in ids {
        licences.push(formals.call("lib.getLicenseFromSpdxId", [Expr::string(in_nixpkgs(id))])?);
    }
    Ok(if licences.len() == 1 {
        licences.remove(0)
    } else {
        Expr::List(licences)
    })
}

/// Returns nixpkgs' SPDX id for a licence. nixpkgs lacks some of the finer ids and warns of unknown
/// ones.
fn in_nixpkgs(id: &str) -> String {
    if id == "Artistic-1.0-Perl" {
        return "Artistic-1.0".to_owned();
    }
    id.replace("-no-invariants", "").replace("-invariants", "")
}

/// Returns the Nix platforms of the `Architecture` fields.
pub fn platforms(source: &AnalysedSource) -> Expr {
    platforms_of(&source.packagings)
}

/// As [`platforms`], for some packagings.
pub fn platforms_of<'a>(packagings: impl IntoIterator<Item = &'a Packaging>) -> Expr {
    let all = packagings
        .into_iter()
        .flat_map(|packaging| &packaging.control.binaries)
        .flat_map(|binary| &binary.architecture);
    let names: Vec<&str> = all.map(String::as_str).collect();
    let has = |wanted: &str| {
        names
            .iter()
            .any(|name| matches!(*name, "any" | "all" | "linux-any") || *name == wanted)
    };
    let platforms = [("amd64", "x86_64-linux"), ("arm64", "aarch64-linux")];
    Expr::strings(
        platforms
            .iter()
            .filter(|(debian, _)| has(debian))
            .map(|(_, nix)| *nix),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_does_not_reach_the_store_name() {
        let plain = of("9.1.4-2");
        assert_eq!((plain.name.as_str(), plain.debian), ("9.1.4-2", None));
        let epoch = of("1:2.0~rc1+b");
        assert_eq!(epoch.name, "2.0-rc1+b");
        assert_eq!(epoch.debian.as_deref(), Some("1:2.0~rc1+b"));
    }

    #[test]
    fn licences_are_those_that_nixpkgs_has() {
        assert_eq!(in_nixpkgs("AGPL-3.0-or-later"), "AGPL-3.0-or-later");
        assert_eq!(
            in_nixpkgs("GFDL-1.3-no-invariants-or-later"),
            "GFDL-1.3-or-later"
        );
        assert_eq!(in_nixpkgs("GFDL-1.3-invariants-only"), "GFDL-1.3-only");
        assert_eq!(in_nixpkgs("Artistic-1.0-Perl"), "Artistic-1.0");
    }

    #[test]
    fn joined_licences_are_a_list() {
        let mut formals = Formals::default();
        let one = licences("MIT", &mut formals).unwrap();
        assert!(matches!(one, Expr::Apply(..)));
        let Expr::List(two) = licences("MIT OR Apache-2.0", &mut formals).unwrap() else {
            panic!("not a list");
        };
        assert_eq!(two.len(), 2);
    }
}
