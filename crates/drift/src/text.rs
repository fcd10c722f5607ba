//! Applies patches that change text to the new tree: those that the old release generated, and a
//! downstream's own.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use analyse::AnalysedSource;
use patch::edits::Edits;
use patch::file;
use problem::{BAD_TREE, Problem};
use release::Entry;

use super::hunks::{self, FilePatch, Fit};
use super::{Conflict, Excerpt, Level, LocalPatch, TextDrift};

/// The contents of files by path.
pub(super) type Files = HashMap<String, Vec<u8>>;

/// Returns a source's entries by path.
pub(super) fn entries(source: &AnalysedSource) -> HashMap<&str, &Entry> {
    let entries = source.source.tree.entries().iter();
    entries.map(|entry| (entry.path.as_str(), entry)).collect()
}

/// Reads those of `paths` that are regular files of the source.
///
/// # Errors
/// The tree cannot be read.
pub(super) fn read<'p>(
    source: &AnalysedSource,
    paths: impl IntoIterator<Item = &'p str>,
) -> Result<Files, Problem> {
    use release::Mode;

    let entries = entries(source);
    let is_file =
        |entry: &&&Entry| matches!(entry.mode, Mode::File | Mode::Executable) && !entry.is_absent();
    let wanted: Vec<&Entry> = paths
        .into_iter()
        .filter_map(|path| entries.get(path).filter(is_file).copied())
        .collect();
    let contents = source.source.tree.read(&wanted)?;
    Ok(wanted
        .iter()
        .map(|entry| entry.path.clone())
        .zip(contents)
        .collect())
}

/// Applies the old release's generated patches to the new tree, with all themes of a file as one
/// patch. Unchanged files are not read.
///
/// # Errors
/// A tree cannot be read.
pub(super) fn generated(
    edits: &Edits,
    old: &AnalysedSource,
    new: Option<&AnalysedSource>,
) -> Result<TextDrift, Problem> {
    let (before, after) = (entries(old), new.map(entries).unwrap_or_default());
    let id = |entries: &HashMap<&str, &Entry>, path: &str| {
        entries.get(path).map(|entry| entry.id.clone())
    };
    let same = |path: &str| id(&before, path) == id(&after, path);
    let other = edits
        .files
        .iter()
        .map(|file| file.path.as_str())
        .filter(|path| !same(path));
    let contents = match new {
        Some(new) => read(new, other)?,
        None => Files::new(),
    };
    let drifts = edits.files.par_iter().map(|file| {
        let mut drift = TextDrift::default();
        for of_file in hunks::parse(&file::whole(file)) {
            if same(&file.path) {
                drift.clean += of_file.hunks.len() as u64;
            } else {
                let content = contents.get(&file.path).map(Vec::as_slice);
                drift.add(&hunks::apply(&of_file, content));
            }
        }
        drift
    });
    Ok(drifts.reduce(TextDrift::default, TextDrift::plus))
}

impl TextDrift {
    /// Counts the hunks.
    pub fn total(&self) -> u64 {
        self.clean + self.offset + self.fuzz + self.failed
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            clean: self.clean + other.clean,
            offset: self.offset + other.offset,
            fuzz: self.fuzz + other.fuzz,
            failed: self.failed + other.failed,
        }
    }

    fn add(&mut self, fits: &[Fit]) {
        for fit in fits {
            *match fit {
                Fit::Clean => &mut self.clean,
                Fit::Offset => &mut self.offset,
                Fit::Fuzz => &mut self.fuzz,
                Fit::Failed => &mut self.failed,
            } += 1;
        }
    }
}

/// Reads the patches in `patches/local/SOURCE/`, sorted; none without the directory.
///
/// # Errors
/// The directory or a patch cannot be read.
pub(super) fn local_patches(
    root: &Path,
    source: &str,
) -> Result<BTreeMap<String, Vec<u8>>, Problem> {
    let shown = format!("patches/local/{source}");
    let dir = root.join(&shown);
    let failed = |path: &str, error: &std::io::Error| {
        Problem::new(&BAD_TREE, error.to_string()).at(path, None)
    };
    let listed = match fs::read_dir(&dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        listed => listed.map_err(|error| failed(&shown, &error))?,
    };
    let mut patches = BTreeMap::new();
    for entry in listed {
        let path: PathBuf = entry.map_err(|error| failed(&shown, &error))?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "patch")
        {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let shown = format!("{shown}/{name}");
            let content = fs::read(&path).map_err(|error| failed(&shown, &error))?;
            patches.insert(shown, content);
        }
    }
    Ok(patches)
}

/// Applies a downstream's own patches to the new tree, each one alone to upstream's text.
///
/// # Errors
/// The tree cannot be read.
pub(super) fn local(
    patches: &BTreeMap<String, Vec<u8>>,
    new: &AnalysedSource,
) -> Result<Vec<LocalPatch>, Problem> {
    let parsed: Vec<(&String, Vec<FilePatch>)> = patches
        .iter()
        .map(|(path, content)| (path, hunks::parse(content)))
        .collect();
    let paths = parsed
        .iter()
        .flat_map(|(_, files)| files.iter().map(|file| file.path.as_str()));
    let contents = read(new, paths)?;
    Ok(parsed
        .into_iter()
        .map(|(path, files)| one_local(path, &files, &contents))
        .collect())
}

fn one_local(path: &str, files: &[FilePatch], contents: &Files) -> LocalPatch {
    let mut hunks = TextDrift::default();
    let mut conflicts = Vec::new();
    for file in files {
        let content = contents.get(&file.path).map(Vec::as_slice);
        let fits = hunks::apply(file, content);
        hunks.add(&fits);
        for (hunk, _) in file
            .hunks
            .iter()
            .zip(&fits)
            .filter(|(_, fit)| **fit == Fit::Failed)
        {
            let line = u32::try_from(hunk.start.max(1)).unwrap_or(u32::MAX);
            conflicts.push(Conflict {
                file: file.path.clone(),
                line,
                hunk: String::from_utf8_lossy(&hunk.text).into_owned(),
                upstream: content.and_then(|content| Excerpt::of(content, line, 1, 0)),
            });
        }
    }
    let level = match &hunks {
        TextDrift { failed: 1.., .. } => Level::Broken,
        TextDrift { fuzz: 1.., .. } => Level::Review,
        TextDrift { offset: 1.., .. } => Level::Moved,
        // A patch without a readable hunk cannot be applied.
        hunks if hunks.total() == 0 => Level::Broken,
        _ => Level::Clean,
    };
    LocalPatch {
        path: path.to_owned(),
        level,
        hunks,
        conflicts,
    }
}
