//! Arguments to one call; nothing else.

use std::ffi::OsString;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::builder::{OsStringValueParser, PossibleValuesParser, TypedValueParser};
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::run;
use check::inside::{self, Stage};
use decide::{Context, Verdict};
use drift::Level;
use problem::{OUTPUT_FAILED, Problem, Severity, meant};
use report::{Filter, Format, Layout, paint};
use scan::Kind;

/// A compiler from Proxmox VE's sources to Nix
///
/// Reads a release of Proxmox VE, finds every place in its sources that assumes Debian, decides each
/// by a rule, and writes the Nix derivations, patches and overlay that build it.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    version,
    after_help = "\
A RELEASE is the name of a file in releases/: demo, pve-9.1.4.
Exit status: 0 nothing to report, 1 findings, 2 wrong arguments, bad input or failed I/O.
Results go to stdout; progress and problems that stop a run go to stderr."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// Threads to use [default: one for each processor]
    #[arg(long, global = true, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Resolve the pins of a release and write releases/RELEASE.toml
    Lock(LockArgs),
    /// Show every place that assumes Debian, with its context and decision
    Scan(ScanArgs),
    /// Write patches, Nix derivations and the overlay
    Regen(RegenArgs),
    /// Compile a plugin into one more object of a release's links
    Plugin(PluginArgs),
    /// Put every source and crate into the Nix store, so that building needs no network
    Prefetch(PrefetchArgs),
    /// Write the tree that a Rust program is built from, for cargo alone
    Join(JoinArgs),
    /// Report what is different between two releases, and what of it needs a person
    Drift(DriftArgs),
    /// Measure the rules that drift proposes against those that people wrote
    Proposals(ProposalsArgs),
    /// Report what a built output still assumes of Debian
    Audit(AuditArgs),
    /// Show sources, objects and links, and why each edge is there
    Graph(GraphArgs),
    /// Try a built link as a user would: modules, programs, daemons, the web interface
    Check(CheckArgs),
    /// Explain a problem code, or why a place was decided as it was
    Explain(ExplainArgs),
    /// Write a shell's completions of this command line
    Completions(CompletionsArgs),
    /// Write the manual page, or those of all commands into a directory
    Man(ManArgs),
    /// What `check` runs in its namespaces
    #[command(hide = true)]
    CheckInside {
        /// Which half.
        stage: Stage,
    },
}

/// `--sources`.
#[derive(Debug, Clone, Args)]
pub struct SourcesDir {
    /// Directory with one Git repository or plain tree for each source, by name
    ///
    /// A source is DIR/NAME or DIR/NAME.git, bare or not. Without it sources are cloned from their URLs
    /// into the cache directory.
    #[arg(long, value_name = "DIR", env = "PVE_SOURCES", hide_env_values = true)]
    #[arg(value_parser = OsStringValueParser::new().try_map(directory))]
    sources: Option<PathBuf>,
}

impl SourcesDir {
    /// The directory; `None` where neither the option nor the variable gives one. An empty variable counts as
    /// unset, as in a shell.
    pub fn get(&self) -> Option<&Path> {
        self.sources
            .as_deref()
            .filter(|dir| !dir.as_os_str().is_empty())
    }
}

/// Where sources come from.
#[derive(Debug, Clone, Args)]
pub struct SourceArgs {
    /// The directory that holds them.
    #[command(flatten)]
    pub dir: SourcesDir,

    /// Directory with more rules, in files named as those of rules/ (repeatable)
    ///
    /// They are checked as the others are. Contexts and path rules that are added are asked first; one that decides
    /// nothing is a finding.
    #[arg(long, value_name = "DIR")]
    #[arg(value_parser = OsStringValueParser::new().try_map(directory))]
    pub rules: Vec<PathBuf>,

    /// Go on without the sources that cannot be had, and say what the result lacks
    #[arg(long)]
    pub allow_missing: bool,

    /// Neither read nor write the cache of scanned files
    #[arg(long)]
    pub no_cache: bool,
}

