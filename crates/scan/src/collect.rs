//! Collects the occurrences that a scanner marks into a [`FileScan`]: sorted, with lines and
//! columns, without overlaps.

use memchr::{memchr_iter, memmem};
use syntax::children;
use tree_sitter::Node;

use super::names::{Text, names};
use super::paths::{self, Notation, Piece};
use super::{FileScan, Form, Kind, Occurrence, Site};

/// The depth at which walks over a syntax tree stop. Hostile input nests without end, but the stack
/// is finite.
pub(super) const DEEPEST: u32 = 400;

/// The occurrences found so far in one file.
pub(super) struct Collector<'a> {
    bytes: &'a [u8],
    found: Vec<Found>,
    /// The form of all marks, set while a command line in another language's string is scanned.
    form: Option<Form>,
}

struct Found {
    start: usize,
    end: usize,
    kind: Kind,
    form: Form,
    site: Site,
}

/// One static piece of a literal, by its offsets in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    /// Byte offset of its first byte.
    pub start: usize,
    /// Byte offset after its last byte.
    pub end: usize,
    /// Whether an interpolation, or text of the same word, directly precedes it.
    pub after: bool,
    /// Whether an interpolation, or text of the same word, directly follows it.
    pub before: bool,
}

impl Span {
    /// Makes a piece that is a whole literal.
    pub fn whole(start: usize, end: usize) -> Self {
        Self {
            start,
            end,
            after: false,
            before: false,
        }
    }
}

