//! Reads, scans and decides a release, the first step of `scan`, `regen`, `graph` and `explain`.

mod examples;

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rayon::prelude::*;

use cache::Cache;
use cargo::Program;
use cargo::attach::{Attached, attach};
use cargo::compiled::{Compiled, Files};
use debian::Packaging;
use debian::make::ActionKind;
use debian::shipped::file_at;
use decide::attributes::{self, Homeless};
use decide::engine::{Uses, World, is_embedded};
use decide::matcher::is_below;
use decide::rules::{Directory, Rules};
use decide::{Decided, Decision, RuleId, Table};
use decide::{depends, etc, recipe};
pub use examples::examples;
use graph::exports::{Exports, Offered};
use graph::{Graph, Input};
use problem::{
    BAD_RULE, Problem, STALE_RULE, Severity, UNDECIDED, UNMAPPED_MODULE, UNMAPPED_PACKAGE,
};
use release::{Manifest, Source, is_own_pin, own_pin, source_name};
use scan::calls::Calls;
use scan::proofs::Proofs;
use scan::source::Scanned;
use scan::{Kind, Language};

/// Everything in `rules/`, which is the same for every release.
pub struct Knowledge {
    /// The rules.
    pub rules: Rules,
    /// The calls that run commands.
    pub calls: Calls,
    /// The text of `rules/general/calls.toml`: scans made with other calls are not believed.
    pub calls_text: String,
    /// Attributes that rules name and that only a release can have; empty if the rules are not a
    /// project's.
    pub homeless: Vec<Homeless>,
}

impl Knowledge {
    /// Reads `rules/` below `root`.
    ///
    /// # Errors
    /// One problem for each invalid rule.
    pub fn read(root: &Path) -> Result<Self, Vec<Problem>> {
        Self::read_with(root, &[])
    }

    /// As [`Self::read`], with the rules of other directories added.
    ///
    /// # Errors
    /// One problem for each invalid rule.
    pub fn read_with(root: &Path, added: &[PathBuf]) -> Result<Self, Vec<Problem>> {
        let mut knowledge = Self::read_directories(&directories(root), added)?;
        let own = attributes::own(root, &knowledge.rules);
        knowledge.homeless = Homeless::of(&knowledge.rules, &own);
        Ok(knowledge)
    }

    /// Reads the rules of directories that stand in for those of a project, in the order of [`directories`].
    ///
    /// # Errors
    /// Every rule that cannot be read.
    pub fn read_rules(own: &[Directory]) -> Result<Self, Vec<Problem>> {
        Self::read_directories(own, &[])
    }

    fn read_directories(own: &[Directory], added: &[PathBuf]) -> Result<Self, Vec<Problem>> {
        let path = own
            .first()
            .map(|one| one.path.join("general/calls.toml"))
            .unwrap_or_default();
        let shown = own.first().map_or_else(String::new, |one| {
            format!("{}/general/calls.toml", one.shown)
        });
        let text = std::fs::read_to_string(&path)
            .map_err(|error| vec![Problem::new(&BAD_RULE, error.to_string()).at(&shown, None)])?;
        let calls = Calls::parse(&text, &shown).map_err(|problem| vec![problem])?;
        Ok(Self {
            rules: Rules::read_with(own, added)?,
            calls,
            calls_text: text,
            homeless: Vec::new(),
        })
    }
}

/// The directories of rules of the project at `root`: `rules` first, then those that its releases bring along.
pub fn directories(root: &Path) -> Vec<Directory> {
    let brought = Manifest::directories_of_rules(root);
    let all = ["rules".to_owned()].into_iter().chain(brought);
    all.map(|shown| Directory::of_project(root, &shown))
        .collect()
}

/// One source, read, scanned and decided.
pub struct AnalysedSource {
    /// The source.
    pub source: Source,
    /// The scanners' results.
    pub scanned: Scanned,
    /// Every occurrence with its decision, by file.
    pub decided: Vec<Decided>,
    /// Its packaging, one for each `debian/`.
    pub packagings: Vec<Packaging>,
    /// The edited files that are known to parse.
    pub proofs: Arc<Proofs>,
}

