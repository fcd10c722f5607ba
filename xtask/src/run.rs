//! What each command does: the rooms, one after the other.
//!
//! A function here takes its parsed arguments and gives the exit status. Results go to stdout through
//! [`cli::print`]; problems that stop the run are given back.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::{
    self, AuditArgs, AuditFormat, CheckArgs, CompletionsArgs, DriftArgs, ExplainArgs,
    ExplainFormat, GraphArgs, GraphFormat, JoinArgs, LockArgs, ManArgs, Outcome, PlainFormat,
    PluginArgs, PrefetchArgs, ProposalsArgs, RegenArgs, ScanArgs, SourceArgs, Subject,
};
use analyse::{Analysis, Knowledge};
use audit::keep;
use cache::Cache;
use cargo::locked::lock_programs;
use cargo::{Program, kept};
use debian::given;
use decide::engine::Uses;
use drift::measure::Decisions;
use emit::names;
use graph::Role;
use graph::draw::{self, Drawing};
use graph::exports::{self, Exports};
use patch::line;
use prefetch::Lock;
use problem::{CODES, Code, OUTPUT_FAILED, Problem, UNSATISFIED_CRATE, USAGE, meant};
use release::{At, Locked, Manifest, OpenOptions, source_name};
use report::paint::count;
use report::{
    self, AuditReport, CheckReport, DriftReport, Filter, Format, LockReport, PlaceReport,
    RegenReport, ScanReport, codes,
};

/// The project's root: the nearest directory above the working directory that holds `releases/` and `rules/`,
/// else the one this program was built in.
fn root() -> PathBuf {
    let is_root = |dir: &&Path| dir.join("releases").is_dir() && dir.join("rules").is_dir();
    let here = std::env::current_dir().unwrap_or_default();
    let found = here.ancestors().find(is_root).map(Path::to_path_buf);
    found.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
}

/// `$XDG_CACHE_HOME/pve-nix`, by default below `~/.cache`; `None` without a home.
fn cache_dir() -> Option<PathBuf> {
    let set = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let base = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")));
    base.map(|base| base.join("pve-nix"))
}

