//! Parses the commands of a shell command line in a Perl string.
//!
//! The line is a sequence of [`Unit`]s: a byte as the shell will see it, with its span in the file,
//! or an interpolation. So each word keeps its place in the file despite Perl's escapes and the
//! shell's quotes.

use std::ops::Range;

use super::tree::Id;

/// One byte of a command line, or one interpolation.
#[derive(Debug, Clone)]
pub struct Unit {
    /// The byte that the shell sees; `None` for an interpolation.
    pub byte: Option<u8>,
    /// Its span in the file.
    pub span: Range<usize>,
    /// The interpolated expression.
    pub node: Option<Id>,
}

/// One word of a simple command, without quotes.
#[derive(Debug, Clone, Default)]
pub struct ShellWord {
    /// Its units.
    pub units: Vec<Unit>,
}

impl ShellWord {
    /// Returns its text, unless it contains an interpolation.
    pub fn fixed(&self) -> Option<String> {
        let bytes: Option<Vec<u8>> = self.units.iter().map(|unit| unit.byte).collect();
        bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Returns the interpolation, if it consists of exactly one.
    pub fn variable(&self) -> Option<Id> {
        match self.units.as_slice() {
            [
                Unit {
                    node: Some(node), ..
                },
            ] => Some(*node),
            _ => None,
        }
    }

    /// Returns its span in the file, without quotes.
    pub fn span(&self) -> Option<Range<usize>> {
        Some(self.units.first()?.span.start..self.units.last()?.span.end)
    }
}

/// Returns the simple commands of a line in order, including those in `$(…)` and backticks.
/// Assignments, redirections and the shell's keywords are left out.
pub fn commands(units: &[Unit]) -> Vec<Vec<ShellWord>> {
    let mut lexer = Lexer {
        units,
        at: 0,
        found: Vec::new(),
        depth: 0,
    };
    while lexer.at < units.len() {
        lexer.list(None);
        lexer.at += 1;
    }
    lexer.found
}

/// The nesting beyond which substitutions are ignored.
const DEEPEST: u32 = 32;

struct Lexer<'a> {
    units: &'a [Unit],
    at: usize,
    found: Vec<Vec<ShellWord>>,
    depth: u32,
}

