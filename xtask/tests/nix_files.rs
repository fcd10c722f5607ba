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
    for directory in ["overlays", "nix", "pkgs/build-support"] {
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
