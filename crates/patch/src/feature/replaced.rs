//! Replaces expressions in any language that has a grammar.

use std::collections::BTreeSet;

use tree_sitter::{Node, Tree};

use super::{Change, Cuts, not_here};
use decide::rules::{Feature, Replace};
use problem::Problem;
use syntax::children;

/// Returns a feature's replacements in a file.
///
/// # Errors
/// An expression occurs more or less often than the rule says.
pub(super) fn changes(
    feature: &Feature,
    path: &str,
    tree: &Tree,
    bytes: &[u8],
) -> Result<Vec<Change>, Problem> {
    let mut changes = Vec::new();
    for one in wanted(feature, path) {
        let spans = spans(one, tree, bytes);
        if spans.is_empty() {
            let missing = format!("no `{}` is here", one.text);
            return Err(not_here(feature, path, &missing));
        }
        if spans.len() != one.times {
            let (is, said) = (spans.len(), one.times);
            let missing = format!(
                "`{}` is here {is} times, where the rule says {said}",
                one.text
            );
            return Err(not_here(feature, path, &missing));
        }
        changes.extend(spans.into_iter().map(|span| (span, one.with.clone())));
    }
    Ok(changes)
}

/// Returns the feature's expressions that occur in a file.
pub(super) fn there(feature: &Feature, path: &str, tree: &Tree, bytes: &[u8]) -> BTreeSet<String> {
    let there = wanted(feature, path).filter(|one| !spans(one, tree, bytes).is_empty());
    there.map(|one| one.text.clone()).collect()
}

fn wanted<'a>(feature: &'a Feature, path: &str) -> impl Iterator<Item = &'a Replace> {
    feature.replace.iter().filter(move |one| one.file == path)
}

fn spans(one: &Replace, tree: &Tree, bytes: &[u8]) -> Cuts {
    let mut spans = Cuts::new();
    expressions(tree.root_node(), bytes, one.text.as_bytes(), &mut spans);
    spans
}

/// Finds the outermost nodes with this text, whole strings included. Comments and strings contain
/// no expressions.
fn expressions(node: Node, bytes: &[u8], text: &[u8], found: &mut Cuts) {
    let kind = node.kind();
    if matches!(kind, "comment" | "pod") || kind.contains("heredoc") {
        return;
    }
    if &bytes[node.byte_range()] == text {
        found.push(node.byte_range());
        return;
    }
    if kind.contains("string") {
        return;
    }
    for child in children(node) {
        expressions(child, bytes, text, found);
    }
}