impl<'a> Collector<'a> {
    /// Starts with nothing found in `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            found: Vec::new(),
            form: None,
        }
    }

    /// Returns the file's bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Returns the bytes in a range, or none if it extends beyond the file.
    pub fn slice(&self, start: usize, end: usize) -> &'a [u8] {
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// As [`Self::slice`], lossily decoded.
    pub fn text_of(&self, start: usize, end: usize) -> String {
        String::from_utf8_lossy(self.slice(start, end)).into_owned()
    }

    /// Marks exactly this range as an occurrence. An empty range is ignored.
    pub fn mark(&mut self, start: usize, end: usize, kind: Kind, form: Form, site: Site) {
        if start < end && end <= self.bytes.len() {
            self.found.push(Found {
                start,
                end,
                kind,
                form: self.form.unwrap_or(form),
                site,
            });
        }
    }

    /// Runs `scan` and gives all its marks the form of a command line.
    pub fn command<T>(&mut self, scan: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.form.replace(Form::Command);
        let result = scan(self);
        self.form = outer;
        result
    }

    /// Marks paths in the text of an error node outside of its children, which the grammar did not
    /// understand.
    pub fn gaps(&mut self, node: Node<'_>, site: &Site) {
        let mut at = node.start_byte();
        for child in children(node) {
            self.literal(
                Span::whole(at, child.start_byte().max(at)),
                Form::Bare,
                site,
            );
            at = child.end_byte().max(at);
        }
        self.literal(Span::whole(at, node.end_byte().max(at)), Form::Bare, site);
    }

    /// Marks the `PATH` assignments, absolute paths and architecture triplets in a literal.
    pub fn literal(&mut self, span: Span, form: Form, site: &Site) {
        self.piece(span, Notation::Plain, form, site);
    }

    /// As [`Self::literal`], for a regular expression.
    pub fn regex(&mut self, span: Span, site: &Site) {
        self.piece(span, Notation::Regex, Form::Regex, site);
    }

    fn piece(&mut self, span: Span, notation: Notation, form: Form, site: &Site) {
        let text = self.slice(span.start, span.end);
        let assigned: Vec<(usize, usize)> = paths::path_assignments(text).collect();
        for &(start, end) in &assigned {
            self.mark(
                span.start + start,
                span.start + end,
                Kind::PathAssignment,
                form,
                site.clone(),
            );
        }
        let piece = Piece {
            bytes: text,
            notation,
            after_interpolation: span.after,
            before_interpolation: span.before,
        };
        let mut values = Taken::new(assigned);
        let mut found = Vec::new();
        for path in paths::paths(piece) {
            if values.holds(path.start, path.end) {
                continue;
            }
            found.push((path.start, path.end));
            let site = Site {
                joined: path.joined,
                open: path.open,
                ..site.clone()
            };
            self.mark(
                span.start + path.start,
                span.start + path.end,
                Kind::AbsolutePath,
                form,
                site,
            );
        }
        let named = Text {
            bytes: text,
            after: span.after,
            before: span.before,
        };
        for name in names(named, self.form.unwrap_or(form), site) {
            let site = Site {
                open: name.open,
                ..site.clone()
            };
            let (start, end) = (span.start + name.start, span.start + name.end);
            self.mark(start, end, name.kind, form, site);
        }
        let mut found = Taken::new(found);
        values.at = 0;
        for (start, end) in paths::triplets(text) {
            if !found.holds(start, end) && !values.holds(start, end) {
                self.mark(
                    span.start + start,
                    span.start + end,
                    Kind::ArchitectureTriplet,
                    form,
                    site.clone(),
                );
            }
        }
    }

    /// Marks the interpreter of a `#!` line at the file's start. Returns its switches and the
    /// offset of the line's end.
    pub fn shebang(&mut self) -> Option<(String, usize)> {
        let rest = self.bytes.strip_prefix(b"#!")?;
        let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest.get(..length)?;
        let blank = line
            .iter()
            .take_while(|b| matches!(b, b' ' | b'\t'))
            .count();
        let path = line
            .get(blank..)?
            .iter()
            .take_while(|b| !b.is_ascii_whitespace())
            .count();
        let start = 2 + blank;
        self.mark(
            start,
            start + path,
            Kind::Shebang,
            Form::Shebang,
            Site::default(),
        );
        let switches = String::from_utf8_lossy(line.get(blank + path..)?)
            .trim()
            .to_owned();
        Some((switches, 2 + length))
    }

    /// Marks every path that has not been marked yet, in parts that a weak grammar made its scanner
    /// miss.
    pub fn residue(&mut self) {
        let mut taken: Vec<(usize, usize)> = self
            .found
            .iter()
            .filter(|found| found.kind != Kind::BareCommand && !found.kind.is_name())
            .map(|found| (found.start, found.end))
            .collect();
        taken.sort_unstable();
        let mut rest = Collector::new(self.bytes);
        rest.literal(
            Span::whole(0, self.bytes.len()),
            Form::Bare,
            &Site::default(),
        );
        rest.found.sort_by_key(|found| found.start);
        let mut taken = Taken::new(taken);
        self.found.extend(
            rest.found
                .into_iter()
                // Whether a text is a name depends on its position, which is unknown here.
                .filter(|found| !found.kind.is_name())
                .filter(|found| !taken.holds(found.start, found.end)),
        );
    }

    /// Adds the results of another collector for the same file.
    pub fn absorb(&mut self, other: Collector<'a>) {
        self.found.extend(other.found);
    }

    /// Returns the occurrences. Of two overlapping ones of one kind, the earlier one stays, then
    /// the longer one.
    pub fn finish(mut self, switches: String) -> FileScan {
        self.found.sort_by(|a, b| {
            (a.start, a.kind, std::cmp::Reverse(a.end)).cmp(&(
                b.start,
                b.kind,
                std::cmp::Reverse(b.end),
            ))
        });
        let mut ends: Vec<(Kind, usize)> = Vec::new();
        let bytes = self.bytes;
        let mut newlines = memchr_iter(b'\n', bytes).peekable();
        let (mut line, mut line_start) = (1u32, 0usize);
        let mut occurrences = Vec::with_capacity(self.found.len());
        for found in self.found {
            match ends.iter_mut().find(|(kind, _)| *kind == found.kind) {
                Some((_, done)) if found.start < *done => continue,
                Some((_, done)) => *done = found.end,
                None => ends.push((found.kind, found.end)),
            }
            while let Some(newline) = newlines.next_if(|newline| *newline < found.start) {
                line = line.saturating_add(1);
                line_start = newline + 1;
            }
            occurrences.push(Occurrence {
                offset: found.start,
                length: found.end - found.start,
                line,
                column: u32::try_from(found.start - line_start + 1).unwrap_or(u32::MAX),
                kind: found.kind,
                text: String::from_utf8_lossy(
                    bytes.get(found.start..found.end).unwrap_or_default(),
                )
                .into_owned(),
                form: found.form,
                site: found.site,
            });
        }
        FileScan {
            occurrences,
            switches,
            ..FileScan::default()
        }
    }
}

/// Sorted ranges that are queried in order, so that one pass over both is enough.
struct Taken {
    ranges: Vec<(usize, usize)>,
    at: usize,
}

impl Taken {
    fn new(ranges: Vec<(usize, usize)>) -> Self {
        Self { ranges, at: 0 }
    }

    /// Whether one of the ranges overlaps this one, which must not begin before the previous query.
    fn holds(&mut self, start: usize, end: usize) -> bool {
        while self.ranges.get(self.at).is_some_and(|(_, e)| *e <= start) {
            self.at += 1;
        }
        self.ranges.get(self.at).is_some_and(|(s, _)| *s < end)
    }
}

/// Whether a byte before a path belongs to the path's own word.
pub(super) fn continues(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'_' | b'-' | b'+' | b'~' | b'*')
}

/// The sorted offsets of everything that a scanner looks for. Nodes without one can be skipped.
pub(super) struct Candidates(Vec<usize>);

