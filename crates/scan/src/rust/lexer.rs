//! Finds a Rust file's comments and string literals, and the recursion depth that its parser would
//! need.
//!
//! The lexer of proc-macro2 drops comments, and returns nothing for a file with one bad token. The
//! parser of syn recurses for each bracket and each link of a chain, which hostile input has
//! without end. So this pass, which knows only comments, quotes and brackets, comes first: its
//! lists are complete whether the file parses or not.

use memchr::{memchr, memchr2, memmem};

/// A comment, with its delimiters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comment {
    /// Byte offset of its first slash.
    pub start: usize,
    /// The offset after it, without the newline.
    pub end: usize,
    /// `///`, `//!`, `/** */`, `/*! */`.
    pub doc: bool,
}

/// The type of a string literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quote {
    /// `"…"`, `r"…"`.
    Str,
    /// `b"…"`, `br"…"`.
    Bytes,
    /// `c"…"`, `cr"…"`.
    C,
}

/// A string literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Literal {
    /// The offset of the prefix, or of the quote without one.
    pub start: usize,
    /// The offset of the content.
    pub open: usize,
    /// The offset after the content.
    pub close: usize,
    /// The offset after the closing quote and hashes.
    pub end: usize,
    /// Its type.
    pub quote: Quote,
    /// Whether it has no escapes.
    pub raw: bool,
}

/// The comments and literals of a file.
#[derive(Debug, Default)]
pub struct Lexed {
    /// The comments, in order.
    pub comments: Vec<Comment>,
    /// The literals, in order.
    pub literals: Vec<Literal>,
    /// An upper bound of a recursive parser's depth, from brackets and chains.
    pub depth: usize,
}

impl Lexed {
    /// Returns the literal that begins at `start`.
    pub fn literal_at(&self, start: usize) -> Option<&Literal> {
        let at = self
            .literals
            .binary_search_by_key(&start, |literal| literal.start);
        self.literals.get(at.ok()?)
    }

    /// Returns the literal whose content includes the byte at `offset`.
    pub fn literal_around(&self, offset: usize) -> Option<&Literal> {
        let at = self
            .literals
            .partition_point(|literal| literal.end <= offset);
        let literal = self.literals.get(at)?;
        (literal.open..literal.close)
            .contains(&offset)
            .then_some(literal)
    }
}

/// Returns the start of the program, after a byte order mark and a `#!` line.
pub fn program(bytes: &[u8]) -> usize {
    let start = if bytes.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        0
    };
    let rest = bytes.get(start..).unwrap_or_default();
    let Some(line) = rest.strip_prefix(b"#!") else {
        return start;
    };
    // `#![…]` is an attribute.
    if line.trim_ascii_start().first() == Some(&b'[') {
        return start;
    }
    start + memchr(b'\n', rest).unwrap_or(rest.len())
}

/// Reads a whole file to its end, whatever its bytes.
pub fn lex(bytes: &[u8]) -> Lexed {
    let mut lexer = Lexer {
        bytes,
        at: program(bytes),
        found: Lexed::default(),
        chains: vec![0],
        weight: 0,
        closed: false,
    };
    while let Some(&byte) = bytes.get(lexer.at) {
        lexer.token(byte);
    }
    lexer.found
}

struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
    found: Lexed,
    /// The number of tokens since the last separator, for each open bracket.
    chains: Vec<usize>,
    /// Their sum.
    weight: usize,
    /// Whether the previous token closed a brace.
    closed: bool,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn token(&mut self, byte: u8) {
        match byte {
            _ if byte.is_ascii_whitespace() => self.at += 1,
            b'/' if self.peek(1) == Some(b'/') => self.line_comment(),
            b'/' if self.peek(1) == Some(b'*') => self.block_comment(),
            b'"' => self.string(0, Quote::Str),
            b'\'' => self.quote(),
            b'(' | b'[' | b'{' => {
                self.link();
                self.chains.push(0);
                self.at += 1;
            }
            b')' | b']' | b'}' => {
                if self.chains.len() > 1 {
                    self.weight -= self.chains.pop().unwrap_or(0);
                }
                self.closed = byte == b'}';
                self.at += 1;
            }
            b';' | b',' => {
                self.cut();
                self.at += 1;
            }
            _ if is_name(byte) => self.word(),
            _ => {
                // An attribute begins another item. Any other sign continues an expression.
                if byte == b'#' {
                    self.begin();
                }
                self.link();
                self.at += 1;
            }
        }
    }

    /// Counts one more token of the current chain.
    fn link(&mut self) {
        if let Some(chain) = self.chains.last_mut() {
            *chain += 1;
        }
        self.weight += 1;
        self.found.depth = self.found.depth.max(self.weight);
        self.closed = false;
    }

    /// Starts anew if the previous token closed a brace and this one is not an operator.
    fn begin(&mut self) {
        if self.closed {
            self.cut();
        }
    }

    /// Ends the chain.
    fn cut(&mut self) {
        if let Some(chain) = self.chains.last_mut() {
            self.weight -= std::mem::take(chain);
        }
        self.closed = false;
    }

    fn line_comment(&mut self) {
        let length = memchr(b'\n', self.rest()).unwrap_or(self.rest().len());
        let (start, end) = (self.at, self.at + length);
        let text = self.bytes.get(start..end).unwrap_or_default();
        let doc =
            text.starts_with(b"//!") || (text.starts_with(b"///") && !text.starts_with(b"////"));
        self.found.comments.push(Comment { start, end, doc });
        self.at = end;
    }

    fn block_comment(&mut self) {
        let start = self.at;
        let (mut at, mut open) = (start + 2, 1_usize);
        while open > 0 {
            let rest = self.bytes.get(at..).unwrap_or_default();
            let Some(next) = memchr2(b'/', b'*', rest) else {
                at = self.bytes.len();
                break;
            };
            match rest.get(next..next + 2) {
                Some(b"/*") => (open, at) = (open + 1, at + next + 2),
                Some(b"*/") => (open, at) = (open - 1, at + next + 2),
                _ => at += next + 1,
            }
        }
        let text = self.bytes.get(start..at).unwrap_or_default();
        let inner = text.starts_with(b"/*!");
        let outer = text.starts_with(b"/**") && !text.starts_with(b"/***") && text != b"/**/";
        self.found.comments.push(Comment {
            start,
            end: at,
            doc: inner || outer,
        });
        self.at = at;
    }

    /// Reads a string with escapes, whose quote is `prefix` bytes ahead.
    fn string(&mut self, prefix: usize, quote: Quote) {
        let start = self.at;
        let open = start + prefix + 1;
        let mut at = open;
        let close = loop {
            let rest = self.bytes.get(at..).unwrap_or_default();
            match memchr2(b'"', b'\\', rest) {
                Some(next) if rest.get(next) == Some(&b'\\') => at += next + 2,
                Some(next) => break at + next,
                None => break self.bytes.len(),
            }
        };
        self.literal(start, open, close, 1, (quote, false));
    }

    /// Reads a raw string: `prefix` letters, then hashes, then the quote. Without a quote it is a
    /// name: `r#type`.
    fn raw_string(&mut self, prefix: usize, quote: Quote) -> bool {
        let start = self.at;
        let after = self.bytes.get(start + prefix..).unwrap_or_default();
        let hashes = after.iter().take_while(|byte| **byte == b'#').count();
        if after.get(hashes) != Some(&b'"') {
            return false;
        }
        let open = start + prefix + hashes + 1;
        let mut end = vec![b'"'];
        end.resize(hashes + 1, b'#');
        let rest = self.bytes.get(open..).unwrap_or_default();
        let length = memmem::find(rest, &end).unwrap_or(rest.len());
        self.literal(start, open, open + length, end.len(), (quote, true));
        true
    }

    fn literal(
        &mut self,
        start: usize,
        open: usize,
        close: usize,
        delimiter: usize,
        (quote, raw): (Quote, bool),
    ) {
        self.begin();
        let length = self.bytes.len();
        let end = (close + delimiter).min(length);
        self.found.literals.push(Literal {
            start,
            open: open.min(length),
            close: close.min(length),
            end,
            quote,
            raw,
        });
        self.link();
        self.at = end;
    }

    /// Reads a character or a lifetime: `'a'`, `'\''`, `'a`.
    fn quote(&mut self) {
        self.begin();
        self.link();
        self.at += 1;
        let rest = self.rest();
        if rest.first() == Some(&b'\\') {
            // An escaped character is not a closing quote, and `\u{…}` contains none.
            let tail = rest.get(2..).unwrap_or_default();
            let length = memchr2(b'\'', b'\n', tail).map_or(rest.len(), |end| end + 3);
            self.at += length;
            return;
        }
        let width = match rest.first() {
            Some(0xf0..) => 4,
            Some(0xe0..) => 3,
            Some(0xc0..) => 2,
            _ => 1,
        };
        if rest.get(width) == Some(&b'\'') {
            self.at += width + 1;
        }
    }

    /// Reads a name, a number, a keyword, or the prefix of a literal.
    fn word(&mut self) {
        let length = self
            .rest()
            .iter()
            .take_while(|byte| is_name(**byte))
            .count();
        let next = self.peek(length);
        let is_literal = match self.rest().get(..length) {
            Some(b"r") => self.raw_string(1, Quote::Str),
            Some(b"br") => self.raw_string(2, Quote::Bytes),
            Some(b"cr") => self.raw_string(2, Quote::C),
            Some(b"b") if next == Some(b'"') => {
                self.string(1, Quote::Bytes);
                true
            }
            Some(b"c") if next == Some(b'"') => {
                self.string(1, Quote::C);
                true
            }
            _ => false,
        };
        if is_literal {
            return;
        }
        if !matches!(self.rest().get(..length), Some(b"else" | b"as")) {
            self.begin();
        }
        self.link();
        self.at += length;
    }
}

