//! Names the scanners' build, so that a cache made by another one is not believed.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=src/scan");
    println!("cargo::rerun-if-changed=Cargo.toml");
    let mut hasher = DefaultHasher::new();
    let mut files: Vec<_> = std::fs::read_dir(Path::new("src/scan"))
        .expect("the scanners' sources are there")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    files.push("Cargo.toml".into());
    files.sort();
    for file in files {
        std::fs::read(&file).unwrap_or_default().hash(&mut hasher);
    }
    println!("cargo::rustc-env=PNX_SCANNERS={:016x}", hasher.finish());
}
