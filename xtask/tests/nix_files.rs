//! The Nix written by hand, and the examples the emitter follows, parse and are laid out as nixfmt does.

use std::path::{Path, PathBuf};

use walkdir::WalkDir;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn assert_formatted(what: &str, source: &str) {
    let formatted = nixfmt_rs::format(source)
        .unwrap_or_else(|error| panic!("{}", nixfmt_rs::format_error(source, Some(what), &error)));
    assert_eq!(formatted, source, "{what} is not laid out as nixfmt does");
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

/// What both ways to the packages begin with: the flake's pin, which default.nix reads.
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
    assert!(xtask::release::parse_sri(hash).is_some(), "{hash}");
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
