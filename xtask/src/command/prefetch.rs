//! `prefetch` fills the Nix store.

use std::path::Path;

use cargo::{Program, kept};
use clap::Args;
use prefetch::Lock;
use problem::Problem;
use release::OpenOptions;

use crate::arguments::{PlainFormat, SourcesDir, release_name};
use crate::outcome::{Outcome, severity};
use crate::project::{releases, root};
use crate::terminal;

/// The arguments of `prefetch`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask prefetch pve-9.1.4 --sources ~/upstream
  cargo xtask prefetch demo --format json | jq '.crates | length'")]
pub struct PrefetchArgs {
    /// The release whose sources to add, or `all`
    #[arg(value_parser = release_name)]
    pub release: String,

    /// The directory that contains the sources.
    #[command(flatten)]
    pub dir: SourcesDir,

    /// The output format
    #[arg(long, value_enum, default_value_t)]
    pub format: PlainFormat,
}

/// Runs `cargo xtask prefetch`.
pub fn run(args: &PrefetchArgs) -> Result<Outcome, Vec<Problem>> {
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
        // The demo needs few of the packages that upstream's releases need.
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
        terminal::complain(&problems.collect::<Vec<_>>());
        match args.format {
            PlainFormat::Text => terminal::print(|out| report::prefetch::text(out, &done)),
            PlainFormat::Json => terminal::print_plain(|out| report::prefetch::json(out, &done)),
        }?;
    }
    Ok(worst)
}

/// Returns the locks of the crates that a release is built from: its programs', and this tool's
/// own, which generates a release's expressions at evaluation.
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
