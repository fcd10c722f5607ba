//! The words of a command: reads them from an expression, and finds the programs among them.

use std::ops::Range;

use super::{DEEPEST, Finder};
use crate::Form;
use crate::calls::{Acts, Calls, Prefix};
use crate::perl::shell::{ShellWord, Unit};
use crate::perl::site::{elements, unquoted};
use crate::perl::tree::{Id, K, Tree};

/// One word of a command.
#[derive(Debug, Clone)]
pub struct Word {
    /// Its text, or the name of an interpolation or splice.
    pub text: String,
    /// The span in the file, for a fixed word.
    pub span: Option<Range<usize>>,
    pub form: Form,
    pub kind: WordKind,
    /// Its node.
    pub node: Id,
    /// The block in which it is added to the command.
    pub block: Id,
    /// Whether it may be missing (a branch without a value).
    pub optional: bool,
    /// Whether it is an alternative to the previous word (`$x ? 'a' : 'b'`).
    pub alternative: bool,
    /// Its units, for a word of a shell command line.
    pub units: Vec<Unit>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WordKind {
    Fixed,
    /// One value of a variable.
    Scalar,
    /// Any number of values of an array.
    Splice,
    /// An array within an array: a command of a pipeline.
    Nested,
    /// A value that is not followed.
    Dynamic,
}

impl Finder<'_> {
    pub(super) fn dynamic(node: Id, block: Id, text: String) -> Word {
        Word {
            text,
            span: None,
            form: Form::Literal,
            kind: WordKind::Dynamic,
            node,
            block,
            optional: false,
            alternative: false,
            units: Vec::new(),
        }
    }

    pub(super) fn shown(&self, id: Id) -> String {
        let text = String::from_utf8_lossy(self.tree.text(id));
        text.chars()
            .take(60)
            .map(|c| if c.is_whitespace() { ' ' } else { c })
            .collect()
    }

    pub(super) fn flatten_array(&mut self, id: Id, block: Id, words: &mut Vec<Word>) {
        let mut found = Vec::new();
        for child in self.tree.children(id) {
            elements(self.tree, child, &mut found);
        }
        for element in found {
            self.flatten(element, block, words);
        }
    }

    /// Adds the words of an expression in a list.
    pub(super) fn flatten(&mut self, id: Id, block: Id, words: &mut Vec<Word>) {
        if self.depth < DEEPEST {
            self.depth += 1;
            self.flatten_one(id, block, words);
            self.depth -= 1;
        }
    }

    pub(super) fn flatten_one(&mut self, id: Id, block: Id, words: &mut Vec<Word>) {
        let tree = self.tree;
        let word = Self::dynamic(id, block, String::new());
        let kind = match tree.kind(id) {
            K::Comment => return,
            K::Literal | K::Interpolated | K::Key => {
                words.push(self.string_word(id, word));
                return;
            }
            K::Words => {
                words.extend(quoted_words(tree, id).map(|span| {
                    let text = String::from_utf8_lossy(tree.slice(span.clone())).into_owned();
                    Word {
                        text,
                        span: Some(span),
                        form: Form::Word,
                        kind: WordKind::Fixed,
                        ..word.clone()
                    }
                }));
                return;
            }
            K::List | K::Parenthesized => {
                let mut found = Vec::new();
                elements(tree, id, &mut found);
                for element in found {
                    self.flatten(element, block, words);
                }
                return;
            }
            K::Conditional => return self.flatten_branches(id, block, words),
            K::AnonArray => WordKind::Nested,
            K::Array | K::ArrayDeref | K::Map => WordKind::Splice,
            K::Scalar => WordKind::Scalar,
            _ => WordKind::Dynamic,
        };
        words.push(Word {
            text: self.shown(id),
            kind,
            ..word
        });
    }

    pub(super) fn string_word(&self, id: Id, word: Word) -> Word {
        let tree = self.tree;
        let (span, form) = match tree.kind(id) {
            K::Key => (Some(tree.span(id)), Form::Bare),
            kind => {
                let content = tree.child(id, K::StringContent);
                let fixed = content.filter(|content| tree.children(*content).next().is_none());
                let empty = content
                    .is_none()
                    .then(|| tree.span(id).end..tree.span(id).end);
                let form = if kind == K::Literal {
                    Form::Literal
                } else {
                    Form::Interpolated
                };
                (fixed.map(|content| tree.span(content)).or(empty), form)
            }
        };
        match span {
            Some(span) => {
                let text = String::from_utf8_lossy(tree.slice(span.clone())).into_owned();
                Word {
                    text,
                    span: Some(span),
                    form,
                    kind: WordKind::Fixed,
                    ..word
                }
            }
            None => Word {
                text: unquoted(tree, id),
                form,
                ..word
            },
        }
    }

    pub(super) fn flatten_branches(&mut self, id: Id, block: Id, words: &mut Vec<Word>) {
        let branches: Vec<Vec<Word>> = self
            .tree
            .children(id)
            .filter(|child| self.tree.kind(*child) != K::Comment)
            .skip(1)
            .map(|branch| {
                let mut found = Vec::new();
                if self.tree.text(branch) != b"()" {
                    self.flatten(branch, block, &mut found);
                }
                found
            })
            .collect();
        let single = branches.iter().all(|branch| branch.len() == 1);
        for (at, branch) in branches.into_iter().enumerate() {
            words.extend(branch.into_iter().map(|word| Word {
                optional: word.optional || !single,
                alternative: single && at > 0,
                ..word
            }));
        }
    }

