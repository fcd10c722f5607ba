//! Computes the drift between two real releases in the repositories that `PVE_SOURCES` names,
//! without a cache and with that of the previous run. It asserts nothing; the times are for
//! `docs/figures.md`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use analyse::{Analysis, Knowledge};
use cache::Cache;
use cargo::kept;
use drift::{Drift, Level, Request};
use problem::Problem;
use release::{Manifest, OpenOptions, open};
use report::DriftReport;

/// The releases to compare.
const RELEASES: [&str; 2] = ["pve-9.0.3", "pve-9.1.7"];
/// The number of runs of each kind, of which the median is reported.
const RUNS: usize = 5;

fn main() {
    let Some(sources) = std::env::var_os("PVE_SOURCES").map(PathBuf::from) else {
        println!("PVE_SOURCES names no directory of repositories: nothing is measured");
        return;
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let [old, new] = RELEASES;
    println!("{old} to {new}, median of {RUNS} runs, milliseconds\n");
    let work = tempfile::tempdir().expect("a directory for the cache");
    let runs = |cache: &dyn Fn() -> Cache| {
        let runs = (0..RUNS).map(|_| run(&root, &sources, &cache()));
        let (times, drifts): (Vec<_>, Vec<_>) = runs.unzip();
        (median(times), drifts)
    };
    let (cold, _) = runs(&Cache::in_memory);
    let kept = || scan::cache_below(work.path(), "");
    run(&root, &sources, &kept());
    let (warm, drifts) = runs(&kept);
    println!("nothing kept {:>6}", cold.as_millis());
    println!("kept         {:>6}", warm.as_millis());
    let drift = drifts.last().expect("a run");
    let begun = Instant::now();
    let mut page = Vec::new();
    let report = DriftReport {
        drift,
        from: Level::Moved,
        only: &[],
    };
    report.html(&mut page).expect("memory is there");
    println!(
        "HTML         {:>6}, {} kB",
        begun.elapsed().as_millis(),
        page.len() / 1000
    );
    println!("peak memory  {:>6} MB", peak() / 1000);
}

/// Runs once, from reading the rules to the drift.
fn run(root: &Path, sources: &Path, cache: &Cache) -> (Duration, Drift) {
    let begun = Instant::now();
    let knowledge = Knowledge::read(root).unwrap_or_else(|all| fail(&all));
    let [old, new] = RELEASES.map(|release| {
        let manifest = Manifest::named(root, release).unwrap_or_else(|one| fail(&[one]));
        let options = OpenOptions {
            root: root.to_path_buf(),
            sources: Some(sources.to_path_buf()),
            kept: Some(cache.clone()),
            ..OpenOptions::default()
        };
        let opened = open(&manifest, &options).unwrap_or_else(|all| fail(&all));
        let programs = kept::read(root, release).unwrap_or_else(|one| fail(&[one]));
        let analysis = Analysis::new(
            manifest,
            opened.sources,
            programs,
            opened.missing,
            &knowledge,
            Some(cache),
        );
        let mut analysis = analysis.unwrap_or_else(|all| fail(&all));
        analysis.forget_trees();
        analysis
    });
    let rules = analyse::directories(root);
    let request = Request {
        old: &old,
        new: &new,
        old_knowledge: &knowledge,
        new_knowledge: &knowledge,
        rules: (&rules, &rules),
        root,
        cache: Some(cache),
    };
    let drift = drift::drift(&request).unwrap_or_else(|all| fail(&all));
    (begun.elapsed(), drift)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Returns this process' peak memory in kilobytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.unwrap_or(0)
}

fn fail(problems: &[Problem]) -> ! {
    for problem in problems {
        eprintln!("{problem}");
    }
    std::process::exit(2)
}
