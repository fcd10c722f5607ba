//! `join` writes a program's tree for cargo.

use std::path::PathBuf;

use analyse::Knowledge;
use cargo::Program;
use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use problem::{Problem, UNSATISFIED_CRATE, USAGE};
use release::Manifest;

use crate::arguments::{SourceArgs, release_name};
use crate::outcome::Outcome;
use crate::project::{analyse, root, tell_missing};
use crate::terminal;

/// The arguments of `join`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask join pve-9.1.4 pve-rs --out /tmp/pve-rs --sources ~/upstream
  cd /tmp/pve-rs/proxmox-perl-rs/pve-rs && cargo build --release --locked")]
pub struct JoinArgs {
    /// The release: the name of a file in releases/
    #[arg(value_parser = release_name)]
    pub release: String,

    /// The program: the name of a file in releases/RELEASE/cargo/
    pub program: String,

    /// The directory to write; it must not exist yet
    #[arg(long, value_name = "DIR")]
    #[arg(value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub out: PathBuf,

    /// The directory of the packages that rewritten paths refer to, each in a directory named by
    /// its attribute
    #[arg(long, value_name = "DIR", default_value = "/pnx")]
    pub prefix: String,

    /// The options for finding sources.
    #[command(flatten)]
    pub from: SourceArgs,
}

/// Runs `cargo xtask join`.
pub fn run(args: &JoinArgs) -> Result<Outcome, Vec<Problem>> {
    let root = root();
    let knowledge = Knowledge::read_with(&root, &args.from.rules)?;
    if args.out.exists() {
        let cause = format!("{} is there already", args.out.display());
        let problem = Problem::new(&USAGE, cause);
        return Err(vec![
            problem.mend("Name a directory that does not exist yet."),
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
    terminal::print(|out| {
        let sources: Vec<&str> = program.sources.keys().map(String::as_str).collect();
        writeln!(out, "{}: {}", program.name, sources.join(", "))?;
        writeln!(out, "  cd {} && cargo build --locked", place.display())
    })?;
    Ok(Outcome::Clean)
}
