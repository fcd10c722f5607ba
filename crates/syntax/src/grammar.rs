//! Syntax trees made by tree-sitter, with one parser for each grammar and thread.

use std::borrow::Cow;
use std::cell::RefCell;

use tree_sitter::{Node, Parser, Tree};

/// The grammars. Each thread keeps one parser for each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grammar {
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

/// Parses `bytes`. Returns `None` only if the grammar's version does not fit the library's, which a
/// test excludes.
pub fn parse(grammar: Grammar, bytes: &[u8]) -> Option<Tree> {
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
        match grammar {
            Grammar::Bash => slot.as_mut()?.parse(ascii(bytes), None),
            _ => slot.as_mut()?.parse(bytes, None),
        }
    })
}

/// A node's named children.
pub fn children(node: Node<'_>) -> Vec<Node<'_>> {
    node.named_children(&mut node.walk()).collect()
}

/// The text for the grammar of Bash: letters in the place of all that is not ASCII, byte for byte, so that every
/// offset stays. Its scanner asks C's `isdigit` of whole code points, which reads outside of the table.
fn ascii(bytes: &[u8]) -> Cow<'_, [u8]> {
    if bytes.is_ascii() {
        return Cow::Borrowed(bytes);
    }
    let letter = |byte: &u8| if byte.is_ascii() { *byte } else { b'x' };
    Cow::Owned(bytes.iter().map(letter).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_grammar_fits_the_library() {
        for grammar in [
            Grammar::Bash,
            Grammar::C,
            Grammar::Javascript,
            Grammar::Python,
        ] {
            assert!(parse(grammar, b"x").is_some(), "{grammar:?}");
        }
    }
}
