//! Reports the results of `check` on a built link.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::paint::{self, BAD, FAINT, FOUND, GOOD, STRONG, one_line};
use check::{Outcome, Point, Verdict};
use problem::POINT_FAILED;

/// The number of lines to show of an output.
const LINES: usize = 12;
/// The number of failed modules, programs or units to show for one point.
const ITEMS: usize = 40;

/// The report on the points tried on a link.
#[derive(Debug)]
pub struct CheckReport<'a> {
    /// The link, as the user named it.
    pub link: &'a Path,
    /// A part of it that leads to this machine's own files.
    pub leans_on: Option<&'a str>,
    /// The results of the points, in order.
    pub outcomes: &'a [Outcome],
}

/// The number of points by verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CheckSummary {
    /// Points that passed.
    pub passed: usize,
    /// Points that failed.
    pub failed: usize,
    /// Points that do not apply.
    pub not_applicable: usize,
}

/// The report as JSON; `docs/check.md` describes the fields.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Json<'a> {
    link: String,
    leans_on: Option<&'a str>,
    points: Vec<JsonPoint<'a>>,
    summary: CheckSummary,
}

#[derive(Serialize)]
struct JsonPoint<'a> {
    id: &'a str,
    title: &'a str,
    seconds: f64,
    #[serde(flatten)]
    verdict: JsonVerdict<'a>,
    items: Vec<JsonItem<'a>>,
}

#[derive(Serialize)]
struct JsonItem<'a> {
    name: &'a str,
    #[serde(flatten)]
    verdict: JsonVerdict<'a>,
}

#[derive(Serialize)]
struct JsonVerdict<'a> {
    status: &'static str,
    text: &'a str,
    output: Option<&'a str>,
}

impl<'a> JsonVerdict<'a> {
    fn of(verdict: &'a Verdict) -> Self {
        let (status, text, output) = match verdict {
            Verdict::Passed(text) => ("passed", text, None),
            Verdict::Failed { cause, output } => ("failed", cause, Some(output.as_str())),
            Verdict::NotApplicable(text) => ("not-applicable", text, None),
        };
        Self {
            status,
            text,
            output,
        }
    }
}

impl CheckReport<'_> {
    /// Counts the points by verdict.
    pub fn summary(&self) -> CheckSummary {
        let mut summary = CheckSummary::default();
        for outcome in self.outcomes {
            match outcome.verdict {
                Verdict::Passed(_) => summary.passed += 1,
                Verdict::Failed { .. } => summary.failed += 1,
                Verdict::NotApplicable(_) => summary.not_applicable += 1,
            }
        }
        summary
    }

    /// Writes it for people.
    pub fn text(&self, out: &mut dyn Write, width: Option<usize>) -> io::Result<()> {
        let link = self.link.display().to_string();
        writeln!(out, "{STRONG}{}{STRONG:#}", one_line(&link))?;
        if let Some(what) = self.leans_on {
            let told = format!("made on this machine's programs: {what}");
            paint::paragraph(out, "  ", 2, &told, width)?;
        }
        for outcome in self.outcomes {
            point(out, outcome, width)?;
        }
        let CheckSummary {
            passed,
            failed,
            not_applicable,
        } = self.summary();
        let style = if failed == 0 { GOOD } else { BAD };
        writeln!(
            out,
            "{style}{passed} passed, {failed} failed, {not_applicable} not applicable{style:#}"
        )
    }

    /// Writes it for programs: one JSON object on one line.
    pub fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        let points = self.outcomes.iter().map(|outcome| JsonPoint {
            id: &outcome.id,
            title: &outcome.title,
            seconds: (outcome.took.as_secs_f64() * 1000.0).round() / 1000.0,
            verdict: JsonVerdict::of(&outcome.verdict),
            items: outcome
                .items
                .iter()
                .map(|item| JsonItem {
                    name: &item.name,
                    verdict: JsonVerdict::of(&item.verdict),
                })
                .collect(),
        });
        let json = Json {
            link: self.link.display().to_string(),
            leans_on: self.leans_on,
            points: points.collect(),
            summary: self.summary(),
        };
        serde_json::to_writer(&mut *out, &json)?;
        writeln!(out)
    }
}

