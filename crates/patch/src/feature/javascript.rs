//! Structural edits of JavaScript: replaced expressions.

use tree_sitter::Tree;

use super::{Change, Holds, replaced};
use decide::rules::Feature;
use problem::{Problem, UNPARSED};
use syntax::{Grammar, parse};

/// Whether a file is JavaScript, by its name.
pub(super) fn is_script(path: &str) -> bool {
    path.ends_with(".js")
}

/// Returns a feature's replacements in a script.
///
/// # Errors
/// The file does not parse, or contains an expression more or less often than the rule says.
pub(super) fn changes(feature: &Feature, path: &str, bytes: &[u8]) -> Result<Vec<Change>, Problem> {
    replaced::changes(feature, path, &parsed(feature, path, bytes)?, bytes)
}

/// Returns the feature's expressions that a script contains.
///
/// # Errors
/// The file does not parse.
pub(super) fn holds(feature: &Feature, path: &str, bytes: &[u8]) -> Result<Holds, Problem> {
    let tree = parsed(feature, path, bytes)?;
    Ok(Holds {
        expressions: replaced::there(feature, path, &tree, bytes),
        ..Holds::default()
    })
}

fn parsed(feature: &Feature, path: &str, bytes: &[u8]) -> Result<Tree, Problem> {
    parse(Grammar::Javascript, bytes).ok_or_else(|| {
        let problem = Problem::new(&UNPARSED, "the parser gave up");
        problem.in_source(&feature.source).at(path, None)
    })
}
