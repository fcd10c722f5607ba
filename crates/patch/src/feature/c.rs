//! Structural edits of C: assembly instructions that only one processor has.
//!
//! The edit keeps an assembly statement for the processor that has the instruction. On any other
//! processor it sets the statement's outputs to zero, behind an empty assembly statement that hides
//! the value from the compiler. With a visible zero, the compiler would warn of comparisons that
//! are always false.

use std::collections::BTreeSet;

use tree_sitter::{Node, Tree};

use super::{Change, Holds, not_here, whole_lines};
use decide::rules::{Feature, OnlyOn};
use problem::Problem;
use syntax::{Grammar, children, parse};

/// Whether the feature restricts an instruction of this file to one processor.
pub(super) fn is_named(feature: &Feature, path: &str) -> bool {
    feature.only_on.iter().any(|one| one.file == path)
}

/// Returns the lines to insert before and after each assembly statement that the feature names.
///
/// # Errors
/// The file lacks an instruction.
pub(super) fn changes(feature: &Feature, path: &str, bytes: &[u8]) -> Result<Vec<Change>, Problem> {
    let tree = parse(Grammar::C, bytes);
    let mut changes = Vec::new();
    for one in feature.only_on.iter().filter(|one| one.file == path) {
        let found = statements(tree.as_ref(), bytes, one);
        if found.is_empty() {
            let missing = format!("no assembly statement is `{}` here", one.instruction);
            return Err(not_here(feature, path, &missing));
        }
        changes.extend(found.iter().flat_map(|asm| guarded(*asm, bytes, one)));
    }
    Ok(changes)
}

/// Returns the feature's instructions that the file contains.
pub(super) fn holds(feature: &Feature, path: &str, bytes: &[u8]) -> Holds {
    let tree = parse(Grammar::C, bytes);
    let wanted = feature.only_on.iter().filter(|one| one.file == path);
    let there = wanted.filter(|one| !statements(tree.as_ref(), bytes, one).is_empty());
    Holds {
        instructions: there
            .map(|one| one.instruction.clone())
            .collect::<BTreeSet<_>>(),
        ..Holds::default()
    }
}

/// Finds the assembly expressions that are statements of their own and whose code is the
/// instruction.
fn statements<'t>(tree: Option<&'t Tree>, bytes: &[u8], one: &OnlyOn) -> Vec<Node<'t>> {
    let mut found = Vec::new();
    let mut left: Vec<Node> = tree.map(Tree::root_node).into_iter().collect();
    while let Some(node) = left.pop() {
        if node.kind() == "gnu_asm_expression" {
            let is_statement = node
                .parent()
                .is_some_and(|parent| parent.kind() == "expression_statement");
            let code = node.child_by_field_name("assembly_code");
            let is_it = code.is_some_and(|code| {
                let text = bytes[code.byte_range()].strip_prefix(b"\"");
                let text = text.and_then(|text| text.strip_suffix(b"\""));
                text.is_some_and(|text| text.trim_ascii() == one.instruction.as_bytes())
            });
            if is_statement && is_it {
                found.push(node);
            }
            continue;
        }
        left.extend(children(node));
    }
    found.sort_by_key(Node::start_byte);
    found
}

/// Returns the text to insert before and after the statement of an assembly expression.
fn guarded(asm: Node, bytes: &[u8], one: &OnlyOn) -> [Change; 2] {
    let statement = asm.parent().unwrap_or(asm).byte_range();
    let lines = whole_lines(bytes, statement.clone());
    let own_lines = lines.end > statement.end;
    let indent = String::from_utf8_lossy(&bytes[lines.start..statement.start]);
    let nought = nought(asm, bytes);
    // A preprocessor directive needs a line of its own.
    let (before, after) = if own_lines { ("", "") } else { ("\n", "\n") };
    let start = format!("{before}#ifdef {}\n", one.macro_name);
    let end = format!("{after}#else\n{indent}{nought}\n#endif\n");
    [
        (lines.start..lines.start, start),
        (lines.end..lines.end, end),
    ]
}

/// Returns a block that sets every output of an assembly expression to zero and uses every input.
fn nought(asm: Node, bytes: &[u8]) -> String {
    let values = |field: &str| -> Vec<String> {
        let Some(list) = asm.child_by_field_name(field) else {
            return Vec::new();
        };
        let mut cursor = list.walk();
        let operands: Vec<Node> = list
            .children_by_field_name("operand", &mut cursor)
            .collect();
        let values = operands
            .iter()
            .filter_map(|one| one.child_by_field_name("value"));
        values
            .map(|value| String::from_utf8_lossy(&bytes[value.byte_range()]).into_owned())
            .collect()
    };
    let outputs = values("output_operands");
    let set = outputs
        .iter()
        .map(|value| format!(" ({value}) = pnx_nought; (void)({value});"));
    let used = values("input_operands");
    let used = used.iter().map(|value| format!(" (void)({value});"));
    let rest: String = set.chain(used).collect();
    format!("{{ int pnx_nought = 0; __asm__ (\"\" : \"+r\" (pnx_nought));{rest} }}")
}
