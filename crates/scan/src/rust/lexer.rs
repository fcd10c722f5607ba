//! Where a Rust file's comments and string literals stand, and how deep its parser would have to go.
//!
//! The lexer of proc-macro2 drops comments and gives nothing at all for a file with one bad token; and the parser of syn goes
//! one call deeper for each bracket and each link of a chain, which hostile input has without end. So this pass, which only
//! knows comments, quotes and brackets, comes first: what it lists is what the file holds, whether it parses or not.

use memchr::{memchr, memchr2, memmem};

/// A comment, with its delimiters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comment {
    /// Byte offset of its first slash.
    pub start: usize,
    /// Byte offset after it; a line's end is not part of it.
    pub end: usize,
    /// `///`, `//!`, `/** */`, `/*! */`.
    pub doc: bool,
}

/// What a string literal is of.
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
    /// Byte offset of the prefix, or of the quote where there is none.
    pub start: usize,
    /// Byte offset of what stands between the quotes.
    pub open: usize,
    /// Byte offset after what stands between the quotes.
    pub close: usize,
    /// Byte offset after the closing quote and hashes.
    pub end: usize,
    /// What it is of.
    pub quote: Quote,
    /// Escapes mean nothing in it.
    pub raw: bool,
}

/// What a file holds.
#[derive(Debug, Default)]
pub struct Lexed {
    /// In order.
    pub comments: Vec<Comment>,
    /// In order.
    pub literals: Vec<Literal>,
    /// At least as many calls as a recursive parser needs on top of one another, by brackets and chains.
    pub depth: usize,
}

impl Lexed {
    /// The literal that begins at `start`.
    pub fn literal_at(&self, start: usize) -> Option<&Literal> {
        let at = self
            .literals
            .binary_search_by_key(&start, |literal| literal.start);
        self.literals.get(at.ok()?)
    }

    /// The literal in whose content the byte at `offset` stands.
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

/// Where the program begins: after the mark of byte order and a `#!` line.
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

/// Reads a whole file. Whatever the bytes, it comes to their end.
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
    /// For each open bracket the tokens since the last separator.
    chains: Vec<usize>,
    /// Their sum.
    weight: usize,
    /// A brace was closed by the token before.
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
                // An attribute begins another item; any other sign goes on with an expression.
                if byte == b'#' {
                    self.begin();
                }
                self.link();
                self.at += 1;
            }
        }
    }

    /// One more token of the chain that stands here.
    fn link(&mut self) {
        if let Some(chain) = self.chains.last_mut() {
            *chain += 1;
        }
        self.weight += 1;
        self.found.depth = self.found.depth.max(self.weight);
        self.closed = false;
    }

    /// What follows a closed brace and is no operator begins anew.
    fn begin(&mut self) {
        if self.closed {
            self.cut();
        }
    }

    /// The chain ends.
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

    /// A string with escapes whose quote stands `prefix` bytes ahead.
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

    /// A raw string: `prefix` letters, then hashes, then the quote. Without a quote it is a name: `r#type`.
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

    /// A character, or a lifetime: `'a'`, `'\''`, `'a`.
    fn quote(&mut self) {
        self.begin();
        self.link();
        self.at += 1;
        let rest = self.rest();
        if rest.first() == Some(&b'\\') {
            // What is escaped is no closing quote; `\u{…}` holds none.
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

    /// A name, a number, a keyword, or the prefix of a literal.
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

/// Whether a byte belongs to a name or number. Those above ASCII are letters wherever a file lexes.
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