/// The releases an argument names: one, or `all`.
fn releases(root: &Path, argument: &str) -> Result<Vec<Manifest>, Vec<Problem>> {
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

/// What is kept between runs; `None` where nothing is to be.
fn cache(from: &SourceArgs, knowledge: &Knowledge) -> Option<Cache> {
    let dir = cache_dir().filter(|_| !from.no_cache)?;
    Some(scan::cache_below(&dir, &knowledge.calls_text))
}

/// Reads, scans and decides one release.
fn analyse(
    root: &Path,
    manifest: Manifest,
    from: &SourceArgs,
    knowledge: &Knowledge,
) -> Result<Analysis, Vec<Problem>> {
    let cache = cache(from, knowledge);
    analyse_with(root, manifest, from, knowledge, cache.as_ref())
}

fn analyse_with(
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
    let busy = cli::Busy::counting(&format!("scanning {}", manifest.name), opened.sources.len());
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

/// Tells what of a release was not to be had.
fn tell_missing(analysis: &Analysis) {
    cli::complain(&analysis.missing);
    tell_unread(&analysis.unread);
}

/// Tells what is not scanned, because its commit is all that is known of it.
fn tell_unread<'a>(unread: impl IntoIterator<Item = &'a (String, String)>) {
    let unread = unread.into_iter();
    cli::note(
        unread.map(|(name, why)| {
            format!("not scanned here: {name}, known by its commit alone ({why})")
        }),
    );
}

/// `cargo xtask lock`.
pub fn lock(args: &LockArgs) -> Result<Outcome, Vec<Problem>> {
    let root = root();
    let path = root.join("releases").join(format!("{}.toml", args.release));
    let at = args.at.as_deref().map(str::parse::<At>).transpose();
    let at = at.map_err(|cause| vec![Problem::new(&USAGE, format!("--at: {cause}"))])?;
    let previous = if path.exists() {
        Some(Manifest::read(&path).map_err(|problem| vec![problem])?)
    } else {
        None
    };
    let options = OpenOptions {
        root,
        sources: args.dir.get().map(Path::to_path_buf),
        ..OpenOptions::default()
    };
    let knowledge = Knowledge::read(&options.root)?;
    let mut locked = pins(&args.release, at, &options, previous.as_ref())?;
    let opened = release::open(&locked.manifest, &options)?;
    if let Some(previous) = &previous {
        locked.manifest.programs.clone_from(&previous.programs);
    }
    let rules = &knowledge.rules.crates;
    let busy = cli::Busy::new("asking cargo for the crates of each program");
    let programs = lock_programs(&locked.manifest, &opened.sources, &options, rules)?;
    drop(busy);
    locked.manifest.programs.clone_from(&programs.own);
    locked.problems.extend(programs.problems.iter().cloned());
    let report = LockReport::new(
        previous.as_ref(),
        &locked.manifest,
        &programs.programs,
        locked.problems.clone(),
        locked.ended.clone(),
    );
    output::replace(&path, locked.manifest.to_toml().as_bytes())
        .and_then(|()| programs.write(&options.root, &args.release))
        .map_err(|problem| vec![problem])?;
    match args.format {
        PlainFormat::Text => cli::print(|out| report.text(out, cli::width())),
        PlainFormat::Json => cli::print_plain(|out| report.json(out)),
    }?;
    Ok(outcome(locked.problems.is_empty()))
}

/// The pins of a release. One of directories has nothing to resolve: its crates alone are locked.
fn pins(
    release: &str,
    at: Option<At>,
    options: &OpenOptions,
    previous: Option<&Manifest>,
) -> Result<Locked, Vec<Problem>> {
    if let Some(previous) =
        previous.filter(|one| one.sources.values().all(|pin| pin.path.is_some()))
    {
        return Ok(Locked {
            manifest: previous.clone(),
            problems: Vec::new(),
            ended: BTreeMap::new(),
        });
    }
    let locked = release::lock(release, at, options, previous)?;
    // A tree that is not the one that was pinned must not become the pin.
    let fatal = |problem: &Problem| problem.code.severity == problem::Severity::Fatal;
    if locked.problems.iter().any(fatal) {
        return Err(locked.problems);
    }
    Ok(locked)
}

/// Clean, or findings.
fn outcome(clean: bool) -> Outcome {
    if clean {
        Outcome::Clean
    } else {
        Outcome::Findings
    }
}

/// `cargo xtask scan`.
pub fn scan(args: &ScanArgs) -> Result<Outcome, Vec<Problem>> {
    let root = root();
    let knowledge = Knowledge::read_with(&root, &args.from.rules)?;
    let mut uses = Uses::default();
    let mut reports = Vec::new();
    let mut whole = args.release == "all";
    let manifests = releases(&root, &args.release)?;
    known_sources(&args.source, &manifests)?;
    for manifest in manifests {
        let analysis = analyse(&root, manifest, &args.from, &knowledge)?;
        tell_missing(&analysis);
        whole &= analysis.is_whole();
        uses.merge(&analysis.uses);
        let mut stops = stops(&analysis, &knowledge);
        if args.release != "all" && analysis.is_whole() {
            let name = &analysis.manifest.name;
            stops.extend(analyse::stale_added(&analysis.uses, name, &knowledge));
        }
        let mut report = ScanReport::of(analysis);
        report.add(stops);
        reports.push(report);
    }
    // A rule is stale when no release needs it: that can be said only of all of them.
    if whole && let Some(last) = reports.last_mut() {
        last.add(analyse::stale(&uses, &knowledge));
    }
    let clean = reports.iter().all(ScanReport::is_clean);
    let layout = args.layout();
    passes_something(&reports, &layout.filter)?;
    let write = |out: &mut dyn Write| report::scan(out, &reports, &layout);
    match args.format {
        Format::Text => cli::print(write),
        _ => cli::print_plain(write),
    }?;
    Ok(outcome(clean))
}

/// Holds the names that `--source` gives against the sources of the releases.
fn known_sources(named: &[String], manifests: &[Manifest]) -> Result<(), Vec<Problem>> {
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

/// Whether some occurrence passes the filter; what does without one of its conditions, where none does.
fn passes_something(reports: &[ScanReport], filter: &Filter) -> Result<(), Vec<Problem>> {
    let passing =
        |filter: &Filter| -> usize { reports.iter().map(|one| one.passing(filter)).sum() };
    if filter.is_empty() || filter.asks_for_undecided() || passing(filter) > 0 {
        return Ok(());
    }
    let without = filter.widened().into_iter().map(|(option, wider)| {
        let many = count(passing(&wider) as u64, "occurrence", "occurrences");
        format!("{many} without {option}")
    });
    let without: Vec<String> = without.collect();
    let problem = Problem::new(&USAGE, "no occurrence passes the filter");
    let remedy = format!("Widen it: {}.", without.join(", "));
    Err(vec![problem.mend(remedy)])
}

/// What would stop `regen` beside what is undecided: features that are not there, decisions that cannot be written, edited
/// files that do not parse.
fn stops(analysis: &Analysis, knowledge: &Knowledge) -> Vec<Problem> {
    let _busy = cli::Busy::new(&format!("making {} in memory", analysis.manifest.name));
    let mut stops = match emit::release::generate(analysis, knowledge) {
        Ok(generated) => generated.findings,
        Err(problems) => problems,
    };
    stops.retain(|one| !is_unseen(analysis, one));
    stops
}

/// `cargo xtask regen`.
pub fn regen(args: &RegenArgs) -> Result<Outcome, Vec<Problem>> {
    let root = root();
    let knowledge = Knowledge::read_with(&root, &args.from.rules)?;
    let mut clean = true;
    for manifest in releases(&root, &args.release)? {
        let name = manifest.name.clone();
        match regen_one(args, &root, manifest, &knowledge) {
            Ok(is_clean) => clean &= is_clean,
            Err(problems) => {
                cli::complain(&problems);
                let many = count(problems.len() as u64, "problem", "problems");
                let told = format!("{name}: nothing written: {many} to mend first; see above");
                cli::note([told]);
                return Ok(severity(&problems));
            }
        }
    }
    Ok(outcome(clean))
}

/// Makes one release; whether it is as it should be.
fn regen_one(
    args: &RegenArgs,
    root: &Path,
    manifest: Manifest,
    knowledge: &Knowledge,
) -> Result<bool, Vec<Problem>> {
    let out = args.out.as_deref().unwrap_or(root);
    let one = |problem| vec![problem];
    let name = manifest.name.clone();
    let analysis = analyse(root, manifest, &args.from, knowledge)?;
    let busy = cli::Busy::new(&format!("making {name}"));
    let mut generated = emit::release::generate(&analysis, knowledge)?;
    drop(busy);
    let found = analysis.findings.iter().chain(&generated.findings);
    let (unseen, mut findings): (Vec<Problem>, Vec<Problem>) =
        found.cloned().partition(|one| is_unseen(&analysis, one));
    if args.release != "all" && analysis.is_whole() {
        findings.extend(analyse::stale_added(&analysis.uses, &name, knowledge));
    }
    generated.leave(&unseen);
    let refused = findings.len() as u64;
    let mut differences = Vec::new();
    if args.check {
        differences = generated.output.differences(out, &name).map_err(one)?;
        findings.extend(output::findings(&differences, &name));
    } else if refused == 0 {
        differences = generated.output.write(out, &name).map_err(one)?.changed;
    }
    // Elsewhere nobody asks for names before the output is there.
    if args.out.is_none() && analysis.is_whole() {
        let names = names::file(&name, &generated.attributes, &generated.objects);
        if args.check {
            findings.extend(names.finding(root));
        } else if refused == 0 {
            names.write(root).map_err(one)?;
        }
    }
    let absent = generated.absent();
    // What is not scanned stands among the lacks.
    cli::complain(&absent);
    cli::complain(&analysis.missing);
    cli::complain(&findings);
    let mut regenerated = generated.report(&analysis, args.check, &differences);
    regenerated.refused = refused;
    let report = RegenReport(&regenerated);
    match args.format {
        PlainFormat::Text => cli::print(|out| report.text(out, cli::width())),
        PlainFormat::Json => cli::print_plain(|out| report.json(out)),
    }?;
    Ok(findings.is_empty() && (absent.is_empty() || args.from.allow_missing))
}

/// `cargo xtask plugin`.
pub fn plugin(args: &PluginArgs) -> Result<Outcome, Vec<Problem>> {
    let root = root();
    let one = |problem| vec![problem];
    let beside = args.tree.join(given::RULES);
    let rules = match args.rules.as_slice() {
        [] if beside.is_dir() => vec![beside],
        given => given.to_vec(),
    };
    let knowledge = Knowledge::read_with(&root, &rules)?;
    let release = &args.release;
    let exports = args.exports.clone();
    let exports = exports.unwrap_or_else(|| root.join("pkgs").join(release).join(exports::NAME));
    let exports = Exports::read(&exports, release).map_err(one)?;
    let source = given::given(&args.tree, args.name.as_deref(), &rules).map_err(one)?;
    let name = source.name.clone();
    let manifest = Manifest {
        name: release.clone(),
        ..Manifest::default()
    };
    let analysis = Analysis::beside(manifest, source, &exports, &knowledge)?;
    let compiled = emit::plugin::compile(&name, &analysis, &exports, &knowledge)?;
    let mut findings = analysis.findings.clone();
    findings.extend(compiled.findings.iter().cloned());
    findings.extend(analyse::stale_added(&analysis.uses, &name, &knowledge));
    let refused = findings.len() as u64;
    let mut differences = Vec::new();
    if args.check {
        differences = compiled.output.differences(&args.out, &name).map_err(one)?;
        findings.extend(output::findings(&differences, &name));
    } else if refused == 0 {
        differences = compiled
            .output
            .write(&args.out, &name)
            .map_err(one)?
            .changed;
    }
    cli::complain(&findings);
    let mut regenerated = compiled.report(&name, &analysis, args.check, &differences);
    regenerated.refused = refused;
    let report = RegenReport(&regenerated);
    match args.format {
        PlainFormat::Text => cli::print(|out| report.text(out, cli::width())),
        PlainFormat::Json => cli::print_plain(|out| report.json(out)),
    }?;
    Ok(severity(&findings))
}

/// Whether a finding is about a source that is known by its commit alone. The rules may have been written where its tree was
/// not at hand; so what they do not decide stays as it is, which is told, and does not keep the release from being made.
fn is_unseen(analysis: &Analysis, finding: &Problem) -> bool {
    let source = finding.place.source.as_deref();
    let pin = source.and_then(|source| analysis.manifest.sources.get(source));
    let is_finding = finding.code.severity == problem::Severity::Finding;
    is_finding && pin.is_some_and(|pin| pin.commit_only)
}

/// `cargo xtask prefetch`.
pub fn prefetch(args: &PrefetchArgs) -> Result<Outcome, Vec<Problem>> {
    let root = root();
    let options = OpenOptions {
        root: root.clone(),
        sources: args.dir.get().map(Path::to_path_buf),
        ..OpenOptions::default()
    };
    let one = |problem| vec![problem];
    let mut worst = Outcome::Clean;
    for manifest in releases(&root, &args.release)? {
        let mut locks = locks(&root, &manifest.name).map_err(one)?;
        // The demo needs little of what upstream's releases do.
        let demos = prefetch::outside::named(&root, &manifest.name);
        let packages = manifest.version.is_none().then_some(&demos);
        let outside = prefetch::outside::files(&root, packages)?;
        locks.extend(
            manifest
                .version
                .iter()
                .flat_map(|_| prefetch::outside::locks(&root)),
        );
        let done = prefetch::prefetch(&manifest, &locks, &outside, &options);
        let done = done.map_err(one)?;
        let of_release = severity(&done.problems);
        if worst != Outcome::Fatal && of_release != Outcome::Clean {
            worst = of_release;
        }
        let problems = done.problems.iter();
        let problems = problems.map(|problem| manifest.at_pin(&root, problem.clone()));
        cli::complain(&problems.collect::<Vec<_>>());
        match args.format {
            PlainFormat::Text => cli::print(|out| report::prefetch::text(out, &done)),
            PlainFormat::Json => cli::print_plain(|out| report::prefetch::json(out, &done)),
        }?;
    }
    Ok(worst)
}

/// The exit status that the codes of problems have.
fn severity(problems: &[Problem]) -> Outcome {
    let fatal = |problem: &Problem| problem.code.severity == problem::Severity::Fatal;
    match problems {
        [] => Outcome::Clean,
        problems if problems.iter().any(fatal) => Outcome::Fatal,
        _ => Outcome::Findings,
    }
}

/// The locks whose crates a release is built from: its programs', and this tool's own, which makes a release's
/// expressions where they are evaluated.
fn locks(root: &Path, release: &str) -> Result<Vec<Lock>, Problem> {
    let programs = kept::read(root, release)?.into_iter();
    let programs = programs.filter(Program::is_resolved);
    let mut locks: Vec<Lock> = programs
        .map(|program| {
            let path = kept::directory(release).join(format!("{}.lock", program.name));
            (path.display().to_string(), program.lock)
        })
        .collect();
    let own = std::fs::read_to_string(root.join("Cargo.lock"));
    locks.extend(own.ok().map(|text| ("Cargo.lock".to_owned(), text)));
    Ok(locks)
}

/// `cargo xtask join`.
pub fn join(args: &JoinArgs) -> Result<Outcome, Vec<Problem>> {
    let root = root();
    let knowledge = Knowledge::read_with(&root, &args.from.rules)?;
    if args.out.exists() {
        let cause = format!("{} is there already", args.out.display());
        let problem = Problem::new(&USAGE, cause);
        return Err(vec![
            problem.mend("Name a directory that is not there yet."),
        ]);
    }
    let manifest = Manifest::named(&root, &args.release).map_err(|problem| vec![problem])?;
    let analysis = analyse(&root, manifest, &args.from, &knowledge)?;
    tell_missing(&analysis);
    let named = |program: &&Program| program.name == args.program;
    let Some(program) = analysis.programs.iter().find(named) else {
        let names: Vec<&str> = analysis
            .programs
            .iter()
            .map(|one| one.name.as_str())
            .collect();
        let cause = format!("{} has no program `{}`", args.release, args.program);
        let known = format!("Its programs are {}.", names.join(", "));
        return Err(vec![Problem::new(&USAGE, cause).mend(known)]);
    };
    if let Some(why) = &program.unresolved {
        let cause = format!("{} has no lock: {why}", program.name);
        return Err(vec![Problem::new(&UNSATISFIED_CRATE, cause)]);
    }
    emit::joined::write(&analysis, program, &knowledge, &args.prefix, &args.out)?;
    let place = args.out.join(program.directory());
    cli::print(|out| {
        let sources: Vec<&str> = program.sources.keys().map(String::as_str).collect();
        writeln!(out, "{}: {}", program.name, sources.join(", "))?;
        writeln!(out, "  cd {} && cargo build --locked", place.display())
    })?;
    Ok(Outcome::Clean)
}

/// `cargo xtask drift`.
pub fn drift(args: &DriftArgs) -> Result<Outcome, Vec<Problem>> {
    let root = root();
    let rules = root.join("rules");
    let knowledge = Knowledge::read_with(&root, &args.from.rules)?;
    let other = args.old_rules.as_deref();
    let other = other.map(|dir| Knowledge::read_rules(dir).map(|knowledge| (dir, knowledge)));
    let other = other.transpose()?;
    let (old_rules, old_knowledge) = match &other {
        Some((dir, knowledge)) => (*dir, knowledge),
        None => (rules.as_path(), &knowledge),
    };
    let named = |name: &str| Manifest::named(&root, name).map_err(|problem| vec![problem]);
    let (old, new) = (named(&args.old)?, named(&args.new)?);
    known_sources(&args.source, &[old.clone(), new.clone()])?;
    // What both releases have is read once, with or without a cache for the next run.
    let kept = |knowledge| cache(&args.from, knowledge).unwrap_or_else(Cache::in_memory);
    let cache = kept(&knowledge);
    let same_calls = old_knowledge.calls_text == knowledge.calls_text;
    let old_cache = if same_calls {
        cache.clone()
    } else {
        kept(old_knowledge)
    };
    let mut old = analyse_with(&root, old, &args.from, old_knowledge, Some(&old_cache))?;
    old.forget_trees();
    let new = analyse_with(&root, new, &args.from, &knowledge, Some(&cache))?;
    let unread: BTreeSet<_> = old.unread.iter().chain(&new.unread).cloned().collect();
    tell_unread(&unread);
    let busy = cli::Busy::new(&format!("comparing {} with {}", args.old, args.new));
    let drift = drift::drift(&drift::Request {
        old: &old,
        new: &new,
        old_knowledge,
        new_knowledge: &knowledge,
        rules: (old_rules, &rules),
        root: &root,
        cache: Some(&cache),
    })?;
    drop(busy);
    let report = DriftReport {
        drift: &drift,
        from: args.level,
        only: &args.source,
    };
    match args.format {
        Format::Text => cli::print(|out| report.text(out, cli::width())),
        Format::Json => cli::print_plain(|out| report.json(out)),
        Format::Markdown => cli::print_plain(|out| report.markdown(out)),
        Format::Html => cli::print_plain(|out| report.html(out)),
        Format::Sarif => cli::print_plain(|out| report.sarif(out)),
    }?;
    Ok(outcome(!args.fail_on.fails(drift.level)))
}

/// `cargo xtask proposals`.
pub fn proposals(args: &ProposalsArgs) -> Result<Outcome, Vec<Problem>> {
    let root = root();
    let rules = root.join("rules");
    let knowledge = Knowledge::read_with(&root, &args.from.rules)?;
    let cache = cache(&args.from, &knowledge).unwrap_or_else(Cache::in_memory);
    let decided = |name: &str, knowledge: &Knowledge| {
        let manifest = Manifest::named(&root, name).map_err(|problem| vec![problem])?;
        let mut decided = analyse_with(&root, manifest, &args.from, knowledge, Some(&cache))?;
        decided.forget_trees();
        Ok::<_, Vec<Problem>>(decided)
    };
    let failed = |error: std::io::Error| vec![Problem::new(&OUTPUT_FAILED, error.to_string())];
    let scratch = tempfile::tempdir().map_err(failed)?;
    let (older, taken) = (scratch.path().join("older"), scratch.path().join("taken"));
    for directory in [&older, &taken] {
        std::fs::create_dir(directory).map_err(failed)?;
    }
    let old = decided(&args.old, &knowledge)?;
    let taken_out = drift::older::without_newer(&rules, &older, &old).map_err(failed)?;
    drop(old);
    let with_older = Knowledge::read_rules(&older)?;
    let old = decided(&args.old, &with_older)?;
    let new = decided(&args.new, &with_older)?;
    let busy = cli::Busy::new(&format!("comparing {} with {}", args.old, args.new));
    let drift = drift::drift(&drift::Request {
        old: &old,
        new: &new,
        old_knowledge: &with_older,
        new_knowledge: &with_older,
        rules: (&older, &older),
        root: &root,
        cache: Some(&cache),
    })?;
    drop(busy);
    drop(old);
    for entry in std::fs::read_dir(&older).map_err(failed)?.flatten() {
        std::fs::copy(entry.path(), taken.join(entry.file_name())).map_err(failed)?;
    }
    drift::measure::take(&drift, &taken).map_err(failed)?;
    let proposed = decided(&args.new, &Knowledge::read_rules(&taken)?)?;
    let people = decided(&args.new, &knowledge)?;
    let ways = drift::measure::Ways {
        people: Decisions::of(&people),
        older: Decisions::of(&new),
        proposed: Decisions::of(&proposed),
    };
    let measured = drift::measure::measure(&drift, &ways, taken_out);
    match args.format {
        PlainFormat::Text => cli::print(|out| report::proposals::text(out, &measured)),
        PlainFormat::Json => cli::print_plain(|out| report::proposals::json(out, &measured)),
    }?;
    Ok(outcome(measured.wrong.is_empty()))
}

/// `cargo xtask audit`.
pub fn audit(args: &AuditArgs) -> Result<Outcome, Vec<Problem>> {
    let root = root();
    let knowledge = Knowledge::read(&root)?;
    let files = if args.kept.is_empty() {
        keep::generated(&root, args.release.as_deref()).map_err(|problem| vec![problem])?
    } else {
        args.kept.clone()
    };
    let kept = keep::read(&files)?;
    let options = audit::Options {
        store: args.store.clone(),
        kept: &kept,
        calls: &knowledge.calls,
        wrappers: keep::wrappers(&knowledge.rules),
        weigh: !args.no_closure,
    };
    let audit = audit::audit(&args.outputs, &options)?;
    let report = AuditReport::new(&audit);
    match args.format {
        AuditFormat::Text => cli::print(|out| report.text(out, cli::width())),
        AuditFormat::Json => cli::print_plain(|out| report.json(out)),
        AuditFormat::Markdown => cli::print_plain(|out| report.markdown(out)),
        AuditFormat::Sarif => cli::print_plain(|out| report.sarif(out)),
    }?;
    Ok(outcome(audit.is_clean()))
}

/// `cargo xtask graph`.
pub fn graph(args: &GraphArgs) -> Result<Outcome, Vec<Problem>> {
    let root = root();
    let knowledge = Knowledge::read_with(&root, &args.from.rules)?;
    let manifest = Manifest::named(&root, &args.release).map_err(|problem| vec![problem])?;
    let analysis = analyse(&root, manifest, &args.from, &knowledge)?;
    tell_missing(&analysis);
    let link = args.link.as_deref().unwrap_or(draw::EVERYTHING);
    let Some(drawing) = Drawing::of(&analysis.graph, link) else {
        let cause = format!("{} has no link `{link}`", args.release);
        let objects = analysis
            .graph
            .nodes
            .iter()
            .filter(|(_, node)| node.role == Some(Role::Object));
        let names: Vec<&str> = objects.map(|(name, _)| name.as_str()).collect();
        let known = format!(
            "Its links are {} and {}.",
            draw::EVERYTHING,
            names.join(", ")
        );
        return Err(vec![Problem::new(&USAGE, cause).mend(known)]);
    };
    let drawn: Vec<&str> = drawing.sources().collect();
    for name in &args.source {
        if !drawn.contains(&name.as_str()) {
            let cause = format!("--source {name}: the link {link} holds no such source");
            let remedy = meant::remedy(name, drawn);
            return Err(vec![Problem::new(&USAGE, cause).mend(remedy)]);
        }
    }
    let drawing = drawing.only(&args.source);
    let text = match args.format {
        GraphFormat::Dot => drawing.dot(&args.release),
        GraphFormat::Mermaid => drawing.mermaid(),
        GraphFormat::Svg => drawing.svg(&args.release),
    };
    cli::print_plain(|out| out.write_all(text.as_bytes()))?;
    Ok(Outcome::Clean)
}

/// `cargo xtask check`; `jobs` is how many programs run side by side, 0 for one a processor.
pub fn check(args: &CheckArgs, jobs: usize) -> Result<Outcome, Vec<Problem>> {
    let root = root();
    if args.list {
        let rules = check::Rules::read(&root)?;
        cli::print(|out| report::points(out, &rules.points))?;
        return Ok(Outcome::Clean);
    }
    let path = args.path.as_deref().unwrap_or(Path::new("result"));
    let scratch = tempfile::Builder::new().prefix("pve-check-").tempdir();
    let scratch = scratch.map_err(|error| {
        let cause = format!("{}: {error}", std::env::temp_dir().display());
        vec![Problem::new(&OUTPUT_FAILED, cause)]
    })?;
    let request = check::Request {
        root: &root,
        path,
        systems: args.system.as_deref(),
        only: &args.only,
        skip: &args.skip,
        timeout: Duration::from_secs(args.timeout),
        jobs,
        trace: args.trace,
    };
    let task = check::prepare(&request, scratch.path())?;
    let progress = cli::spinner();
    let outcomes = check::enclosure::run(&task, &mut |event| {
        if let check::Event::Begun(title) = event {
            progress.set_message(title.clone());
        }
    });
    progress.finish_and_clear();
    let outcomes = outcomes.map_err(|problem| vec![problem])?;
    let report = CheckReport {
        link: path,
        leans_on: task.link.leans_on.as_deref(),
        outcomes: &outcomes,
    };
    match args.format {
        PlainFormat::Text => cli::print(|out| report.text(out, cli::width())),
        PlainFormat::Json => cli::print_plain(|out| report.json(out)),
    }?;
    Ok(outcome(report.summary().failed == 0))
}

/// `cargo xtask completions`.
pub fn completions(args: &CompletionsArgs) -> Result<Outcome, Vec<Problem>> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut cli::program(), "xtask", &mut text);
    cli::print_plain(|out| out.write_all(&text))?;
    Ok(Outcome::Clean)
}

