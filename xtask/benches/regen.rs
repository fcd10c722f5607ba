//! Times a whole regen by stage, over the real sources of 9.1.4 if `PVE_SOURCES` names their
//! directory, otherwise over a generated upstream of that size. It asserts nothing; the times are
//! for `docs/figures.md` and for authors of scanners.

#[path = "regen/upstream.rs"]
mod upstream;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use analyse::{Analysis, Knowledge};
use cache::Cache;
use cargo::kept;
use emit::release::generate;
use problem::Problem;
use rayon::prelude::*;
use release::{Entry, Manifest, OpenOptions, Source, Tree, open};
use tempfile::TempDir;

/// The release to measure.
const RELEASE: &str = "pve-9.1.4";
/// The number of runs of each kind, of which the median is reported.
const RUNS: usize = 5;

const STAGES: [&str; 9] = [
    "rules",
    "open",
    "scan (threads)",
    "debian (threads)",
    "scan and debian",
    "decide",
    "graph",
    "generate",
    "write",
];

/// One run: the times of the stages in the order of [`STAGES`], the total, and the amount read.
struct Run {
    stages: [Duration; STAGES.len()],
    whole: Duration,
    bytes: u64,
    files: usize,
}

/// The input of the measurement.
struct Subject {
    root: PathBuf,
    manifest: Manifest,
    sources: PathBuf,
    work: TempDir,
}

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let work = TempDir::new().expect("a directory for the output");
    let (what, manifest, sources) = if let Some(sources) = std::env::var_os("PVE_SOURCES") {
        let manifest = Manifest::named(&root, RELEASE).unwrap_or_else(|one| fail(&[one]));
        (RELEASE, manifest, PathBuf::from(sources))
    } else {
        let sources = work.path().join("sources");
        ("a generated upstream", upstream::make(&sources), sources)
    };
    let subject = Subject {
        root,
        manifest,
        sources,
        work,
    };
    println!("{what}, median of {RUNS} runs, milliseconds\n");
    let cold = runs(&subject, None);
    let cache = scan::cache_below(&subject.work.path().join("cache"), "");
    subject.run(Some(&cache));
    let warm = runs(&subject, Some(&cache));
    table(&cold, &warm);
    rust(&subject);
    println!("\npeak memory {} MB", peak() / 1000);
}

impl Subject {
    fn run(&self, cache: Option<&Cache>) -> Run {
        let mut stages = [Duration::ZERO; STAGES.len()];
        let begun = Instant::now();
        let knowledge = Knowledge::read(&self.root).unwrap_or_else(|all| fail(&all));
        stages[0] = begun.elapsed();
        let options = OpenOptions {
            root: self.root.clone(),
            sources: Some(self.sources.clone()),
            kept: cache.cloned(),
            ..OpenOptions::default()
        };
        let opened = open(&self.manifest, &options).unwrap_or_else(|all| fail(&all));
        stages[1] = begun.elapsed().saturating_sub(stages[0]);
        let before = Instant::now();
        let programs =
            kept::read(&self.root, &self.manifest.name).unwrap_or_else(|one| fail(&[one]));
        let analysis = Analysis::new(
            self.manifest.clone(),
            opened.sources,
            programs,
            opened.missing,
            &knowledge,
            cache,
        )
        .unwrap_or_else(|all| fail(&all));
        let timings = analysis.timings;
        stages[4] = before
            .elapsed()
            .saturating_sub(timings.decide + timings.graph);
        stages[2] = timings.scan;
        stages[3] = timings.debian;
        stages[5] = timings.decide;
        stages[6] = timings.graph;
        let before = Instant::now();
        let generated = generate(&analysis, &knowledge).unwrap_or_else(|all| fail(&all));
        stages[7] = before.elapsed();
        let before = Instant::now();
        let out = self.work.path().join("out");
        let written = generated.output.write(&out, &self.manifest.name);
        written.unwrap_or_else(|one| fail(&[one]));
        stages[8] = before.elapsed();
        Run {
            stages,
            whole: begun.elapsed(),
            bytes: analysis.sources.iter().map(|one| one.scanned.bytes).sum(),
            files: analysis
                .sources
                .iter()
                .map(|one| one.scanned.files.len())
                .sum(),
        }
    }
}

