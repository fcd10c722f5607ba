//! Structural edits of features. A parser finds the places; there is no text patch to maintain.
//!
//! - For a dropped module: its `use` and `require` lines, the `register_method` that mounts it as a
//!   subclass, the index entry of that path, and every statement that calls it.
//! - For a dropped file: the file itself, and the words that name it in the Makefile beside it.
//! - Single elements of lists, each named by the rule.
//! - Expressions of Perl or JavaScript, each replaced by another.
//! - Instructions of C, compiled only for the processor that has them.

mod c;
mod javascript;
mod makefile;
mod perl;
mod replaced;
mod unit;

use std::collections::BTreeSet;
use std::ops::Range;

use decide::rules::Feature;
use problem::{FEATURE_NOT_FOUND, Problem};
use tree_sitter::Tree;

/// A span of a file and its replacement.
pub type Change = (Range<usize>, String);

/// Spans of a file.
type Cuts = Vec<Range<usize>>;

/// The parts of a file that a feature may change.
#[derive(Debug, Default)]
pub struct Holds {
    /// The names of the methods that the file registers.
    pub methods: BTreeSet<String>,
    /// The feature's elements that occur in a list of the file.
    pub elements: BTreeSet<String>,
    /// The feature's expressions that occur in the file.
    pub expressions: BTreeSet<String>,
    /// The feature's instructions that occur in the file.
    pub instructions: BTreeSet<String>,
}

/// Whether any of the feature's edits may apply to the file.
pub fn may_touch(feature: &Feature, path: &str, bytes: &[u8]) -> bool {
    let names_module = |module: &String| memchr::memmem::find(bytes, module.as_bytes()).is_some();
    feature.drop_modules.iter().any(names_module)
        || names_file(feature, path)
        || makefile::is_beside(feature, path)
}

/// Whether the feature names this file as one to edit.
pub fn names_file(feature: &Feature, path: &str) -> bool {
    files(feature).any(|file| file == path)
}

/// The files that the feature names as ones to edit.
pub fn files(feature: &Feature) -> impl Iterator<Item = &str> {
    let methods = feature.drop_methods.iter().map(|one| &one.file);
    let elements = feature.drop_elements.iter().map(|one| &one.file);
    let expressions = feature.replace.iter().map(|one| &one.file);
    let instructions = feature.only_on.iter().map(|one| &one.file);
    let named = methods
        .chain(elements)
        .chain(expressions)
        .chain(instructions);
    named.map(String::as_str)
}

/// Returns the feature's changes in a Perl file, a script, a file of C or a unit or a Makefile; `tree` is the Perl file's, where
/// it was parsed before.
///
/// # Errors
/// A file that does not parse; what is to be changed and is not there.
pub fn changes(
    feature: &Feature,
    path: &str,
    bytes: &[u8],
    tree: Option<&Tree>,
) -> Result<Vec<Change>, Problem> {
    if makefile::is_beside(feature, path) {
        let cuts = makefile::cuts(feature, path, bytes);
        Ok(cuts.into_iter().map(|cut| (cut, String::new())).collect())
    } else if c::is_named(feature, path) {
        c::changes(feature, path, bytes)
    } else if unit::is_unit(path) {
        let cuts = unit::cuts(feature, path, bytes)?;
        Ok(cuts.into_iter().map(|cut| (cut, String::new())).collect())
    } else if javascript::is_script(path) {
        javascript::changes(feature, path, bytes)
    } else {
        perl::changes(feature, path, bytes, tree)
    }
}

/// Returns the feature's targets in a file of Perl, JavaScript or C, or a unit.
///
/// # Errors
/// The file does not parse.
pub fn holds(feature: &Feature, path: &str, bytes: &[u8]) -> Result<Holds, Problem> {
    if c::is_named(feature, path) {
        Ok(c::holds(feature, path, bytes))
    } else if unit::is_unit(path) {
        Ok(unit::holds(feature, path, bytes))
    } else if javascript::is_script(path) {
        javascript::holds(feature, path, bytes)
    } else {
        perl::holds(feature, path, bytes)
    }
}

fn not_here(feature: &Feature, path: &str, missing: &str) -> Problem {
    let cause = format!("feature `{}`: {missing}", feature.name);
    let problem = Problem::new(&FEATURE_NOT_FOUND, cause);
    problem.in_source(&feature.source).at(path, None)
}

/// Widens the span to whole lines if only blanks surround it.
fn whole_lines(bytes: &[u8], span: Range<usize>) -> Range<usize> {
    let before = bytes[..span.start]
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let after = bytes[span.end..]
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(bytes.len(), |at| span.end + at + 1);
    let blank = |range: Range<usize>| bytes[range].iter().all(u8::is_ascii_whitespace);
    if blank(before..span.start) && blank(span.end..after) {
        before..after
    } else {
        span
    }
}
