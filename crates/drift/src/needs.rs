//! Compares the dependencies of a source.

use std::collections::{BTreeMap, BTreeSet};

use analyse::{AnalysedSource, Analysis};
use cargo::lockfile::versions;
use debian::control::Relation;
use graph::Node;
use release::source_name;
use scan::Kind;

use super::{Level, Need, NeedKind};

/// Needs by name, with a version, a relation or nothing.
pub(super) type Named = BTreeMap<String, String>;

/// Returns the entries that only one of two lists has, or that differ.
pub(super) fn changes(old: &Named, new: &Named) -> Vec<(String, Option<String>, Option<String>)> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    names
        .into_iter()
        .filter(|name| old.get(*name) != new.get(*name))
        .map(|name| (name.clone(), old.get(name).cloned(), new.get(name).cloned()))
        .collect()
}

/// Returns the nixpkgs inputs of all derivations of a release.
pub(super) fn inputs(analysis: &Analysis) -> BTreeSet<&str> {
    analysis
        .graph
        .nodes
        .values()
        .flat_map(node_inputs)
        .collect()
}

/// Returns the inputs of one source's derivation.
fn node_inputs(node: &Node) -> impl Iterator<Item = &str> {
    let commands = node.commands.keys();
    commands
        .chain(&node.modules)
        .chain(&node.build)
        .map(String::as_str)
}

/// Returns the differences of one source. `known` are the inputs of any derivation in the old
/// release.
pub(super) fn needs(
    (old, old_release): (Option<&AnalysedSource>, &Analysis),
    (new, new_release): (Option<&AnalysedSource>, &Analysis),
    known: &BTreeSet<&str>,
) -> Vec<Need> {
    let (old, new) = (Needed::of(old, old_release), Needed::of(new, new_release));
    let mut needs = Vec::new();
    for (kind, of) in Needed::LISTS {
        for (name, before, after) in changes(of(&old), of(&new)) {
            let level = level(kind, &name, before.is_some(), after.is_some(), known);
            needs.push(Need {
                kind,
                name,
                level,
                old: before,
                new: after,
            });
        }
    }
    needs.sort_by(|a, b| (b.level, a.kind, &a.name).cmp(&(a.level, b.kind, &b.name)));
    needs
}

fn level(kind: NeedKind, name: &str, was: bool, is: bool, known: &BTreeSet<&str>) -> Level {
    match kind {
        // Nobody has reviewed whether the attribute is the right one.
        NeedKind::Input if is && !was && !known.contains(name) => Level::Review,
        NeedKind::Lack if is && !was => Level::Review,
        _ => Level::Moved,
    }
}

/// Everything that a source needs.
#[derive(Default)]
struct Needed {
    depends: Named,
    build_depends: Named,
    modules: Named,
    commands: Named,
    crates: Named,
    inputs: Named,
    sources: Named,
    lacks: Named,
}

/// Accesses one of the lists.
type List = fn(&Needed) -> &Named;

impl Needed {
    const LISTS: [(NeedKind, List); 8] = [
        (NeedKind::Depends, |one| &one.depends),
        (NeedKind::BuildDepends, |one| &one.build_depends),
        (NeedKind::Module, |one| &one.modules),
        (NeedKind::Command, |one| &one.commands),
        (NeedKind::Crate, |one| &one.crates),
        (NeedKind::Input, |one| &one.inputs),
        (NeedKind::Source, |one| &one.sources),
        (NeedKind::Lack, |one| &one.lacks),
    ];

    fn of(source: Option<&AnalysedSource>, release: &Analysis) -> Self {
        let mut needed = Self::default();
        let Some(source) = source else {
            return needed;
        };
        for packaging in &source.packagings {
            let control = &packaging.control;
            let runtime = control
                .binaries
                .iter()
                .flat_map(|one| one.pre_depends.iter().chain(&one.depends));
            needed.depends.extend(runtime.filter_map(relation));
            needed
                .build_depends
                .extend(control.source.all_build_depends().filter_map(relation));
        }
        let name = source.source.name.as_str();
        let there = |name: &str| (name.to_owned(), String::new());
        // Its programs' own pins are nodes of their own.
        for (_, node) in release
            .graph
            .nodes
            .iter()
            .filter(|(node, _)| source_name(node) == name)
        {
            let programs = node.commands.values().flatten();
            needed
                .commands
                .extend(programs.map(|program| there(program)));
            needed.inputs.extend(node_inputs(node).map(there));
            let sources = node
                .requires
                .iter()
                .map(|name| source_name(name))
                .filter(|other| *other != name);
            needed.sources.extend(sources.map(there));
            let lacks = node.outside.keys().map(|name| there(name));
            needed.lacks.extend(lacks);
        }
        needed.modules = modules(source);
        let own = release
            .programs
            .iter()
            .filter(|program| source_name(&program.source) == name);
        needed.crates = own.flat_map(|program| versions(&program.lock)).collect();
        needed
    }
}

/// Returns a relation by its first package's name, or `None` for a substitution variable.
fn relation(relation: &Relation) -> Option<(String, String)> {
    let first = relation
        .alternatives
        .first()
        .filter(|first| !first.is_substvar())?;
    let one = |one: &debian::control::Alternative| match (one.op, &one.version) {
        (Some(op), Some(version)) => format!("{} {version}", op.as_str()),
        _ => String::new(),
    };
    let others = relation.alternatives[1..].iter();
    let others = others.map(|other| format!("{} {}", other.name, one(other)).trim().to_owned());
    let all: Vec<String> = std::iter::once(one(first)).chain(others).collect();
    let text = all.join(" | ");
    Some((first.name.clone(), text))
}

/// Returns the Perl and Python modules that code outside of tests uses from other sources or
/// packages.
fn modules(source: &AnalysedSource) -> Named {
    use decide::{Context, Decision};

    let used = source.decided.iter().filter(|one| {
        one.occurrence.kind == Kind::Module
            && matches!(
                one.context,
                Context::Host | Context::Guest | Context::Remote
            )
            && matches!(
                one.decision,
                Decision::Package { .. } | Decision::Sibling { .. }
            )
    });
    used.map(|one| (one.occurrence.text.clone(), String::new()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_in_two_versions_is_one() {
        let lock = "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n[[package]]\nname = \"a\"\nversion = \"2.0.0\"\n";
        assert_eq!(
            versions(lock),
            Named::from([("a".to_owned(), "1.0.0, 2.0.0".to_owned())])
        );
        assert!(versions("no lock").is_empty());
    }
}
