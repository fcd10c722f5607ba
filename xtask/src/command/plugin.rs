//! `plugin` compiles a plugin against a release.

use std::path::PathBuf;

use analyse::{Analysis, Knowledge};
use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use debian::given;
use graph::exports;
use graph::exports::Exports;
use problem::Problem;
use release::Manifest;
use report::RegenReport;

use crate::arguments::{PlainFormat, directory, release_name};
use crate::outcome::{Outcome, severity};
use crate::project::root;
use crate::terminal;

/// The arguments of `plugin`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask plugin pve-9.1.8 ./linstor-proxmox --rules ./linstor-rules --out .
  cargo xtask plugin demo demo/plugins/hive-tape --out /tmp/tape --check
docs/plugins.md explains how a plugin is linked.")]
pub struct PluginArgs {
    /// The release to compile it against
    #[arg(value_parser = release_name)]
    pub release: String,

    /// The plugin's source: a directory with a `debian/`
    #[arg(value_parser = OsStringValueParser::new().try_map(directory))]
    pub tree: PathBuf,

    /// Its name [default: `Source` in its debian/control]
    #[arg(long, value_name = "NAME", value_parser = release_name)]
    pub name: Option<String>,

    /// Directory with its rules, in files named like those of rules/ (repeatable) [default:
    /// TREE/pve-nix, if it exists]
    #[arg(long, value_name = "DIR")]
    #[arg(value_parser = OsStringValueParser::new().try_map(directory))]
    pub rules: Vec<PathBuf>,

    /// The exports of the release [default: pkgs/RELEASE/exports.json]
    #[arg(long, value_name = "FILE")]
    #[arg(value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub exports: Option<PathBuf>,

    /// Directory in which to write pkgs/NAME
    #[arg(long, value_name = "DIR")]
    #[arg(value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub out: PathBuf,

    /// Write nothing; exit 1 if the output differs from a fresh run
    #[arg(long)]
    pub check: bool,

    /// The output format
    #[arg(long, value_enum, default_value_t)]
    pub format: PlainFormat,
}

/// Runs `cargo xtask plugin`.
pub fn run(args: &PluginArgs) -> Result<Outcome, Vec<Problem>> {
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
    terminal::complain(&findings);
    let mut regenerated = compiled.report(&name, &analysis, args.check, &differences);
    regenerated.refused = refused;
    let report = RegenReport(&regenerated);
    match args.format {
        PlainFormat::Text => terminal::print(|out| report.text(out, terminal::width())),
        PlainFormat::Json => terminal::print_plain(|out| report.json(out)),
    }?;
    Ok(severity(&findings))
}
