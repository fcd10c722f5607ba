//! Checks that every attribute in the rules exists somewhere.

use std::collections::BTreeSet;
use std::path::Path;

use super::rules::{DebianPackage, ModuleProvider, Provider, Rules, Ruling};
use super::{RuleId, Table};
use problem::{Problem, UNKNOWN_ATTRIBUTE};

/// An attribute that neither `nixpkgs/attributes.toml` nor this project has: a release must have it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Homeless {
    /// The attribute's path.
    pub attr: String,
    /// The rule that names it.
    pub rule: RuleId,
}

impl Homeless {
    /// Returns those of `rules`. `own` are the attributes that the project packages itself.
    pub fn of(rules: &Rules, own: &BTreeSet<String>) -> Vec<Self> {
        let has = |attr: &str| {
            // `font-awesome_4.src`: an output or a part of a listed package.
            let part = attr.rsplit_once('.');
            rules.nixpkgs.contains_key(attr)
                || part.is_some_and(|(package, _)| rules.nixpkgs.contains_key(package))
                || own.contains(attr)
        };
        let homeless = named(rules)
            .filter(|(attr, _)| !has(attr))
            .map(|(attr, rule)| Self { attr, rule });
        homeless.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Makes the problem of a release that does not have it.
    pub fn problem(&self, rules: &Rules, release: &str) -> Problem {
        let Self { attr, rule } = self;
        let cause = format!(
            "the rule `{rule}` names the attribute `{attr}`, which neither rules/nixpkgs/attributes.toml, nor {release}, nor pkgs/outside has"
        );
        let place = rules.standing.get(rule);
        let path = place.map_or_else(|| "rules".to_owned(), |place| place.file.clone());
        Problem::new(&UNKNOWN_ATTRIBUTE, cause).at(path, place.and_then(|place| place.line))
    }
}

/// Returns the attributes that this project packages itself, below `root`: packages outside of
/// nixpkgs, and the shims for Debian's tools.
pub fn own(root: &Path, rules: &Rules) -> BTreeSet<String> {
    let directories = std::fs::read_dir(root.join("pkgs/build-support"));
    let directories = directories.into_iter().flatten().flatten();
    let shims = directories
        .filter(|entry| entry.path().is_dir())
        .filter_map(|entry| entry.file_name().into_string().ok());
    shims.chain(rules.outside.iter().cloned()).collect()
}

/// Returns each attribute that a rule names, with the rule.
fn named(rules: &Rules) -> impl Iterator<Item = (String, RuleId)> {
    let programs = rules.programs.iter().filter_map(|(program, provider)| {
        let Provider::Package { attr, .. } = provider else {
            return None;
        };
        Some((attr.clone(), RuleId::new(Table::Command, program)))
    });
    let modules = [
        (Table::Perl, "perlPackages", &rules.perl),
        (Table::Python, "python3Packages", &rules.python),
    ];
    let modules = modules.into_iter().flat_map(|(table, set, modules)| {
        modules.iter().filter_map(move |(module, provider)| {
            let attr = match provider {
                ModuleProvider::Attr(attr) => format!("{set}.{attr}"),
                ModuleProvider::Package(attr) => attr.clone(),
                ModuleProvider::Source(_) | ModuleProvider::Missing(_) => return None,
            };
            Some((attr, RuleId::new(table, module)))
        })
    });
    let globs = rules.debian_globs.iter();
    let debian = globs.map(|(glob, _, package)| (glob, package));
    let debian = debian.chain(&rules.debian).filter_map(|(name, package)| {
        let attr = match package {
            DebianPackage::Attr(attr) => attr.clone(),
            DebianPackage::Perl(attr) => format!("perlPackages.{attr}"),
            DebianPackage::None(_) | DebianPackage::Source(_) | DebianPackage::Missing { .. } => {
                return None;
            }
        };
        Some((attr, RuleId::new(Table::Debian, name)))
    });
    let paths = rules.first.iter().chain(&rules.last).filter_map(|rule| {
        let Ruling::Package(attr) = &rule.ruling else {
            return None;
        };
        Some((attr.clone(), rule.id.clone()))
    });
    let libraries = rules.libraries.iter();
    let libraries = libraries.map(|one| (one.attr.clone(), RuleId::new(Table::Closure, &one.name)));
    let crates = rules.crates.crates.iter().flat_map(|(name, rule)| {
        let attrs = rule.libraries.iter().chain(&rule.tools);
        attrs.map(move |attr| (attr.clone(), RuleId::new(Table::Crate, name)))
    });
    programs
        .chain(modules)
        .chain(debian)
        .chain(paths)
        .chain(libraries)
        .chain(crates)
        .chain(over(rules))
}

/// Returns the attributes that the rules for packages over nixpkgs' own name.
fn over(rules: &Rules) -> impl Iterator<Item = (String, RuleId)> {
    rules.packages.iter().flat_map(|(source, over)| {
        let package = [&over.over].into_iter().chain(&over.beside);
        let package = package.map(move |attr| (attr.clone(), RuleId::new(Table::Package, source)));
        let switches = over.switch.iter().flat_map(move |(switch, rule)| {
            let rule_name = RuleId::switch(source, switch);
            let inputs = rule.inputs.iter();
            inputs.map(move |attr| (attr.clone(), rule_name.clone()))
        });
        package.chain(switches)
    })
}
