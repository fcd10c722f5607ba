//! Writes a scan as one self-contained HTML file: the summary, the findings, and a table of the
//! occurrences that the browser filters.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, Write};

use minijinja::value::{Serde, Value};
use minijinja::{Environment, context};
use serde::Serialize;

use super::paint::{grouped, one_line, printable};
use super::text::{causes, total};
use super::{Layout, ScanReport};
use decide::{Tally, Verdict};
use problem::Problem;

// The `.html` ending enables minijinja's HTML escaping.
const NAME: &str = "scan.html";

/// Writes one document with all `reports`.
pub(super) fn scan(out: &mut dyn Write, reports: &[ScanReport], layout: &Layout) -> io::Result<()> {
    let mut environment = Environment::new();
    environment
        .add_template(NAME, include_str!("scan.html"))
        .map_err(io::Error::other)?;
    let template = environment.get_template(NAME).map_err(io::Error::other)?;
    let page = template
        .render(context! {
            title => reports.iter().map(|r| r.release.as_str()).collect::<Vec<_>>().join(", "),
            releases => Value::from(Serde(reports.iter().map(Release::new).collect::<Vec<_>>())),
            // `<` is the only character of JSON that could end the surrounding element. In JSON it
            // occurs only in strings, where an escape is allowed.
            data => Value::from_safe_string(data(reports, layout)?.replace('<', "\\u003c")),
        })
        .map_err(io::Error::other)?;
    out.write_all(page.as_bytes())?;
    writeln!(out)
}

#[derive(Serialize)]
struct Release<'a> {
    name: &'a str,
    figures: String,
    verdicts: Vec<&'static str>,
    rows: Vec<Row<'a>>,
    findings: Vec<Group<'a>>,
    finding_count: String,
}

#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    version: &'a str,
    total: String,
    cells: Vec<String>,
}

#[derive(Serialize)]
struct Group<'a> {
    id: &'a str,
    title: &'a str,
    count: String,
    remedy: Vec<Span<'a>>,
    findings: Vec<Found<'a>>,
}

#[derive(Serialize)]
struct Found<'a> {
    places: Vec<String>,
    cause: Vec<Span<'a>>,
    remedy: Option<Vec<Span<'a>>>,
}

/// A piece of a sentence. Text between backticks is code.
#[derive(Serialize)]
struct Span<'a> {
    text: Cow<'a, str>,
    code: bool,
}

impl<'a> Release<'a> {
    fn new(report: &'a ScanReport) -> Self {
        let decisions = report.summary.decisions;
        let shown: Vec<Verdict> = Verdict::ALL
            .into_iter()
            .filter(|v| decisions.get(*v) > 0)
            .collect();
        let row = |name: &'a str, version: &'a str, tally: &Tally| Row {
            name,
            version,
            total: grouped(tally.total()),
            cells: shown
                .iter()
                .map(|verdict| grouped(tally.get(*verdict)))
                .collect(),
        };
        let mut rows: Vec<Row<'a>> = report
            .sources
            .iter()
            .map(|s| {
                row(
                    &s.name,
                    s.version.as_deref().unwrap_or(""),
                    &Tally::of(&s.decided),
                )
            })
            .collect();
        rows.push(row("all sources", "", &decisions));
        let same_code = |a: &Problem, b: &Problem| a.code.id == b.code.id;
        Self {
            name: &report.release,
            figures: report.figures(),
            verdicts: shown.iter().map(|verdict| verdict.word()).collect(),
            rows,
            findings: report
                .problems
                .chunk_by(same_code)
                .map(Group::new)
                .collect(),
            finding_count: total(&report.problems),
        }
    }
}

impl<'a> Group<'a> {
    /// Groups `problems`, at least one and all of one code.
    fn new(problems: &'a [Problem]) -> Self {
        let code = problems[0].code;
        Self {
            id: code.id,
            title: code.title,
            count: grouped(problems.len() as u64),
            remedy: spans(code.remedy),
            findings: causes(problems)
                .into_iter()
                .map(|alike| Found {
                    places: places(&alike),
                    cause: spans(&alike[0].cause),
                    remedy: alike[0].remedy.as_deref().map(spans),
                })
                .collect(),
        }
    }
}

/// Returns the places of findings with equal text.
fn places(alike: &[&Problem]) -> Vec<String> {
    let places = alike.iter().map(|problem| problem.place.to_string());
    let places = places.filter(|place| !place.is_empty());
    places.map(|place| one_line(&place).into_owned()).collect()
}

fn spans(text: &str) -> Vec<Span<'_>> {
    let parts = text.split('`');
    parts
        .enumerate()
        .map(|(place, text)| Span {
            text: printable(text),
            code: place % 2 == 1,
        })
        .filter(|span| !span.text.is_empty())
        .collect()
}

/// Every string once. The table refers to them by number.
#[derive(Default)]
struct Strings {
    numbers: HashMap<String, usize>,
    strings: Vec<String>,
}

impl Strings {
    fn number(&mut self, text: &str) -> usize {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.strings.len();
        self.strings.push(one_line(text).into_owned());
        self.numbers.insert(text.to_owned(), number);
        number
    }
}

/// Returns the listed occurrences for the page's script: `strings`, and `rows` of release, source,
/// path, line, column, text, kind, context, verdict, decision, rule. All but line and column are
/// indices into `strings`.
fn data(reports: &[ScanReport], layout: &Layout) -> io::Result<String> {
    #[derive(Serialize)]
    struct Data {
        strings: Vec<String>,
        rows: Vec<[usize; 11]>,
    }
    let mut strings = Strings::default();
    let mut rows = Vec::new();
    for report in reports {
        let release = strings.number(&report.release);
        for (source, decided) in report.listed(&layout.filter) {
            let place = &decided.occurrence;
            rows.push([
                release,
                strings.number(&source.name),
                strings.number(&decided.path),
                place.line as usize,
                place.column as usize,
                strings.number(&place.text),
                strings.number(place.kind.word()),
                strings.number(decided.context.name()),
                strings.number(Verdict::of(&decided.decision).word()),
                strings.number(&decided.decision.phrase()),
                strings.number(&decided.rule_name()),
            ]);
        }
    }
    Ok(serde_json::to_string(&Data {
        strings: strings.strings,
        rows,
    })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_between_backticks_is_code() {
        let spans = spans("nothing decides `/usr` here");
        let spans: Vec<(&str, bool)> = spans.iter().map(|s| (&*s.text, s.code)).collect();
        assert_eq!(
            spans,
            [
                ("nothing decides ", false),
                ("/usr", true),
                (" here", false)
            ]
        );
    }
}
