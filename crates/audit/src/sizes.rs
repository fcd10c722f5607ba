//! The closure of an output, and how much each store path in it weighs.
//!
//! Nix finds references by their hashes in a built path's bytes when it registers it. The same is done here, by the whole
//! `/nix/store/HASH-NAME`: a database is not asked, which a build's sandbox does not have.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use walkdir::WalkDir;

use super::pieces;
use super::store::{Leads, Store};
use super::{Weight, walk};

/// The closure of some store paths, heaviest first.
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

/// Weighs a store path and finds what it refers to.
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

/// The store paths that a file names; none of one that cannot be read, which is its package's.
fn references(store: &Store, file: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    if let Ok((file, _)) = walk::open(file) {
        // What was read before an error counts.
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
