//! Edits the root manifests and Cargo's configuration so that cargo takes crates from the joined
//! tree.

use std::collections::BTreeMap;

use crate::rewrite::{Edit, Theme};
use cargo::{Program, join};
use problem::{BAD_CARGO_MANIFEST, Problem};
use release::Source;

/// Returns one edit for each file of `source` that changes, by path. It spans the first to the last
/// byte that differs.
///
/// # Errors
/// A file cannot be read or is not TOML.
pub fn edits(source: &Source, programs: &[Program]) -> Result<BTreeMap<String, Edit>, Problem> {
    let mut edits = BTreeMap::new();
    let own = programs
        .iter()
        .filter(|program| program.own_source() == source.name && program.is_resolved());
    for program in own {
        let entries = join::changing(program, source);
        let contents = source.tree.read(&entries)?;
        for (entry, bytes) in entries.iter().zip(contents) {
            let text = str::from_utf8(&bytes).map_err(|error| {
                Problem::new(&BAD_CARGO_MANIFEST, error.to_string())
                    .in_source(&source.name)
                    .at(&entry.path, None)
            })?;
            let changed = join::changed(program, &entry.path, text)?;
            if let Some(edit) = difference(text, &changed) {
                edits.insert(entry.path.clone(), edit);
            }
        }
    }
    Ok(edits)
}

/// Returns the single replacement that turns `before` into `after`, or `None` if they are equal.
fn difference(before: &str, after: &str) -> Option<Edit> {
    if before == after {
        return None;
    }
    let same = |pair: &(char, char)| pair.0 == pair.1;
    let lengths = |(one, _): (char, char)| one.len_utf8();
    let start: usize = before
        .chars()
        .zip(after.chars())
        .take_while(same)
        .map(lengths)
        .sum();
    let tails = [before, after].map(|text| text.get(start..).unwrap_or_default());
    let [old, new] = tails;
    let end: usize = old
        .chars()
        .rev()
        .zip(new.chars().rev())
        .take_while(same)
        .map(lengths)
        .sum();
    Some(Edit {
        range: start..before.len() - end,
        replacement: new.get(..new.len() - end).unwrap_or_default().to_owned(),
        theme: Theme::Crates,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_is_all_that_changes() {
        for (before, after) in [
            ("a\nb\nc\n", "a\nx\nc\n"),
            ("", "x"),
            ("aa", "aaa"),
            ("abab", "ab"),
            ("é1", "è1"),
        ] {
            let edit = difference(before, after).expect("they differ");
            let mut made = before.to_owned();
            made.replace_range(edit.range, &edit.replacement);
            assert_eq!(made, after);
        }
        assert!(difference("x", "x").is_none());
    }
}
