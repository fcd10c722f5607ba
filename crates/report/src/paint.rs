//! Colours and escapes of terminal output.
//!
//! Text is always written with styles. The stream (an [`anstream::AutoStream`]) removes them unless
//! a terminal reads.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

pub use problem::number::{count, grouped};
use problem::{Problem, Severity};

/// Headings and places.
pub const STRONG: Style = Style::new().bold();
/// Context.
pub const FAINT: Style = Style::new().dimmed();
/// Errors that stop a run.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// Findings.
pub const FOUND: Style = AnsiColor::Yellow.on_default().bold();
/// Remedies.
pub const HELP: Style = AnsiColor::Cyan.on_default();
/// Success.
pub const GOOD: Style = AnsiColor::Green.on_default();

/// Makes control characters and changes of the writing direction visible, so that a file's name
/// cannot control the terminal. Line feeds stay.
pub fn printable(text: &str) -> Cow<'_, str> {
    let hidden = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(hidden) {
        return Cow::Borrowed(text);
    }
    let mut visible = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if hidden(c) {
            // Writing to a String cannot fail.
            let _ = write!(visible, "{}", c.escape_unicode());
        } else {
            visible.push(c);
        }
    }
    Cow::Owned(visible)
}

/// As [`printable`], on one line.
pub fn one_line(text: &str) -> Cow<'_, str> {
    match printable(text) {
        text if text.contains('\n') => Cow::Owned(text.replace('\n', "\\n")),
        text => text,
    }
}

/// Writes `text` indented by `indent` columns and wrapped at `width`, if given. The first line
/// begins with `lead`, whose width `indent` includes.
pub fn paragraph(
    out: &mut dyn Write,
    lead: &str,
    indent: usize,
    text: &str,
    width: Option<usize>,
) -> io::Result<()> {
    let text = printable(text);
    let blank = " ".repeat(indent);
    let mut lead = Some(lead);
    for line in text.lines() {
        let rows = match width {
            Some(width) => textwrap::wrap(line, width.saturating_sub(indent).max(20)),
            None => vec![Cow::Borrowed(line)],
        };
        for row in rows {
            writeln!(out, "{}{row}", lead.take().unwrap_or(&blank))?;
        }
    }
    Ok(())
}

/// Writes a problem: code and place, the cause, the remedy.
pub fn problem(out: &mut dyn Write, problem: &Problem, width: Option<usize>) -> io::Result<()> {
    let style = match problem.code.severity {
        Severity::Finding => FOUND,
        Severity::Fatal => BAD,
    };
    write!(out, "{style}{}{style:#}: ", problem.code.id)?;
    let place = problem.place.to_string();
    if place.is_empty() {
        writeln!(out, "{STRONG}{}{STRONG:#}", problem.code.title)?;
    } else {
        writeln!(out, "{STRONG}{}{STRONG:#}", one_line(&place))?;
    }
    paragraph(out, "  ", 2, &problem.cause, width)?;
    let remedy = problem.remedy.as_deref().unwrap_or(problem.code.remedy);
    paragraph(out, &format!("  {HELP}help{HELP:#}: "), 8, remedy, width)
}

/// Writes a number of bytes with a decimal unit: `8.7 MB`.
pub fn bytes(number: u64) -> String {
    match number {
        0..1_000 => format!("{number} B"),
        1_000..1_000_000 => format!("{}.{} kB", number / 1_000, number % 1_000 / 100),
        _ => format!("{}.{} MB", number / 1_000_000, number % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use problem::{MISSING_PIN, UNDECIDED};

    fn plain(problem_: &Problem, width: Option<usize>) -> String {
        let mut out = Vec::new();
        problem(&mut out, problem_, width).unwrap();
        anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string()
    }

    #[test]
    fn control_characters_of_a_file_name_do_not_reach_the_terminal() {
        let found = Problem::new(&UNDECIDED, "nothing decides `/usr/\u{1b}[2Jbin`")
            .in_source("hive")
            .at("a\u{1b}]0;x\u{7}\n.pm", Some(3));
        let mut out = Vec::new();
        problem(&mut out, &found, None).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(out.contains("hive/a\\u{1b}]0;x\\u{7}\\n.pm:3"), "{out}");
        assert!(out.contains("`/usr/\\u{1b}[2Jbin`"), "{out}");
    }

    #[test]
    fn a_direction_override_is_shown() {
        assert_eq!(printable("a\u{202e}b"), "a\\u{202e}b");
        assert_eq!(printable("größe\nx"), "größe\nx");
    }

    #[test]
    fn long_causes_fit_a_narrow_terminal() {
        let found = Problem::new(&MISSING_PIN, "word ".repeat(60).trim().to_owned());
        let text = plain(&found, Some(40));
        // The first line is not wrapped, because a broken place could not be copied.
        assert!(
            text.lines().skip(1).all(|line| line.chars().count() <= 40),
            "{text}"
        );
        assert!(text.contains("  help: Run"), "{text}");
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(31_002), "31,002");
        assert_eq!(grouped(1_000_000), "1,000,000");
        assert_eq!(bytes(8_712_345), "8.7 MB");
        assert_eq!(count(1, "file", "files"), "1 file");
    }
}
