//! Writes any result as text, JSON, Markdown, HTML or SARIF.
//!
//! The types here describe the results of a command. Each format is one file that writes them to a
//! stream. All of upstream's text is escaped at this point: control characters in text, markup in
//! Markdown and HTML, URIs in SARIF.

use std::io::{self, Write};

use serde::Serialize;

use analyse::Analysis;
use decide::{Context, Decided, Verdict};
use problem::Problem;
use release::Pin;
use scan::Kind;

mod audit;
mod check;
pub mod codes;
mod drift;
mod html;
mod json;
mod lock;
mod markdown;
pub mod paint;
mod place;
pub mod prefetch;
pub mod proposals;
mod regen;
mod sarif;
mod summary;
mod text;

pub use audit::AuditReport;
pub use check::{CheckReport, CheckSummary, points};
pub use drift::DriftReport;
pub use lock::{LockReport, LockedPin};
pub use place::PlaceReport;
pub use regen::RegenReport;
pub use summary::Summary;

/// The format of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// For people; coloured on terminals only.
    #[default]
    Text,
    /// For programs; the schema is docs/scan.schema.json.
    Json,
    /// For an issue or a merge request.
    Markdown,
    /// One file for a browser, with a table that can be filtered.
    Html,
    /// For code hosts and editors: SARIF 2.1.0, the findings only.
    Sarif,
}

/// One source of a scanned release.
#[derive(Debug, Clone, Serialize)]
pub struct ScannedSource {
    /// The repository's name.
    pub name: String,
    /// The commit; `None` for a plain directory.
    pub rev: Option<String>,
    /// The Debian version; `None` where the repository has no changelog of its own.
    pub version: Option<String>,
    /// Number of files in its tree.
    pub files: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// The upstream URL, which only SARIF names.
    #[serde(skip)]
    pub url: Option<String>,
    /// Its decided occurrences, by path and offset.
    #[serde(skip)]
    pub decided: Vec<Decided>,
}

impl ScannedSource {
    /// Describes the source `name` at `pin`, with `files` files of `bytes` bytes in total.
    pub fn new(
        name: impl Into<String>,
        pin: &Pin,
        files: u64,
        bytes: u64,
        decided: Vec<Decided>,
    ) -> Self {
        Self {
            name: name.into(),
            rev: pin.rev.clone(),
            version: pin.version.clone(),
            files,
            bytes,
            url: pin.url.clone(),
            decided,
        }
    }
}

/// The results of `scan` for one release.
#[derive(Debug, Clone)]
pub struct ScanReport {
    /// The release's name.
    pub release: String,
    /// Its sources with their occurrences, by name.
    pub sources: Vec<ScannedSource>,
    /// The counts over all sources.
    pub summary: Summary,
    /// The findings, by code and place.
    pub problems: Vec<Problem>,
    /// The totals before filtering; `None` for an unfiltered report.
    pub of: Option<Whole>,
}

/// The parts that a filtered report leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole {
    /// Number of sources of the release.
    pub sources: u64,
    /// Number of occurrences of the release.
    pub occurrences: u64,
    /// Number of findings in sources that were filtered out.
    pub elsewhere: u64,
}

impl ScanReport {
    /// Makes the report on `release` with `problems`.
    pub fn new(
        release: impl Into<String>,
        mut sources: Vec<ScannedSource>,
        mut problems: Vec<Problem>,
    ) -> Self {
        sources.sort_by(|a, b| a.name.cmp(&b.name));
        problems.sort_by(|a, b| (a.code.id, &a.place).cmp(&(b.code.id, &b.place)));
        let summary = Summary::of(&sources, problems.len());
        Self {
            release: release.into(),
            sources,
            summary,
            problems,
            of: None,
        }
    }

    /// Makes the report on an analysed release.
    pub fn of(analysis: Analysis) -> Self {
        let sources = analysis.sources.into_iter().map(|one| {
            let files = one.scanned.files.len() as u64;
            ScannedSource::new(
                one.source.name,
                &one.source.pin,
                files,
                one.scanned.bytes,
                one.decided,
            )
        });
        Self::new(analysis.manifest.name, sources.collect(), analysis.findings)
    }

    /// Filters the report: the occurrences, the sources that have some, and the findings in the
    /// chosen sources.
    #[must_use]
    pub fn narrowed(&self, filter: &Filter) -> Self {
        let mut sources = Vec::new();
        for source in self
            .sources
            .iter()
            .filter(|one| filter.takes_source(&one.name))
        {
            let decided = source.decided.iter().filter(|one| filter.takes(one));
            let decided: Vec<Decided> = decided.cloned().collect();
            if !decided.is_empty() {
                sources.push(ScannedSource {
                    decided,
                    ..source.clone()
                });
            }
        }
        let (problems, others): (Vec<Problem>, Vec<Problem>) =
            self.problems.iter().cloned().partition(|problem| {
                let source = problem.place.source.as_deref();
                filter.sources.is_empty() || source.is_some_and(|one| filter.takes_source(one))
            });
        let whole = Whole {
            sources: self.summary.sources,
            occurrences: self.summary.occurrences,
            elsewhere: others.len() as u64,
        };
        Self {
            of: Some(whole),
            ..Self::new(self.release.clone(), sources, problems)
        }
    }

    /// Returns the figures: sources, files, occurrences, and for a filtered report the totals.
    fn figures(&self) -> String {
        let Summary {
            sources,
            files,
            bytes,
            occurrences,
            ..
        } = self.summary;
        if let Some(whole) = self.of {
            return format!(
                "{} of {} in {} of {}",
                paint::grouped(occurrences),
                paint::count(whole.occurrences, "occurrence", "occurrences"),
                paint::grouped(sources),
                paint::count(whole.sources, "source", "sources"),
            );
        }
        format!(
            "{}, {} ({}), {}",
            paint::count(sources, "source", "sources"),
            paint::count(files, "file", "files"),
            paint::bytes(bytes),
            paint::count(occurrences, "occurrence", "occurrences"),
        )
    }

