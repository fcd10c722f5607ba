//! Writes a scan for people: the summary, the listed occurrences, the findings.

use std::io::{self, Write};

use super::paint::{self, BAD, FAINT, FOUND, GOOD, HELP, STRONG, count, grouped, one_line};
use super::{Layout, ScanReport, Summary};
use decide::{Context, Decision, Tally, Verdict};
use problem::{Problem, Severity};

/// Writes one release.
pub(super) fn scan(out: &mut dyn Write, report: &ScanReport, layout: &Layout) -> io::Result<()> {
    writeln!(out, "{STRONG}{}{STRONG:#}", one_line(&report.release))?;
    let figures = report.figures();
    paint::paragraph(out, "  ", 2, &figures, layout.width)?;
    if report.is_some() {
        writeln!(out)?;
        table(out, report, layout.width)?;
        contexts(out, &report.summary, layout.width)?;
    }
    if layout.list && report.is_some() {
        writeln!(out)?;
        occurrences_list(out, report, layout)?;
    }
    writeln!(out)?;
    let Some(elsewhere) = report.elsewhere() else {
        return findings(out, &report.problems, layout.width);
    };
    if !report.problems.is_empty() {
        findings(out, &report.problems, layout.width)?;
    }
    writeln!(out, "{FOUND}{elsewhere}{FOUND:#}")
}

