//! Writes a scan as Markdown (GitHub's kind), for an issue or a merge request.

use std::io::{self, Write};

use super::paint::grouped;
use super::{Layout, ScanReport};
use decide::{Tally, Verdict};
use problem::Problem;

/// Writes one release.
pub(super) fn scan(out: &mut dyn Write, report: &ScanReport, layout: &Layout) -> io::Result<()> {
    writeln!(out, "# {}\n", prose(&report.release))?;
    writeln!(out, "{}.\n", report.figures())?;
    if report.is_some() {
        table(out, report)?;
    }
    if layout.list && report.is_some() {
        occurrences_table(out, report, layout)?;
    }
    findings(out, &report.problems)?;
    match report.elsewhere() {
        Some(elsewhere) => writeln!(out, "{elsewhere}.\n"),
        None => Ok(()),
    }
}

fn table(out: &mut dyn Write, report: &ScanReport) -> io::Result<()> {
    let total = &report.summary.decisions;
    let shown: Vec<Verdict> = Verdict::ALL
        .into_iter()
        .filter(|v| total.get(*v) > 0)
        .collect();
    write!(out, "| source | occurrences |")?;
    for verdict in &shown {
        write!(out, " {} |", verdict.word())?;
    }
    writeln!(out, "\n| :-- | --: |{}", " --: |".repeat(shown.len()))?;
    let row = |out: &mut dyn Write, name: &str, tally: &Tally| {
        write!(out, "| {name} | {} |", grouped(tally.total()))?;
        for verdict in &shown {
            write!(out, " {} |", grouped(tally.get(*verdict)))?;
        }
        writeln!(out)
    };
    for source in &report.sources {
        row(out, &prose(&source.name), &Tally::of(&source.decided))?;
    }
    if report.sources.len() != 1 {
        row(out, "**all sources**", total)?;
    }
    writeln!(out)
}

fn occurrences_table(out: &mut dyn Write, report: &ScanReport, layout: &Layout) -> io::Result<()> {
    writeln!(out, "## Occurrences\n")?;
    writeln!(out, "| place | text | kind | context | decision | rule |")?;
    writeln!(out, "| :-- | :-- | :-- | :-- | :-- | :-- |")?;
    for (source, decided) in report.listed(&layout.filter) {
        let place = &decided.occurrence;
        let path = format!("{}/{}:{}", source.name, decided.path, place.line);
        writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} |",
            code_cell(&path),
            code_cell(&place.text),
            place.kind.word(),
            decided.context.name(),
            prose(&decided.decision.phrase()),
            decided
                .rule
                .as_ref()
                .map(|rule| code_cell(&rule.to_string()))
                .unwrap_or_default(),
        )?;
    }
    writeln!(out)
}

pub(super) fn findings(out: &mut dyn Write, problems: &[Problem]) -> io::Result<()> {
    writeln!(out, "## Findings\n")?;
    if problems.is_empty() {
        return writeln!(out, "Nothing to report.\n");
    }
    for group in problems.chunk_by(|a, b| a.code.id == b.code.id) {
        let code = group[0].code;
        writeln!(out, "### {}: {}\n", code.id, code.title)?;
        for alike in super::text::causes(group) {
            let places = alike.iter().map(|problem| problem.place.to_string());
            let places = places.filter(|place| !place.is_empty());
            let places: Vec<String> = places.map(|place| code_span(&place)).collect();
            if places.is_empty() {
                write!(out, "- ")?;
            } else {
                write!(out, "- {}: ", places.join(", "))?;
            }
            writeln!(out, "{}", prose(&alike[0].cause))?;
            if let Some(remedy) = &alike[0].remedy {
                writeln!(out, "  Help: {}", prose(remedy))?;
            }
        }
        writeln!(out, "\nHelp: {}\n", code.remedy)?;
    }
    Ok(())
}

/// Writes `text` on one line, with the markup of Markdown and HTML escaped. Text between backticks
/// becomes a code span.
pub(super) fn prose(text: &str) -> String {
    let mut prose = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('`') {
        let Some((code, after)) = after.split_once('`') else {
            break;
        };
        escape(&mut prose, before);
        prose.push_str(&code_span(code));
        rest = after;
    }
    escape(&mut prose, rest);
    prose
}

pub(super) fn escape(prose: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            // Code hosts look for mentions and references after Markdown has removed the backslash.
            // An invisible word joiner separates the name from its sign.
            '@' | '#' => prose.extend(['\\', c, '\u{2060}']),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '!' => {
                prose.extend(['\\', c]);
            }
            c if c.is_control() => prose.push(' '),
            c => prose.push(c),
        }
    }
}

/// Makes a code span that no backtick in `text` can end.
pub(super) fn code_span(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    // A blank separates a backtick at either end from the fence. Without a backtick, the blank
    // would be visible.
    let blank = if longest > 0 { " " } else { "" };
    if text.trim().is_empty() {
        String::new()
    } else {
        format!("{fence}{blank}{text}{blank}{fence}")
    }
}

/// Makes a code span in a table, where a bar would end the cell even in code.
pub(super) fn code_cell(text: &str) -> String {
    code_span(text).replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upstream_text_cannot_become_markup() {
        assert_eq!(prose("<b>*x*</b>\n|"), "\\<b\\>\\*x\\*\\</b\\> \\|");
        assert_eq!(
            prose("nothing decides `/usr/<b>`"),
            "nothing decides `/usr/<b>`"
        );
        assert_eq!(prose("one ` alone"), "one \\` alone");
        assert_eq!(code_span("a`b``c"), "``` a`b``c ```");
        assert_eq!(code_cell("a|b"), "`a\\|b`");
        assert_eq!(prose("@team"), "\\@\u{2060}team");
    }
}
