//! A scan as JSON: one object for each release, written row by row.

use std::io::{self, Write};

use serde::Serialize;

use super::{Layout, ScanReport};
use crate::decide::{Context, Decided, Decision};
use crate::problem::Problem;
use crate::scan::{Kind, Language};

/// A problem as JSON.
#[derive(Debug, Serialize)]
pub struct Finding<'a> {
    /// `PNX-101`.
    pub code: &'a str,
    /// The code's title.
    pub title: &'a str,
    /// The source's name, where it is in one.
    pub source: Option<&'a str>,
    /// The file, where it is in one.
    pub path: Option<&'a str>,
    /// 1-based line.
    pub line: Option<u32>,
    /// What is wrong here.
    pub cause: &'a str,
    /// What to do.
    pub remedy: &'a str,
}

impl<'a> From<&'a Problem> for Finding<'a> {
    fn from(problem: &'a Problem) -> Self {
        Self {
            code: problem.code.id,
            title: problem.code.title,
            source: problem.place.source.as_deref(),
            path: problem.place.path.as_deref(),
            line: problem.place.line,
            cause: &problem.cause,
            remedy: problem.remedy.as_deref().unwrap_or(problem.code.remedy),
        }
    }
}

/// Problems as [`Finding`]s, for results that hold them.
pub fn problems<S: serde::Serializer>(problems: &[Problem], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(problems.iter().map(Finding::from))
}

#[derive(Serialize)]
struct Row<'a> {
    source: &'a str,
    path: &'a str,
    line: u32,
    column: u32,
    offset: usize,
    length: usize,
    language: Language,
    kind: Kind,
    text: &'a str,
    context: Context,
    decision: Ruled<'a>,
}

#[derive(Serialize)]
struct Ruled<'a> {
    #[serde(flatten)]
    decision: &'a Decision,
    rule: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn new(source: &'a str, decided: &'a Decided) -> Self {
        let occurrence = &decided.occurrence;
        Self {
            source,
            path: &decided.path,
            line: occurrence.line,
            column: occurrence.column,
            offset: occurrence.offset,
            length: occurrence.length,
            language: decided.language,
            kind: occurrence.kind,
            text: &occurrence.text,
            context: decided.context,
            decision: Ruled {
                decision: &decided.decision,
                rule: decided.rule.as_deref(),
            },
        }
    }
}

/// Writes one object; every element of its lists stands on a line of its own.
pub(super) fn scan(out: &mut dyn Write, report: &ScanReport, layout: &Layout) -> io::Result<()> {
    write!(out, "{{\n\"release\": ")?;
    serde_json::to_writer(&mut *out, &report.release)?;
    list(out, "sources", &report.sources)?;
    let rows = report.listed(&layout.filter);
    list(
        out,
        "occurrences",
        rows.map(|(source, decided)| Row::new(&source.name, decided)),
    )?;
    list(out, "problems", report.problems.iter().map(Finding::from))?;
    write!(out, ",\n\"summary\": ")?;
    serde_json::to_writer(&mut *out, &report.summary)?;
    writeln!(out, "\n}}")
}

fn list<T: Serialize>(
    out: &mut dyn Write,
    name: &str,
    rows: impl IntoIterator<Item = T>,
) -> io::Result<()> {
    write!(out, ",\n\"{name}\": [")?;
    let mut between = "\n";
    for row in rows {
        out.write_all(between.as_bytes())?;
        serde_json::to_writer(&mut *out, &row)?;
        between = ",\n";
    }
    write!(out, "\n]")
}
