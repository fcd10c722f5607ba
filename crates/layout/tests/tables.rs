//! `docs/nix.md`, the build hook and one rule agree with this crate's tables.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use layout::{ROWS, fold};

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::read_to_string(root.join(path)).expect("readable")
}

/// Returns an example path below a row's directory.
fn example(debian: &str) -> String {
    let directory = debian
        .replace("TRIPLET", "x86_64-linux-gnu")
        .replace("VERSION", "5.40");
    format!("{directory}/Hive/x")
}

#[test]
fn the_manual_shows_the_table() {
    let manual = read("docs/nix.md");
    let table = manual.split("| on Debian | in the output |\n").nth(1);
    let rows = table.expect("a table").lines().skip(1);
    let mut shown = BTreeSet::new();
    for row in rows.map_while(|line| line.strip_prefix("| `/")) {
        let (debian, output) = row.split_once(" | ").expect("two columns");
        let output: Vec<&str> = output.split('`').skip(1).step_by(2).collect();
        let debian = debian.trim_end_matches('`').split("`, `");
        for (at, directory) in debian.enumerate() {
            let output = output.get(at).or(output.last()).expect("an output");
            shown.insert((directory.trim_start_matches('/'), *output));
        }
    }
    let table = ROWS.iter().map(|row| (row.debian, row.output));
    assert_eq!(shown, table.collect());
}

/// Rows that the hook does not know yet. Packages that take hours to build depend on the hook, so
/// it gains these rows when it has to change for another reason.
const BEHIND: [&str; 3] = ["usr/lib/TRIPLET/perl5", "usr/local/bin", "usr/local/sbin"];

#[test]
fn the_build_hook_moves_files_by_the_table() {
    let hook = read("pkgs/build-support/pve-build-hook/setup-hook.sh");
    let (_, function) = hook.split_once("foldedName() {\n").expect("the function");
    let (function, _) = function.split_once("\n}\n").expect("its end");
    let script = format!("folded() {{\n{function}\n}}\nREPLY=; folded \"$1\"; echo \"$? $REPLY\"");
    let run = |path: &str| {
        let mut bash = Command::new("bash");
        let output = bash.args(["-c", &script, "bash", path]).output();
        let output = output.expect("bash runs").stdout;
        String::from_utf8(output).expect("UTF-8").trim().to_owned()
    };
    for row in ROWS {
        let path = example(row.debian);
        // The status distinguishes state from other files.
        let status = if row.debian == "var" { 2 } else { 0 };
        let wanted = format!("{status} {}", fold(&path));
        let moved = run(&path);
        let is_behind = BEHIND.contains(&row.debian);
        assert_eq!(moved != wanted, is_behind, "{path}: {moved}, not {wanted}");
    }
    assert_eq!(run("opt/hive/x"), "1");
}

#[test]
fn the_rule_for_tests_takes_the_same_directories() {
    let rules = read("rules/general/contexts.toml");
    let (_, rule) = rules.split_once("name = \"test-file\"").expect("the rule");
    let (_, globs) = rule.split_once("\"**/{").expect("a glob");
    let (words, _) = globs.split_once("}/**\"").expect("its end");
    let words: BTreeSet<&str> = words.split(',').collect();
    for directory in layout::TEST_DIRECTORIES {
        assert!(words.contains(directory), "{directory}: {words:?}");
    }
}
