//! `scan` shows every place that assumes Debian.

use std::io::Write;

use analyse::Knowledge;
use clap::Args;
use decide::engine::Uses;
use decide::{Context, Verdict};
use problem::{Problem, USAGE};
use report::paint::count;
use report::{Filter, Format, Layout, ScanReport};
use scan::Kind;

use crate::arguments::{SourceArgs, one_of, release_name};
use crate::outcome::{Outcome, outcome};
use crate::project::{analyse, known_sources, releases, root, stops, tell_missing};
use crate::terminal;

/// The arguments of `scan`.
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

    /// The options for finding sources.
    #[command(flatten)]
    pub from: SourceArgs,

    /// The output format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,

    /// List every occurrence (text and Markdown list them only on request)
    #[arg(long, visible_alias = "verbose")]
    pub all: bool,

    /// List only the occurrences of this source (repeatable, also with commas)
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        help_heading = "Filters"
    )]
    pub source: Vec<String>,

    /// List only the occurrences of this context
    #[arg(long, value_delimiter = ',', value_parser = one_of(&Context::ALL, Context::name), help_heading = "Filters")]
    pub context: Vec<Context>,

    /// List only the occurrences with this decision
    #[arg(long, value_delimiter = ',', value_parser = one_of(&Verdict::ALL, Verdict::word), help_heading = "Filters")]
    pub decision: Vec<Verdict>,

    /// List only the occurrences of this kind
    #[arg(long, value_delimiter = ',', value_parser = one_of(&Kind::ALL, Kind::word), help_heading = "Filters")]
    pub kind: Vec<Kind>,
}

impl ScanArgs {
    /// Returns the layout of the result, for the terminal on stdout, if any.
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
            width: terminal::width(),
        }
    }
}

/// Runs `cargo xtask scan`.
pub fn run(args: &ScanArgs) -> Result<Outcome, Vec<Problem>> {
    let root = root();
    let knowledge = Knowledge::read_with(&root, &args.from.rules)?;
    let mut uses = Uses::default();
    let mut reports = Vec::new();
    let mut whole = args.release == "all";
    let manifests = releases(&root, &args.release)?;
    known_sources(&args.source, &manifests)?;
    for manifest in manifests {
        let analysis = analyse(&root, manifest, &args.from, &knowledge)?;
        tell_missing(&analysis);
        whole &= analysis.is_whole();
        uses.merge(&analysis.uses);
        let mut stops = stops(&analysis, &knowledge);
        if args.release != "all" && analysis.is_whole() {
            let name = &analysis.manifest.name;
            stops.extend(analyse::stale_added(&analysis.uses, name, &knowledge));
        }
        let mut report = ScanReport::of(analysis);
        report.add(stops);
        reports.push(report);
    }
    if let Some(last) = reports.last_mut() {
        last.add(analyse::examples(&knowledge));
    }
    // A rule is stale when no release needs it: that can be said only of all of them.
    if whole && let Some(last) = reports.last_mut() {
        last.add(analyse::stale(&uses, &knowledge));
    }
    let clean = reports.iter().all(ScanReport::is_clean);
    let layout = args.layout();
    passes_something(&reports, &layout.filter)?;
    let write = |out: &mut dyn Write| report::scan(out, &reports, &layout);
    match args.format {
        Format::Text => terminal::print(write),
        _ => terminal::print_plain(write),
    }?;
    Ok(outcome(clean))
}

/// Checks that some occurrence passes the filter. If none does, the problem shows which conditions
/// to drop.
fn passes_something(reports: &[ScanReport], filter: &Filter) -> Result<(), Vec<Problem>> {
    let passing =
        |filter: &Filter| -> usize { reports.iter().map(|one| one.passing(filter)).sum() };
    if filter.is_empty() || filter.asks_for_undecided() || passing(filter) > 0 {
        return Ok(());
    }
    let without = filter.widened().into_iter().map(|(option, wider)| {
        let many = count(passing(&wider) as u64, "occurrence", "occurrences");
        format!("{many} without {option}")
    });
    let without: Vec<String> = without.collect();
    let problem = Problem::new(&USAGE, "no occurrence passes the filter");
    let remedy = format!("Widen it: {}.", without.join(", "));
    Err(vec![problem.mend(remedy)])
}