/// `lock`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask lock pve-9.1.4 --sources ~/upstream
  cargo xtask lock pve-9.1.4 --at 2026-01-15")]
pub struct LockArgs {
    /// The release to lock: `pve-` and the version of pve-manager
    #[arg(value_parser = release_name)]
    pub release: String,

    /// Take each source as it was on this day (UTC) [default: a day after pve-manager's version]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = date)]
    pub at: Option<String>,

    /// The directory that holds the sources.
    #[command(flatten)]
    pub dir: SourcesDir,

    /// How the result is written
    #[arg(long, value_enum, default_value_t)]
    pub format: PlainFormat,
}

/// `join`.
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

    /// The directory to write; it must not be there yet
    #[arg(long, value_name = "DIR")]
    #[arg(value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub out: PathBuf,

    /// Where the packages lie that rewritten paths lead to, each in a directory of its attribute
    #[arg(long, value_name = "DIR", default_value = "/pnx")]
    pub prefix: String,

    /// Where the sources are.
    #[command(flatten)]
    pub from: SourceArgs,
}

/// `prefetch`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask prefetch pve-9.1.4 --sources ~/upstream
  cargo xtask prefetch demo --format json | jq '.crates | length'")]
pub struct PrefetchArgs {
    /// The release whose sources are wanted, or `all`
    #[arg(value_parser = release_name)]
    pub release: String,

    /// The directory that holds the sources.
    #[command(flatten)]
    pub dir: SourcesDir,

    /// How the result is written
    #[arg(long, value_enum, default_value_t)]
    pub format: PlainFormat,
}

/// `scan`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask scan demo
  cargo xtask scan pve-9.1.4 --sources ~/upstream --context host --decision keep
  cargo xtask scan all --format html > scan.html
  cargo xtask scan pve-9.1.4 --format json | jq '.summary.decisions'")]
pub struct ScanArgs {
    /// The release to scan, or `all`
    #[arg(value_parser = release_name)]
    pub release: String,

    /// Where the sources are.
    #[command(flatten)]
    pub from: SourceArgs,

    /// How the result is written
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,

    /// List every occurrence (text and Markdown list them only on request)
    #[arg(long, visible_alias = "verbose")]
    pub all: bool,

    /// List the occurrences of this source only (repeatable, also with commas)
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        help_heading = "Filters"
    )]
    pub source: Vec<String>,

    /// List the occurrences of this context only
    #[arg(long, value_delimiter = ',', value_parser = one_of(&Context::ALL, Context::name), help_heading = "Filters")]
    pub context: Vec<Context>,

    /// List the occurrences with this decision only
    #[arg(long, value_delimiter = ',', value_parser = one_of(&Verdict::ALL, Verdict::word), help_heading = "Filters")]
    pub decision: Vec<Verdict>,

    /// List the occurrences of this kind only
    #[arg(long, value_delimiter = ',', value_parser = one_of(&Kind::ALL, Kind::word), help_heading = "Filters")]
    pub kind: Vec<Kind>,
}

impl ScanArgs {
    /// How the result is to be written, on the terminal that stdout is, if it is one.
    pub fn layout(&self) -> Layout {
        let filter = Filter {
            sources: self.source.clone(),
            contexts: self.context.clone(),
            verdicts: self.decision.clone(),
            kinds: self.kind.clone(),
        };
        let list = self.all || !filter.is_empty();
        Layout {
            format: self.format,
            filter,
            list,
            width: width(),
        }
    }
}

/// `regen`.
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

    /// Where the sources are.
    #[command(flatten)]
    pub from: SourceArgs,

    /// Directory to write into [default: this repository]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,

    /// Write nothing; exit 1 if the output differs from a fresh run
    #[arg(long)]
    pub check: bool,

    /// How the result is written
    #[arg(long, value_enum, default_value_t)]
    pub format: PlainFormat,
}

/// `plugin`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask plugin pve-9.1.8 ./linstor-proxmox --rules ./linstor-rules --out .
  cargo xtask plugin demo demo/plugins/hive-tape --out /tmp/tape --check
