//! The closure of an output, and the size of each store path in it.
//!
//! When Nix registers a built path, it finds references by their hashes in its bytes. This module
//! does the same with the whole `/nix/store/HASH-NAME`. It asks no database, because a build's
//! sandbox has none.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use walkdir::WalkDir;

use super::pieces;
use super::store::{Leads, Store};
use super::{Weight, walk};

/// Returns the closure of some store paths, largest first.
pub(super) fn closure(store: &Store, names: &BTreeSet<String>) -> Vec<Weight> {
    let mut seen: BTreeSet<String> = names.clone();
    let mut next: Vec<String> = names.iter().cloned().collect();
    let mut weights = Vec::new();
    while !next.is_empty() {
        let weighed: Vec<(Weight, BTreeSet<String>)> =
            next.par_iter().map(|base| weigh(store, base)).collect();
        next.clear();
        for (weight, names) in weighed {
            weights.push(weight);
            for name in names {
                if seen.insert(name.clone()) {
                    next.push(name);
                }
            }
        }
    }
    weights.sort_by(|a, b| (b.bytes, &a.path).cmp(&(a.bytes, &b.path)));
    weights
}

/// Measures a store path and finds its references.
fn weigh(store: &Store, base: &str) -> (Weight, BTreeSet<String>) {
    let path = store.path(base);
    let mut names = BTreeSet::new();
    let (mut bytes, mut files): (u64, Vec<PathBuf>) = (0, Vec::new());
    let mut count = 0;
    for entry in WalkDir::new(&path).into_iter().flatten() {
        let kind = entry.file_type();
        if kind.is_dir() {
            continue;
        }
        count += 1;
        bytes += entry.metadata().map_or(0, |meta| meta.size());
        if kind.is_file() {
            files.push(entry.into_path());
        } else if let Ok(target) = std::fs::read_link(entry.path()) {
            names.extend(store.base_of(&target));
        }
    }
    let found: Vec<BTreeSet<String>> = files
        .par_iter()
        .map(|file| references(store, file))
        .collect();
    names.extend(found.into_iter().flatten());
    let weight = Weight {
        path: path.display().to_string(),
        package: base
            .split_once('-')
            .map_or(base, |(_, name)| name)
            .to_owned(),
        bytes,
        files: count,
    };
    (weight, names)
}

/// Returns the store paths that a file names, or none if it cannot be read.
fn references(store: &Store, file: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    if let Ok((file, _)) = walk::open(file) {
        // The part read before an error counts.
        let _ = pieces::each(file, |piece| {
            for reference in store.references(&piece) {
                let base = reference.text.split('/').next().unwrap_or(reference.text);
                if names.contains(base) {
                    continue;
                }
                if let Leads::There(base) | Leads::NoFile(base, _) = store.leads(&reference, true) {
                    names.insert(base);
                }
            }
        });
    }
    names
}
