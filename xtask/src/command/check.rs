//! `check` tests a built link.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use problem::{OUTPUT_FAILED, Problem};
use report::CheckReport;

use crate::arguments::PlainFormat;
use crate::outcome::{Outcome, outcome};
use crate::project::root;
use crate::terminal;

/// The arguments of `check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nix-build -A pve && cargo xtask check result
  cargo xtask check result --only https
  cargo xtask check /tmp/store/nix/store/…-pve-9.1.4 --format json | jq '.summary'
Points are written in rules/general/check.toml; docs/check.md says how.")]
pub struct CheckArgs {
    /// The built link: a directory in a store, or `result`
    #[arg(value_name = "PATH", required_unless_present = "list")]
    #[arg(value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub path: Option<PathBuf>,

    /// Try only this point, and those it comes after (repeatable, also with commas)
    #[arg(long, value_name = "POINT", value_delimiter = ',')]
    pub only: Vec<String>,

    /// Skip this point
    #[arg(long, value_name = "POINT", value_delimiter = ',')]
    pub skip: Vec<String>,

    /// Time limit for one program, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86400))]
    pub timeout: u64,

    /// Directory with the system.json of a release's sources, for a link without its own
    ///
    /// For instance pkgs/pve-9.1.4. It lists the machine's directories and users.
    #[arg(long, value_name = "DIR")]
    #[arg(value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub system: Option<PathBuf>,

    /// Run every program under strace, and report accessed paths that NixOS does not have
    ///
    /// This takes several times as long: raise the limit with --timeout.
    #[arg(long)]
    pub trace: bool,

    /// List the points without trying them
    #[arg(long)]
    pub list: bool,

    /// The output format
    #[arg(long, value_enum, default_value_t)]
    pub format: PlainFormat,
}

/// Runs `cargo xtask check`. `jobs` is the number of programs to run in parallel, 0 for one per
/// processor.
pub fn run(args: &CheckArgs, jobs: usize) -> Result<Outcome, Vec<Problem>> {
    let root = root();
    if args.list {
        let rules = check::Rules::read(&root)?;
        terminal::print(|out| report::points(out, &rules.points))?;
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
    let progress = terminal::spinner();
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
        PlainFormat::Text => terminal::print(|out| report.text(out, terminal::width())),
        PlainFormat::Json => terminal::print_plain(|out| report.json(out)),
    }?;
    Ok(outcome(report.summary().failed == 0))
}