#[derive(Default)]
struct Simple {
    words: Vec<ShellWord>,
    /// Whether words up to the next separator belong to `for` or `case` rather than to a command.
    ignored: bool,
    case: u32,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.units.get(self.at + ahead).and_then(|unit| unit.byte)
    }

    /// Reads commands up to `close`, which it leaves for the caller.
    fn list(&mut self, close: Option<u8>) {
        let mut simple = Simple::default();
        while self.at < self.units.len() {
            let byte = self.peek(0);
            if byte.is_some() && byte == close {
                break;
            }
            match byte {
                Some(b' ' | b'\t' | b'\r') => self.at += 1,
                Some(b'\\') if self.peek(1) == Some(b'\n') => self.at += 2,
                Some(b'\n' | b';' | b'|' | b'&' | b'(') => {
                    self.end(&mut simple);
                    self.at += 1;
                }
                Some(b')') => {
                    if simple.case > 0 {
                        simple.words.clear();
                    }
                    self.end(&mut simple);
                    self.at += 1;
                }
                Some(b'#') => self.comment(),
                Some(b'<' | b'>') => self.redirection(),
                Some(b'0'..=b'9') if matches!(self.peek(1), Some(b'<' | b'>')) => {
                    self.at += 1;
                    self.redirection();
                }
                _ => {
                    let word = self.word(close);
                    take(&mut simple, word);
                }
            }
        }
        self.end(&mut simple);
    }

    fn end(&mut self, simple: &mut Simple) {
        simple.ignored = false;
        let words = std::mem::take(&mut simple.words);
        if !words.is_empty() {
            self.found.push(words);
        }
    }

    fn comment(&mut self) {
        while self.at < self.units.len() && self.peek(0) != Some(b'\n') {
            self.at += 1;
        }
    }

    fn redirection(&mut self) {
        while matches!(self.peek(0), Some(b'<' | b'>' | b'&' | b'|')) {
            self.at += 1;
        }
        while matches!(self.peek(0), Some(b' ' | b'\t')) {
            self.at += 1;
        }
        if self.at < self.units.len() && !matches!(self.peek(0), Some(b'\n' | b';' | b')')) {
            let _target = self.word(None);
        }
    }

    fn word(&mut self, close: Option<u8>) -> ShellWord {
        let mut word = ShellWord::default();
        let begin = self.at;
        while let Some(unit) = self.units.get(self.at) {
            match unit.byte {
                Some(
                    b' ' | b'\t' | b'\r' | b'\n' | b';' | b'|' | b'&' | b'(' | b')' | b'<' | b'>',
                ) if self.at > begin => break,
                byte if byte.is_some() && byte == close => break,
                Some(b'\'') => {
                    self.at += 1;
                    self.single_quoted(&mut word);
                }
                Some(b'"') => {
                    self.at += 1;
                    self.double_quoted(&mut word);
                }
                Some(b'\\') => {
                    self.at += 1;
                    self.plain(&mut word);
                }
                Some(b'`') => self.substitution(1, b'`', &mut word),
                Some(b'$') if self.peek(1) == Some(b'(') => self.substitution(2, b')', &mut word),
                _ => self.plain(&mut word),
            }
        }
        word
    }

    fn plain(&mut self, word: &mut ShellWord) {
        word.units.extend(self.units.get(self.at).cloned());
        self.at += 1;
    }

    fn single_quoted(&mut self, word: &mut ShellWord) {
        while self.at < self.units.len() && self.peek(0) != Some(b'\'') {
            self.plain(word);
        }
        self.at += 1;
    }

    fn double_quoted(&mut self, word: &mut ShellWord) {
        while self.at < self.units.len() {
            match self.peek(0) {
                Some(b'"') => break,
                Some(b'\\') if matches!(self.peek(1), Some(b'"' | b'\\' | b'$' | b'`')) => {
                    self.at += 1;
                    self.plain(word);
                }
                Some(b'`') => self.substitution(1, b'`', word),
                Some(b'$') if self.peek(1) == Some(b'(') => self.substitution(2, b')', word),
                _ => self.plain(word),
            }
        }
        self.at += 1;
    }

    /// Reads `$(…)` or backticks. The commands inside are collected, and the word is not fixed.
    fn substitution(&mut self, opening: usize, close: u8, word: &mut ShellWord) {
        let start = self.units.get(self.at).map_or(0, |unit| unit.span.start);
        word.units.push(Unit {
            byte: None,
            span: start..start,
            node: None,
        });
        self.at += opening;
        if self.depth >= DEEPEST {
            self.at = self.units.len();
            return;
        }
        self.depth += 1;
        self.list(Some(close));
        self.depth -= 1;
        self.at += 1;
    }
}

/// Adds a word to a command, unless it is the shell's syntax.
fn take(simple: &mut Simple, word: ShellWord) {
    let fixed = word.fixed();
    if simple.words.is_empty() && !simple.ignored {
        match fixed.as_deref() {
            Some(
                "!" | "{" | "}" | "then" | "else" | "elif" | "if" | "do" | "while" | "until"
                | "time" | "fi" | "done",
            ) => return,
            Some("case") => {
                simple.case += 1;
                simple.ignored = true;
                return;
            }
            Some("esac") => {
                simple.case = simple.case.saturating_sub(1);
                return;
            }
            Some("for" | "select" | "function") => {
                simple.ignored = true;
                return;
            }
            _ if is_assignment(&word) => return,
            _ => {}
        }
    }
    if simple.ignored {
        // `case WORD in` ends here. The patterns after it are dropped at their `)`.
        simple.ignored = !(simple.case > 0 && fixed.as_deref() == Some("in"));
    } else if !word.units.is_empty() {
        simple.words.push(word);
    }
}

fn is_assignment(word: &ShellWord) -> bool {
    let mut bytes = word.units.iter().map(|unit| unit.byte);
    let name = bytes
        .by_ref()
        .take_while(|byte| byte.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_'))
        .count();
    let starts = word
        .units
        .first()
        .and_then(|unit| unit.byte)
        .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    starts && word.units.get(name).and_then(|unit| unit.byte) == Some(b'=')
}