/// A release, read, scanned and decided.
pub struct Analysis {
    /// Its manifest.
    pub manifest: Manifest,
    /// Its sources, sorted by name.
    pub sources: Vec<AnalysedSource>,
    /// The programs that cargo builds, sorted by name.
    pub programs: Vec<Program>,
    /// The dependency graph.
    pub graph: Graph,
    /// The exports of its sources to one another.
    pub offered: Offered,
    /// How often each rule decided.
    pub uses: Uses,
    /// Undecided occurrences, and unmapped modules and packages.
    pub findings: Vec<Problem>,
    /// Missing sources, if those are allowed.
    pub missing: Vec<Problem>,
    /// Sources that are known by their commits alone and are not scanned here, each with the
    /// reason.
    pub unread: Vec<(String, String)>,
    /// The time that each stage took.
    pub timings: Timings,
}

/// The time of each stage. The first two run in parallel, so theirs is the sum over all threads;
/// that of the others is wall-clock time.
#[derive(Debug, Default, Clone, Copy)]
pub struct Timings {
    /// Reading and scanning files.
    pub scan: Duration,
    /// Reading and parsing `debian/`.
    pub debian: Duration,
    /// Applying the rules.
    pub decide: Duration,
    /// Building the dependency graph.
    pub graph: Duration,
}

impl Analysis {
    /// Whether every source that the release scans was available.
    pub fn is_whole(&self) -> bool {
        self.missing.is_empty() && self.unread.is_empty()
    }

    /// Scans and decides `sources`.
    ///
    /// # Errors
    /// One problem for each unreadable or invalid file or packaging.
    pub fn new(
        manifest: Manifest,
        sources: Vec<Source>,
        programs: Vec<Program>,
        missing: Vec<Problem>,
        knowledge: &Knowledge,
        cache: Option<&Cache>,
    ) -> Result<Self, Vec<Problem>> {
        Self::watched(
            manifest,
            sources,
            programs,
            missing,
            knowledge,
            cache,
            &|_| {},
        )
    }

