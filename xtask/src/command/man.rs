//! `man` writes the manual pages.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use problem::{OUTPUT_FAILED, Problem};

use crate::arguments::directory;
use crate::outcome::Outcome;
use crate::terminal;

/// The arguments of `man`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask man | man -l -
  cargo xtask man --out ~/.local/share/man/man1 && man pve-nix-scan")]
pub struct ManArgs {
    /// Directory for one page per command, pve-nix-COMMAND.1; it must exist
    #[arg(long, value_name = "DIR", value_parser = OsStringValueParser::new().try_map(directory))]
    pub out: Option<PathBuf>,
}

/// Runs `cargo xtask man`.
pub fn run(args: &ManArgs, program: clap::Command) -> Result<Outcome, Vec<Problem>> {
    if let Some(dir) = &args.out {
        let written = clap_mangen::generate_to(program, dir);
        written.map_err(|error| {
            let cause = format!("{}: {error}", dir.display());
            vec![Problem::new(&OUTPUT_FAILED, cause)]
        })?;
    } else {
        terminal::print_plain(|out| clap_mangen::Man::new(program).render(out))?;
    }
    Ok(Outcome::Clean)
}
