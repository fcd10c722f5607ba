//! Hashes the scanners' sources, so that one build does not use another's cache.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

fn main() {
    let mut files = Vec::new();
    // The code behind everything in the cache: scans and parsed packagings.
    for dir in ["src", "../debian/src", "../layout/src", "../syntax/src"] {
        println!("cargo::rerun-if-changed={dir}");
        collect(Path::new(dir), &mut files);
    }
    // The grammars' versions.
    for file in ["Cargo.toml", "../../Cargo.lock"] {
        println!("cargo::rerun-if-changed={file}");
        files.push(file.into());
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        std::fs::read(&file).unwrap_or_default().hash(&mut hasher);
    }
    println!("cargo::rustc-env=PNX_SCANNERS={:016x}", hasher.finish());
}

/// Lists every file below `dir`.
fn collect(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).expect("the sources are there") {
        let path = entry.expect("the sources can be listed").path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}