docs/plugins.md says how a plugin is linked.")]
pub struct PluginArgs {
    /// The release to compile it against
    #[arg(value_parser = release_name)]
    pub release: String,

    /// The plugin's source: a directory with a `debian/`
    #[arg(value_parser = OsStringValueParser::new().try_map(directory))]
    pub tree: PathBuf,

    /// Its name [default: `Source` of its debian/control]
    #[arg(long, value_name = "NAME", value_parser = release_name)]
    pub name: Option<String>,

    /// Directory with its rules, in files named as those of rules/ (repeatable) [default: TREE/pve-nix, where that is]
    #[arg(long, value_name = "DIR")]
    #[arg(value_parser = OsStringValueParser::new().try_map(directory))]
    pub rules: Vec<PathBuf>,

    /// What the release offers [default: pkgs/RELEASE/exports.json]
    #[arg(long, value_name = "FILE")]
    #[arg(value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub exports: Option<PathBuf>,

    /// Directory to write into: its pkgs/NAME
    #[arg(long, value_name = "DIR")]
    #[arg(value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub out: PathBuf,

    /// Write nothing; exit 1 if the output differs from a fresh run
    #[arg(long)]
    pub check: bool,

    /// How the result is written
    #[arg(long, value_enum, default_value_t)]
    pub format: PlainFormat,
}

/// `drift`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask drift pve-9.1.4 pve-9.1.7 --sources ~/upstream
  cargo xtask drift pve-9.1.4 pve-9.1.7 --format html > drift.html
  cargo xtask drift pve-9.1.4 pve-9.1.7 --fail-on broken --format sarif > drift.sarif
  cargo xtask drift pve-9.1.7 pve-9.1.7 --old-rules /tmp/before/rules
docs/drift.md says what the levels and words mean.")]
pub struct DriftArgs {
    /// The release to measure from
    #[arg(value_parser = release_name)]
    pub old: String,

    /// The release to measure to
    #[arg(value_parser = release_name)]
    pub new: String,

    /// Where the sources are.
    #[command(flatten)]
    pub from: SourceArgs,

    /// Decide OLD by the rules of this directory [default: rules/]
    ///
    /// With one release twice it shows what a change of the rules changes.
    #[arg(long, value_name = "DIR")]
    #[arg(value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub old_rules: Option<PathBuf>,

    /// The level from which on the exit status is 1
    #[arg(long, value_name = "LEVEL", value_enum, default_value_t)]
    pub fail_on: FailOn,

    /// List places of this level and above; all are counted
    #[arg(long, value_name = "LEVEL", default_value = "moved", value_parser = one_of(&Level::ALL, Level::word))]
    pub level: Level,

    /// Tell of this source only (repeatable, also with commas); the exit status is that of all
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub source: Vec<String>,

    /// How the result is written
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// `proposals`.
#[derive(Debug, Args)]
#[command(after_help = "\
NEW is decided by what decides something in OLD, all else of rules/ taken out; then drift's proposals are taken, and what
they decide is held against rules/ as it is.
Examples:
  cargo xtask proposals pve-9.1.7 pve-9.1.8 --sources ~/upstream
  cargo xtask proposals pve-9.1.7 pve-9.1.8 --format json | jq '.wrong'")]
pub struct ProposalsArgs {
    /// The release whose rules are at hand
    #[arg(value_parser = release_name)]
    pub old: String,

    /// The release that they meet
    #[arg(value_parser = release_name)]
    pub new: String,

    /// Where the sources are.
    #[command(flatten)]
    pub from: SourceArgs,

    /// How the result is written
    #[arg(long, value_enum, default_value_t)]
    pub format: PlainFormat,
}

/// From which level on a drift is a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum FailOn {
    /// What moved, too.
    Moved,
    /// What a person has to look at.
    #[default]
    Review,
    /// Only what cannot be built.
    Broken,
    /// Nothing: the report is all that is wanted.
    Never,
}

