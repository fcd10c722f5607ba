//! Splits a literal's content, as written, into its static pieces: between the holes of a format
//! string, and around escapes with braces.

use memchr::memchr;

/// A piece of a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// The offset of its first byte.
    pub start: usize,
    /// The offset after its last byte.
    pub end: usize,
    /// Whether a hole directly precedes it.
    pub after: bool,
    /// Whether a hole directly follows it.
    pub before: bool,
}

/// The pieces of a content.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Pieces {
    /// The pieces in order, including empty ones.
    pub pieces: Vec<Piece>,
    /// The number of holes.
    pub holes: usize,
    /// Whether a hole names a variable or argument (`{name}`, `{:width$}`).
    pub names: bool,
    /// Whether it contains `{{` or `}}`.
    pub doubled: bool,
}

/// Splits a content. With `raw` it has no escapes; with `format` it has holes (`std::fmt`,
/// "Formatting Parameters").
pub fn pieces(content: &[u8], raw: bool, format: bool) -> Pieces {
    let mut found = Pieces::default();
    let (mut start, mut after, mut at) = (0, false, 0);
    let mut cut = |found: &mut Pieces, from: usize, to: usize, hole: bool| {
        found.pieces.push(Piece {
            start,
            end: from,
            after,
            before: hole,
        });
        (start, after) = (to, hole);
    };
    while let Some(&byte) = content.get(at) {
        let next = content.get(at + 1);
        match byte {
            b'\\' if !raw && content.get(at + 1..at + 3) == Some(b"u{") => {
                let end = close(content, at);
                cut(&mut found, at, end, false);
                at = end;
            }
            b'\\' if !raw => at += 2,
            b'{' | b'}' if format && next == Some(&byte) => {
                found.doubled = true;
                at += 2;
            }
            b'{' if format => {
                let end = close(content, at);
                found.holes += 1;
                found.names |= has_names(content.get(at + 1..end).unwrap_or_default());
                cut(&mut found, at, end, true);
                at = end;
            }
            _ => at += 1,
        }
    }
    cut(&mut found, content.len(), content.len(), false);
    found
}

/// Returns the offset after the `}` that follows `at`.
fn close(content: &[u8], at: usize) -> usize {
    let rest = content.get(at..).unwrap_or_default();
    memchr(b'}', rest).map_or(content.len(), |end| at + end + 1)
}

/// Whether the inside of a hole names something: before the colon, or as a width or precision with
/// `$`.
fn has_names(hole: &[u8]) -> bool {
    let colon = memchr(b':', hole).unwrap_or(hole.len());
    let (name, spec) = hole.split_at(colon);
    let letter = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_' || *byte >= 0x80;
    let before_dollar = memchr(b'$', spec)
        .and_then(|dollar| spec.get(dollar.checked_sub(1)?))
        .is_some_and(|last| {
            !last.is_ascii_digit() || spec.iter().filter(|byte| letter(byte)).count() > 1
        });
    name.iter().any(letter) || before_dollar
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(content: &str, raw: bool, format: bool) -> Vec<(&str, bool, bool)> {
        pieces(content.as_bytes(), raw, format)
            .pieces
            .iter()
            .map(|piece| (&content[piece.start..piece.end], piece.after, piece.before))
            .collect()
    }

    #[test]
    fn holes_part_a_format_string() {
        assert_eq!(
            cut("/usr/{}/x{:?}", false, true),
            [
                ("/usr/", false, true),
                ("/x", true, true),
                ("", true, false)
            ]
        );
        assert_eq!(
            cut("a{{b}}{c", false, true),
            [("a{{b}}", false, true), ("", true, false)]
        );
        assert_eq!(
            cut("/usr/{}/x", false, false),
            [("/usr/{}/x", false, false)]
        );
    }

    #[test]
    fn escapes_with_braces_are_no_holes() {
        assert_eq!(
            cut("\\u{2014}/usr/x\\\\{}", false, true),
            [
                ("", false, false),
                ("/usr/x\\\\", false, true),
                ("", true, false)
            ]
        );
        assert_eq!(
            cut("\\u{}", true, true),
            [("\\u", false, true), ("", true, false)]
        );
    }

    #[test]
    fn names_in_holes_are_told() {
        for (content, names) in [
            ("{}", false),
            ("{0}", false),
            ("{:?} {:>8} {:#x} {:.*}", false),
            ("{:>1$}", false),
            ("{name}", true),
            ("{0} {name:?}", true),
            ("{:width$}", true),
            ("{{name}}", false),
        ] {
            assert_eq!(
                pieces(content.as_bytes(), false, true).names,
                names,
                "{content}"
            );
        }
    }
}