impl Candidates {
    /// Finds the starts of FHS paths and architecture triplets, and of `words`.
    pub fn of(bytes: &[u8], words: &[&[u8]]) -> Self {
        // Long enough for the longest root and the byte after it.
        const WINDOW: usize = 12;
        let mut offsets: Vec<usize> = memchr_iter(b'/', bytes)
            .filter(|slash| {
                let end = bytes.len().min(slash + WINDOW);
                bytes.get(*slash..end).is_some_and(paths::prefilter)
            })
            .collect();
        offsets.extend(paths::triplets(bytes).map(|(start, _)| start));
        for word in words {
            offsets.extend(memmem::find_iter(bytes, word));
        }
        offsets.sort_unstable();
        Self(offsets)
    }

    /// Returns all offsets.
    pub fn offsets(self) -> Vec<usize> {
        self.0
    }

    /// Whether the file has none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the node contains one.
    pub fn within(&self, node: Node<'_>) -> bool {
        let at = self.0.partition_point(|offset| *offset < node.start_byte());
        self.0
            .get(at)
            .is_some_and(|offset| *offset < node.end_byte())
    }
}

/// Whether `name` can be a program's file name that is looked up on `PATH`.
pub(super) fn is_command_name(name: &[u8]) -> bool {
    name.first()
        .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
        && name
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'+'))
        && !name.iter().all(|b| b.is_ascii_digit() || *b == b'.')
}

#[cfg(test)]
pub(super) mod testing {
    use super::super::calls::Calls;
    use super::super::{FileScan, Kind, Occurrence};

    /// Returns the calls of this repository.
    pub fn calls() -> Calls {
        Calls::parse(
            include_str!("../../../rules/general/calls.toml"),
            "rules/general/calls.toml",
        )
        .expect("the rules in this repository are good")
    }

    /// Returns the texts of one kind, in order.
    pub fn texts(scan: &FileScan, kind: Kind) -> Vec<&str> {
        scan.occurrences
            .iter()
            .filter(|found| found.kind == kind)
            .map(|found| found.text.as_str())
            .collect()
    }

    /// Returns the only occurrence with this text.
    pub fn only<'s>(scan: &'s FileScan, text: &str) -> &'s Occurrence {
        let mut found = scan.occurrences.iter().filter(|found| found.text == text);
        let first = found
            .next()
            .unwrap_or_else(|| panic!("no {text} in {scan:#?}"));
        assert!(found.next().is_none(), "{text} stands twice in {scan:#?}");
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one() {
        let mut out = Collector::new(b"a\n /usr/bin/x\n/usr/bin/y");
        out.residue();
        let places: Vec<_> = out
            .finish(String::new())
            .occurrences
            .iter()
            .map(|o| (o.line, o.column, o.offset, o.length))
            .collect();
        assert_eq!(places, [(2, 2, 3, 10), (3, 1, 14, 10)]);
    }

    #[test]
    fn of_two_that_overlap_the_longer_stays() {
        let mut out = Collector::new(b"/usr/bin/x");
        let site = Site::default();
        out.mark(0, 4, Kind::AbsolutePath, Form::Bare, site.clone());
        out.mark(0, 10, Kind::AbsolutePath, Form::Literal, site.clone());
        out.mark(5, 8, Kind::BareCommand, Form::Bare, site.clone());
        out.mark(3, 99, Kind::AbsolutePath, Form::Bare, site);
        let scan = out.finish(String::new());
        let texts: Vec<_> = scan.occurrences.iter().map(|o| o.text.as_str()).collect();
        assert_eq!(texts, ["/usr/bin/x", "bin"]);
    }

    #[test]
    fn a_path_assignment_holds_its_paths_and_a_path_its_triplet() {
        let mut out =
            Collector::new(b"PATH=/a/b:/usr/bin /usr/lib/x86_64-linux-gnu/y aarch64-linux-gnu");
        out.residue();
        let scan = out.finish(String::new());
        let found: Vec<_> = scan
            .occurrences
            .iter()
            .map(|o| (o.kind, o.text.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                (Kind::PathAssignment, "/a/b:/usr/bin"),
                (Kind::AbsolutePath, "/usr/lib/x86_64-linux-gnu/y"),
                (Kind::ArchitectureTriplet, "aarch64-linux-gnu"),
            ]
        );
    }

    #[test]
    fn the_shebang_keeps_its_switches_apart() {
        let mut out = Collector::new(b"#! /usr/bin/thing -T -x\n");
        assert_eq!(out.shebang(), Some(("-T -x".to_owned(), 23)));
        let scan = out.finish(String::new());
        assert_eq!(testing::only(&scan, "/usr/bin/thing").kind, Kind::Shebang);
    }
}
