//! Finds missing modules in later versions of a source.

use std::collections::BTreeSet;

use analyse::{AnalysedSource, Analysis};
use debian::control::Op;
use decide::rules::{ModuleProvider, Rules};
use release::{history, is_own_pin};

/// Names the source that has a Perl module which `user` uses, and the version that introduced it,
/// if the source's pin is too old. The version comes from the source's history if that is long
/// enough, or else from the user's packaging.
pub(super) fn later(module: &str, user: &str, release: &Analysis, rules: &Rules) -> Option<String> {
    let candidates = neighbours(module, release, rules);
    let candidates = candidates.into_iter().filter_map(|name| {
        let mut sources = release.sources.iter();
        sources.find(|one| one.source.name == name)
    });
    let candidates: Vec<&AnalysedSource> = candidates.collect();
    let by_history = candidates.iter().find_map(|one| by_history(module, one));
    by_history.or_else(|| {
        let user = release.sources.iter().find(|one| one.source.name == user)?;
        candidates.iter().find_map(|one| asked(module, user, one))
    })
}

fn by_history(module: &str, source: &AnalysedSource) -> Option<String> {
    let (name, pin) = (&source.source.name, source.source.pin.rev.as_deref()?);
    let git_dir = source.source.tree.repository()?;
    // In Perl's declaration, and in the macro of Proxmox' Rust bindings.
    let texts = [format!("package {module};"), format!("\"{module}\"")];
    let since = history::since(name, git_dir, pin, &texts)?;
    let short = since.rev.get(..12).unwrap_or(&since.rev);
    let commit = format!("commit `{short}` of {}", since.date);
    Some(match since.version {
        Some(version) => format!(
            "{name} has `{module}` since {version} ({commit}): its pin is too old, no rule is missing"
        ),
        None => format!(
            "{name} has `{module}` since {commit}, which no release has yet: its pin is too old, no rule is missing"
        ),
    })
}

/// Returns the newest version of the source's packages that the user's packaging requires.
fn asked(module: &str, user: &AnalysedSource, source: &AnalysedSource) -> Option<String> {
    let binaries = source.packagings.iter();
    let binaries = binaries.flat_map(|packaging| &packaging.control.binaries);
    let binaries: BTreeSet<&str> = binaries.map(|binary| binary.name.as_str()).collect();
    let controls = user.packagings.iter().map(|packaging| &packaging.control);
    let relations = controls.flat_map(|control| &control.binaries);
    let relations = relations.flat_map(|binary| binary.pre_depends.iter().chain(&binary.depends));
    let alternatives = relations.flat_map(|relation| &relation.alternatives);
    let wanted = alternatives.filter_map(|one| {
        let version = one
            .version
            .as_deref()
            .filter(|_| one.op == Some(Op::LaterOrEqual))?;
        let version = version.parse::<debversion::Version>().ok()?;
        binaries
            .contains(one.name.as_str())
            .then_some((version, &one.name))
    });
    let (version, package) = wanted.max()?;
    let (user, source) = (&user.source.name, &source.source.name);
    Some(format!(
        "modules named like `{module}` are {source}'s, whose history at hand has no such; {user} asks for {package} {version} or newer: \
         a source to fetch and pin, no rule is missing"
    ))
}

/// Returns the sources with the most similar module names, with at least two parts in common.
fn neighbours<'a>(module: &str, release: &'a Analysis, rules: &'a Rules) -> BTreeSet<&'a str> {
    let common = |other: &str| {
        let parts = module.split("::").zip(other.split("::"));
        parts.take_while(|(a, b)| a == b).count()
    };
    let declared = release.sources.iter().flat_map(|one| {
        let files = one.scanned.files.iter();
        let modules = files.flat_map(|file| &file.scan.declares);
        modules.map(|module| (one.source.name.as_str(), module.as_str()))
    });
    let made = rules
        .perl
        .iter()
        .filter_map(|(module, provider)| match provider {
            ModuleProvider::Source(source) => Some((source.as_str(), module.as_str())),
            _ => None,
        });
    let all = declared
        .chain(made)
        .filter(|(source, _)| !is_own_pin(source));
    let ranked: Vec<(usize, &str)> = all
        .map(|(source, other)| (common(other), source))
        .filter(|(parts, _)| *parts >= 2)
        .collect();
    let most = ranked.iter().map(|(parts, _)| *parts).max();
    let best = ranked.iter().filter(|(parts, _)| Some(*parts) == most);
    best.map(|(_, source)| *source).collect()
}
