//! The command line: parses the arguments and calls one command.

use std::num::NonZeroUsize;
use std::process::ExitCode;

use ::check::inside::{self, Stage};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use problem::{Problem, Severity};

use crate::command::{
    audit, check, completions, drift, explain, graph, join, lock, man, plugin, prefetch, proposals,
    regen, scan,
};
use crate::outcome::Outcome;
use crate::terminal;

/// A compiler from Proxmox VE's sources to Nix
///
/// Reads a release of Proxmox VE, finds every place in its sources that assumes Debian, decides
/// each by a rule, and writes the Nix derivations, patches and overlay that build the release.
#[derive(Debug, Parser)]
#[command(
    name = "pve-nix",
    version,
    after_help = "\
A RELEASE is the name of a file in releases/: demo, pve-9.1.4.
Exit status: 0 nothing to report, 1 findings, 2 wrong arguments, bad input or failed I/O.
Results go to stdout; progress and problems that stop a run go to stderr."
)]
pub struct Cli {
    /// The command to run.
    #[command(subcommand)]
    pub command: Command,

    /// Threads to use [default: one for each processor]
    #[arg(long, global = true, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Resolve the pins of a release and write releases/RELEASE.toml
    Lock(lock::LockArgs),
    /// Show every place that assumes Debian, with its context and decision
    Scan(scan::ScanArgs),
    /// Write patches, Nix derivations and the overlay
    Regen(regen::RegenArgs),
    /// Compile a plugin into one more object of a release's links
    Plugin(plugin::PluginArgs),
    /// Add every source and crate to the Nix store, so that building needs no network
    Prefetch(prefetch::PrefetchArgs),
    /// Write the source tree of a Rust program, for use with cargo alone
    Join(join::JoinArgs),
    /// Report the differences between two releases, and which of them need a person
    Drift(drift::DriftArgs),
    /// Compare the rules that drift proposes with those that people wrote
    Proposals(proposals::ProposalsArgs),
    /// Report remaining assumptions about Debian in a built output
    Audit(audit::AuditArgs),
    /// Show sources, objects and links, and the reason for each edge
    Graph(graph::GraphArgs),
    /// Test a built link as a user would: modules, programs, daemons, the web interface
    Check(check::CheckArgs),
    /// Explain a problem code, or the decision about a place
    Explain(explain::ExplainArgs),
    /// Write shell completions for this command line
    Completions(completions::CompletionsArgs),
    /// Write the manual page, or one page per command into a directory
    Man(man::ManArgs),
    /// The command that `check` runs in its namespaces
    #[command(hide = true)]
    CheckInside {
        /// The stage to run.
        stage: Stage,
    },
}

/// Returns the command line under the program's name.
pub fn program() -> clap::Command {
    Cli::command().bin_name(env!("CARGO_PKG_NAME"))
}

/// The command that its user gave: cargo sets its own place for what it runs.
fn command() -> clap::Command {
    match std::env::var_os("CARGO") {
        Some(_) => Cli::command().name("cargo xtask").bin_name("cargo xtask"),
        None => program(),
    }
}

/// Parses the arguments, runs one command and returns the exit status: 0 nothing to report, 1
/// findings, 2 usage or I/O.
pub fn main() -> ExitCode {
    let cli = Cli::from_arg_matches(&command().get_matches()).unwrap_or_else(|error| error.exit());
    if let Some(jobs) = cli.jobs {
        // This fails only for a second pool, and this is the first.
        let _ = rayon::ThreadPoolBuilder::new()
            .num_threads(jobs.get())
            .build_global();
    }
    let ended = match &cli.command {
        Command::Lock(args) => lock::run(args),
        Command::Scan(args) => scan::run(args),
        Command::Regen(args) => regen::run(args),
        Command::Plugin(args) => plugin::run(args),
        Command::Prefetch(args) => prefetch::run(args),
        Command::Join(args) => join::run(args),
        Command::Drift(args) => drift::run(args),
        Command::Proposals(args) => proposals::run(args),
        Command::Audit(args) => audit::run(args),
        Command::Graph(args) => graph::run(args),
        Command::Check(args) => check::run(args, cli.jobs.map_or(0, NonZeroUsize::get)),
        Command::Completions(args) => completions::run(args, program()),
        Command::Man(args) => man::run(args, program()),
        Command::CheckInside { stage } => return inside::main(*stage),
        Command::Explain(args) => explain::run(args),
    };
    match ended {
        Ok(Outcome::Clean) => ExitCode::SUCCESS,
        Ok(Outcome::Findings) => ExitCode::from(1),
        Ok(Outcome::Fatal) => ExitCode::from(2),
        Err(problems) => {
            terminal::complain(&problems);
            let fatal = |problem: &Problem| problem.code.severity == Severity::Fatal;
            ExitCode::from(if problems.iter().any(fatal) { 2 } else { 1 })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use decide::{Context, Verdict};

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn an_empty_directory_counts_as_none() {
        let dir = |value: &str| match Cli::parse_from(["x", "lock", "demo", "--sources", value])
            .command
        {
            Command::Lock(args) => args.dir.get().map(Path::to_owned),
            other => panic!("{other:?}"),
        };
        assert_eq!(dir(""), None);
        assert_eq!(dir("/"), Some(PathBuf::from("/")));
    }

    #[test]
    fn filters_list_occurrences() {
        let parse = |args: &[&str]| match Cli::parse_from(args).command {
            Command::Scan(args) => args.layout(),
            other => panic!("{other:?}"),
        };
        assert!(!parse(&["x", "scan", "demo"]).list);
        let layout = parse(&[
            "x",
            "scan",
            "demo",
            "--context",
            "host,guest",
            "--decision",
            "self",
        ]);
        assert!(layout.list);
        assert_eq!(layout.filter.contexts, [Context::Host, Context::Guest]);
        assert_eq!(layout.filter.verdicts, [Verdict::Own]);
    }
}