/// `cargo xtask man`.
pub fn man(args: &ManArgs) -> Result<Outcome, Vec<Problem>> {
    if let Some(dir) = &args.out {
        let written = clap_mangen::generate_to(cli::program(), dir);
        written.map_err(|error| {
            let cause = format!("{}: {error}", dir.display());
            vec![Problem::new(&OUTPUT_FAILED, cause)]
        })?;
    } else {
        cli::print_plain(|out| clap_mangen::Man::new(cli::program()).render(out))?;
    }
    Ok(Outcome::Clean)
}

/// `cargo xtask explain`.
pub fn explain(args: &ExplainArgs) -> Result<Outcome, Vec<Problem>> {
    let markdown = args.format == ExplainFormat::Markdown;
    match &args.subject {
        None if markdown => cli::print(codes::document),
        None => cli::print(codes::list),
        Some(Subject::Code(id)) => {
            let code = known(id)?;
            cli::print(|out| {
                if markdown {
                    codes::markdown(out, &[code])
                } else {
                    codes::text(out, code, cli::width())
                }
            })
        }
        Some(Subject::Place { source, path, line }) => explain_place(args, source, path, *line),
    }?;
    Ok(Outcome::Clean)
}

fn known(id: &str) -> Result<&'static Code, Vec<Problem>> {
    problem::code(id).ok_or_else(|| {
        let codes = CODES
            .iter()
            .map(|code| code.id)
            .collect::<Vec<_>>()
            .join(", ");
        vec![
            Problem::new(&USAGE, format!("there is no problem code `{id}`"))
                .mend(format!("The codes are {codes}.")),
        ]
    })
}

