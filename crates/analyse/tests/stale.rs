//! A stale rule is reported at its own line.

use std::fs;
use std::path::Path;

use analyse::{Knowledge, stale};
use decide::engine::Uses;

#[test]
fn each_rule_is_reported_in_its_file_and_on_its_line() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let knowledge = Knowledge::read(&root).unwrap_or_else(|problems| panic!("{problems:?}"));
    let all = stale(&Uses::default(), &knowledge);
    assert!(all.len() > 1000, "{}", all.len());
    for problem in all {
        let rule = problem.cause.split('`').nth(1).expect("the rule's name");
        let path = problem.place.path.as_deref().expect("a file");
        let text = fs::read_to_string(root.join(path)).unwrap_or_default();
        let line = problem.place.line.expect("a line") as usize;
        let line = text.lines().nth(line - 1).unwrap_or_default();
        // A switch's name includes its source, and a table's name in crates.toml includes its kind.
        let mut names = rule.match_indices('.').map(|(at, _)| &rule[at + 1..]);
        // A table about its file's own source does not repeat the source's name.
        let own =
            |name: &str| path.ends_with(&format!("/sources/{name}.toml")) && line.starts_with('[');
        assert!(
            names.any(|name| line.contains(name) || own(name)),
            "{rule} is not on this line of {path}: {line}"
        );
    }
}
