//! `audit` audits a built output.

use std::path::PathBuf;

use analyse::Knowledge;
use audit::keep;
use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, ValueEnum};
use problem::Problem;
use report::AuditReport;

use crate::arguments::release_name;
use crate::outcome::{Outcome, outcome};
use crate::project::root;
use crate::terminal;

/// The arguments of `audit`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nix build .#pve && cargo xtask audit result
  cargo xtask audit result --release pve-9.1.4 --format sarif > audit.sarif
  cargo xtask audit result --format json | jq '.closure[:10]'")]
pub struct AuditArgs {
    /// Outputs: store paths, links to them, or plain directories
    #[arg(value_name = "PATH", required = true)]
    #[arg(value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub outputs: Vec<PathBuf>,

    /// The release that the outputs were built from [default: all in pkgs/]
    #[arg(long, value_parser = release_name)]
    pub release: Option<String>,

    /// A list of kept texts, in place of pkgs/RELEASE/kept.json (repeatable)
    #[arg(long, value_name = "FILE", conflicts_with = "release")]
    #[arg(value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub kept: Vec<PathBuf>,

    /// The store [default: the one that contains the first PATH, unless `NIX_STORE_DIR` names
    /// another]
    #[arg(long, value_name = "DIR")]
    #[arg(value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub store: Option<PathBuf>,

    /// Do not read the closure to measure its size
    #[arg(long)]
    pub no_closure: bool,

    /// The output format
    #[arg(long, value_enum, default_value_t)]
    pub format: AuditFormat,
}

/// The format of an audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum AuditFormat {
    /// For people; coloured on terminals only.
    #[default]
    Text,
    /// For programs, as described in docs/audit.md.
    Json,
    /// For an issue or a merge request.
    Markdown,
    /// For code hosts and editors: SARIF 2.1.0, the findings only.
    Sarif,
}

/// Runs `cargo xtask audit`.
pub fn run(args: &AuditArgs) -> Result<Outcome, Vec<Problem>> {
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
        AuditFormat::Text => terminal::print(|out| report.text(out, terminal::width())),
        AuditFormat::Json => terminal::print_plain(|out| report.json(out)),
        AuditFormat::Markdown => terminal::print_plain(|out| report.markdown(out)),
        AuditFormat::Sarif => terminal::print_plain(|out| report.sarif(out)),
    }?;
    Ok(outcome(audit.is_clean()))
}
