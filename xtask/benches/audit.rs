//! Audits a whole link: the real release 9.1.4 if `PVE_SOURCES` names the directory of its sources,
//! otherwise the demo, in each case with programs of some hundred megabytes. It asserts nothing;
//! the times are for `docs/figures.md`.

#[path = "../tests/runs/linked.rs"]
#[allow(dead_code, reason = "tests use all of it")]
mod linked;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use analyse::{Analysis, Knowledge};
use audit::{Options, audit, keep};
use cargo::kept;
use problem::Problem;
use release::{Manifest, OpenOptions, open};

/// The number of runs, of which the median is reported.
const RUNS: usize = 5;
/// The size in bytes of the programs beside the texts: `pve-qemu`'s, the Rust programs' and Ceph's
/// bindings'.
const PROGRAMS: u64 = 150 << 20;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    // It is kept for inspection: `cargo xtask audit --store …`.
    let work = root.join("target/audit-bench");
    if work.exists() {
        std::fs::remove_dir_all(&work).expect("the last run's is removed");
    }
    std::fs::create_dir_all(&work).expect("a directory");
    let knowledge = Knowledge::read(&root).unwrap_or_else(|all| fail(&all));
    let sources = std::env::var_os("PVE_SOURCES").map(PathBuf::from);
    let release = if sources.is_some() {
        "pve-9.1.4"
    } else {
        "demo"
    };
    let analysis = analyse(&root, release, sources, &knowledge);
    let linked = linked::lay(&analysis, &knowledge, &work);
    let program =
        std::fs::read(std::env::current_exe().expect("this program")).expect("it can be read");
    let copies = PROGRAMS / program.len() as u64 + 1;
    for copy in 0..copies {
        linked::write(
            &linked.output.join(format!("libexec/program-{copy}")),
            &program,
        );
    }
    let kept = [linked.kept];
    let run = |weigh: bool| {
        let options = Options {
            store: Some(linked.store.clone()),
            kept: &kept,
            calls: &knowledge.calls,
            wrappers: keep::wrappers(&knowledge.rules),
            weigh,
        };
        let begun = Instant::now();
        let audit =
            audit(std::slice::from_ref(&linked.output), &options).unwrap_or_else(|all| fail(&all));
        (begun.elapsed(), audit)
    };
    for (what, weigh) in [("audit", false), ("audit and closure", true)] {
        let mut times: Vec<Duration> = (0..RUNS).map(|_| run(weigh).0).collect();
        times.sort_unstable();
        println!("{what:<18}{:>10.1} ms", times[RUNS / 2].as_secs_f64() * 1e3);
    }
    let found = run(false).1;
    println!(
        "\n{release}: {} files, {} MB, of these {} MB programs; {} findings",
        found.files,
        found.bytes >> 20,
        (copies * program.len() as u64) >> 20,
        found.problems.len()
    );
    for problem in &found.problems {
        println!("{}: {}: {}", problem.code.id, problem.place, problem.cause);
    }
}

fn analyse(
    root: &Path,
    release: &str,
    sources: Option<PathBuf>,
    knowledge: &Knowledge,
) -> Analysis {
    let manifest = Manifest::named(root, release).unwrap_or_else(|one| fail(&[one]));
    let options = OpenOptions {
        root: root.to_path_buf(),
        sources,
        ..OpenOptions::default()
    };
    let opened = open(&manifest, &options).unwrap_or_else(|all| fail(&all));
    let programs = kept::read(root, release).unwrap_or_else(|one| fail(&[one]));
    let analysis = Analysis::new(
        manifest,
        opened.sources,
        programs,
        opened.missing,
        knowledge,
        None,
    );
    analysis.unwrap_or_else(|all| fail(&all))
}

fn fail<T>(problems: &[Problem]) -> T {
    for problem in problems {
        eprintln!("{problem}");
    }
    std::process::exit(2)
}
