//! The code around a place.

use super::Excerpt;

/// The number of lines to include before and after.
const AROUND: u32 = 3;

/// The longest line to include, in bytes. Of a longer one, the excerpt has the part around the
/// literal.
const WIDTH: usize = 200;

impl Excerpt {
    /// Returns the lines around the 1-based `line`, with `length` bytes marked from the 1-based
    /// `column`.
    pub(super) fn of(content: &[u8], line: u32, column: u32, length: usize) -> Option<Self> {
        let first = line.saturating_sub(AROUND).max(1);
        let wanted = content
            .split(|byte| *byte == b'\n')
            .skip(index(first - 1))
            .take(index(line - first + AROUND + 1));
        let mut lines: Vec<&[u8]> = wanted.collect();
        // The text after the last newline is not a line.
        if lines.len() > index(line - first) + 1 && lines.last().is_some_and(|last| last.is_empty())
        {
            lines.pop();
        }
        let at = index(line - first);
        let start = index(column.saturating_sub(1));
        let held = *lines.get(at)?;
        let end = (start + length).min(held.len());
        let (shown, mark) = cut(held, start.min(end), end);
        let mut excerpt = Self {
            first,
            lines: lines.iter().map(|line| cut(line, 0, 0).0).collect(),
            at,
            mark,
        };
        excerpt.lines[at] = shown;
        Some(excerpt)
    }
}

/// Shortens a line around a part of it. Returns the text and the part's range in it.
fn cut(line: &[u8], start: usize, end: usize) -> (String, std::ops::Range<usize>) {
    let from = if line.len() <= WIDTH || start < WIDTH / 2 {
        0
    } else {
        start - WIDTH / 4
    };
    let to = line.len().min((from + WIDTH).max(end.min(start + WIDTH)));
    let mut text = if from > 0 {
        "…".to_owned()
    } else {
        String::new()
    };
    let piece = |range: std::ops::Range<usize>| {
        String::from_utf8_lossy(line.get(range).unwrap_or_default()).into_owned()
    };
    text.push_str(&piece(from..start.max(from)));
    let begin = text.len();
    text.push_str(&piece(start.max(from)..end.min(to).max(from)));
    let mark = begin..text.len();
    text.push_str(&piece(end.min(to).max(from)..to));
    if to < line.len() {
        text.push('…');
    }
    (text, mark)
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(excerpt: &Excerpt) -> &str {
        &excerpt.lines[excerpt.at][excerpt.mark.clone()]
    }

    #[test]
    fn the_literal_is_marked_in_its_line() {
        let text = "1\n2\n3\n4\nrun('/bin/x');\n6\n";
        let found = Excerpt::of(text.as_bytes(), 5, 6, 6).expect("a line");
        assert_eq!(
            (found.first, found.lines.len(), marked(&found)),
            (2, 5, "/bin/x")
        );
        assert_eq!(Excerpt::of(b"x", 2, 1, 1), None);
        assert_eq!(
            Excerpt::of(b"", 1, 1, 9).map(|one| one.lines),
            Some(vec![String::new()])
        );
    }

    #[test]
    fn a_long_line_is_cut_around_the_literal() {
        let text = format!("{}/bin/x{}", "é".repeat(5000), "y".repeat(5000));
        let found = Excerpt::of(text.as_bytes(), 1, 10_001, 6).expect("a line");
        assert_eq!(marked(&found), "/bin/x");
        assert!(found.lines[0].len() < 3 * WIDTH, "{}", found.lines[0].len());
        assert!(found.lines[0].starts_with('…') && found.lines[0].ends_with('…'));
    }
}
