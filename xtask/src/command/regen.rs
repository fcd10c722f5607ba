//! `regen` writes a release.

use std::path::{Path, PathBuf};

use analyse::Knowledge;
use clap::Args;
use emit::names;
use problem::Problem;
use release::Manifest;
use report::RegenReport;
use report::paint::count;

use crate::arguments::{PlainFormat, SourceArgs, release_name};
use crate::outcome::{Outcome, outcome, severity};
use crate::project::{analyse, is_unseen, releases, root};
use crate::terminal;

/// The arguments of `regen`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask regen demo
  cargo xtask regen demo --check
  cargo xtask regen pve-9.1.4 --sources ~/upstream --out /tmp/pve")]
pub struct RegenArgs {
    /// The release to write, or `all`
    #[arg(value_parser = release_name)]
    pub release: String,

    /// The options for finding sources.
    #[command(flatten)]
    pub from: SourceArgs,

    /// Directory to write into [default: this repository]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,

    /// Write nothing; exit 1 if the output differs from a fresh run
    #[arg(long)]
    pub check: bool,

    /// The output format
    #[arg(long, value_enum, default_value_t)]
    pub format: PlainFormat,
}

/// Runs `cargo xtask regen`.
pub fn run(args: &RegenArgs) -> Result<Outcome, Vec<Problem>> {
    let root = root();
    let knowledge = Knowledge::read_with(&root, &args.from.rules)?;
    let mut clean = true;
    for manifest in releases(&root, &args.release)? {
        let name = manifest.name.clone();
        match regen_one(args, &root, manifest, &knowledge) {
            Ok(is_clean) => clean &= is_clean,
            Err(problems) => {
                terminal::complain(&problems);
                let many = count(problems.len() as u64, "problem", "problems");
                let told = format!("{name}: nothing written: fix {many} first; see above");
                terminal::note([told]);
                return Ok(severity(&problems));
            }
        }
    }
    Ok(outcome(clean))
}

/// Generates one release. Returns its outcome.
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
    let busy = terminal::Busy::new(&format!("making {name}"));
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
    // In another directory, nothing needs the names before the output exists.
    if args.out.is_none() && analysis.is_whole() {
        let names = names::file(&name, &generated.attributes, &generated.objects);
        if args.check {
            findings.extend(names.finding(root));
        } else if refused == 0 {
            names.write(root).map_err(one)?;
        }
    }
    let absent = generated.absent();
    // Sources that are not scanned are among the gaps.
    terminal::complain(&absent);
    terminal::complain(&analysis.missing);
    terminal::complain(&findings);
    let mut regenerated = generated.report(&analysis, args.check, &differences);
    regenerated.refused = refused;
    let report = RegenReport(&regenerated);
    match args.format {
        PlainFormat::Text => terminal::print(|out| report.text(out, terminal::width())),
        PlainFormat::Json => terminal::print_plain(|out| report.json(out)),
    }?;
    Ok(findings.is_empty() && (absent.is_empty() || args.from.allow_missing))
}
