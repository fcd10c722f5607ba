//! Comments and pages keep two rules of plain English that a machine can check.

use std::fs;
use std::path::{Path, PathBuf};

/// The longest line of prose, in characters.
const WIDTH: usize = 100;

/// Pages that Nix generates from the options' own texts, one paragraph per line.
const UNWRAPPED: [&str; 1] = ["docs/options.md"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Returns the files below `directory` with this extension, by their path from the root.
fn files(directory: &str, extension: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(root().join(&directory)).expect("a directory") {
            let entry = entry.expect("readable");
            let path = format!("{directory}/{}", entry.file_name().to_string_lossy());
            if entry.file_type().expect("readable").is_dir() {
                open.push(path);
            } else if path.ends_with(extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).expect("readable")
}

/// Returns the text of a comment line, without the slashes.
fn comment(line: &str) -> Option<&str> {
    let text = line.trim_start().strip_prefix("//")?;
    Some(text.trim_start_matches(['/', '!']).trim_start())
}

/// Returns the numbers of the lines in `page` that are prose and longer than `WIDTH`. Tables, code
/// and lines with a URL cannot be wrapped.
fn long_lines(page: &str) -> Vec<usize> {
    let mut is_code = false;
    let mut long = Vec::new();
    for (index, line) in page.lines().enumerate() {
        let text = line.trim_start();
        if text.starts_with("```") {
            is_code = !is_code;
        }
        let is_prose = !is_code && !text.starts_with('|') && !line.contains("://");
        if is_prose && line.chars().count() > WIDTH {
            long.push(index + 1);
        }
    }
    long
}

#[test]
fn comments_say_who_does_what() {
    let directories = ["crates", "xtask", "pvenix"];
    let sources: Vec<String> = directories
        .iter()
        .flat_map(|directory| files(directory, ".rs"))
        .collect();
    assert!(sources.len() > 200, "{}", sources.len());
    let mut riddles = Vec::new();
    for path in sources {
        for (index, line) in read(&path).lines().enumerate() {
            if comment(line).is_some_and(|text| text.starts_with("What ")) {
                riddles.push(format!("{path}:{}: {}", index + 1, line.trim()));
            }
        }
    }
    assert!(
        riddles.is_empty(),
        "a comment begins with a noun clause; name the thing, or say who does what:\n{}",
        riddles.join("\n")
    );
}

#[test]
fn prose_is_wrapped() {
    let pages = files("docs", ".md");
    assert!(pages.len() > 20, "{pages:?}");
    let mut long = Vec::new();
    for path in pages {
        if !UNWRAPPED.contains(&path.as_str()) {
            let lines = long_lines(&read(&path));
            long.extend(lines.iter().map(|line| format!("{path}:{line}")));
        }
    }
    assert!(
        long.is_empty(),
        "lines of prose longer than {WIDTH} characters:\n{}",
        long.join("\n")
    );
}

#[test]
fn only_prose_counts_as_long() {
    let long = "word ".repeat(30);
    let page =
        format!("{long}\n| {long} |\n```\n{long}\n```\n  {long}\nsee https://example.org {long}\n");
    assert_eq!(long_lines(&page), [1, 6]);
}