impl FailOn {
    /// Whether a verdict is a failure.
    pub fn fails(self, level: Level) -> bool {
        match self {
            Self::Moved => level >= Level::Moved,
            Self::Review => level >= Level::Review,
            Self::Broken => level >= Level::Broken,
            Self::Never => false,
        }
    }
}

/// `audit`.
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

    /// The release that the outputs were built from [default: every one in pkgs/]
    #[arg(long, value_parser = release_name)]
    pub release: Option<String>,

    /// What decisions keep, in place of pkgs/RELEASE/kept.json (repeatable)
    #[arg(long, value_name = "FILE", conflicts_with = "release")]
    #[arg(value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub kept: Vec<PathBuf>,

    /// The store [default: the one the first PATH lies in, unless `NIX_STORE_DIR` names another]
    #[arg(long, value_name = "DIR")]
    #[arg(value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub store: Option<PathBuf>,

    /// Do not read the closure for its size
    #[arg(long)]
    pub no_closure: bool,

    /// How the result is written
    #[arg(long, value_enum, default_value_t)]
    pub format: AuditFormat,
}

/// `graph`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask graph demo --format mermaid
  cargo xtask graph demo --link hive-cluster --format svg > hive-cluster.svg
  cargo xtask graph pve-9.1.4 --sources ~/upstream --format svg > pve.svg
  cargo xtask graph pve-9.1.4 --source pve-storage --format svg > pve-storage.svg
A picture has a band for each role, and shows the arrows of the name that one points at.")]
pub struct GraphArgs {
    /// The release to show
    #[arg(value_parser = release_name)]
    pub release: String,

    /// Where the sources are.
    #[command(flatten)]
    pub from: SourceArgs,

    /// Draw what this link holds: the name of an object [default: pve, everything]
    #[arg(long, value_name = "NAME")]
    pub link: Option<String>,

    /// Draw only what this source needs and what needs it (repeatable, also with commas)
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub source: Vec<String>,

    /// How the graph is written
    #[arg(long, value_enum, default_value_t)]
    pub format: GraphFormat,
}

/// `check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nix-build -A pve && cargo xtask check result
  cargo xtask check result --only https
  cargo xtask check /tmp/store/nix/store/…-pve-9.1.4 --format json | jq '.summary'
Points are written in rules/check.toml; docs/check.md says how.")]
pub struct CheckArgs {
    /// The built link: a directory in a store, or `result`
    #[arg(value_name = "PATH", required_unless_present = "list")]
    #[arg(value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub path: Option<PathBuf>,

    /// Try this point only, and those it comes after (repeatable, also with commas)
    #[arg(long, value_name = "POINT", value_delimiter = ',')]
    pub only: Vec<String>,

    /// Leave this point out
    #[arg(long, value_name = "POINT", value_delimiter = ',')]
    pub skip: Vec<String>,

    /// Seconds that one program may take
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86400))]
    pub timeout: u64,

    /// Directory with the system.json of a release's sources, for a link that carries none
    ///
    /// Such as pkgs/pve-9.1.4. It says which directories and users the machine has.
    #[arg(long, value_name = "DIR")]
    #[arg(value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub system: Option<PathBuf>,

    /// Run every program under strace, and tell what it asks for that NixOS has not
    ///
    /// It takes several times as long: give programs more time with --timeout.
    #[arg(long)]
    pub trace: bool,

    /// List the points and try none
    #[arg(long)]
    pub list: bool,

    /// How the result is written
    #[arg(long, value_enum, default_value_t)]
    pub format: PlainFormat,
}

/// `explain`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask explain PNX-101
  cargo xtask explain pve-storage/src/PVE/Storage.pm:900 --release pve-9.1.4")]
pub struct ExplainArgs {
    /// A problem code, or a place as reports write it: SOURCE/PATH:LINE
    #[arg(value_name = "PNX-nnn | FILE:LINE", value_parser = subject, required_unless_present = "all")]
    pub subject: Option<Subject>,