/// Whether a byte belongs to a name or number. Non-ASCII bytes are letters in any file that lexes.
fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literals(text: &str) -> Vec<&str> {
        let lexed = lex(text.as_bytes());
        let content = |one: &Literal| &text[one.open..one.close];
        lexed.literals.iter().map(content).collect()
    }

    #[test]
    fn every_literal_has_its_content() {
        let text = "f(\"a\\\"b\", r\"c\\\", r##\"d\"#e\"##, b\"f\", br#\"g\"#, c\"h\", cr\"i\", '\"', b'\\'', '\\u{22}', \"j\")";
        assert_eq!(
            literals(text),
            ["a\\\"b", "c\\", "d\"#e", "f", "g", "h", "i", "j"]
        );
    }

    #[test]
    fn lifetimes_and_raw_names_are_no_literals() {
        assert_eq!(
            literals("fn f<'a>(r#type: &'a str) -> &'static str { 'x: loop { break 'x \"y\" } }"),
            ["y"]
        );
        assert_eq!(literals("'é' \"z\""), ["z"]);
    }

    #[test]
    fn comments_nest_and_know_whether_they_document() {
        let text = "/// a\n//! b\n// \"c\n//// d\n/* /* \" */ */ /** e */ /*! f */ /**/ /*** g */";
        let lexed = lex(text.as_bytes());
        assert!(lexed.literals.is_empty());
        let docs: Vec<_> = lexed.comments.iter().map(|one| one.doc).collect();
        assert_eq!(
            docs,
            [true, true, false, false, false, true, true, false, false]
        );
    }

    #[test]
    fn what_has_no_end_ends_with_the_file() {
        for text in ["\"a", "r#\"a", "/* a", "'\\", "b\"\\", "'", "r#", "\"\\"] {
            let lexed = lex(text.as_bytes());
            let ends = |end: usize| assert!(end <= text.len(), "{text}");
            lexed.literals.iter().for_each(|one| ends(one.end));
            lexed.comments.iter().for_each(|one| ends(one.end));
        }
    }

    #[test]
    fn the_program_begins_after_mark_and_shebang() {
        assert_eq!(program(b"#!/usr/bin/env run\r\nfn"), 19);
        assert_eq!(program(b"\xef\xbb\xbf#!/x\nfn"), 7);
        assert_eq!(program(b"#! [allow(x)]"), 0);
        assert_eq!(program(b"\xef\xbb\xbffn"), 3);
    }

    #[test]
    fn depth_counts_brackets_and_chains() {
        let flat = "fn a() { b(); c(); }\n".repeat(300);
        assert!(lex(flat.as_bytes()).depth < 20);
        assert!(lex("(".repeat(500).as_bytes()).depth >= 500);
        assert!(lex("!".repeat(500).as_bytes()).depth >= 500);
        let sum = format!("fn a() {{ x{} }}", " + {}".repeat(500));
        assert!(lex(sum.as_bytes()).depth >= 500);
        let branches = format!("if a {{}} {}", "else if a {} ".repeat(500));
        assert!(lex(branches.as_bytes()).depth >= 500);
    }
}
