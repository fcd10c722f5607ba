//! Nix files written by hand, and the examples for the emitter, parse and are formatted as by
//! nixfmt.

use std::path::{Path, PathBuf};

use walkdir::WalkDir;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn assert_formatted(what: &str, source: &str) {
    let formatted = nixfmt_rs::format(source)
        .unwrap_or_else(|error| panic!("{}", nixfmt_rs::format_error(source, Some(what), &error)));
    let mend = "`cargo run --release --package pve-nix --bin pve-nix-fmt` lays it out";
    assert_eq!(
        formatted, source,
        "{what} is not laid out as nixfmt does; {mend}"
    );
}

#[test]
fn hand_written_nix_is_formatted() {
    let mut files = 0;
    for directory in [
        "default.nix",
        "flake.nix",
        "overlays",
        "nix",
        "pkgs/build-support",
        "pkgs/outside",
    ] {
        for entry in WalkDir::new(root().join(directory)) {
            let path = entry.unwrap().into_path();
            if path.extension().is_some_and(|extension| extension == "nix") {
                let source = std::fs::read_to_string(&path).unwrap();
                assert_formatted(&path.display().to_string(), &source);
                files += 1;
            }
        }
    }
    assert!(files > 10, "only {files} files were found");
}

/// Both ways to the packages use the flake's pin, which default.nix reads.
#[test]
fn the_flakes_lock_names_what_the_flake_asks_for() {
    let text = std::fs::read_to_string(root().join("flake.lock")).unwrap();
    let lock: serde_json::Value = serde_json::from_str(&text).unwrap();
    let nixpkgs = &lock["nodes"]["nixpkgs"];
    let asked = ["owner", "repo", "ref"].map(|key| nixpkgs["original"][key].as_str().unwrap());
    let flake = std::fs::read_to_string(root().join("flake.nix")).unwrap();
    let url = format!("url = \"github:{}\";", asked.join("/"));
    assert!(flake.contains(&url), "{url}");
    assert_eq!(nixpkgs["flake"], false);
    let locked = &nixpkgs["locked"];
    assert_eq!(locked["rev"].as_str().map(str::len), Some(40));
    let hash = locked["narHash"].as_str().unwrap();
    assert!(release::parse_sri(hash).is_some(), "{hash}");
}

#[test]
fn the_documented_nix_files_are_formatted() {
    let text = std::fs::read_to_string(root().join("docs/nix.md")).unwrap();
    let blocks: Vec<&str> = text
        .split("```nix\n")
        .skip(1)
        .filter_map(|rest| rest.split_once("```").map(|(block, _)| block))
        .filter(|block| block.starts_with("# Made by"))
        .collect();
    assert_eq!(blocks.len(), 5);
    for (index, block) in blocks.iter().enumerate() {
        assert_formatted(&format!("docs/nix.md, file {}", index + 1), block);
    }
}

/// The flake's formatter must fix a file, keep its mode, and report errors.
#[test]
fn the_formatter_lays_out_what_it_is_given() {
    use std::os::unix::fs::PermissionsExt as _;

    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let bad = "{a,b}:\na+b";
    std::fs::create_dir_all(at("target")).unwrap();
    for name in ["bad.nix", "other.txt", "target/bad.nix", ".hidden.nix"] {
        std::fs::write(at(name), bad).unwrap();
    }
    std::fs::set_permissions(at("bad.nix"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let run = |more: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_pve-nix-fmt"));
        let output = command
            .current_dir(directory.path())
            .args(more)
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).into_owned(),
        )
    };
    assert_eq!(run(&["--check"]), (Some(1), "./bad.nix\n".to_owned()));
    assert_eq!(std::fs::read_to_string(at("bad.nix")).unwrap(), bad);
    assert_eq!(run(&[]).0, Some(0));
    assert_formatted("bad.nix", &std::fs::read_to_string(at("bad.nix")).unwrap());
    assert_eq!(
        std::fs::metadata(at("bad.nix"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o755
    );
    for untouched in ["other.txt", "target/bad.nix", ".hidden.nix"] {
        assert_eq!(std::fs::read_to_string(at(untouched)).unwrap(), bad);
    }
    assert_eq!(run(&["--check"]).0, Some(0));
    std::fs::write(at("bad.nix"), "{").unwrap();
    assert_eq!(run(&[]).0, Some(1));
    assert_eq!(run(&["gone"]).0, Some(2));
    assert_eq!(run(&["--wrong"]).0, Some(2));
}
