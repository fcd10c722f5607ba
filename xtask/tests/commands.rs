//! Whole runs of the command. `cmd/*.trycmd` contain command lines with their output; the tests
//! below cover what such a file cannot express.

use std::fs::File;
use std::io;
use std::process::{Command, Stdio};

fn xtask() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pve-nix"));
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
    for code in problem::CODES {
        let anchor = report::codes::anchor(code);
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
    for code in problem::CODES {
        let text = stdout(&["explain", &code.id.to_lowercase()]);
        assert!(
            text.starts_with(&format!("{} {}\n", code.id, code.title)),
            "{text}"
        );
        assert!(!text.contains('\u{1b}'), "colour is for terminals");
    }
}

#[test]
fn every_command_is_completed_and_has_a_manual_page() {
    let help = stdout(&["--help"]);
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let (commands, _) = commands.split_once("\n\n").unwrap();
    let names = commands
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    let names: Vec<&str> = names.filter(|name| *name != "help").collect();
    assert!(names.contains(&"drift") && names.len() > 10, "{names:?}");
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().to_str().unwrap();
    stdout(&["man", "--out", out]);
    for name in &names {
        let page = std::fs::read_to_string(dir.path().join(format!("pve-nix-{name}.1"))).unwrap();
        assert!(page.contains(".SH SYNOPSIS"), "{name}: {page}");
    }
    assert!(!dir.path().join("pve-nix-check-inside.1").exists());
    assert!(stdout(&["man"]).contains(".TH pve-nix 1"));
    for (shell, file) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef pve-nix"),
        ("fish", "complete -c pve-nix"),
    ] {
        let text = stdout(&["completions", shell]);
        assert!(text.contains(file), "{shell}: {text}");
        for name in &names {
            assert!(text.contains(name), "{shell} knows no {name}");
        }
    }
    // The completions for bash must be valid bash.
    let script = dir.path().join("pve-nix.bash");
    std::fs::write(&script, stdout(&["completions", "bash"])).unwrap();
    let parsed = Command::new("bash")
        .arg("-n")
        .arg(&script)
        .status()
        .unwrap();
    assert!(parsed.success());
}

/// Returns a file of this project.
fn document(path: &str) -> String {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    std::fs::read_to_string(root.join(path)).unwrap()
}

#[test]
fn the_documents_name_every_rule_file_every_command_and_every_word() {
    let rules = document("docs/rules.md");
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules");
    let mut files = 0;
    for part in ["general", "nixpkgs"] {
        for entry in std::fs::read_dir(directory.join(part)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(
                rules.contains(&format!("`{name}`")),
                "docs/rules.md: {name}"
            );
            files += 1;
        }
    }
    assert!(files > 15, "{files}");
    let readme = document("README.md");
    let (_, table) = readme.split_once("## Commands").unwrap();
    let help = stdout(&["--help"]);
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let (commands, _) = commands.split_once("\n\n").unwrap();
    for name in commands
        .lines()
        .filter_map(|line| line.split_whitespace().next())
    {
        let is_there = [format!("`{name}`"), format!("`{name} ")];
        let is_there = is_there.iter().any(|cell| table.contains(cell.as_str()));
        assert!(name == "help" || is_there, "README.md: {name}");
    }
    let glossary = document("docs/glossary.md");
    for word in [
        "release",
        "source",
        "occurrence",
        "context",
        "decision",
        "rule",
        "object",
        "link",
        "knot",
        "sibling",
    ] {
        assert!(
            glossary.contains(&format!("\n| **{word}**")),
            "docs/glossary.md: {word}"
        );
    }
    for decision in decide::Verdict::ALL {
        let word = decision.word();
        assert!(
            glossary.contains(&format!("`{word}`")),
            "docs/glossary.md: {word}"
        );
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
