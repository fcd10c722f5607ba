//! Whole runs of the command: `cmd/*.trycmd` hold command lines with their output, and the tests below
//! what such a file cannot say.

use std::fs::File;
use std::io;
use std::process::{Command, Stdio};

fn xtask() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.env_remove("PVE_SOURCES").stdin(Stdio::null());
    command
}

fn stdout(args: &[&str]) -> String {
    let output = xtask().args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn command_lines() {
    trycmd::TestCases::new()
        .env("PVE_SOURCES", "")
        .case("tests/cmd/*.trycmd");
}

#[test]
fn the_document_of_problem_codes_is_in_step() {
    let document = include_str!("../../docs/problems.md");
    assert!(
        document == stdout(&["explain", "--all", "--format", "markdown"]),
        "run: cargo xtask explain --all --format markdown > docs/problems.md"
    );
}

#[test]
fn the_links_of_the_document_lead_to_its_sections() {
    for code in xtask::problem::CODES {
        let anchor = xtask::report::codes::anchor(code);
        let link = format!("| [{}](#{anchor}) |", code.id);
        assert!(
            include_str!("../../docs/problems.md").contains(&link),
            "{link}"
        );
        assert!(
            anchor.starts_with(&format!("{}-", code.id.to_lowercase())),
            "{anchor}"
        );
    }
}

#[test]
fn every_code_can_be_explained_whatever_its_case() {
    for code in xtask::problem::CODES {
        let text = stdout(&["explain", &code.id.to_lowercase()]);
        assert!(
            text.starts_with(&format!("{} {}\n", code.id, code.title)),
            "{text}"
        );
        assert!(!text.contains('\u{1b}'), "colour is for terminals");
    }
}

#[test]
fn a_reader_that_stops_early_is_no_problem() {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let output = xtask()
        .args(["explain", "--all"])
        .stdout(writer)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(output.stderr, b"");
}

#[test]
fn a_full_disk_is_an_error() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = xtask()
        .args(["explain", "--all"])
        .stdout(full)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.starts_with("PNX-405: "), "{stderr}");
    assert!(stderr.contains("No space left on device"), "{stderr}");
}
