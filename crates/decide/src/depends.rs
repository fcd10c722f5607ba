//! Checks that everything that Debian installs beside a source's code reaches the code here.

use std::collections::{BTreeMap, BTreeSet};

use super::rules::{DebianPackage, Depends, Provider, Rules};
use super::{Context, Decided, Decision, RuleId, Table};
use debian::Packaging;
use debian::control::Binary;
use problem::{Problem, UNREACHED_PACKAGE};

/// The result of the check.
#[derive(Debug, Default)]
pub struct Held {
    /// The packages that nothing provides.
    pub findings: Vec<Problem>,
    /// The rules that decided.
    pub used: BTreeSet<RuleId>,
}

/// The sources of a release, as far as the check needs them.
pub struct Sources<'a> {
    rules: &'a Rules,
    /// The nixpkgs attributes that reach the code of each source.
    given: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// The attributes that reach any crate, because a program consists of crates from many sources.
    crates: BTreeSet<&'a str>,
}

impl<'a> Sources<'a> {
    /// Collects each source's name, packagings and decisions.
    pub fn new(
        sources: impl Iterator<Item = (&'a str, &'a [Packaging], &'a [Decided])>,
        rules: &'a Rules,
    ) -> Self {
        let (mut all, mut crates) = (BTreeMap::new(), BTreeSet::new());
        for (name, packagings, decided) in sources {
            let given = given(name, decided, rules);
            if packagings.is_empty() || packagings.iter().any(Packaging::is_built_by_cargo) {
                crates.extend(given.iter().copied());
            }
            all.insert(name, given);
        }
        Self {
            rules,
            given: all,
            crates,
        }
    }

    /// Whether an attribute, or a part of it, reaches what a packaging makes of a source.
    fn reaches(&self, source: &str, packaging: &Packaging, attr: &str) -> bool {
        let part = |given: &&str| {
            given
                .strip_prefix(attr)
                .is_some_and(|rest| rest.starts_with('.'))
        };
        let has = |given: &BTreeSet<&str>| given.contains(attr) || given.iter().any(&part);
        self.given.get(source).is_some_and(has)
            || (packaging.is_built_by_cargo() && has(&self.crates))
    }
}

/// Compares `Pre-Depends`, `Depends` and `Recommends` of a source's packages with the nixpkgs
/// attributes that reach its code: those whose files it names, whose programs it runs or a closure
/// lists, or whose library it links.
pub fn hold(source: &str, packagings: &[Packaging], sources: &Sources<'_>) -> Held {
    let rules = sources.rules;
    let mut held = Held::default();
    let mut told = BTreeSet::new();
    for packaging in packagings {
        let control = &packaging.control;
        let linked: BTreeSet<&str> = control
            .source
            .all_build_depends()
            .flat_map(|relation| &relation.alternatives)
            .filter_map(|one| attribute(&one.name, rules))
            .collect();
        for binary in control.binaries.iter().filter(|one| is_run(one)) {
            let needs = binary.pre_depends.iter().chain(&binary.depends);
            for relation in needs.chain(&binary.recommends) {
                // One of the alternatives is enough.
                let wanted: Vec<(&str, &str)> = relation
                    .alternatives
                    .iter()
                    .filter_map(|one| Some((one.name.as_str(), attribute(&one.name, rules)?)))
                    .collect();
                let Some((name, attr)) = wanted.first() else {
                    continue;
                };
                let reaches = |(name, attr): &(&str, &str)| {
                    sources.reaches(source, packaging, attr)
                        || (name.starts_with("lib") && linked.contains(attr))
                };
                if wanted.iter().any(reaches) {
                    continue;
                }
                let mut reasons = rules.depends.iter();
                if let Some(rule) = reasons.find(|rule| rule.decides(source, &binary.name, name)) {
                    held.used.insert(RuleId::new(Table::Depends, &rule.name));
                } else if told.insert(*attr) {
                    let cause = format!(
                        "Debian installs `{name}` beside {}, and no code of {source} names anything of nixpkgs' `{attr}`",
                        binary.name
                    );
                    let problem = Problem::new(&UNREACHED_PACKAGE, cause).in_source(source);
                    held.findings
                        .push(problem.at(&control.path, Some(relation.line)));
                }
            }
        }
    }
    held
}

/// Whether a package is for machines that run it, rather than headers or documents.
fn is_run(binary: &Binary) -> bool {
    !["-dev", "-doc", "-docs", "-dbg", "-dbgsym"]
        .iter()
        .any(|end| binary.name.ends_with(end))
}

/// Returns the attribute of a Debian package. Packages that another source makes or that nothing
/// provides are reported elsewhere.
fn attribute<'r>(name: &str, rules: &'r Rules) -> Option<&'r str> {
    match rules.debian_package(name)?.0 {
        DebianPackage::Attr(attr) => Some(attr),
        _ => None,
    }
}

/// Returns the attributes that reach the code.
fn given<'r>(source: &str, decided: &'r [Decided], rules: &'r Rules) -> BTreeSet<&'r str> {
    let host = decided
        .iter()
        .filter(|one| matches!(one.context, Context::Host | Context::Remote));
    let named = host.filter_map(|one| match &one.decision {
        Decision::Package { attr, .. }
        | Decision::Command {
            attr: Some(attr), ..
        } => Some(attr.as_str()),
        _ => None,
    });
    let closures = rules.closures.iter().filter(|one| one.source == source);
    let run = closures.flat_map(|one| &one.programs);
    let run = run.filter_map(|program| match rules.programs.get(program)? {
        Provider::Package { attr, .. } => Some(attr.as_str()),
        _ => None,
    });
    let over = rules.packages.get(source).into_iter();
    named
        .chain(run)
        .chain(over.map(|over| over.over.as_str()))
        .collect()
}

impl Depends {
    /// Whether the rule explains why `package`, on which `binary` of `source` depends, is not
    /// needed.
    fn decides(&self, source: &str, binary: &str, package: &str) -> bool {
        let has =
            |names: &[String], name: &str| names.is_empty() || names.iter().any(|one| one == name);
        has(&self.sources, source) && has(&self.binaries, binary) && has(&self.packages, package)
    }
}
