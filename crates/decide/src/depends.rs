//! What Debian installs beside a source's code, held against what the code is given here.

use std::collections::{BTreeMap, BTreeSet};

use super::rules::{DebianPackage, Depends, Provider, Rules};
use super::{Context, Decided, Decision, RuleId, Table};
use debian::Packaging;
use debian::control::Binary;
use problem::{Problem, UNREACHED_PACKAGE};

/// What came of holding one against the other.
#[derive(Debug, Default)]
pub struct Held {
    /// The packages that nothing brings.
    pub findings: Vec<Problem>,
    /// The rules that decided.
    pub used: BTreeSet<RuleId>,
}

/// The sources of a release, as far as is asked of them here.
pub struct Sources<'a> {
    rules: &'a Rules,
    /// The nixpkgs attributes that reach the code of each.
    given: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// Those that reach any crate: a program is made of many sources' crates.
    crates: BTreeSet<&'a str>,
}

impl<'a> Sources<'a> {
    /// Of each source its name, its packagings and what was decided.
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

/// Holds `Pre-Depends`, `Depends` and `Recommends` of a source's packages against the nixpkgs attributes that its code is
/// given: those whose files it names, whose programs it runs, whose programs a closure has, whose library it is linked with.
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

/// Whether a package is for a machine that runs it: not headers, not documents.
fn is_run(binary: &Binary) -> bool {
    !["-dev", "-doc", "-docs", "-dbg", "-dbgsym"]
        .iter()
        .any(|end| binary.name.ends_with(end))
}

/// The attribute that a Debian package is; what another source makes and what nobody has is told elsewhere.
fn attribute<'r>(name: &str, rules: &'r Rules) -> Option<&'r str> {
    match rules.debian_package(name)?.0 {
        DebianPackage::Attr(attr) => Some(attr),
        _ => None,
    }
}

/// The attributes that reach the code.
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
    /// Whether the rule says why `package`, which `binary` of `source` depends on, need not be brought.
    fn decides(&self, source: &str, binary: &str, package: &str) -> bool {
        let has =
            |names: &[String], name: &str| names.is_empty() || names.iter().any(|one| one == name);
        has(&self.sources, source) && has(&self.binaries, binary) && has(&self.packages, package)
    }
}