    /// Whether there is something to list. An unfiltered report always has.
    fn is_some(&self) -> bool {
        self.of.is_none() || self.summary.occurrences > 0
    }

    /// Says how many findings the filter leaves out, or `None` without any.
    fn elsewhere(&self) -> Option<String> {
        let elsewhere = self.of.map_or(0, |whole| whole.elsewhere);
        let findings = paint::count(elsewhere, "finding", "findings");
        (elsewhere > 0).then(|| format!("{findings} elsewhere, which --source leaves out"))
    }

    /// Counts the occurrences that pass a filter.
    pub fn passing(&self, filter: &Filter) -> usize {
        self.listed(filter).count()
    }

    /// Adds findings, without duplicates.
    pub fn add(&mut self, more: Vec<Problem>) {
        for problem in more {
            let same = |one: &Problem| {
                (one.code.id, &one.place, &one.cause)
                    == (problem.code.id, &problem.place, &problem.cause)
            };
            if !self.problems.iter().any(same) {
                self.problems.push(problem);
            }
        }
        self.problems
            .sort_by(|a, b| (a.code.id, &a.place).cmp(&(b.code.id, &b.place)));
        self.summary = Summary::of(&self.sources, self.problems.len());
    }

    /// Whether there are no findings (exit status 0).
    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }

    /// Returns the occurrences that pass `filter`, with their sources, by source, path and offset.
    fn listed<'a>(
        &'a self,
        filter: &'a Filter,
    ) -> impl Iterator<Item = (&'a ScannedSource, &'a Decided)> {
        let kept = |source: &&ScannedSource| filter.takes_source(&source.name);
        self.sources.iter().filter(kept).flat_map(|source| {
            let kept = |decided: &&Decided| filter.takes(decided);
            source
                .decided
                .iter()
                .filter(kept)
                .map(move |decided| (source, decided))
        })
    }
}

/// Selects occurrences. An empty list of a field lets every value pass. JSON's summary always
/// counts all occurrences.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Names of sources.
    pub sources: Vec<String>,
    /// Contexts.
    pub contexts: Vec<Context>,
    /// Kinds of decision.
    pub verdicts: Vec<Verdict>,
    /// Kinds of occurrence.
    pub kinds: Vec<Kind>,
}

impl Filter {
    /// Whether it selects everything.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it selects exactly the undecided occurrences, so that an empty result is an answer.
    pub fn asks_for_undecided(&self) -> bool {
        self.verdicts == [Verdict::Unknown]
    }

    /// Returns the filter without each of its conditions in turn, with the option of that
    /// condition.
    pub fn widened(&self) -> Vec<(&'static str, Self)> {
        let mut all = Vec::new();
        let mut without = |option, is_given: bool, change: fn(&mut Self)| {
            let mut wider = self.clone();
            change(&mut wider);
            if is_given {
                all.push((option, wider));
            }
        };
        without("--source", !self.sources.is_empty(), |one| {
            one.sources.clear();
        });
        without("--context", !self.contexts.is_empty(), |one| {
            one.contexts.clear();
        });
        without("--decision", !self.verdicts.is_empty(), |one| {
            one.verdicts.clear();
        });
        without("--kind", !self.kinds.is_empty(), |one| {
            one.kinds.clear();
        });
        all
    }

    fn takes_source(&self, name: &str) -> bool {
        self.sources.is_empty() || self.sources.iter().any(|source| source == name)
    }

    fn takes(&self, decided: &Decided) -> bool {
        fn passes<T: PartialEq>(wanted: &[T], value: &T) -> bool {
            wanted.is_empty() || wanted.contains(value)
        }
        passes(&self.contexts, &decided.context)
            && passes(&self.verdicts, &Verdict::of(&decided.decision))
            && passes(&self.kinds, &decided.occurrence.kind)
    }
}

/// The layout of a scan's report.
#[derive(Debug, Clone, Default)]
pub struct Layout {
    /// The format.
    pub format: Format,
    /// The occurrences to list.
    pub filter: Filter,
    /// Whether text and Markdown list occurrences too, in addition to the summary and the findings.
    /// The other formats decide that themselves.
    pub list: bool,
    /// The terminal's width in columns; `None` without a terminal.
    pub width: Option<usize>,
}

/// Writes `reports`, one for each release. JSON is one object for each release; the other formats
/// are one document. Formats for people show only what passes the filter; formats for programs
/// count everything.
pub fn scan(out: &mut dyn Write, reports: &[ScanReport], layout: &Layout) -> io::Result<()> {
    let narrowed: Vec<ScanReport>;
    let for_people = matches!(
        layout.format,
        Format::Text | Format::Markdown | Format::Html
    );
    let reports = if for_people && !layout.filter.is_empty() {
        narrowed = reports
            .iter()
            .map(|report| report.narrowed(&layout.filter))
            .collect();
        narrowed.as_slice()
    } else {
        reports
    };
    match layout.format {
        Format::Text => reports
            .iter()
            .try_for_each(|report| text::scan(out, report, layout)),
        Format::Json => reports
            .iter()
            .try_for_each(|report| json::scan(out, report, layout)),
        Format::Markdown => reports
            .iter()
            .try_for_each(|report| markdown::scan(out, report, layout)),
        Format::Html => html::scan(out, reports, layout),
        Format::Sarif => sarif::scan(out, reports),
    }
}
