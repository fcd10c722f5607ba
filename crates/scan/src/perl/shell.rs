//! Parses the commands of a shell command line in a Perl string.
//!
//! The line is a sequence of [`Unit`]s: a byte as the shell will see it, with its span in the file,
//! or an interpolation. So each word keeps its place in the file despite Perl's escapes and the
//! shell's quotes.

use std::ops::Range;

use syntax::shell::{Part, command, parts, unquoted};
use syntax::{Grammar, children, parse};
use tree_sitter::Node;

use super::tree::Id;
use crate::collect::DEEPEST;

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
    let line = Line::of(units);
    let mut found = Vec::new();
    if let Some(tree) = parse(Grammar::Bash, &line.text) {
        line.statement(tree.root_node(), &mut found, 0);
    }
    found
}

/// The text that the shell reads in place of an interpolation.
const INTERPOLATION: &[u8] = b"${_}";

/// A command line as text.
struct Line<'a> {
    units: &'a [Unit],
    text: Vec<u8>,
    /// For each byte of the text the index of its unit.
    owners: Vec<usize>,
}

impl<'a> Line<'a> {
    fn of(units: &'a [Unit]) -> Self {
        let mut line = Self {
            units,
            text: Vec::new(),
            owners: Vec::new(),
        };
        for (index, unit) in units.iter().enumerate() {
            match unit.byte {
                Some(byte) => line.text.push(byte),
                None => line.text.extend(INTERPOLATION),
            }
            line.owners.resize(line.text.len(), index);
        }
        line
    }

    fn statement(&self, node: Node<'_>, found: &mut Vec<Vec<ShellWord>>, depth: u32) {
        if depth > DEEPEST {
            return;
        }
        // Substitutions run first.
        for child in children(node) {
            self.statement(child, found, depth + 1);
        }
        let words: Vec<Node> = match node.kind() {
            "command" => command(node).words,
            "test_command" | "declaration_command" | "unset_command" => {
                let mut words = Vec::new();
                leaves(node, &mut words, depth);
                words
            }
            _ => return,
        };
        let words: Vec<ShellWord> = words.into_iter().map(|word| self.word(word)).collect();
        found.push(words);
    }

    fn word(&self, node: Node<'_>) -> ShellWord {
        let mut word = ShellWord::default();
        for part in parts(node) {
            match part {
                Part::Text { range, quoting } => {
                    let text = self.text.get(range.clone()).unwrap_or_default();
                    let offsets = unquoted(text, quoting).map(|(at, _)| range.start + at);
                    self.push(offsets, &mut word);
                }
                Part::Expansion(node)
                    if matches!(node.kind(), "simple_expansion" | "expansion") =>
                {
                    self.push(node.byte_range(), &mut word);
                }
                // Its output is not known.
                Part::Expansion(node) => {
                    let start = self
                        .unit(node.start_byte())
                        .map_or(0, |unit| unit.span.start);
                    word.units.push(Unit {
                        byte: None,
                        span: start..start,
                        node: None,
                    });
                }
            }
        }
        word
    }

    fn unit(&self, at: usize) -> Option<&'a Unit> {
        self.owners.get(at).and_then(|index| self.units.get(*index))
    }

    fn push(&self, offsets: impl Iterator<Item = usize>, word: &mut ShellWord) {
        let mut last = None;
        for at in offsets {
            let owner = self.owners.get(at);
            if owner != last {
                word.units.extend(self.unit(at).cloned());
            }
            last = owner;
        }
    }
}

/// The words and operators below a node, in order.
fn leaves<'n>(node: Node<'n>, found: &mut Vec<Node<'n>>, depth: u32) {
    let all: Vec<Node> = node.children(&mut node.walk()).collect();
    for child in all {
        let is_inner = child.kind().ends_with("_expression");
        if is_inner && depth < DEEPEST {
            leaves(child, found, depth + 1);
        } else {
            found.push(child);
        }
    }
}