/// Writes one point: mark, id, title, remark, time; below it, its failures.
fn point(out: &mut dyn Write, outcome: &Outcome, width: Option<usize>) -> io::Result<()> {
    let (style, mark, text) = match &outcome.verdict {
        Verdict::Passed(text) => (GOOD, "passed", text),
        Verdict::Failed { cause, .. } => (BAD, "FAILED", cause),
        Verdict::NotApplicable(reason) => (FOUND, "n/a", reason),
    };
    let id = &outcome.id;
    let title = &outcome.title;
    write!(
        out,
        "{style}{mark:6}{style:#}  {STRONG}{id}{STRONG:#}  {title}"
    )?;
    if !text.is_empty() {
        write!(out, ": {}", one_line(text))?;
    }
    write!(out, "  {FAINT}{}{FAINT:#}", seconds(outcome.took))?;
    let failed = matches!(outcome.verdict, Verdict::Failed { .. });
    writeln!(
        out,
        "{}",
        if failed {
            format!("  {}", POINT_FAILED.id)
        } else {
            String::new()
        }
    )?;
    if let Verdict::Failed { output, .. } = &outcome.verdict {
        tail(out, output, 8)?;
    }
    let mut left: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut shown = 0;
    for item in &outcome.items {
        match &item.verdict {
            Verdict::Passed(_) => {}
            Verdict::NotApplicable(reason) => left.entry(reason).or_default().push(&item.name),
            Verdict::Failed { cause, output } => {
                shown += 1;
                if shown <= ITEMS {
                    let line = format!("{}: {cause}", one_line(&item.name));
                    paint::paragraph(out, "        ", 8, &line, width)?;
                    tail(out, output, 12)?;
                }
            }
        }
    }
    if shown > ITEMS {
        writeln!(
            out,
            "        and {} more; --format json has them all",
            shown - ITEMS
        )?;
    }
    // Several items often share one reason, so name the first and count the rest.
    for (reason, names) in left {
        let more = match names.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        let line = format!("n/a: {}{more}: {reason}", one_line(names[0]));
        paint::paragraph(out, "        ", 8, &line, width)?;
    }
    Ok(())
}

/// Writes the last lines of an output, indented. Perl reports a missing file first, so the first
/// line is kept too.
fn tail(out: &mut dyn Write, output: &str, indent: usize) -> io::Result<()> {
    let output = paint::printable(output);
    let lines: Vec<&str> = output
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let blank = " ".repeat(indent);
    if lines.len() > LINES {
        writeln!(out, "{blank}{}", lines[0])?;
        writeln!(
            out,
            "{blank}{FAINT}({} lines){FAINT:#}",
            lines.len() - LINES
        )?;
    }
    let from = if lines.len() > LINES {
        lines.len() - LINES + 1
    } else {
        0
    };
    lines[from..]
        .iter()
        .try_for_each(|line| writeln!(out, "{blank}{line}"))
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

/// Lists the points: the title, needs and predecessors of each.
pub fn points(out: &mut dyn Write, points: &[Point]) -> io::Result<()> {
    let longest = points
        .iter()
        .map(|point| point.id.len())
        .max()
        .unwrap_or_default();
    for point in points {
        write!(
            out,
            "{STRONG}{:longest$}{STRONG:#}  {}",
            point.id, point.title
        )?;
        let needs = point.needs.join(", ");
        let after = point.after.join(", ");
        for (what, names) in [("needs", needs), ("after", after)] {
            if !names.is_empty() {
                write!(out, "  {FAINT}{what} {names}{FAINT:#}")?;
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use check::Item;

    fn outcomes() -> Vec<Outcome> {
        let outcome = |id: &str, verdict, items| Outcome {
            id: id.to_owned(),
            title: format!("the {id}"),
            took: Duration::from_millis(1234),
            verdict,
            items,
        };
        let lines: Vec<String> = (0..30).map(|line| format!("line {line}\u{7}")).collect();
        let output = lines.join("\n");
        vec![
            outcome("one", Verdict::Passed("3 modules".into()), vec![]),
            outcome(
                "two",
                Verdict::failed("1 of 2 modules".into(), String::new()),
                vec![
                    Item::new("a.pm", Verdict::Passed(String::new())),
                    Item::new(
                        "b.pm",
                        Verdict::failed("perl -c: exit status 2".into(), output),
                    ),
                ],
            ),
            outcome(
                "three",
                Verdict::NotApplicable("the link has no bin/x".into()),
                vec![],
            ),
        ]
    }

    #[test]
    fn text_names_every_point_and_shows_what_failed() {
        let outcomes = outcomes();
        let report = CheckReport {
            link: Path::new("/x"),
            leans_on: None,
            outcomes: &outcomes,
        };
        let mut out = Vec::new();
        report.text(&mut out, None).unwrap();
        let text = anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string();
        assert!(
            text.contains("passed  one  the one: 3 modules  1.2 s\n"),
            "{text}"
        );
        assert!(
            text.contains(
                "FAILED  two  the two: 1 of 2 modules  1.2 s  PNX-701\n        b.pm: perl -c"
            ),
            "{text}"
        );
        assert!(
            text.contains("            line 0\\u{7}\n            (18 lines)\n"),
            "{text}"
        );
        assert!(
            text.contains("line 29") && !text.contains("line 12"),
            "{text}"
        );
        assert!(
            text.contains("n/a     three  the three: the link has no bin/x"),
            "{text}"
        );
        assert!(
            text.ends_with("1 passed, 1 failed, 1 not applicable\n"),
            "{text}"
        );
    }

    #[test]
    fn json_has_every_item() {
        let outcomes = outcomes();
        let report = CheckReport {
            link: Path::new("/x"),
            leans_on: None,
            outcomes: &outcomes,
        };
        let mut out = Vec::new();
        report.json(&mut out).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(json["summary"]["not-applicable"], 1);
        assert_eq!(json["points"][1]["status"], "failed");
        assert_eq!(json["points"][1]["items"][0]["status"], "passed");
        assert_eq!(json["points"][0]["seconds"], 1.234);
    }
}
