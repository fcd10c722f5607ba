//! Combines the kept data of a release's programs with its sources.

use std::collections::{BTreeMap, BTreeSet};

use super::crates::SourceCrates;
use super::{Program, fit, kept, lockfile, programs};
use debian::Packaging;
use decide::rules::CrateRules;
use decide::{RuleId, Table};
use problem::{LOCK_UNFIT, Problem};
use release::{Manifest, Source, is_own_pin, own_pin};

/// The programs of a release, ready to be built.
#[derive(Debug, Default)]
pub struct Attached {
    /// Sorted by name.
    pub programs: Vec<Program>,
    /// Programs without a kept lock, and locks that do not match.
    pub problems: Vec<Problem>,
    /// The rules that were applied.
    pub used: BTreeSet<RuleId>,
}

/// Fills in facts from the sources: the programs' Debian packages, and the place of their crates.
/// Programs whose sources are missing from `sources` are skipped.
///
/// # Errors
/// A manifest cannot be read.
pub fn attach<'s>(
    manifest: &Manifest,
    kept: Vec<Program>,
    sources: impl Iterator<Item = (&'s Source, &'s [Packaging])>,
    rules: &CrateRules,
) -> Result<Attached, Vec<Problem>> {
    let mut attached = Attached::default();
    let mut crates: BTreeMap<String, SourceCrates> = BTreeMap::new();
    let mut found: BTreeMap<String, Program> = BTreeMap::new();
    for (source, packagings) in sources {
        let read = SourceCrates::read(&source.name, source.tree.as_ref())?;
        if !is_own_pin(&source.name) {
            for program in programs::of_source(&source.name, packagings, &read, rules) {
                found.insert(program.name.clone(), program);
            }
            attached
                .used
                .extend(used(&source.name, packagings, &read, rules));
        }
        crates.insert(source.name.clone(), read);
    }
    for mut program in kept {
        let Some(now) = found.remove(&program.name) else {
            continue;
        };
        program.debian = now.debian;
        let own = manifest.programs.get(&program.name);
        for local in &program.crates {
            let is_own = own.is_some_and(|own| own.sources.contains_key(&local.source));
            let name = if is_own {
                own_pin(&local.source, &program.name)
            } else {
                local.source.clone()
            };
            program.sources.insert(local.source.clone(), name);
        }
        let of =
            |(directory, name): (&String, &String)| Some((directory.clone(), crates.get(name)?));
        let there: BTreeMap<String, &SourceCrates> =
            program.sources.iter().filter_map(of).collect();
        if there.len() == program.sources.len() && program.is_resolved() {
            attached
                .problems
                .extend(fit::unfit(&program, &manifest.name, &there));
        }
        attached.programs.push(program);
    }
    let directory = kept::directory(&manifest.name);
    attached.problems.extend(found.keys().map(|name| {
        let cause = format!("{name} has no lock");
        let path = directory.join(format!("{name}.lock"));
        Problem::new(&LOCK_UNFIT, cause)
            .at(path.display().to_string(), None)
            .mend(format!(
                "Run `cargo xtask lock {}`, which resolves it.",
                manifest.name
            ))
    }));
    let locked = attached.programs.iter();
    let locked: BTreeSet<String> = locked.flat_map(|one| lockfile::names(&one.lock)).collect();
    let asked = locked
        .into_iter()
        .filter(|name| rules.crates.contains_key(name));
    attached
        .used
        .extend(asked.map(|name| RuleId::new(Table::Crate, name)));
    Ok(attached)
}

/// Returns the rules that apply to a source's programs.
fn used(
    source: &str,
    packagings: &[Packaging],
    crates: &SourceCrates,
    rules: &CrateRules,
) -> Vec<RuleId> {
    let roots = packagings.iter().filter(|one| one.is_built_by_cargo());
    let names = roots.filter_map(|one| crates.members.get(&one.root));
    let programs = names.map(|member| member.name.as_str()).chain([source]);
    let mut used: Vec<RuleId> = programs
        .filter(|name| rules.program.contains_key(*name))
        .map(|name| RuleId::new(Table::Program, name))
        .collect();
    if rules.library.contains_key(source) {
        used.push(RuleId::new(Table::Library, source));
    }
    used
}