    /// As [`Self::new`]. Calls `watch` for each scanned source.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn watched(
        manifest: Manifest,
        sources: Vec<Source>,
        programs: Vec<Program>,
        missing: Vec<Problem>,
        knowledge: &Knowledge,
        cache: Option<&Cache>,
        watch: &(dyn Fn(&str) + Sync),
    ) -> Result<Self, Vec<Problem>> {
        let read: Vec<Result<Vec<Read>, Vec<Problem>>> = by_repository(sources)
            .into_par_iter()
            .map(|sources| {
                let names: Vec<String> = sources.iter().map(|one| one.name.clone()).collect();
                let read = Read::all(sources, &programs, knowledge, cache);
                for name in &names {
                    watch(name);
                }
                read
            })
            .collect();
        let mut problems = Vec::new();
        let mut whole = Vec::new();
        for one in read {
            match one {
                Ok(sources) => whole.extend(sources),
                Err(more) => problems.extend(more),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let attached = attach(
            &manifest,
            programs,
            whole
                .iter()
                .map(|one| (&one.source, one.packagings.as_slice())),
            &knowledge.rules.crates,
        )?;
        let compiled = compile(&mut whole, &attached).map_err(|problem| vec![problem])?;
        let unparsed = |problem: &Problem| problem.code.severity == Severity::Fatal;
        if compiled.iter().any(unparsed) {
            return Err(compiled);
        }
        let beside = Exports::default();
        let mut analysis = Self::decide(manifest, whole, attached, missing, knowledge, &beside);
        analysis.findings.extend(compiled);
        Ok(analysis)
    }

    /// Scans and decides a source that is compiled against a release. Only the release's exports
    /// are known.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn beside(
        manifest: Manifest,
        source: Source,
        exports: &Exports,
        knowledge: &Knowledge,
    ) -> Result<Self, Vec<Problem>> {
        let begun = Instant::now();
        let scanned = scan::source::scan(&source, &knowledge.calls, None, None)?;
        let scan = begun.elapsed();
        let begun = Instant::now();
        let read = Read {
            packagings: packagings(&source, None)?,
            proofs: Arc::new(Proofs::load(None)),
            source,
            scanned,
            scan,
            debian: begun.elapsed(),
        };
        let attached = Attached::default();
        let missing = Vec::new();
        Ok(Self::decide(
            manifest,
            vec![read],
            attached,
            missing,
            knowledge,
            exports,
        ))
    }

    fn decide(
        manifest: Manifest,
        read: Vec<Read>,
        attached: Attached,
        missing: Vec<Problem>,
        knowledge: &Knowledge,
        beside: &Exports,
    ) -> Self {
        let mut timings = Timings {
            scan: read.iter().map(|one| one.scan).sum(),
            debian: read.iter().map(|one| one.debian).sum(),
            ..Timings::default()
        };
        let begun = Instant::now();
        let scans = read.iter().flat_map(|one| {
            let name = one.source.name.as_str();
            let files = one.scanned.files.iter();
            files.map(move |file| (name, file.path.as_str(), &file.scan))
        });
        let mut installed = installed(&read);
        for (source, exported) in &beside.sources {
            for path in &exported.files {
                let entry = installed.entry(path.clone());
                entry.or_insert_with(|| source.clone());
            }
        }
        let embedded = embedded(&read);
        let mut world = World::new(&knowledge.rules, &manifest.name, scans, installed, embedded);
        let shipped = read.iter().flat_map(|one| {
            let units = one.packagings.iter().flat_map(|packaging| &packaging.units);
            units.map(|unit| (unit.name.clone(), one.source.name.clone()))
        });
        world.units = shipped.collect();
        for (source, exported) in &beside.sources {
            for (module, file) in &exported.modules {
                let entry = world.declared.entry(module.clone());
                entry.or_insert_with(|| (source.clone(), file.clone()));
            }
        }
        let sources: Vec<AnalysedSource> = read
            .into_par_iter()
            .map(|one| {
                let decided = one
                    .scanned
                    .files
                    .par_iter()
                    .flat_map_iter(|file| {
                        let source = source_name(&one.source.name);
                        world.decide(source, &file.path, file.language, &file.scan)
                    })
                    .collect();
                AnalysedSource {
                    source: one.source,
                    scanned: one.scanned,
                    decided,
                    packagings: one.packagings,
                    proofs: one.proofs,
                }
            })
            .collect();
        let offered = Offered {
            installed: world.installed,
            declared: world.declared,
        };
        let mut uses = Uses::default();
        for source in &sources {
            uses.count(source.decided.iter());
        }
        timings.decide = begun.elapsed();
        let begun = Instant::now();
        let inputs: Vec<Input> = sources
            .iter()
            .map(|one| Input {
                source: &one.source.name,
                decided: &one.decided,
                controls: one
                    .packagings
                    .iter()
                    .filter(|_| !is_own_pin(&one.source.name))
                    .map(|packaging| &packaging.control)
                    .collect(),
                by_cargo: one.packagings.is_empty()
                    || one.packagings.iter().any(Packaging::is_built_by_cargo),
            })
            .collect();
        let (graph, unmapped, used) = Graph::beside(&inputs, beside, &knowledge.rules);
        for rule in &used {
            uses.add(rule);
        }
        timings.graph = begun.elapsed();
        let mut findings: Vec<Problem> = sources.iter().flat_map(undecided).collect();
        findings.extend(unmapped.iter().map(|one| {
            let cause = format!(
                "no rule says what the Debian package `{}` is in nixpkgs",
                one.package
            );
            Problem::new(&UNMAPPED_PACKAGE, cause)
                .in_source(&one.source)
                .at(&one.path, Some(one.line))
        }));
        findings.extend(attached.problems);
        findings.extend(sources.iter().flat_map(below_etc));
        findings.extend(homeless(&manifest, &sources, beside, knowledge));
        for rule in &attached.used {
            uses.add(rule);
        }
        for feature in &knowledge.rules.features {
            if sources.iter().any(|one| one.source.name == feature.source) {
                uses.add(&RuleId::new(Table::Feature, &feature.name));
            }
        }
        let asked = sources.iter().map(|one| {
            let name = one.source.name.as_str();
            (name, one.packagings.as_slice(), one.decided.as_slice())
        });
        let asked = depends::Sources::new(asked, &knowledge.rules);
        for source in &sources {
            let name = &source.source.name;
            let held = depends::hold(name, &source.packagings, &asked);
            findings.extend(held.findings);
            for rule in &held.used {
                uses.add(rule);
            }
            if let Some(over) = knowledge.rules.packages.get(name) {
                uses.add(&RuleId::new(Table::Package, name));
                let held = recipe::hold(name, &source.packagings, over);
                findings.extend(held.findings);
                for rule in &held.used {
                    uses.add(rule);
                }
            }
        }
        for one in &knowledge.rules.hardening {
            if sources
                .iter()
                .any(|source| source.source.name == one.source)
            {
                uses.add(&RuleId::new(Table::Hardening, &one.name));
            }
        }
        for one in &knowledge.rules.optional {
            let used = graph
                .nodes
                .values()
                .any(|node| node.outside.contains_key(&one.name));
            let mut packagings = sources.iter().flat_map(|source| &source.packagings);
            let made = packagings.any(|packaging| {
                let mut binaries = packaging.control.binaries.iter();
                binaries.any(|binary| binary.name == one.name)
            });
            if used || made {
                uses.add(&RuleId::new(Table::Optional, &one.name));
            }
        }
        for directory in &knowledge.rules.directories {
            if sources
                .iter()
                .any(|one| one.source.name == directory.source)
            {
                uses.add(&RuleId::new(Table::System, &directory.name));
            }
        }
        Self {
            manifest,
            sources,
            programs: attached.programs,
            graph,
            offered,
            uses,
            findings,
            missing,
            unread: Vec::new(),
            timings,
        }
    }
}