    /// Every problem code; `--format markdown` gives docs/problems.md
    #[arg(long, conflicts_with = "subject")]
    pub all: bool,

    /// The release whose FILE it is [default: the newest in releases/]
    #[arg(long, value_parser = release_name)]
    pub release: Option<String>,

    /// Where the sources are.
    #[command(flatten)]
    pub from: SourceArgs,

    /// How the explanation of a problem code is written
    #[arg(long, value_enum, default_value_t)]
    pub format: ExplainFormat,
}

/// `completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
They are for the program, xtask; in a clone `cargo xtask` runs it, which shells do not complete.
Examples:
  xtask completions bash > ~/.local/share/bash-completion/completions/xtask
  xtask completions zsh > ~/.zfunc/_xtask
  xtask completions fish > ~/.config/fish/completions/xtask.fish")]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

/// `man`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask man | man -l -
  cargo xtask man --out ~/.local/share/man/man1 && man xtask-scan")]
pub struct ManArgs {
    /// Directory for one page of each command, xtask-COMMAND.1; it must be there
    #[arg(long, value_name = "DIR", value_parser = OsStringValueParser::new().try_map(directory))]
    pub out: Option<PathBuf>,
}

/// The command line by the name of the program.
pub fn program() -> clap::Command {
    Cli::command().name("xtask").bin_name("xtask")
}

/// What is to be explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A problem code, `PNX-101`.
    Code(String),
    /// A line of a source's file.
    Place {
        /// The source's name.
        source: String,
        /// Relative to the source.
        path: String,
        /// 1-based line.
        line: u32,
    },
}

/// How a short result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum PlainFormat {
    /// For people; coloured on terminals only.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// How an audit is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum AuditFormat {
    /// For people; coloured on terminals only.
    #[default]
    Text,
    /// For programs; docs/audit.md says what is in it.
    Json,
    /// For an issue or a merge request.
    Markdown,
    /// For code hosts and editors: SARIF 2.1.0, the findings only.
    Sarif,
}

/// How a graph is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum GraphFormat {
    /// For Graphviz.
    #[default]
    Dot,
    /// For Markdown on code hosts.
    Mermaid,
    /// A picture.
    Svg,
}

/// How a problem code's explanation is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ExplainFormat {
    /// For people; coloured on terminals only.
    #[default]
    Text,
    /// For documents.
    Markdown,
}

/// How a run ended that could do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to report: exit status 0.
    Clean,
    /// Findings, which stand in the result on stdout: exit status 1.
    Findings,
    /// The same, of which one makes it impossible to go on with the result: exit status 2.
    Fatal,
}

/// Parses the arguments, makes one call, gives the exit status: 0 nothing to report, 1 findings,
/// 2 usage or I/O.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Some(jobs) = cli.jobs {
        // Only a second pool could make this fail, and nothing has made a first.
        let _ = rayon::ThreadPoolBuilder::new()
            .num_threads(jobs.get())
            .build_global();
    }
    let ended = match &cli.command {
        Command::Lock(args) => run::lock(args),
        Command::Scan(args) => run::scan(args),
        Command::Regen(args) => run::regen(args),
        Command::Plugin(args) => run::plugin(args),
        Command::Prefetch(args) => run::prefetch(args),
        Command::Join(args) => run::join(args),
        Command::Drift(args) => run::drift(args),
        Command::Proposals(args) => run::proposals(args),
        Command::Audit(args) => run::audit(args),
        Command::Graph(args) => run::graph(args),
        Command::Check(args) => run::check(args, cli.jobs.map_or(0, NonZeroUsize::get)),
        Command::Completions(args) => run::completions(args),
        Command::Man(args) => run::man(args),
        Command::CheckInside { stage } => return inside::main(*stage),
        Command::Explain(args) => run::explain(args),
    };
    match ended {
        Ok(Outcome::Clean) => ExitCode::SUCCESS,
        Ok(Outcome::Findings) => ExitCode::from(1),
        Ok(Outcome::Fatal) => ExitCode::from(2),
        Err(problems) => {
            complain(&problems);
            let fatal = |problem: &Problem| problem.code.severity == Severity::Fatal;
            ExitCode::from(if problems.iter().any(fatal) { 2 } else { 1 })
        }
    }
}

