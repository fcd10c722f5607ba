//! Gathers what a scanner marks and gives it as a [`FileScan`]: sorted, with lines and columns, without overlaps.

use std::cell::RefCell;

use memchr::memchr_iter;
use tree_sitter::{Node, Parser, Tree};

use super::paths::{self, Notation, Piece};
use super::{FileScan, Form, Kind, Occurrence, Site};

/// The depth at which a walk over a syntax tree stops going down: hostile input nests without end, the stack does not.
pub(super) const DEEPEST: u32 = 400;

/// What a scanner has found so far in one file.
pub(super) struct Collector<'a> {
    bytes: &'a [u8],
    found: Vec<Found>,
}

struct Found {
    start: usize,
    end: usize,
    kind: Kind,
    form: Form,
    site: Site,
}

/// One static piece of a literal, by its place in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    /// Byte offset of its first byte.
    pub start: usize,
    /// Byte offset after its last byte.
    pub end: usize,
    /// An interpolation, or text of the same word, stands directly before it.
    pub after: bool,
    /// An interpolation, or text of the same word, stands directly after it.
    pub before: bool,
}

impl Span {
    /// A piece that is a whole literal.
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
    /// Nothing found yet in `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            found: Vec::new(),
        }
    }

    /// The file.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The file's bytes in a range, none where the range leaves the file.
    pub fn slice(&self, start: usize, end: usize) -> &'a [u8] {
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// The same, lossily decoded.
    pub fn text_of(&self, start: usize, end: usize) -> String {
        String::from_utf8_lossy(self.slice(start, end)).into_owned()
    }

    /// One occurrence at exactly this range; an empty range is none.
    pub fn mark(&mut self, start: usize, end: usize, kind: Kind, form: Form, site: Site) {
        if start < end && end <= self.bytes.len() {
            self.found.push(Found {
                start,
                end,
                kind,
                form,
                site,
            });
        }
    }

    /// The `PATH` assignments, absolute paths and architecture triplets in a literal.
    pub fn literal(&mut self, span: Span, form: Form, site: &Site) {
        self.piece(span, Notation::Plain, form, site);
    }

    /// The same in a regular expression.
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

    /// The interpreter of a `#!` line at the file's start; gives its switches and the offset of the line's end.
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

    /// Whatever path stands in the file and was not marked so far: what a weak spot of a grammar made its scanner pass over.
    pub fn residue(&mut self) {
        let mut taken: Vec<(usize, usize)> = self
            .found
            .iter()
            .filter(|found| found.kind != Kind::BareCommand)
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
                .filter(|found| !taken.holds(found.start, found.end)),
        );
    }

    /// Takes over what another collector of the same file found.
    pub fn absorb(&mut self, other: Collector<'a>) {
        self.found.extend(other.found);
    }

    /// What was found; of two of one kind that overlap the one that begins first, then the longer one.
    pub fn finish(mut self, switches: String) -> FileScan {
        self.found.sort_by(|a, b| {
            (a.start, a.kind, std::cmp::Reverse(a.end)).cmp(&(
                b.start,
                b.kind,
                std::cmp::Reverse(b.end),
            ))
        });
        let mut ends: [(Kind, usize); 8] = [
            (Kind::AbsolutePath, 0),
            (Kind::BareCommand, 0),
            (Kind::PathAssignment, 0),
            (Kind::Shebang, 0),
            (Kind::Module, 0),
            (Kind::UnitDirective, 0),
            (Kind::CrateSource, 0),
            (Kind::ArchitectureTriplet, 0),
        ];
        let bytes = self.bytes;
        let mut newlines = memchr_iter(b'\n', bytes).peekable();
        let (mut line, mut line_start) = (1u32, 0usize);
        let mut occurrences = Vec::with_capacity(self.found.len());
        for found in self.found {
            let Some((_, done)) = ends.iter_mut().find(|(kind, _)| *kind == found.kind) else {
                continue;
            };
            if found.start < *done {
                continue;
            }
            *done = found.end;
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
            declares: Vec::new(),
            switches,
        }
    }
}

/// Ranges in order, asked about in order: one pass over both, however many there are.
struct Taken {
    ranges: Vec<(usize, usize)>,
    at: usize,
}

impl Taken {
    fn new(ranges: Vec<(usize, usize)>) -> Self {
        Self { ranges, at: 0 }
    }

    /// Whether one of the ranges overlaps this one, which begins no earlier than the one asked about before.
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

/// The grammars whose parsers are kept, one per thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grammar {
    /// tree-sitter-bash.
    Bash,
    /// tree-sitter-c.
    C,
    /// tree-sitter-javascript.
    Javascript,
    /// tree-sitter-python.
    Python,
}

thread_local! {
    static PARSERS: RefCell<[Option<Parser>; 4]> = const { RefCell::new([const { None }; 4]) };
}

/// The syntax tree of `bytes`; `None` only if the grammar's version does not fit the library's, which a test excludes.
pub(super) fn parse(grammar: Grammar, bytes: &[u8]) -> Option<Tree> {
    PARSERS.with_borrow_mut(|parsers| {
        let slot = parsers.get_mut(grammar as usize)?;
        if slot.is_none() {
            let language = match grammar {
                Grammar::Bash => tree_sitter_bash::LANGUAGE,
                Grammar::C => tree_sitter_c::LANGUAGE,
                Grammar::Javascript => tree_sitter_javascript::LANGUAGE,
                Grammar::Python => tree_sitter_python::LANGUAGE,
            };
            let mut parser = Parser::new();
            parser.set_language(&language.into()).ok()?;
            *slot = Some(parser);
        }
        slot.as_mut()?.parse(bytes, None)
    })
}

/// A node's named children.
pub(super) fn children(node: Node<'_>) -> Vec<Node<'_>> {
    node.named_children(&mut node.walk()).collect()
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