/// A source that was read and scanned, and the time that took.
struct Read {
    source: Source,
    scanned: Scanned,
    packagings: Vec<Packaging>,
    proofs: Arc<Proofs>,
    scan: Duration,
    debian: Duration,
}

impl Read {
    /// Reads and scans the sources of one repository.
    fn all(
        sources: Vec<Source>,
        programs: &[Program],
        knowledge: &Knowledge,
        cache: Option<&Cache>,
    ) -> Result<Vec<Self>, Vec<Problem>> {
        let begun = Instant::now();
        let wanted: Vec<_> = sources
            .iter()
            .map(|source| (source, wanted(&source.name, programs)))
            .collect();
        let name = sources
            .first()
            .map_or("", |source| source_name(&source.name));
        let scanned = scan::source::scan_repository(name, &wanted, &knowledge.calls, cache)?;
        let scan = begun.elapsed() / u32::try_from(sources.len()).unwrap_or(1).max(1);
        // Of crates at a program's own pin nothing is packaged.
        let is_packaged: Vec<bool> = wanted.iter().map(|(_, only)| only.is_none()).collect();
        let mut read = Vec::new();
        for ((source, scanned), is_packaged) in sources.into_iter().zip(scanned).zip(is_packaged) {
            let begun = Instant::now();
            let packagings = if is_packaged {
                packagings(&source, cache)?
            } else {
                Vec::new()
            };
            read.push(Self {
                proofs: Arc::new(Proofs::load(kept(&source, cache, "proofs"))),
                source,
                scanned,
                packagings,
                scan,
                debian: begun.elapsed(),
            });
        }
        Ok(read)
    }
}

/// The sources of each repository; they are sorted by name.
fn by_repository(sources: Vec<Source>) -> Vec<Vec<Source>> {
    let mut all: Vec<Vec<Source>> = Vec::new();
    for source in sources {
        let is_same = |others: &Vec<Source>| {
            let mut others = others.iter();
            others.any(|other| source_name(&other.name) == source_name(&source.name))
        };
        match all.last_mut().filter(|others| is_same(others)) {
            Some(others) => others.push(source),
            None => all.push(vec![source]),
        }
    }
    all
}

/// The language that is wanted of a source: of one at a program's own pin its crates, unless it is the program's own source,
/// whose Makefiles are run.
fn wanted(name: &str, programs: &[Program]) -> Option<Language> {
    let own = |program: &Program| own_pin(&program.source, &program.name) == name;
    (is_own_pin(name) && !programs.iter().any(own)).then_some(Language::Rust)
}

