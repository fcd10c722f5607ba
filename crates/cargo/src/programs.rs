//! Finds the programs and libraries of a release that cargo builds.

use super::Program;
use super::crates::SourceCrates;
use debian::Packaging;
use decide::rules::CrateRules;

/// Returns the programs of one source: one for each `debian/` that cargo builds into something
/// other than crates, with the manifest beside it; and the source itself if a rule declares it a
/// library.
pub fn of_source(
    source: &str,
    packagings: &[Packaging],
    crates: &SourceCrates,
    rules: &CrateRules,
) -> Vec<Program> {
    let mut programs = Vec::new();
    for packaging in packagings.iter().filter(|one| one.is_built_by_cargo()) {
        let debian = debian(packaging);
        if debian.is_empty() || !has_manifest(crates, &packaging.root) {
            continue;
        }
        let mut program = Program {
            source: source.to_owned(),
            root: packaging.root.clone(),
            debian,
            ..Program::default()
        };
        name(&mut program, crates, rules);
        let rule = rules.program.get(&program.name);
        if rule.is_none_or(|rule| rule.skip.is_none()) {
            programs.push(program);
        }
    }
    if programs.is_empty() && rules.library.contains_key(source) && has_manifest(crates, "") {
        let mut program = Program {
            source: source.to_owned(),
            ..Program::default()
        };
        name(&mut program, crates, rules);
        programs.push(program);
    }
    programs
}

/// Returns the Debian packages that are not crates.
fn debian(packaging: &Packaging) -> Vec<String> {
    let names = packaging.control.binaries.iter().map(|one| &one.name);
    names
        .filter(|name| !name.starts_with("librust-"))
        .cloned()
        .collect()
}

fn has_manifest(crates: &SourceCrates, root: &str) -> bool {
    crates.members.contains_key(root) || crates.workspaces.iter().any(|one| one == root)
}

/// Fills in the name and the Cargo packages, and reduces the Debian packages to those that a rule
/// names.
fn name(program: &mut Program, crates: &SourceCrates, rules: &CrateRules) {
    let package = crates.members.get(&program.root);
    program.name = package.map_or(&program.source, |one| &one.name).clone();
    let rule = rules.program.get(&program.name);
    program.packages = match (rule, package) {
        (Some(rule), _) if !rule.packages.is_empty() => rule.packages.clone(),
        (_, Some(package)) => vec![package.name.clone()],
        (_, None) => {
            let all = crates.roots(&program.root);
            all.iter().map(|one| one.name.clone()).collect()
        }
    };
    program.packages.sort();
    if let Some(rule) = rule {
        program.target.clone_from(&rule.target);
        if !rule.debian.is_empty() {
            program.debian.retain(|name| rule.debian.contains(name));
        }
    }
}