/// Times the Rust files alone, whether they are compiled or not: read and scanned, then from the
/// cache.
fn rust(subject: &Subject) {
    let cache = scan::cache_below(&subject.work.path().join("rust"), "");
    let options = OpenOptions {
        root: subject.root.clone(),
        sources: Some(subject.sources.clone()),
        kept: Some(cache.clone()),
        ..OpenOptions::default()
    };
    let opened = open(&subject.manifest, &options).unwrap_or_else(|all| fail(&all));
    let sources: Vec<Source> = opened.sources.into_iter().map(rust_only).collect();
    let knowledge = Knowledge::read(&subject.root).unwrap_or_else(|all| fail(&all));
    let scan = |cache: Option<&Cache>| {
        let begun = Instant::now();
        let files: usize = sources
            .par_iter()
            .map(|source| scan::source::scan(source, &knowledge.calls, None, cache))
            .map(|scanned| scanned.unwrap_or_else(|all| fail(&all)).files.len())
            .sum();
        (begun.elapsed(), files)
    };
    let median = |cache: Option<&Cache>| {
        let mut all: Vec<_> = (0..RUNS).map(|_| scan(cache)).collect();
        all.sort_unstable();
        all.swap_remove(RUNS / 2)
    };
    let (cold, files) = median(None);
    scan(Some(&cache));
    let (warm, _) = median(Some(&cache));
    let entries = sources.iter().flat_map(|source| source.tree.entries());
    let bytes: u64 = entries.map(|entry| entry.size).sum();
    println!(
        "\nRust alone: {files} files, {:.1} MB",
        precise(bytes) / 1e6
    );
    row("scan", cold.as_secs_f64(), warm.as_secs_f64());
}

/// Reduces a source to its Rust files.
fn rust_only(source: Source) -> Source {
    let is_rust = |entry: &&Entry| entry.path.ends_with(".rs");
    let entries = source.tree.entries().iter().filter(is_rust).cloned();
    let entries = entries.collect();
    Source {
        name: source.name,
        pin: source.pin,
        tree: Box::new(Narrowed {
            entries,
            whole: source.tree,
        }),
    }
}

/// Some entries of a tree.
struct Narrowed {
    entries: Vec<Entry>,
    whole: Box<dyn Tree>,
}

impl Tree for Narrowed {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn read(&self, wanted: &[&Entry]) -> Result<Vec<Vec<u8>>, Problem> {
        self.whole.read(wanted)
    }

    fn read_once(&self, wanted: &[&Entry]) -> Result<Vec<Vec<u8>>, Problem> {
        self.whole.read_once(wanted)
    }

    fn is_commit(&self) -> bool {
        self.whole.is_commit()
    }
}

fn fail<T>(problems: &[Problem]) -> T {
    for problem in problems {
        eprintln!(
            "{}: {:?}: {}",
            problem.code.id, problem.place, problem.cause
        );
    }
    std::process::exit(2)
}

fn runs(subject: &Subject, cache: Option<&Cache>) -> Vec<Run> {
    (0..RUNS).map(|_| subject.run(cache)).collect()
}

fn median(runs: &[Run], of: impl Fn(&Run) -> Duration) -> f64 {
    let mut all: Vec<Duration> = runs.iter().map(of).collect();
    all.sort_unstable();
    all[all.len() / 2].as_secs_f64()
}

fn table(cold: &[Run], warm: &[Run]) {
    println!("{:<18}{:>10}{:>10}", "stage", "cold", "warm");
    for (index, stage) in STAGES.iter().enumerate() {
        row(
            stage,
            median(cold, |run| run.stages[index]),
            median(warm, |run| run.stages[index]),
        );
    }
    let (cold_time, warm_time) = (median(cold, |run| run.whole), median(warm, |run| run.whole));
    row("whole run", cold_time, warm_time);
    if let Some(run) = cold.first() {
        let megabytes = precise(run.bytes) / 1e6;
        let rate = |time: f64| megabytes / time;
        println!(
            "{:<18}{:>10.1}{:>10.1}",
            "MB/s",
            rate(cold_time),
            rate(warm_time)
        );
        println!("\n{} files, {megabytes:.1} MB scanned", run.files);
    }
}

/// All numbers here are far below 2^52.
#[allow(clippy::cast_precision_loss, reason = "megabytes, for people")]
fn precise(number: u64) -> f64 {
    number as f64
}

fn row(name: &str, cold: f64, warm: f64) {
    println!("{name:<18}{:>10.1}{:>10.1}", cold * 1e3, warm * 1e3);
}

/// Returns this process' peak memory in kilobytes, or 0 if `/proc` does not have it.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.unwrap_or_default()
}
