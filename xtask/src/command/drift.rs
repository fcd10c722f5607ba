//! `drift` compares two releases.

use std::collections::BTreeSet;
use std::path::PathBuf;

use analyse::Knowledge;
use cache::Cache;
use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, ValueEnum};
use decide::rules::Directory;
use drift::Level;
use problem::Problem;
use release::Manifest;
use report::{DriftReport, Format};

use crate::arguments::{SourceArgs, one_of, release_name};
use crate::outcome::{Outcome, outcome};
use crate::project::{analyse_with, cache, known_sources, root, tell_unread};
use crate::terminal;

/// The arguments of `drift`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask drift pve-9.1.4 pve-9.1.7 --sources ~/upstream
  cargo xtask drift pve-9.1.4 pve-9.1.7 --format html > drift.html
  cargo xtask drift pve-9.1.4 pve-9.1.7 --fail-on broken --format sarif > drift.sarif
  cargo xtask drift pve-9.1.7 pve-9.1.7 --old-rules /tmp/before/rules
docs/drift.md explains the levels and words.")]
pub struct DriftArgs {
    /// The old release
    #[arg(value_parser = release_name)]
    pub old: String,

    /// The new release
    #[arg(value_parser = release_name)]
    pub new: String,

    /// The options for finding sources.
    #[command(flatten)]
    pub from: SourceArgs,

    /// Decide OLD by the rules in this directory [default: rules/]
    ///
    /// With the same release twice, the report shows the effect of a change of the rules.
    #[arg(long, value_name = "DIR")]
    #[arg(value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub old_rules: Option<PathBuf>,

    /// The lowest level that causes exit status 1
    #[arg(long, value_name = "LEVEL", value_enum, default_value_t)]
    pub fail_on: FailOn,

    /// The lowest level to list; all are counted
    #[arg(long, value_name = "LEVEL", default_value = "moved", value_parser = one_of(&Level::ALL, Level::word))]
    pub level: Level,

    /// Report only this source (repeatable, also with commas); the exit status covers all sources
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub source: Vec<String>,

    /// The output format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// The lowest level that makes a drift a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum FailOn {
    /// Moved places too.
    Moved,
    /// Places that a person must review.
    #[default]
    Review,
    /// Only places that break the build.
    Broken,
    /// None; only the report is wanted.
    Never,
}

impl FailOn {
    /// Whether the level is a failure.
    pub fn fails(self, level: Level) -> bool {
        match self {
            Self::Moved => level >= Level::Moved,
            Self::Review => level >= Level::Review,
            Self::Broken => level >= Level::Broken,
            Self::Never => false,
        }
    }
}

/// Runs `cargo xtask drift`.
pub fn run(args: &DriftArgs) -> Result<Outcome, Vec<Problem>> {
    let root = root();
    let rules = analyse::directories(&root);
    let knowledge = Knowledge::read_with(&root, &args.from.rules)?;
    let other = args.old_rules.as_deref().map(|dir| {
        let mut other = rules.clone();
        other[0] = Directory::given(dir);
        Knowledge::read_rules(&other).map(|knowledge| (other, knowledge))
    });
    let other = other.transpose()?;
    let (old_rules, old_knowledge) = match &other {
        Some((directories, knowledge)) => (directories, knowledge),
        None => (&rules, &knowledge),
    };
    let named = |name: &str| Manifest::named(&root, name).map_err(|problem| vec![problem]);
    let (old, new) = (named(&args.old)?, named(&args.new)?);
    known_sources(&args.source, &[old.clone(), new.clone()])?;
    // Read what both releases share once, whether or not the next run has a cache.
    let kept = |knowledge| cache(&args.from, knowledge).unwrap_or_else(Cache::in_memory);
    let cache = kept(&knowledge);
    let same_calls = old_knowledge.calls_text == knowledge.calls_text;
    let old_cache = if same_calls {
        cache.clone()
    } else {
        kept(old_knowledge)
    };
    let mut old = analyse_with(&root, old, &args.from, old_knowledge, Some(&old_cache))?;
    old.forget_trees();
    let new = analyse_with(&root, new, &args.from, &knowledge, Some(&cache))?;
    let unread: BTreeSet<_> = old.unread.iter().chain(&new.unread).cloned().collect();
    tell_unread(&unread);
    let busy = terminal::Busy::new(&format!("comparing {} with {}", args.old, args.new));
    let drift = drift::drift(&drift::Request {
        old: &old,
        new: &new,
        old_knowledge,
        new_knowledge: &knowledge,
        rules: (old_rules, &rules),
        root: &root,
        cache: Some(&cache),
    })?;
    drop(busy);
    let report = DriftReport {
        drift: &drift,
        from: args.level,
        only: &args.source,
    };
    match args.format {
        Format::Text => terminal::print(|out| report.text(out, terminal::width())),
        Format::Json => terminal::print_plain(|out| report.json(out)),
        Format::Markdown => terminal::print_plain(|out| report.markdown(out)),
        Format::Html => terminal::print_plain(|out| report.html(out)),
        Format::Sarif => terminal::print_plain(|out| report.sarif(out)),
    }?;
    Ok(outcome(!args.fail_on.fails(drift.level)))
}