/// Reduces the Rust files to those that a program compiles. Returns the problems of missing or
/// invalid ones.
fn compile(read: &mut [Read], attached: &Attached) -> Result<Vec<Problem>, Problem> {
    let files = read.iter().map(|one| {
        let files = Files::of(&one.source, &one.scanned.files);
        files.map(|files| (one.source.name.as_str(), files))
    });
    let files: HashMap<&str, Files> = files.collect::<Result<_, _>>()?;
    let compiled = Compiled::of(&attached.programs, &files);
    for one in read {
        let files = &mut one.scanned.files;
        compiled.retain(&one.source.name, files);
        let entries = one.source.tree.entries();
        one.scanned.bytes = files.iter().map(|file| entries[file.entry].size).sum();
    }
    Ok(compiled.problems)
}

/// Returns the cache and a name for a value that depends only on a source's commit, or `None` if
/// the tree may change.
fn kept(source: &Source, cache: Option<&Cache>, what: &str) -> Option<(Cache, String)> {
    let rev = source.pin.rev.as_deref();
    let rev = rev.filter(|_| source.tree.is_commit())?;
    Some((cache?.clone(), format!("{}-{rev}-{what}", source.name)))
}

/// Reads a source's `debian/` directories, cached by commit.
fn packagings(source: &Source, cache: Option<&Cache>) -> Result<Vec<Packaging>, Vec<Problem>> {
    let kept = kept(source, cache, "debian");
    if let Some((cache, name)) = &kept
        && let Some(text) = cache.get::<Vec<u8>>(name)
        && let Ok(packagings) = serde_json::from_slice(&text)
    {
        return Ok(packagings);
    }
    let packagings = debian::read_all(&source.name, source.tree.as_ref())?;
    if let Some((cache, name)) = kept {
        // Cached as JSON: a packaging omits empty fields, which only a format with names can read
        // back.
        if let Ok(text) = serde_json::to_vec(&packagings) {
            cache.put(&name, &text);
        }
    }
    Ok(packagings)
}

impl Analysis {
    /// Drops the syntax trees, which only the making of patches needs.
    pub fn forget_trees(&mut self) {
        for source in &mut self.sources {
            source.scanned.trees = HashMap::new();
        }
    }
}

/// Returns the files that exactly one source installs, by path on Debian, without configuration.
/// Programs in `bin` and `sbin` are listed under both.
fn installed(read: &[Read]) -> HashMap<String, String> {
    let mut owners: HashMap<String, Option<String>> = HashMap::new();
    let mut claim = |path: &str, source: &str| {
        let path = format!("/{}", path.trim_start_matches('/'));
        if path.contains(['*', '?', '[', '$', '%']) {
            return;
        }
        // Packages install only a first version there; the administrator's own replaces it (Debian
        // Policy, 10.7).
        if is_below(&path, "/etc") {
            return;
        }
        owners
            .entry(path)
            .and_modify(|owner| {
                if owner.as_deref() != Some(source) {
                    *owner = None;
                }
            })
            .or_insert_with(|| Some(source.to_owned()));
    };
    // A program's own pin installs the same files as the release's.
    let read = read.iter().filter(|one| !is_own_pin(&one.source.name));
    for Read {
        source, packagings, ..
    } in read
    {
        for packaging in packagings {
            let files = packaging
                .made
                .iter()
                .filter(|made| made.kind != ActionKind::Directory);
            files.for_each(|made| claim(&made.dest, &source.name));
            packaging
                .files
                .links
                .iter()
                .for_each(|link| claim(&link.link, &source.name));
            let named = packaging.files.installed.iter().filter(|file| file.renames);
            named.for_each(|file| claim(&file.dest, &source.name));
        }
    }
    owners
        .into_iter()
        .filter_map(|(path, owner)| Some((path, owner?)))
        .collect()
}

