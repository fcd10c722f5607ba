//! Reports on problem codes: `explain PNX-nnn`, `explain --all`, `docs/problems.md`.

use std::io::{self, Write};

use super::paint::{self, BAD, FAINT, FOUND, HELP, STRONG};
use problem::{CODES, Code, Severity};

/// Writes one code for people.
pub fn text(out: &mut dyn Write, code: &Code, width: Option<usize>) -> io::Result<()> {
    let style = style(code);
    writeln!(
        out,
        "{style}{}{style:#} {STRONG}{}{STRONG:#}",
        code.id, code.title
    )?;
    writeln!(out, "{FAINT}{}{FAINT:#}\n", consequence(code.severity))?;
    paint::paragraph(out, "", 0, code.explanation, width)?;
    writeln!(out, "\n{HELP}Example{HELP:#}\n")?;
    for line in code.example.lines() {
        writeln!(out, "{}{line}", if line.is_empty() { "" } else { "    " })?;
    }
    writeln!(out, "\n{HELP}What to do{HELP:#}\n")?;
    paint::paragraph(out, "", 0, code.remedy, width)
}

/// Writes every code with its title, a line each.
pub fn list(out: &mut dyn Write) -> io::Result<()> {
    for code in CODES {
        let style = style(code);
        writeln!(out, "{style}{}{style:#}  {}", code.id, code.title)?;
    }
    Ok(())
}

/// Writes `codes` as Markdown, each as a section.
pub fn markdown(out: &mut dyn Write, codes: &[&Code]) -> io::Result<()> {
    for (place, code) in codes.iter().enumerate() {
        if place > 0 {
            writeln!(out)?;
        }
        writeln!(out, "## {}: {}\n", code.id, code.title)?;
        writeln!(out, "*{}*\n", consequence(code.severity))?;
        writeln!(out, "{}\n", wrapped(code.explanation))?;
        writeln!(out, "```text\n{}\n```\n", code.example)?;
        let remedy = format!("**What to do.** {}", code.remedy);
        writeln!(out, "{}", wrapped(&remedy))?;
    }
    Ok(())
}

/// Writes `docs/problems.md`.
pub fn document(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# Problem codes\n")?;
    writeln!(
        out,
        "<!-- Made by `cargo xtask explain --all --format markdown > docs/problems.md`; a test\ncompares it with the tool. -->\n"
    )?;
    writeln!(
        out,
        "Every problem that `cargo xtask` reports has a code. `cargo xtask explain PNX-101` shows these\ntexts in the terminal.\n"
    )?;
    writeln!(
        out,
        "| code | what it is | exit status |\n| :-- | :-- | --: |"
    )?;
    for code in CODES {
        let anchor = anchor(code);
        writeln!(
            out,
            "| [{}](#{anchor}) | {} | {} |",
            code.id,
            code.title,
            status(code.severity)
        )?;
    }
    writeln!(out)?;
    markdown(out, CODES)
}

/// Wraps prose at 100 columns, like the hand-written pages.
fn wrapped(prose: &str) -> String {
    let options = textwrap::Options::new(100)
        .break_words(false)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::fill(prose, options)
}

/// Returns the anchor that code hosts give the section of `code`: lower-case letters, hyphens for
/// blanks, nothing else.
pub fn anchor(code: &Code) -> String {
    format!("{}: {}", code.id, code.title)
        .chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            '-' | '_' => Some(c),
            c if c.is_alphanumeric() => Some(c.to_ascii_lowercase()),
            _ => None,
        })
        .collect()
}

fn status(severity: Severity) -> u8 {
    match severity {
        Severity::Finding => 1,
        Severity::Fatal => 2,
    }
}

fn consequence(severity: Severity) -> &'static str {
    match severity {
        Severity::Finding => {
            "A finding: the run goes on and reports it with all others; exit status 1."
        }
        Severity::Fatal => "An error: the run stops and nothing is written; exit status 2.",
    }
}

fn style(code: &Code) -> anstyle::Style {
    match code.severity {
        Severity::Finding => FOUND,
        Severity::Fatal => BAD,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_says_what_why_and_what_to_do() {
        for code in CODES {
            for text in [code.title, code.explanation, code.remedy] {
                assert!(!text.is_empty(), "{}", code.id);
                assert_eq!(
                    text,
                    text.split_whitespace().collect::<Vec<_>>().join(" "),
                    "{}",
                    code.id
                );
            }
            assert!(
                code.explanation.ends_with('.') && code.remedy.ends_with('.'),
                "{}",
                code.id
            );
            assert!(
                code.example.contains(code.id),
                "{}: the example shows the message",
                code.id
            );
            assert!(
                !code.example.contains("```"),
                "{}: the example would end its fence",
                code.id
            );
        }
    }

    #[test]
    fn codes_are_sorted_and_unique() {
        assert!(CODES.windows(2).all(|pair| pair[0].id < pair[1].id));
    }
}
