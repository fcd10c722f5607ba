//! Scans every file of a source, and caches the results by content.

use std::collections::{HashMap, HashSet};

use rayon::prelude::*;

use super::calls::Calls;
use super::kept::{self, Found};
use super::{FileScan, Form, Kind, Language};
use cache::Cache;
use problem::{Problem, UNPARSED};
use release::{Entry, Mode, Source, source_name};

/// A scanned file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScannedFile {
    /// Its index in the tree's entries.
    pub entry: usize,
    /// The path relative to the source.
    pub path: String,
    /// The language in which it was scanned.
    pub language: Language,
    /// The result.
    pub scan: FileScan,
}

/// The scanners' results for a source.
#[derive(Debug, Clone, Default)]
pub struct Scanned {
    /// The scanned files, in the tree's order.
    pub files: Vec<ScannedFile>,
    /// Their total size in bytes.
    pub bytes: u64,
    /// The trees of Perl files that this run has parsed, by path. Cached files have none.
    pub trees: HashMap<String, tree_sitter::Tree>,
}

/// Returns the cache's key: the content and the path.
fn key(entry: &Entry) -> (String, String) {
    (entry.id.clone(), entry.path.clone())
}

/// Scans every file of a source in a known language, or in one wanted language.
///
/// # Errors
/// A file cannot be read, or its language's parser rejects it.
pub fn scan(
    source: &Source,
    calls: &Calls,
    only: Option<Language>,
    cache: Option<&Cache>,
) -> Result<Scanned, Vec<Problem>> {
    let name = source_name(&source.name);
    let mut scanned = scan_repository(name, &[(source, only)], calls, cache)?;
    Ok(scanned.pop().unwrap_or_default())
}

/// Scans the sources of one repository, which may be the same at several pins: a file that several of them have is read
/// and parsed once.
///
/// # Errors
/// As [`scan`].
pub fn scan_repository(
    name: &str,
    sources: &[(&Source, Option<Language>)],
    calls: &Calls,
    cache: Option<&Cache>,
) -> Result<Vec<Scanned>, Vec<Problem>> {
    let mut found = cache
        .map(|cache| kept::load(cache, name))
        .unwrap_or_default();
    let candidates: Vec<Vec<usize>> = sources
        .iter()
        .map(|(source, only)| candidates(source.tree.entries(), *only))
        .collect();
    let mut asked = HashSet::new();
    let mut problems = Vec::new();
    let mut trees = HashMap::new();
    for ((source, _), candidates) in sources.iter().zip(&candidates) {
        let entries = candidates
            .iter()
            .map(|index| &source.tree.entries()[*index]);
        let unknown: Vec<&Entry> = entries
            .filter(|entry| !found.contains_key(&key(entry)) && asked.insert(key(entry)))
            .collect();
        for (entry, result) in unknown.iter().zip(files(source, &unknown, calls)?) {
            match result {
                Ok((scan, tree)) => {
                    found.insert(key(entry), scan);
                    trees.extend(tree.map(|tree| (key(entry), tree)));
                }
                Err(problem) => problems.push(problem.in_source(&source.name)),
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    if let Some(cache) = cache.filter(|_| !asked.is_empty()) {
        kept::store(cache, name, &found);
    }
    let sources = sources.iter().zip(candidates);
    Ok(sources
        .map(|((source, _), candidates)| {
            gathered(source.tree.entries(), candidates, &found, &trees)
        })
        .collect())
}

/// The indices of the entries that may be in a language, or in the one that is wanted.
fn candidates(entries: &[Entry], only: Option<Language>) -> Vec<usize> {
    let wanted = |index: &usize| {
        let entry = &entries[*index];
        is_candidate(entry) && is_wanted(entry, only)
    };
    (0..entries.len()).filter(wanted).collect()
}

/// Reads and scans files of a source.
fn files(
    source: &Source,
    entries: &[&Entry],
    calls: &Calls,
) -> Result<Vec<Result<One, Problem>>, Vec<Problem>> {
    let contents = source
        .tree
        .read_once(entries)
        .map_err(|problem| vec![problem.in_source(&source.name)])?;
    let files = entries.par_iter().zip(contents);
    Ok(files
        .map(|(entry, bytes)| one(entry, &bytes, calls))
        .collect())
}

/// Returns the findings that belong to one source.
fn gathered(
    entries: &[Entry],
    candidates: Vec<usize>,
    found: &Found,
    trees: &HashMap<(String, String), tree_sitter::Tree>,
) -> Scanned {
    let mut scanned = Scanned::default();
    for index in candidates {
        let entry = &entries[index];
        let key = key(entry);
        if let Some(Some((language, scan))) = found.get(&key) {
            scanned.bytes += entry.size;
            if let Some(tree) = trees.get(&key) {
                scanned.trees.insert(entry.path.clone(), tree.clone());
            }
            scanned.files.push(ScannedFile {
                entry: index,
                path: entry.path.clone(),
                language: *language,
                scan: scan.clone(),
            });
        }
    }
    scanned
}

/// Whether the entry's name alone puts it in the wanted language.
fn is_wanted(entry: &Entry, only: Option<Language>) -> bool {
    only.is_none_or(|only| super::language(&entry.path, entry.mode, b"") == Some(only))
}

/// Whether the entry may be in a known language, judged by its path alone.
fn is_candidate(entry: &Entry) -> bool {
    // An empty file has no occurrences.
    matches!(entry.mode, Mode::File | Mode::Executable)
        && !entry.is_empty()
        && (entry.size > 0 || !layout::is_test(&entry.path))
        && (super::wants_head(&entry.path)
            || super::language(&entry.path, entry.mode, b"").is_some())
}

/// Whether a rewrite may need the file's tree. Trees are large, so only those are kept.
fn may_be_edited(path: &str, scan: &FileScan) -> bool {
    let is_code = |form: Form| !matches!(form, Form::Comment | Form::Pod);
    let is_literal = |kind: Kind| matches!(kind, Kind::AbsolutePath | Kind::PathAssignment);
    let mut places = scan.occurrences.iter();
    !layout::is_test(path) && places.any(|place| is_literal(place.kind) && is_code(place.form))
}

/// The result for a file and, if worth keeping, its tree.
type One = (Option<(Language, FileScan)>, Option<tree_sitter::Tree>);

fn one(entry: &Entry, bytes: &[u8], calls: &Calls) -> Result<One, Problem> {
    let Some(language) = super::language(&entry.path, entry.mode, bytes) else {
        return Ok((None, None));
    };
    let scanned = match language {
        Language::Perl => super::perl::scan_keeping(bytes, calls).map(|(scan, tree)| {
            let keep = may_be_edited(&entry.path, &scan);
            (scan, keep.then_some(tree))
        }),
        _ => super::scan(language, &entry.path, bytes, calls).map(|scan| (scan, None)),
    };
    match scanned {
        Ok((scan, tree)) => Ok((Some((language, scan)), tree)),
        Err(error) => Err(Problem::new(&UNPARSED, error.what).at(&entry.path, Some(error.line))),
    }
}