/// Returns the files that the compiler reads by their path on Debian and that exactly one source
/// has in its tree, by that path.
fn embedded(read: &[Read]) -> HashMap<String, (String, String)> {
    let places = read.iter().flat_map(|one| &one.scanned.files);
    let places = places.flat_map(|file| {
        let occurrences = file.scan.occurrences.iter();
        occurrences.filter(|one| is_embedded(file.language, one))
    });
    let places: BTreeSet<&str> = places.map(|one| one.text.as_str()).collect();
    let sources: Vec<&Read> = read
        .iter()
        .filter(|one| !is_own_pin(&one.source.name))
        .collect();
    let only_one = |place: &&str| {
        let mut found = sources.iter().filter_map(|one| {
            let entries = one.source.tree.entries();
            let mut packagings = one.packagings.iter();
            let path = packagings.find_map(|packaging| file_at(entries, packaging, place))?;
            Some((one.source.name.clone(), path))
        });
        let first = found.next()?;
        found.next().is_none().then_some(first)
    };
    let found = places
        .iter()
        .filter_map(|place| Some(((*place).to_owned(), only_one(place)?)));
    found.collect()
}

/// Returns the undecided occurrences of a source, one problem each.
fn undecided(source: &AnalysedSource) -> Vec<Problem> {
    let unknown = source
        .decided
        .iter()
        .filter(|one| one.decision == Decision::Unknown);
    let problem = |one: &Decided| {
        let place = &one.occurrence;
        let (code, what) = match place.kind {
            Kind::Module => (&UNMAPPED_MODULE, "nobody provides the module"),
            Kind::BareCommand => (&UNDECIDED, "no rule knows the command"),
            _ => (&UNDECIDED, "no rule decides"),
        };
        let cause = format!("{what} `{}` ({} context)", place.text, one.context.name());
        Problem::new(code, cause)
            .in_source(&source.source.name)
            .at(&one.path, Some(place.line))
    };
    unknown.map(problem).collect()
}

/// Returns the problems of paths below `/etc`: rules without a sort, and writes to files that NixOS
/// links into the store.
fn below_etc(source: &AnalysedSource) -> Vec<Problem> {
    let mut problems = etc::unsaid(&source.source.name, &source.decided);
    let files = source.scanned.files.iter();
    let entries = files.map(|file| (file.path.as_str(), file.entry)).collect();
    match etc::written(&source.source, &source.decided, &entries) {
        Ok(found) => problems.extend(found),
        Err(problem) => problems.push(problem),
    }
    problems
}

/// Returns the attributes that rules name but that neither nixpkgs, nor this project, nor the
/// release's sources and packages have.
fn homeless(
    manifest: &Manifest,
    sources: &[AnalysedSource],
    beside: &Exports,
    knowledge: &Knowledge,
) -> Vec<Problem> {
    let packagings = sources.iter().flat_map(|one| &one.packagings);
    let binaries = packagings.flat_map(|packaging| &packaging.control.binaries);
    let binaries = binaries.map(|binary| binary.name.as_str());
    let names: BTreeSet<&str> = manifest
        .sources
        .keys()
        .map(String::as_str)
        .chain(binaries)
        .chain(beside.packages().map(|(package, _)| package))
        .chain(beside.sources.keys().map(String::as_str))
        .chain(beside.by_hand.iter().map(String::as_str))
        .collect();
    let lost = knowledge.homeless.iter();
    let lost = lost.filter(|one| !names.contains(one.attr.as_str()));
    lost.map(|one| one.problem(&knowledge.rules, &manifest.name))
        .collect()
}

/// Returns the rules that decided nothing in any of the releases.
pub fn stale(uses: &Uses, knowledge: &Knowledge) -> Vec<Problem> {
    let stale = uses.stale(&knowledge.rules);
    let problem = |rule: &RuleId| stale_rule(rule, "in any release", knowledge);
    stale.iter().map(problem).collect()
}

/// Returns the added rules that decided nothing in `what`, for which they were added.
pub fn stale_added(uses: &Uses, what: &str, knowledge: &Knowledge) -> Vec<Problem> {
    let stale = uses.stale(&knowledge.rules).into_iter();
    let added = stale.filter(|rule| knowledge.rules.added.contains(rule));
    let within = format!("in {what}");
    added
        .map(|rule| stale_rule(&rule, &within, knowledge))
        .collect()
}

fn stale_rule(rule: &RuleId, within: &str, knowledge: &Knowledge) -> Problem {
    let cause = format!("the rule `{rule}` decides nothing {within}");
    let place = knowledge.rules.standing.get(rule);
    let path = place.map_or_else(|| "rules".to_owned(), |place| place.file.clone());
    Problem::new(&STALE_RULE, cause).at(path, place.and_then(|place| place.line))
}
