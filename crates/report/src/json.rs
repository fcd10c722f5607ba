//! Writes a scan as JSON: one object for each release, row by row.

use std::io::{self, Write};

use serde::Serialize;

use super::{Layout, ScanReport};
use decide::{Context, Decided, Decision, RuleId};
use problem::Finding;
use scan::{Kind, Language};

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
    rule: Option<&'a RuleId>,
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
                rule: decided.rule.as_ref(),
            },
        }
    }
}

/// Writes one object, with every element of its lists on its own line.
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
