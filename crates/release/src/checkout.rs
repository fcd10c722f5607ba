//! Writes a source's files to disk.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use super::{Entry, Mode, Source, Tree};
use problem::{MISSING_BLOB, OUTPUT_FAILED, Problem};

/// The number of bytes to read into memory at a time.
const BATCH: u64 = 32 << 20;

/// Writes the entries of a source that `wanted` selects below `directory`, with contents changed by
/// `edited`.
///
/// A blob that the repository lacks is skipped if only upstream's tests read it.
///
/// # Errors
/// A read or write fails.
pub fn write(
    directory: &Path,
    source: &Source,
    wanted: impl Fn(&Entry) -> bool,
    edited: impl Fn(&Entry, Vec<u8>) -> Result<Option<Vec<u8>>, Problem>,
) -> Result<(), Problem> {
    let entries: Vec<&Entry> = source
        .tree
        .entries()
        .iter()
        .filter(|entry| entry.mode != Mode::Submodule && wanted(entry))
        .collect();
    let whole = source.tree.read_once(&entries);
    let lacks_blob = |problem: &Problem| problem.code.id == MISSING_BLOB.id;
    let contents: Vec<Option<Vec<u8>>> = match whole {
        Ok(all) => all.into_iter().map(Some).collect(),
        Err(problem) if lacks_blob(&problem) => entries
            .iter()
            .map(|entry| match source.tree.read_once(&[entry]) {
                Ok(one) => Ok(one.into_iter().next()),
                Err(problem) if lacks_blob(&problem) && layout::is_test(&entry.path) => Ok(None),
                Err(problem) => Err(problem),
            })
            .collect::<Result<_, _>>()?,
        Err(problem) => return Err(problem),
    };
    for (entry, content) in entries.into_iter().zip(contents) {
        let Some(content) = content else {
            continue;
        };
        if let Some(bytes) = edited(entry, content)? {
            file(directory, entry, &bytes)?;
        }
    }
    Ok(())
}

/// Creates `directory` and writes every file of `tree` below it, a batch at a time. A missing
/// submodule becomes an empty directory, as in Git. Blobs that the repository lacks are skipped.
///
/// # Errors
/// A read or write fails.
pub fn write_all(directory: &Path, tree: &dyn Tree) -> Result<(), Problem> {
    let made = |path: &Path| {
        fs::create_dir_all(path)
            .map_err(|error| Problem::new(&OUTPUT_FAILED, format!("{}: {error}", path.display())))
    };
    made(directory)?;
    let mut batch = Vec::new();
    let mut bytes = 0;
    let flush = |batch: &mut Vec<&Entry>| {
        let contents = tree.read_once(batch)?;
        let mut files = batch.drain(..).zip(contents);
        files.try_for_each(|(entry, content)| file(directory, entry, &content))
    };
    for entry in tree.entries() {
        if entry.mode == Mode::Submodule {
            made(&directory.join(&entry.path))?;
        } else if !entry.is_absent() {
            batch.push(entry);
            bytes += entry.size;
        }
        if bytes >= BATCH {
            flush(&mut batch)?;
            bytes = 0;
        }
    }
    flush(&mut batch)
}

fn file(directory: &Path, entry: &Entry, bytes: &[u8]) -> Result<(), Problem> {
    let path = directory.join(&entry.path);
    let failed = |error: std::io::Error| {
        Problem::new(&OUTPUT_FAILED, format!("{}: {error}", path.display()))
    };
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    if entry.mode == Mode::Symlink {
        let target = str::from_utf8(bytes).map_err(|error| {
            Problem::new(&OUTPUT_FAILED, format!("{}: {error}", path.display()))
        })?;
        return symlink(target, &path).map_err(failed);
    }
    fs::write(&path, bytes).map_err(failed)?;
    if entry.mode == Mode::Executable {
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).map_err(failed)?;
    }
    Ok(())
}