/// The release a place is looked up in: the one asked for, else the newest that has the source.
fn release_with(root: &Path, args: &ExplainArgs, source: &str) -> Result<Manifest, Vec<Problem>> {
    if let Some(name) = &args.release {
        return Manifest::named(root, name).map_err(|problem| vec![problem]);
    }
    let all = releases(root, "all")?;
    let known: BTreeSet<String> = all
        .iter()
        .flat_map(|manifest| manifest.sources.keys().cloned())
        .collect();
    let source = source_name(source);
    let with = all
        .into_iter()
        .filter(|manifest| manifest.sources.contains_key(source));
    // They are in the order of their versions, the demo last, which is asked for its own sources only. Of several the last is
    // taken.
    with.max_by_key(|manifest| manifest.version.is_some())
        .ok_or_else(|| {
            let cause = format!("no release has a source `{source}`");
            let remedy = meant::remedy(source, known.iter().map(String::as_str));
            vec![Problem::new(&USAGE, cause).mend(format!("Write SOURCE/PATH:LINE. {remedy}"))]
        })
}

/// Why a place was decided as it was.
fn explain_place(
    args: &ExplainArgs,
    source: &str,
    path: &str,
    line: u32,
) -> Result<(), Vec<Problem>> {
    let root = root();
    let knowledge = Knowledge::read_with(&root, &args.from.rules)?;
    let mut manifest = release_with(&root, args, source)?;
    // Other sources only matter for what they declare and install; they are read when they are there.
    let from = SourceArgs {
        allow_missing: true,
        ..args.from.clone()
    };
    let is_alone = from.dir.get().is_none() && manifest.version.is_some();
    if is_alone {
        manifest
            .sources
            .retain(|name, _| name == source_name(source));
    }
    let release = manifest.name.clone();
    let analysis = analyse(&root, manifest, &from, &knowledge)?;
    let found = analysis.sources.iter();
    let Some(found) = found.into_iter().find(|one| one.source.name == source) else {
        tell_missing(&analysis);
        let cause = format!("the release {release} has no source `{source}` that can be read");
        return Err(vec![Problem::new(&USAGE, cause)]);
    };
    if is_alone {
        cli::note([format!(
            "the other sources of {release} were not read: what they install is not known here; --sources DIR reads them"
        )]);
    }
    let place = line::Line::find(found, path, line, &release)?;
    let becomes = place.becomes(&analysis, &knowledge);
    let stops = stops(&analysis, &knowledge);
    let findings = analysis.findings.iter().chain(&stops);
    let decided = found
        .decided
        .iter()
        .filter(|one| one.path == path && one.occurrence.line == line)
        .collect();
    let report = PlaceReport {
        release: &release,
        source,
        path,
        line,
        text: &place.text(),
        becomes,
        decided,
        findings: findings.filter(|one| place.is_named(one)).collect(),
        rules: &knowledge.rules.standing,
    };
    cli::print(|out| report.text(out))
}
