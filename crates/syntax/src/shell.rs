//! Words of shell scripts, from the syntax trees of tree-sitter's grammar of Bash.

use std::ops::Range;

use tree_sitter::Node;

use super::children;

/// The depth at which a walk over a script stops going down: hostile input nests without end, the stack does not.
const DEEPEST: u32 = 400;

/// A part of a word, a string or a heredoc's body.
#[derive(Debug, Clone)]
pub enum Part<'n> {
    /// Text that the shell takes as it is, quotes and backslashes apart.
    Text {
        /// Where it is, without its quotes.
        range: Range<usize>,
        /// The quotes around it.
        quoting: Quoting,
    },
    /// Text that the shell expands: `$x`, `${x:-y}`, `$(…)`, `$((…))`.
    Expansion(Node<'n>),
}

/// The quotes around a text: POSIX, Shell Command Language, 2.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quoting {
    /// None.
    Bare,
    /// `'…'`
    Single,
    /// `"…"`
    Double,
    /// `$'…'`, with C's escapes.
    AnsiC,
    /// The body of a here-document.
    Heredoc,
}

/// The parts of a simple command.
#[derive(Debug, Clone, Default)]
pub struct Command<'n> {
    /// Its words, the program's first.
    pub words: Vec<Node<'n>>,
    /// Its assignments, redirections and what the grammar does not know.
    pub rest: Vec<Node<'n>>,
}

/// Cuts a word, a string or a heredoc's body into its parts.
pub fn parts(node: Node<'_>) -> Vec<Part<'_>> {
    let mut found = Vec::new();
    if is_expansion(node) {
        found.push(Part::Expansion(node));
    } else {
        cut(node, &mut found, 0);
    }
    found
}

/// The words and the rest of a `command`.
pub fn command(node: Node<'_>) -> Command<'_> {
    let mut command = Command::default();
    for child in children(node) {
        match child.kind() {
            "command_name" => command.words.push(child.named_child(0).unwrap_or(child)),
            "variable_assignment" | "comment" | "ERROR" => command.rest.push(child),
            kind if kind.ends_with("redirect") => command.rest.push(child),
            _ => command.words.push(child),
        }
    }
    command
}

/// The names and bodies of the functions that a script defines, in its order.
pub fn functions(root: Node<'_>) -> Vec<(Node<'_>, Node<'_>)> {
    let mut found = Vec::new();
    defined(root, &mut found, 0);
    found
}

fn defined<'n>(node: Node<'n>, found: &mut Vec<(Node<'n>, Node<'n>)>, depth: u32) {
    if depth > DEEPEST {
        return;
    }
    if node.kind() == "function_definition"
        && let (Some(name), Some(body)) = (
            node.child_by_field_name("name"),
            node.child_by_field_name("body"),
        )
    {
        found.push((name, body));
    }
    for child in children(node) {
        defined(child, found, depth + 1);
    }
}

fn is_expansion(node: Node) -> bool {
    matches!(
        node.kind(),
        "simple_expansion"
            | "expansion"
            | "command_substitution"
            | "arithmetic_expansion"
            | "process_substitution"
            | "ERROR"
    )
}

fn is_quoted(node: Node) -> bool {
    matches!(
        node.kind(),
        "string" | "translated_string" | "raw_string" | "ansi_c_string" | "concatenation"
    )
}

fn cut<'n>(node: Node<'n>, found: &mut Vec<Part<'n>>, depth: u32) {
    let range = node.byte_range();
    let (quoting, open, close) = match node.kind() {
        "string" => (Quoting::Double, 1, 1),
        "raw_string" => (Quoting::Single, 1, 1),
        "ansi_c_string" => (Quoting::AnsiC, 2, 1),
        "heredoc_body" => (Quoting::Heredoc, 0, 0),
        _ => (Quoting::Bare, 0, 0),
    };
    if depth > DEEPEST {
        return found.push(Part::Text { range, quoting });
    }
    let mut at = (range.start + open).min(range.end);
    let end = range.end.saturating_sub(close).max(at);
    let text = |from: usize, to: usize| {
        (from < to).then_some(Part::Text {
            range: from..to,
            quoting,
        })
    };
    for child in children(node) {
        if is_expansion(child) {
            found.extend(text(at, child.start_byte()));
            found.push(Part::Expansion(child));
        } else if is_quoted(child) {
            found.extend(text(at, child.start_byte()));
            cut(child, found, depth + 1);
        } else {
            continue;
        }
        at = child.end_byte();
    }
    found.extend(text(at, end));
}

/// Returns a text as the shell reads it: without the backslashes that quote something.
pub fn unescape(text: &str, quoting: Quoting) -> String {
    let kept: Vec<u8> = unquoted(text.as_bytes(), quoting)
        .map(|(_, byte)| byte)
        .collect();
    String::from_utf8_lossy(&kept).into_owned()
}

/// The bytes of a text that the shell keeps, with their offsets.
pub fn unquoted(text: &[u8], quoting: Quoting) -> impl Iterator<Item = (usize, u8)> {
    let quotes = move |byte: u8| match quoting {
        Quoting::Bare => true,
        Quoting::Double => matches!(byte, b'$' | b'`' | b'"' | b'\\' | b'\n'),
        Quoting::Heredoc => matches!(byte, b'$' | b'`' | b'\\' | b'\n'),
        Quoting::Single | Quoting::AnsiC => false,
    };
    let mut at = 0;
    std::iter::from_fn(move || {
        while text.get(at) == Some(&b'\\') && text.get(at + 1).is_some_and(|next| quotes(*next)) {
            at += 1;
            if text.get(at) != Some(&b'\n') {
                break;
            }
            at += 1;
        }
        let byte = *text.get(at)?;
        at += 1;
        Some((at - 1, byte))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Grammar, parse};

    fn shown(script: &str) -> Vec<String> {
        let tree = parse(Grammar::Bash, script.as_bytes()).unwrap();
        let mut node = tree.root_node();
        while node.kind() != "command" {
            node = node.named_child(0).unwrap();
        }
        let command = command(node);
        let one = |part: Part| match part {
            Part::Text { range, quoting } => {
                format!("{quoting:?} {}", unescape(&script[range], quoting))
            }
            Part::Expansion(node) => format!("<{}>", &script[node.byte_range()]),
        };
        let word = |node: &Node| {
            let parts = parts(*node).into_iter().map(one);
            parts.collect::<Vec<_>>().join(", ")
        };
        let rest = command.rest.iter().map(|node| node.kind().to_owned());
        command.words.iter().map(word).chain(rest).collect()
    }

    #[test]
    fn words_are_cut_into_text_and_expansions() {
        assert_eq!(
            shown(r#"A=1 x/$y"a\"b $z "\ 'c\d'$'e'"$(f)" g\ h"#),
            [
                r#"Bare x/, <$y>, Double a"b , <$z>, Double  "#,
                r"Single c\d, AnsiC e, <$(f)>",
                "Bare g h",
                "variable_assignment",
            ]
        );
    }

    #[test]
    fn functions_with_their_bodies() {
        let script = "f() { g() { :; }; }\nfunction h { :; }\n";
        let tree = parse(Grammar::Bash, script.as_bytes()).unwrap();
        let names = functions(tree.root_node()).into_iter();
        let names: Vec<&str> = names.map(|(name, _)| &script[name.byte_range()]).collect();
        assert_eq!(names, ["f", "g", "h"]);
    }
}
