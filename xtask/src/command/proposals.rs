//! `proposals` measures the rules that drift proposes.

use std::path::Path;

use analyse::Knowledge;
use cache::Cache;
use clap::Args;
use decide::rules::Directory;
use drift::measure::Decisions;
use problem::{OUTPUT_FAILED, Problem};
use release::Manifest;

use crate::arguments::{PlainFormat, SourceArgs, release_name};
use crate::outcome::{Outcome, outcome};
use crate::project::{analyse_with, cache, root};
use crate::terminal;

/// The arguments of `proposals`.
#[derive(Debug, Args)]
#[command(after_help = "\
Decides NEW by only those rules that decide something in OLD, then adds drift's proposals, and compares the
result with the decisions of all of rules/.
Examples:
  cargo xtask proposals pve-9.1.7 pve-9.1.8 --sources ~/upstream
  cargo xtask proposals pve-9.1.7 pve-9.1.8 --format json | jq '.wrong'")]
pub struct ProposalsArgs {
    /// The release whose rules are known
    #[arg(value_parser = release_name)]
    pub old: String,

    /// The release to propose rules for
    #[arg(value_parser = release_name)]
    pub new: String,

    /// The options for finding sources.
    #[command(flatten)]
    pub from: SourceArgs,

    /// The output format
    #[arg(long, value_enum, default_value_t)]
    pub format: PlainFormat,
}

/// Runs `cargo xtask proposals`.
pub fn run(args: &ProposalsArgs) -> Result<Outcome, Vec<Problem>> {
    let root = root();
    let rules = analyse::directories(&root);
    let within = |scratch: &Path| {
        let moved = rules.iter();
        let moved = moved.map(|one| Directory::of_project(scratch, &one.shown));
        moved.collect::<Vec<_>>()
    };
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
    let older_rules = within(&older);
    let with_older = Knowledge::read_rules(&older_rules)?;
    let old = decided(&args.old, &with_older)?;
    let new = decided(&args.new, &with_older)?;
    let busy = terminal::Busy::new(&format!("comparing {} with {}", args.old, args.new));
    let drift = drift::drift(&drift::Request {
        old: &old,
        new: &new,
        old_knowledge: &with_older,
        new_knowledge: &with_older,
        rules: (&older_rules, &older_rules),
        root: &root,
        cache: Some(&cache),
    })?;
    drop(busy);
    drop(old);
    copy(&older, &taken).map_err(failed)?;
    drift::measure::take(&drift, &taken).map_err(failed)?;
    let proposed = decided(&args.new, &Knowledge::read_rules(&within(&taken))?)?;
    let people = decided(&args.new, &knowledge)?;
    let ways = drift::measure::Ways {
        people: Decisions::of(&people),
        older: Decisions::of(&new),
        proposed: Decisions::of(&proposed),
    };
    let measured = drift::measure::measure(&drift, &ways, taken_out);
    match args.format {
        PlainFormat::Text => terminal::print(|out| report::proposals::text(out, &measured)),
        PlainFormat::Json => terminal::print_plain(|out| report::proposals::json(out, &measured)),
    }?;
    Ok(outcome(measured.wrong.is_empty()))
}

/// Copies a tree of plain files.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let (entry, place) = entry.map(|entry| (entry.path(), to.join(entry.file_name())))?;
        if entry.is_dir() {
            copy(&entry, &place)?;
        } else {
            std::fs::copy(&entry, &place)?;
        }
    }
    Ok(())
}
