//! The project that a command works on, and its analysed releases.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use analyse::{Analysis, Knowledge};
use cache::Cache;
use cargo::kept;
use problem::{Problem, USAGE, meant};
use release::{Manifest, OpenOptions};

use crate::arguments::SourceArgs;
use crate::terminal;

/// Returns the project's root: the nearest directory above the working directory with `releases/`
/// and `rules/`, or else the one in which this program was built.
pub fn root() -> PathBuf {
    let is_root = |dir: &&Path| dir.join("releases").is_dir() && dir.join("rules").is_dir();
    let here = std::env::current_dir().unwrap_or_default();
    let found = here.ancestors().find(is_root).map(Path::to_path_buf);
    found.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
}

/// Returns `$XDG_CACHE_HOME/pve-nix`, by default below `~/.cache`; `None` without a home directory.
pub fn cache_dir() -> Option<PathBuf> {
    let set = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let base = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")));
    base.map(|base| base.join("pve-nix"))
}

/// Returns the releases that an argument names: one, or `all`.
pub fn releases(root: &Path, argument: &str) -> Result<Vec<Manifest>, Vec<Problem>> {
    let one = |problem| vec![problem];
    if argument != "all" {
        return Ok(vec![Manifest::named(root, argument).map_err(one)?]);
    }
    let names = Manifest::names(root).map_err(one)?;
    names
        .iter()
        .map(|name| Manifest::named(root, name).map_err(one))
        .collect()
}

/// Opens the cache between runs, unless `--no-cache` disables it.
pub fn cache(from: &SourceArgs, knowledge: &Knowledge) -> Option<Cache> {
    let dir = cache_dir().filter(|_| !from.no_cache)?;
    Some(scan::cache_below(&dir, &knowledge.calls_text))
}

/// Reads, scans and decides one release.
pub fn analyse(
    root: &Path,
    manifest: Manifest,
    from: &SourceArgs,
    knowledge: &Knowledge,
) -> Result<Analysis, Vec<Problem>> {
    let cache = cache(from, knowledge);
    analyse_with(root, manifest, from, knowledge, cache.as_ref())
}

/// As [`analyse`], with the given cache.
///
/// # Errors
/// A source is missing or cannot be read or parsed.
pub fn analyse_with(
    root: &Path,
    manifest: Manifest,
    from: &SourceArgs,
    knowledge: &Knowledge,
    cache: Option<&Cache>,
) -> Result<Analysis, Vec<Problem>> {
    let options = OpenOptions {
        root: root.to_path_buf(),
        sources: from.dir.get().map(Path::to_path_buf),
        allow_missing: from.allow_missing,
        cache: None,
        kept: cache.cloned(),
    };
    let opened = release::open(&manifest, &options).map_err(|problems| {
        let at_pin = |problem| manifest.at_pin(root, problem);
        problems.into_iter().map(at_pin).collect::<Vec<_>>()
    })?;
    let programs = kept::read(root, &manifest.name).map_err(|problem| vec![problem])?;
    let busy =
        terminal::Busy::counting(&format!("scanning {}", manifest.name), opened.sources.len());
    let mut analysis = Analysis::watched(
        manifest,
        opened.sources,
        programs,
        opened.missing,
        knowledge,
        cache,
        &|source| busy.done(source),
    )?;
    drop(busy);
    analysis.unread = opened.unread;
    Ok(analysis)
}

/// Reports the missing parts of a release.
pub fn tell_missing(analysis: &Analysis) {
    terminal::complain(&analysis.missing);
    tell_unread(&analysis.unread);
}

/// Reports sources that are not scanned because only their commit is known.
pub fn tell_unread<'a>(unread: impl IntoIterator<Item = &'a (String, String)>) {
    let unread = unread.into_iter();
    terminal::note(
        unread.map(|(name, why)| {
            format!("not scanned here: {name}, known by its commit alone ({why})")
        }),
    );
}

/// Checks the names in `--source` against the sources of the releases.
pub fn known_sources(named: &[String], manifests: &[Manifest]) -> Result<(), Vec<Problem>> {
    let all = manifests.iter().flat_map(Manifest::pins);
    let known: BTreeSet<String> = all
        .filter(|(_, pin)| !pin.outside)
        .map(|(name, _)| name)
        .collect();
    let mut releases: Vec<&str> = manifests.iter().map(|one| one.name.as_str()).collect();
    releases.dedup();
    let has = if releases.len() == 1 { "has" } else { "have" };
    let unknown = named.iter().filter(|name| !known.contains(*name));
    let problems = unknown.map(|name| {
        let cause = format!(
            "--source {name}: {} {has} no such source",
            releases.join(" and ")
        );
        Problem::new(&USAGE, cause).mend(meant::remedy(name, known.iter().map(String::as_str)))
    });
    let problems: Vec<Problem> = problems.collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems)
    }
}

/// Returns the problems, other than undecided places, that would stop `regen`: features that match
/// nothing, decisions that cannot be written, edited files that do not parse.
pub fn stops(analysis: &Analysis, knowledge: &Knowledge) -> Vec<Problem> {
    let _busy = terminal::Busy::new(&format!("making {} in memory", analysis.manifest.name));
    let mut stops = match emit::release::generate(analysis, knowledge) {
        Ok(generated) => generated.findings,
        Err(problems) => problems,
    };
    stops.retain(|one| !is_unseen(analysis, one));
    stops
}

/// Whether a finding is about a source that is known by its commit alone. The rules' authors may
/// not have had its tree. So places that the rules do not decide stay as they are and are reported,
/// but do not stop the release from being generated.
pub fn is_unseen(analysis: &Analysis, finding: &Problem) -> bool {
    let source = finding.place.source.as_deref();
    let pin = source.and_then(|source| analysis.manifest.sources.get(source));
    let is_finding = finding.code.severity == problem::Severity::Finding;
    is_finding && pin.is_some_and(|pin| pin.commit_only)
}