/// Writes a result to stdout, with its colours removed where no terminal reads. A reader that stops
/// early (`| head`) is no problem.
pub fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Vec<Problem>> {
    let mut out = BufWriter::with_capacity(1 << 16, anstream::stdout().lock());
    printed(write(&mut out).and_then(|()| out.flush()), out)
}

/// The same for what holds no colours: JSON, SARIF, HTML, Markdown.
pub fn print_plain(
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Vec<Problem>> {
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    printed(write(&mut out).and_then(|()| out.flush()), out)
}

fn printed<W: Write>(written: io::Result<()>, out: BufWriter<W>) -> Result<(), Vec<Problem>> {
    // What is left in the buffer would be written again on drop.
    let _ = out.into_parts();
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(vec![Problem::new(
            &OUTPUT_FAILED,
            format!("stdout: {error}"),
        )]),
        _ => Ok(()),
    }
}

/// Writes problems to stderr, coloured on terminals only.
pub fn complain(problems: &[Problem]) {
    let stderr = io::stderr();
    let width = stderr.is_terminal().then(|| columns(&stderr)).flatten();
    let mut out = BufWriter::new(anstream::stderr().lock());
    for problem in problems {
        // There is nowhere left to say that stderr cannot be written.
        let _ = paint::problem(&mut out, problem, width);
    }
    let _ = out.flush();
}

/// Writes lines to stderr that are no problems.
pub fn note(lines: impl IntoIterator<Item = String>) {
    let mut out = BufWriter::new(anstream::stderr().lock());
    for line in lines {
        // As above.
        let _ = writeln!(out, "{}", paint::one_line(&line));
    }
    let _ = out.flush();
}

/// Says on stderr what is being done, on terminals only.
pub fn spinner() -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let spinner = ProgressBar::new_spinner();
    spinner.enable_steady_tick(Duration::from_millis(100));
    spinner
}

/// What is being done for as long as this lives, said on stderr, on terminals only.
pub struct Busy(ProgressBar);

impl Busy {
    /// Without a count.
    pub fn new(doing: &str) -> Self {
        Self::with(
            ProgressBar::no_length(),
            doing,
            "{spinner} {msg} ({elapsed})",
        )
    }

    /// Of so many things.
    pub fn counting(doing: &str, all: usize) -> Self {
        let bar = ProgressBar::new(all as u64);
        Self::with(
            bar,
            doing,
            "{spinner} {msg}: {pos}/{len} {prefix:.dim} ({elapsed})",
        )
    }