/// Writes the summary by source and decision: a table if it fits, otherwise two lines for each
/// source.
fn table(out: &mut dyn Write, report: &ScanReport, width: Option<usize>) -> io::Result<()> {
    let total = &report.summary.decisions;
    let shown: Vec<Verdict> = Verdict::ALL
        .into_iter()
        .filter(|v| total.get(*v) > 0)
        .collect();
    let mut rows: Vec<(String, Tally)> = report
        .sources
        .iter()
        .map(|source| {
            (
                one_line(&source.name).into_owned(),
                Tally::of(&source.decided),
            )
        })
        .collect();
    // With one source, its row is the total.
    if rows.len() != 1 {
        rows.push(("all sources".to_owned(), *total));
    }
    let name = rows
        .iter()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or(0);
    let widths: Vec<usize> = shown
        .iter()
        .map(|v| v.word().len().max(grouped(total.get(*v)).len()))
        .collect();
    let needed = name + 2 + "occurrences".len() + widths.iter().map(|w| w + 2).sum::<usize>();
    if width.is_some_and(|width| width < needed + 2) {
        return stacked(out, &rows, &shown, width);
    }
    write!(out, "  {FAINT}{:name$}  occurrences", "source")?;
    for (verdict, width) in shown.iter().zip(&widths) {
        write!(out, "  {:>width$}", verdict.word())?;
    }
    writeln!(out, "{FAINT:#}")?;
    for (source, tally) in &rows {
        write!(out, "  {source:name$}  {:>11}", grouped(tally.total()))?;
        for (verdict, width) in shown.iter().zip(&widths) {
            let number = tally.get(*verdict);
            let style = match (*verdict, number) {
                (_, 0) => FAINT,
                (Verdict::Unknown, _) => FOUND,
                _ => anstyle::Style::new(),
            };
            write!(out, "  {style}{:>width$}{style:#}", grouped(number))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn stacked(
    out: &mut dyn Write,
    rows: &[(String, Tally)],
    shown: &[Verdict],
    width: Option<usize>,
) -> io::Result<()> {
    for (source, tally) in rows {
        let total = count(tally.total(), "occurrence", "occurrences");
        writeln!(out, "  {STRONG}{source}{STRONG:#}  {total}")?;
        let parts: Vec<String> = shown
            .iter()
            .filter(|verdict| tally.get(**verdict) > 0)
            .map(|verdict| format!("{} {}", verdict.word(), grouped(tally.get(*verdict))))
            .collect();
        paint::paragraph(out, "    ", 4, &parts.join(", "), width)?;
    }
    Ok(())
}

fn contexts(out: &mut dyn Write, summary: &Summary, width: Option<usize>) -> io::Result<()> {
    let parts: Vec<String> = Context::ALL
        .iter()
        .zip(summary.contexts)
        .filter(|(_, number)| *number > 0)
        .map(|(context, number)| format!("{} {}", context.name(), grouped(number)))
        .collect();
    if parts.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    paint::paragraph(
        out,
        "  ",
        2,
        &format!("by context: {}", parts.join(", ")),
        width,
    )
}

fn occurrences_list(out: &mut dyn Write, report: &ScanReport, layout: &Layout) -> io::Result<()> {
    for (source, decided) in report.listed(&layout.filter) {
        let place = &decided.occurrence;
        let style = if decided.decision == Decision::Unknown {
            FOUND
        } else {
            HELP
        };
        writeln!(
            out,
            "{STRONG}{}/{}:{}:{}{STRONG:#}: {} {FAINT}({}, {}){FAINT:#}",
            one_line(&source.name),
            one_line(&decided.path),
            place.line,
            place.column,
            one_line(&place.text),
            place.kind.word(),
            decided.context.name(),
        )?;
        write!(
            out,
            "  {style}{}{style:#}",
            one_line(&decided.decision.phrase())
        )?;
        match &decided.rule {
            Some(rule) => writeln!(
                out,
                " {FAINT}by rule {}{FAINT:#}",
                one_line(&rule.to_string())
            )?,
            None => writeln!(out)?,
        }
    }
    Ok(())
}

/// Writes the findings, grouped by code. A remedy that many share is written once, after the last
/// of them.
pub(super) fn findings(
    out: &mut dyn Write,
    problems: &[Problem],
    width: Option<usize>,
) -> io::Result<()> {
    if problems.is_empty() {
        return writeln!(out, "{GOOD}nothing to report{GOOD:#}");
    }
    for group in problems.chunk_by(|a, b| a.code.id == b.code.id) {
        let code = group[0].code;
        let style = match code.severity {
            Severity::Finding => FOUND,
            Severity::Fatal => BAD,
        };
        writeln!(
            out,
            "{style}{}{style:#} {STRONG}{}{STRONG:#}",
            code.id, code.title
        )?;
        for alike in causes(group) {
            for problem in &alike {
                let place = problem.place.to_string();
                if !place.is_empty() {
                    writeln!(out, "  {STRONG}{}{STRONG:#}", one_line(&place))?;
                }
            }
            paint::paragraph(out, "    ", 4, &alike[0].cause, width)?;
            if let Some(remedy) = &alike[0].remedy {
                help(out, "    ", remedy, width)?;
            }
        }
        if group.iter().any(|problem| problem.remedy.is_none()) {
            help(out, "  ", code.remedy, width)?;
        }
        writeln!(out)?;
    }
    writeln!(out, "{FOUND}{}{FOUND:#}", total(problems))
}

/// Groups findings of one code with equal text, in order of first occurrence, those with the most
/// places first.
pub(super) fn causes(group: &[Problem]) -> Vec<Vec<&Problem>> {
    let mut causes: Vec<Vec<&Problem>> = Vec::new();
    for problem in group {
        let same = |one: &&mut Vec<&Problem>| {
            (&one[0].cause, &one[0].remedy) == (&problem.cause, &problem.remedy)
        };
        match causes.iter_mut().find(same) {
            Some(alike) => alike.push(problem),
            None => causes.push(vec![problem]),
        }
    }
    causes.sort_by_key(|alike| std::cmp::Reverse(alike.len()));
    causes
}

/// Returns `20 findings`, with the number of causes if some share one.
pub(super) fn total(problems: &[Problem]) -> String {
    let total = count(problems.len() as u64, "finding", "findings");
    let groups = problems.chunk_by(|a, b| a.code.id == b.code.id);
    let all: usize = groups.map(|group| causes(group).len()).sum();
    if all < problems.len() {
        format!("{total} of {}", count(all as u64, "cause", "causes"))
    } else {
        total
    }
}

fn help(out: &mut dyn Write, blank: &str, text: &str, width: Option<usize>) -> io::Result<()> {
    paint::paragraph(
        out,
        &format!("{blank}{HELP}help{HELP:#}: "),
        blank.len() + 6,
        text,
        width,
    )
}
