//! Every file of a source scanned, with a cache of what was found by content.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use sha2::{Digest, Sha256};

use super::calls::Calls;
use super::{FileScan, Language};
use crate::problem::{Problem, UNPARSED};
use crate::release::{Entry, Mode, Source};

/// A scanned file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScannedFile {
    /// Its place in the tree's entries.
    pub entry: usize,
    /// Relative to the source.
    pub path: String,
    /// What it was scanned as.
    pub language: Language,
    /// What was found.
    pub scan: FileScan,
}

/// What the scanners found in a source.
#[derive(Debug, Clone, Default)]
pub struct Scanned {
    /// The files scanned, in the tree's order.
    pub files: Vec<ScannedFile>,
    /// Their bytes.
    pub bytes: u64,
}

/// What was found in a file of some content, by content and path (the path decides the language).
/// `None` for content that is in no language.
type Found = HashMap<String, Option<(Language, FileScan)>>;

/// Scans kept between runs, one file a source, in the user's cache directory. A cache that cannot be read is
/// an empty one; one that cannot be written is left.
#[derive(Debug, Clone)]
pub struct Cache {
    dir: PathBuf,
}

impl Cache {
    /// The cache below `dir` for this build of the scanners and these calls: any other finds nothing in it.
    pub fn new(dir: &Path, calls_text: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(env!("PNX_SCANNERS"));
        hash.update(calls_text);
        let name: String = hash
            .finalize()
            .iter()
            .take(12)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self {
            dir: dir.join("scan").join(name),
        }
    }

    fn file(&self, source: &str) -> PathBuf {
        self.dir.join(format!("{source}.postcard"))
    }

    fn load(&self, source: &str) -> Found {
        let bytes = std::fs::read(self.file(source)).unwrap_or_default();
        postcard::from_bytes(&bytes).unwrap_or_default()
    }

    /// Written beside and renamed, so that a kill leaves the old one.
    fn store(&self, source: &str, found: &Found) {
        let write = || -> std::io::Result<()> {
            std::fs::create_dir_all(&self.dir)?;
            let bytes = postcard::to_allocvec(found).map_err(std::io::Error::other)?;
            let mut file = tempfile::NamedTempFile::new_in(&self.dir)?;
            std::io::Write::write_all(&mut file, &bytes)?;
            file.persist(self.file(source))
                .map_err(|error| error.error)?;
            Ok(())
        };
        // The cache only saves time; a run without one is whole.
        drop(write());
    }
}

/// The cache's key: the content and the path. `NUL` can stand in neither.
fn key(entry: &Entry) -> String {
    format!("{}\0{}", entry.id, entry.path)
}

/// Scans every file of a source that is in a known language.
///
/// # Errors
/// Files that cannot be read; files that their language's parser rejects.
pub fn scan(
    source: &Source,
    calls: &Calls,
    cache: Option<&Cache>,
) -> Result<Scanned, Vec<Problem>> {
    let entries = source.tree.entries();
    let mut found = cache
        .map(|cache| cache.load(&source.name))
        .unwrap_or_default();
    let candidates: Vec<usize> = (0..entries.len())
        .filter(|index| is_candidate(&entries[*index]))
        .collect();
    let unknown: Vec<&Entry> = candidates
        .iter()
        .map(|index| &entries[*index])
        .filter(|entry| !found.contains_key(&key(entry)))
        .collect();
    if !unknown.is_empty() {
        let contents = source
            .tree
            .read(&unknown)
            .map_err(|problem| vec![problem.in_source(&source.name)])?;
        let scanned: Vec<Result<_, Problem>> = unknown
            .par_iter()
            .zip(contents)
            .map(|(entry, bytes)| one(entry, &bytes, calls))
            .collect();
        let mut problems = Vec::new();
        for (entry, result) in unknown.iter().zip(scanned) {
            match result {
                Ok(scan) => drop(found.insert(key(entry), scan)),
                Err(problem) => problems.push(problem.in_source(&source.name)),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        if let Some(cache) = cache {
            cache.store(&source.name, &found);
        }
    }
    let mut scanned = Scanned::default();
    for index in candidates {
        if let Some(Some((language, scan))) = found.remove(&key(&entries[index])) {
            scanned.bytes += entries[index].size;
            let path = entries[index].path.clone();
            scanned.files.push(ScannedFile {
                entry: index,
                path,
                language,
                scan,
            });
        }
    }
    Ok(scanned)
}

/// Whether the entry may be in a known language, by its path alone.
fn is_candidate(entry: &Entry) -> bool {
    // Nothing is found in an empty file.
    matches!(entry.mode, Mode::File | Mode::Executable)
        && !entry.is_empty()
        && (entry.size > 0 || !is_test_data(&entry.path))
        && (super::wants_head(&entry.path)
            || super::language(&entry.path, entry.mode, b"").is_some())
}

/// Whether upstream's tests alone read the file: a repository that lacks its content can still be compiled.
fn is_test_data(path: &str) -> bool {
    path.split('/')
        .any(|part| matches!(part, "test" | "tests" | "t" | "testing"))
}

fn one(
    entry: &Entry,
    bytes: &[u8],
    calls: &Calls,
) -> Result<Option<(Language, FileScan)>, Problem> {
    let Some(language) = super::language(&entry.path, entry.mode, bytes) else {
        return Ok(None);
    };
    match super::scan(language, &entry.path, bytes, calls) {
        Ok(scan) => Ok(Some((language, scan))),
        Err(error) => Err(Problem::new(&UNPARSED, error.what).at(&entry.path, Some(error.line))),
    }
}
