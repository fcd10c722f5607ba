//! Prepares the code around a place for display.

use std::fmt::Write as _;
use std::ops::Range;

use crate::paint::printable;
use drift::Excerpt;

/// The most lines to show on either side of the place.
const AROUND: usize = 12;
/// The most characters of a line to show.
const LONGEST: usize = 400;
/// The distance of tab stops.
const TAB: usize = 8;

/// One line, split at the literal. Control characters are made visible, and tabs are spaces.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(super) struct Line {
    /// 1-based.
    pub number: u64,
    /// Whether it contains the literal.
    pub here: bool,
    /// The text before the literal, or the whole line without one.
    pub before: String,
    /// The literal.
    pub marked: String,
    /// The text after it.
    pub after: String,
}

impl Line {
    /// Returns the whole line.
    pub fn whole(&self) -> String {
        [&*self.before, &*self.marked, &*self.after].concat()
    }
}

/// Returns the lines of `excerpt`.
pub(super) fn lines(excerpt: &Excerpt) -> Vec<Line> {
    let from = excerpt.at.saturating_sub(AROUND);
    let near = excerpt.lines.iter().enumerate().skip(from);
    near.take(excerpt.at - from + AROUND + 1)
        .map(|(index, text)| {
            let here = index == excerpt.at;
            let (before, marked, after) = parted(text, here.then_some(&excerpt.mark));
            let number = u64::from(excerpt.first) + index as u64;
            shown(number, here, [before, marked, after])
        })
        .collect()
}

/// Splits `text` before, in and after `mark`.
fn parted<'a>(text: &'a str, mark: Option<&Range<usize>>) -> (&'a str, &'a str, &'a str) {
    let parts = mark.and_then(|mark| {
        let marked = text.get(mark.clone())?;
        Some((&text[..mark.start], marked, &text[mark.end..]))
    });
    match parts {
        Some((before, marked, after)) if !marked.is_empty() => (before, marked, after),
        _ => (text, "", ""),
    }
}

fn shown(number: u64, here: bool, parts: [&str; 3]) -> Line {
    let mut column = 0;
    let [before, marked, after] = parts.map(|part| visible(part, &mut column));
    Line {
        number,
        here,
        before,
        marked,
        after,
    }
}

/// Writes `text` on one line, with tabs as spaces, cut at the longest line's end. `column` is its
/// start, and becomes its end.
pub(super) fn visible(text: &str, column: &mut usize) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if *column >= LONGEST {
            // Mark the cut once, however many parts are left.
            if *column < usize::MAX {
                line.push('…');
                *column = usize::MAX;
            }
            break;
        }
        let start = line.len();
        match c {
            '\t' => line.extend(std::iter::repeat_n(' ', TAB - *column % TAB)),
            '\n' | '\r' => {}
            c if c.is_control() || !c.is_ascii() => {
                // Writing to a String cannot fail.
                let _ = write!(line, "{}", printable(c.encode_utf8(&mut [0; 4])));
            }
            c => line.push(c),
        }
        *column += line[start..].chars().count();
    }
    line
}

/// Cuts `text` to `longest` characters and marks the cut.
pub(super) fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(lines: &[&str], at: usize, mark: Range<usize>) -> Excerpt {
        Excerpt {
            first: 7,
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
            at,
            mark,
        }
    }

    #[test]
    fn the_literal_is_apart_from_its_line() {
        let shown = lines(&excerpt(&["a", "\trun('/bin/x');"], 1, 6..12));
        assert_eq!(
            (shown[0].number, shown[0].here, &*shown[0].before),
            (7, false, "a")
        );
        let line = &shown[1];
        assert_eq!(
            (&*line.before, &*line.marked, &*line.after),
            ("        run('", "/bin/x", "');")
        );
    }

    #[test]
    fn a_mark_that_is_not_in_the_line_marks_nothing() {
        for mark in [0..0, 1..2, 9..99] {
            let shown = lines(&excerpt(&["äb"], 0, mark));
            assert_eq!((&*shown[0].before, &*shown[0].marked), ("äb", ""));
        }
        assert!(!lines(&excerpt(&["a"], 5, 0..1))[0].here);
    }

    #[test]
    fn nothing_in_a_line_steers_the_terminal_and_long_lines_end() {
        let shown = lines(&excerpt(&["\u{1b}[2J\u{202e}\n"], 0, 0..0));
        assert_eq!(shown[0].before, "\\u{1b}[2J\\u{202e}");
        let long = "x".repeat(9000);
        let shown = lines(&excerpt(&[&long], 0, 0..9000));
        assert_eq!(shown[0].whole().chars().count(), LONGEST + 1);
    }
}
