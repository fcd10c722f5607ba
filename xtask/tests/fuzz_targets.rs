//! The fuzz targets compile with a stable compiler, and hold on the demo's files, whole, cut off and altered.

use std::fs;
use std::path::{Path, PathBuf};

// The part of the fuzzer that the targets use.
extern crate self as libfuzzer_sys;

/// A target as a function of its input.
#[macro_export]
macro_rules! fuzz_target {
    (|$input:ident: &[u8]| $body:block) => {
        pub fn run($input: &[u8]) {
            $body
        }
    };
    (|$input:ident: &str| $body:block) => {
        pub fn run(bytes: &[u8]) {
            let $input = &*String::from_utf8_lossy(bytes);
            $body
        }
    };
    (|$input:ident: (&[u8], &[u8])| $body:block) => {
        pub fn run(bytes: &[u8]) {
            let $input = bytes.split_at(bytes.len() / 2);
            $body
        }
    };
}

/// Declares the targets, each a module of its file, and lists them.
macro_rules! targets {
    ($($name:ident = $path:literal;)*) => {
        $(
            #[path = $path]
            #[allow(unused_attributes, missing_docs)]
            mod $name;
        )*

        const TARGETS: &[(&str, fn(&[u8]))] = &[$((stringify!($name), $name::run)),*];
    };
}

targets! {
    calls = "../../fuzz/fuzz_targets/calls.rs";
    cargo_manifest = "../../fuzz/fuzz_targets/cargo_manifest.rs";
    changelog = "../../fuzz/fuzz_targets/changelog.rs";
    control = "../../fuzz/fuzz_targets/control.rs";
    copyright = "../../fuzz/fuzz_targets/copyright.rs";
    elf = "../../fuzz/fuzz_targets/elf.rs";
    history = "../../fuzz/fuzz_targets/history.rs";
    hunks = "../../fuzz/fuzz_targets/hunks.rs";
    install = "../../fuzz/fuzz_targets/install.rs";
    make = "../../fuzz/fuzz_targets/make.rs";
    manifest = "../../fuzz/fuzz_targets/manifest.rs";
    rules = "../../fuzz/fuzz_targets/rules.rs";
    scan_c = "../../fuzz/fuzz_targets/scan_c.rs";
    scan_config = "../../fuzz/fuzz_targets/scan_config.rs";
    scan_javascript = "../../fuzz/fuzz_targets/scan_javascript.rs";
    scan_makefile = "../../fuzz/fuzz_targets/scan_makefile.rs";
    scan_perl = "../../fuzz/fuzz_targets/scan_perl.rs";
    scan_python = "../../fuzz/fuzz_targets/scan_python.rs";
    scan_rust = "../../fuzz/fuzz_targets/scan_rust.rs";
    scan_shell_script = "../../fuzz/fuzz_targets/scan_shell_script.rs";
    scan_text = "../../fuzz/fuzz_targets/scan_text.rs";
    scan_unit = "../../fuzz/fuzz_targets/scan_unit.rs";
    series = "../../fuzz/fuzz_targets/series.rs";
    shell = "../../fuzz/fuzz_targets/shell.rs";
    switches = "../../fuzz/fuzz_targets/switches.rs";
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The demo's files, a few kilobytes each.
fn inputs() -> Vec<Vec<u8>> {
    let mut left = vec![root().join("demo")];
    let mut found = Vec::new();
    while let Some(path) = left.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(path).expect("a directory");
            left.extend(entries.map(|entry| entry.expect("an entry").path()));
        } else if let Ok(bytes) = fs::read(path) {
            found.push(bytes);
        }
    }
    found
}

#[test]
fn every_target_is_here() {
    let entries = fs::read_dir(root().join("fuzz/fuzz_targets")).expect("the targets");
    let mut there: Vec<String> = entries
        .map(|entry| entry.expect("an entry").path())
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    there.sort();
    let here: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    assert_eq!(here, there);
    let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
    let guide = fs::read_to_string(root().join("docs/fuzzing.md")).unwrap();
    for name in here {
        assert!(
            manifest.contains(&format!("name = \"{name}\"")),
            "fuzz/Cargo.toml: {name}"
        );
        assert!(
            guide.contains(&format!("`{name}`")),
            "docs/fuzzing.md: {name}"
        );
    }
}

#[test]
fn every_target_holds_on_the_demo() {
    let inputs = inputs();
    assert!(inputs.len() > 100, "{}", inputs.len());
    for (at, input) in inputs.iter().enumerate() {
        // Each input goes to a few targets as it is, to others cut off or with a byte changed.
        for (number, (_, target)) in TARGETS.iter().enumerate() {
            let mut input = input.clone();
            match (at + number) % 3 {
                0 => input.truncate(input.len() * 2 / 3),
                1 if !input.is_empty() => {
                    let place = (at * 31 + number * 7) % input.len();
                    input[place] ^= 0x10;
                }
                _ => {}
            }
            target(&input);
        }
    }
}