    fn with(bar: ProgressBar, doing: &str, template: &str) -> Self {
        if !io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        bar.set_draw_target(ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(doing.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar)
    }

    /// One of the things is done.
    pub fn done(&self, what: &str) {
        self.0.set_prefix(what.to_owned());
        self.0.inc(1);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// The width of the terminal that stdout is, in columns; `None` where it is none.
pub fn width() -> Option<usize> {
    columns(&io::stdout())
}

fn columns(stream: &impl std::os::fd::AsFd) -> Option<usize> {
    let (terminal_size::Width(columns), _) = terminal_size::terminal_size_of(stream)?;
    Some(usize::from(columns))
}

/// A parser for one of `values` by its word.
fn one_of<T>(values: &'static [T], word: fn(T) -> &'static str) -> impl TypedValueParser<Value = T>
where
    T: Copy + Send + Sync + 'static,
{
    PossibleValuesParser::new(values.iter().map(|value| word(*value))).try_map(move |given| {
        let meant = values.iter().copied().find(|value| word(*value) == given);
        meant.ok_or("not one of the possible values")
    })
}

/// A release's name names a file in `releases/`, so it may not lead elsewhere.
fn release_name(name: &str) -> Result<String, String> {
    let inside = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    if name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(inside) {
        Ok(name.to_owned())
    } else {
        Err("a release's name is letters, digits, `-`, `.` and `_`: demo, pve-9.1.4".to_owned())
    }
}

/// A directory that is there, or nothing.
fn directory(given: OsString) -> Result<PathBuf, String> {
    let path = PathBuf::from(given);
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(path);
    }
    let what = if path.exists() {
        "it is no directory"
    } else {
        "there is no such directory"
    };
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let beside = parent.read_dir().into_iter().flatten().flatten();
    let beside = beside.filter(|entry| entry.path().is_dir());
    let names: Vec<String> = beside
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let meant = meant::meant(&name, names.iter().map(String::as_str));
    let meant =
        meant.map(|name| format!("; did you mean `{}`?", path.with_file_name(name).display()));
    Err(format!("{what}{}", meant.unwrap_or_default()))
}

/// A day of the Gregorian calendar, `YYYY-MM-DD`.
fn date(text: &str) -> Result<String, String> {
    let number = |range: std::ops::Range<usize>| -> Option<u32> {
        let digits = text.get(range)?;
        digits
            .bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| digits.parse().ok())?
    };
    let dashes = text.len() == 10 && [4, 7].iter().all(|at| text.as_bytes()[*at] == b'-');
    let parts = (number(0..4), number(5..7), number(8..10));
    if let (true, (Some(year), Some(month), Some(day))) = (dashes, parts) {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            2 => 28 + u32::from(leap),
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => 0,
        };
        if (1..=days).contains(&day) {
            return Ok(text.to_owned());
        }
    }
    Err("a day is written YYYY-MM-DD: 2026-01-15".to_owned())
}

/// `PNX-101`, or `SOURCE/PATH:LINE`, perhaps with a column after it.
fn subject(text: &str) -> Result<Subject, String> {
    if text
        .get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("pnx-"))
        && !text.contains('/')
    {
        return Ok(Subject::Code(text.to_ascii_uppercase()));
    }
    let place = || {
        let (file, line) = text.rsplit_once(':')?;
        // A report's place may have a column: FILE:LINE:COLUMN.
        let (file, line) = match file.rsplit_once(':') {
            Some((shorter, first)) if first.parse::<u32>().is_ok() => (shorter, first),
            _ => (file, line),
        };
        let (source, path) = file.split_once('/')?;
        let line = line.parse().ok().filter(|line| *line > 0)?;
        let whole = !source.is_empty() && !path.is_empty();
        whole.then(|| Subject::Place {
            source: source.to_owned(),
            path: path.to_owned(),
            line,
        })
    };
    place().ok_or_else(|| {
        "give a problem code (PNX-101) or a place (pve-storage/src/PVE/Storage.pm:900)".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_place_may_have_a_column_and_a_code_any_case() {
        let place = |line| Subject::Place {
            source: "a".into(),
            path: "b/c.pm".into(),
            line,
        };
        assert_eq!(subject("a/b/c.pm:12"), Ok(place(12)));
        assert_eq!(subject("a/b/c.pm:12:8"), Ok(place(12)));
        assert_eq!(subject("pnx-101"), Ok(Subject::Code("PNX-101".into())));
        for bad in [
            "", "a", "a/b", "a/b:", "a/b:0", "a/:1", "/b:1", "a:1", "a/b:-1",
        ] {
            assert!(subject(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_days_of_the_calendar_are_dates() {
        for good in ["2026-01-15", "2024-02-29", "2000-02-29"] {
            assert!(date(good).is_ok(), "{good}");
        }
        for bad in [
            "2026-1-15",
            "2026-02-29",
            "1900-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-01-00",
            "+026-01-01",
            "2026/01/15",
            "20260115",
            "é26-01-15",
            "",
        ] {
            assert!(date(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_release_cannot_name_a_file_elsewhere() {
        assert!(release_name("pve-9.1.4").is_ok());
        for bad in ["../x", ".x", "-x", "a/b", "", "a b", "a\0"] {
            assert!(release_name(bad).is_err(), "{bad}");
        }
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