    pub(super) fn shell_word(&self, word: ShellWord, node: Id, block: Id) -> Word {
        let tree = self.tree;
        let blank = Self::dynamic(node, block, String::new());
        if let Some(fixed) = word.fixed() {
            let span = word
                .span()
                .filter(|span| tree.slice(span.clone()) == fixed.as_bytes());
            return Word {
                text: fixed,
                span,
                form: Form::Command,
                kind: WordKind::Fixed,
                units: word.units,
                ..blank
            };
        }
        if let Some(variable) = word.variable() {
            let kind = if tree.kind(variable) == K::Scalar {
                WordKind::Scalar
            } else {
                WordKind::Dynamic
            };
            return Word {
                text: self.shown(variable),
                kind,
                node: variable,
                units: word.units,
                ..blank
            };
        }
        let text = word
            .span()
            .map(|span| String::from_utf8_lossy(tree.slice(span)).into_owned());
        Word {
            text: text.unwrap_or_default(),
            units: word.units,
            ..blank
        }
    }
}

/// A command's words, with their places.
pub struct Line {
    pub words: Vec<Word>,
}

impl Line {
    pub fn new(words: Vec<Word>) -> Self {
        Self { words }
    }

    pub fn index(&self, at: usize) -> u32 {
        let alternatives = self
            .words
            .iter()
            .take(at + 1)
            .filter(|word| word.alternative)
            .count();
        u32::try_from(at - alternatives.min(at)).unwrap_or(u32::MAX)
    }

    pub fn before(&self, at: usize) -> String {
        let end = if self.words.get(at).is_some_and(|word| word.alternative) {
            at.saturating_sub(1)
        } else {
            at
        };
        let words: Vec<&str> = self
            .words
            .iter()
            .take(end)
            .filter(|word| !word.alternative)
            .map(|word| word.text.as_str())
            .collect();
        words.join(" ")
    }

    /// Whether a spliced array before the word at `at`, or ssh itself, runs it elsewhere.
    pub fn is_behind_runner(&self, calls: &Calls, at: usize) -> bool {
        let names = |word: &Word| match word.kind {
            WordKind::Splice => calls.names_runner(&word.text),
            WordKind::Fixed => calls
                .prefix(&word.text)
                .is_some_and(|prefix| prefix.acts == Acts::Remote),
            _ => false,
        };
        self.words.iter().take(at).any(names)
    }

    /// Whether the word `before` may be missing while the one at `at` is present, because it is
    /// optional or is added in another branch.
    pub fn may_miss(&self, tree: &Tree<'_>, before: usize, at: usize) -> bool {
        let (Some(before), Some(at)) = (self.words.get(before), self.words.get(at)) else {
            return false;
        };
        before.optional
            || (before.block != at.block && !tree.below(before.block).contains(&at.block))
    }
}

pub fn has_option(words: &[Word]) -> bool {
    words.iter().skip(1).any(|word| {
        word.kind == WordKind::Fixed && word.text.len() > 1 && word.text.starts_with('-')
    })
}

pub fn after_prefix(prefix: &Prefix, line: &Line, at: usize, spliced: bool) -> Option<usize> {
    let rest = line.words.iter().enumerate().skip(at + 1);
    let is_separator = |word: &Word| word.kind == WordKind::Fixed && word.text == "--";
    if let Some((dashes, _)) = rest
        .clone()
        .find(|(_, word)| prefix.separator && is_separator(word))
    {
        return Some(dashes + 1);
    }
    let mut positional = prefix.positional;
    let mut value = false;
    for (next, word) in rest {
        if word.alternative || std::mem::take(&mut value) {
            continue;
        }
        if is_separator(word) {
            return Some(next + 1);
        }
        match word.kind {
            WordKind::Splice => {}
            WordKind::Fixed | WordKind::Dynamic if word.text.starts_with('-') => {
                value = prefix.value_options.contains(&word.text);
            }
            _ if prefix.assignments && word.text.contains('=') => {}
            // The words before the program may already be in the spliced array.
            _ if positional > 0 && (!spliced || is_host(word)) => positional -= 1,
            _ => return Some(next),
        }
    }
    None
}

/// Whether a word that is not fixed looks like the host argument of ssh.
fn is_host(word: &Word) -> bool {
    word.kind != WordKind::Fixed
        && ["@", "host", "addr", "ip", "node", "target"]
            .iter()
            .any(|part| word.text.contains(part))
}

/// Returns the index of the program after a spliced ssh command or the like.
pub fn after_runner(line: &Line, at: usize) -> Option<usize> {
    let (next, word) = line
        .words
        .iter()
        .enumerate()
        .skip(at + 1)
        .filter(|(_, word)| !word.alternative)
        .find(|(_, word)| {
            word.text == "--"
                || (word.kind != WordKind::Splice && !word.text.starts_with('-') && !is_host(word))
        })?;
    Some(if word.text == "--" { next + 1 } else { next })
}

/// Returns the spans of the words of `qw(…)`.
pub fn quoted_words<'t>(tree: &'t Tree<'_>, id: Id) -> impl Iterator<Item = Range<usize>> + 't {
    let content = tree
        .child(id, K::StringContent)
        .map_or(0..0, |content| tree.span(content));
    let bytes = tree.slice(content.clone());
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at
            + bytes
                .get(at..)?
                .iter()
                .position(|b| !b.is_ascii_whitespace())?;
        let rest = bytes.get(start..)?;
        at = start
            + rest
                .iter()
                .position(u8::is_ascii_whitespace)
                .unwrap_or(rest.len());
        Some(content.start + start..content.start + at)
    })
}

/// Whether a word may be a program's name.
pub fn is_program(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'+' | b'-'))
        && text.bytes().any(|b| b.is_ascii_alphabetic())
}
