//! Writes output to disk: entirely or not at all, and with the same bytes each time.
//!
//! A release's whole output lies in one directory, `pkgs/RELEASE/`, so one `rename` with exchange
//! replaces the old output with the new one. A kill at any moment leaves one of the two. `MANIFEST`
//! in it records the hash of each file as written; it distinguishes a file that somebody edited
//! from one that a fresh run would change. `patches/RELEASE` is a link to the patches in it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FlockOperation, RenameFlags};
use sha2::{Digest, Sha256};
use walkdir::WalkDir;

use problem::{OUTPUT_DIFFERS, OUTPUT_FAILED, Problem};

/// The file that lists the others with their hashes.
pub const MANIFEST: &str = "MANIFEST";

/// The generated files of a release, by path below `pkgs/RELEASE/`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    files: BTreeMap<String, Vec<u8>>,
}

/// How a file on disk differs from a fresh run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// Not there yet.
    Missing,
    /// Written by an earlier run, but no longer generated.
    Obsolete,
    /// As an earlier run wrote it; the pins, the rules or the tool have changed since.
    Drifted,
    /// Edited by hand since the tool wrote it.
    Edited,
    /// Never written by the tool.
    Foreign,
}

/// The result of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The number of files in the output, `MANIFEST` included.
    pub files: usize,
    /// The files that changed, and how. Empty if nothing was written.
    pub changed: Vec<(String, Difference)>,
}

impl Output {
    /// Adds a file.
    ///
    /// # Errors
    /// The path leaves the directory, or the output already has it.
    pub fn add(
        &mut self,
        path: impl Into<String>,
        bytes: impl Into<Vec<u8>>,
    ) -> Result<(), Problem> {
        let path = path.into();
        let safe = !path.is_empty() && path.split('/').all(|part| !matches!(part, "" | "." | ".."));
        if !safe || self.files.insert(path.clone(), bytes.into()).is_some() {
            return Err(Problem::new(
                &OUTPUT_FAILED,
                format!("the output already has `{path}`, or cannot have it"),
            ));
        }
        Ok(())
    }

    /// The files by path.
    pub fn files(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.files
    }

    /// Returns the text of `MANIFEST`: hash, two blanks, path, in the format of `sha256sum
    /// --check`.
    fn manifest(&self) -> String {
        let mut text = String::new();
        for (path, bytes) in &self.files {
            let _ = writeln!(text, "{}  {path}", hash(bytes));
        }
        text
    }

    /// Returns the files as written to disk, `MANIFEST` included.
    fn whole(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = self.files.clone();
        files.insert(MANIFEST.to_owned(), self.manifest().into_bytes());
        files
    }

    /// Lists the files in `out` that this output would change, sorted by path.
    ///
    /// # Errors
    /// A directory cannot be read.
    pub fn differences(
        &self,
        out: &Path,
        release: &str,
    ) -> Result<Vec<(String, Difference)>, Problem> {
        let dir = out.join("pkgs").join(release);
        let on_disk = read_dir(&dir).map_err(|error| failed(&dir, &error))?;
        let recorded = recorded(&on_disk);
        let fresh = self.whole();
        let mut differences = Vec::new();
        for (path, bytes) in &fresh {
            match on_disk.get(path) {
                None => differences.push((path.clone(), Difference::Missing)),
                Some(there) if there == bytes => {}
                Some(_) if path == MANIFEST => {
                    differences.push((path.clone(), Difference::Drifted));
                }
                Some(there) => {
                    let untouched = recorded
                        .get(path)
                        .is_some_and(|written| *written == hash(there));
                    let difference = if untouched {
                        Difference::Drifted
                    } else {
                        Difference::Edited
                    };
                    differences.push((path.clone(), difference));
                }
            }
        }
        for path in on_disk.keys().filter(|path| !fresh.contains_key(*path)) {
            let ours = recorded.contains_key(path);
            differences.push((
                path.clone(),
                if ours {
                    Difference::Obsolete
                } else {
                    Difference::Foreign
                },
            ));
        }
        differences.sort();
        Ok(differences)
    }

    /// Replaces the output in `out`. Writes nothing if nothing would change.
    ///
    /// # Errors
    /// A file cannot be written. The old output is then intact.
    pub fn write(&self, out: &Path, release: &str) -> Result<Written, Problem> {
        let pkgs = out.join("pkgs");
        fs::create_dir_all(&pkgs).map_err(|error| failed(&pkgs, &error))?;
        let _lock = lock(&pkgs)?;
        let changed = self.differences(out, release)?;
        let files = self.files.len() + 1;
        let target = pkgs.join(release);
        // A run that was killed after the exchange has left the old directory behind, with nothing
        // to change.
        remove_leftovers(&pkgs, release);
        if !changed.is_empty() {
            let stage = tempfile::Builder::new()
                .prefix(&stage_prefix(release))
                .tempdir_in(&pkgs)
                .map_err(|error| failed(&pkgs, &error))?;
            let dir = stage.path().join("new");
            self.stage(&dir)?;
            exchange(&dir, &target).map_err(|error| failed(&target, &error))?;
        }
        link_patches(out, release)?;
        Ok(Written { files, changed })
    }

    fn stage(&self, dir: &Path) -> Result<(), Problem> {
        for (path, bytes) in self.whole() {
            let file = dir.join(&path);
            let write = || -> io::Result<()> {
                fs::create_dir_all(file.parent().unwrap_or(dir))?;
                let mut handle = fs::File::create(&file)?;
                handle.write_all(&bytes)?;
                handle.sync_data()
            };
            write().map_err(|error| failed(&file, &error))?;
        }
        Ok(())
    }
}

/// Replaces one file, entirely or not at all.
///
/// # Errors
/// The file cannot be written.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), Problem> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let write = || -> io::Result<()> {
        fs::create_dir_all(dir)?;
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        file.write_all(bytes)?;
        file.as_file().sync_data()?;
        // Temporary files are readable by their owner only; everybody may read this one.
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        file.as_file().set_permissions(mode)?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(|error| failed(path, &error))
}

/// Removes a file.
///
/// # Errors
/// The system's error.
pub fn remove(path: &Path) -> Result<(), Problem> {
    fs::remove_file(path).map_err(|error| failed(path, &error))
}

/// Returns one finding for each difference, as `--check` reports it.
pub fn findings(differences: &[(String, Difference)], release: &str) -> Vec<Problem> {
    let finding = |(path, difference): &(String, Difference)| {
        let (cause, remedy) = match difference {
            Difference::Missing => (
                "a fresh run writes this file, but it does not exist",
                "run `regen`",
            ),
            Difference::Obsolete => ("a fresh run no longer writes this file", "run `regen`"),
            Difference::Drifted => (
                "a fresh run writes different bytes: the pins, the rules or the tool changed",
                "run `regen` and review the changes",
            ),
            Difference::Edited => (
                "the file was edited by hand after the tool wrote it",
                "make the change in rules/, then run `regen`, which overwrites the edit",
            ),
            Difference::Foreign => (
                "the tool did not write this file",
                "move it elsewhere; otherwise `regen` removes it",
            ),
        };
        Problem::new(&OUTPUT_DIFFERS, cause)
            .at(format!("pkgs/{release}/{path}"), None)
            .mend(remedy)
    };
    differences.iter().map(finding).collect()
}

fn failed(path: &Path, error: &io::Error) -> Problem {
    Problem::new(&OUTPUT_FAILED, error.to_string()).at(path.display().to_string(), None)
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

fn recorded(on_disk: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, String> {
    let text = on_disk
        .get(MANIFEST)
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .unwrap_or_default();
    text.lines()
        .filter_map(|line| line.split_once("  "))
        .map(|(hash, path)| (path.to_owned(), hash.to_owned()))
        .collect()
}

/// Reads every regular file below `dir`. A missing directory has none.
fn read_dir(dir: &Path) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    if !dir.exists() {
        return Ok(files);
    }
    for entry in WalkDir::new(dir) {
        let entry = entry?;
        if !entry.file_type().is_dir() {
            let relative = entry.path().strip_prefix(dir).map_err(io::Error::other)?;
            let bytes = if entry.file_type().is_file() {
                fs::read(entry.path())?
            } else {
                Vec::new()
            };
            files.insert(relative.to_string_lossy().into_owned(), bytes);
        }
    }
    Ok(files)
}

fn stage_prefix(release: &str) -> String {
    format!(".regen-{release}-")
}

/// Removes the remains of killed runs. The caller holds the lock, so no other run uses them.
fn remove_leftovers(pkgs: &Path, release: &str) {
    for entry in fs::read_dir(pkgs).into_iter().flatten().flatten() {
        if entry
            .file_name()
            .to_string_lossy()
            .starts_with(&stage_prefix(release))
        {
            // A directory that cannot be removed does no harm.
            drop(fs::remove_dir_all(entry.path()));
        }
    }
}

/// Locks the directory while one run compares and writes. Dropping the file releases the lock.
fn lock(pkgs: &Path) -> Result<fs::File, Problem> {
    let file = fs::File::open(pkgs).map_err(|error| failed(pkgs, &error))?;
    rustix::fs::flock(&file, FlockOperation::LockExclusive)
        .map_err(|error| failed(pkgs, &error.into()))?;
    Ok(file)
}

/// Swaps the new directory with the old in one step, so the old one ends up at the path of the new.
fn exchange(new: &Path, target: &Path) -> io::Result<()> {
    if target.symlink_metadata().is_err() {
        return fs::rename(new, target);
    }
    rustix::fs::renameat_with(CWD, new, CWD, target, RenameFlags::EXCHANGE).map_err(io::Error::from)
}

/// Links `patches/RELEASE` to `../pkgs/RELEASE/patches` for people to find. No derivation reads it.
fn link_patches(out: &Path, release: &str) -> Result<(), Problem> {
    let patches = out.join("patches");
    let link = patches.join(release);
    let target = PathBuf::from("../pkgs").join(release).join("patches");
    if fs::read_link(&link).is_ok_and(|there| there == target) {
        return Ok(());
    }
    fs::create_dir_all(&patches).map_err(|error| failed(&patches, &error))?;
    std::os::unix::fs::symlink(&target, &link).map_err(|error| failed(&link, &error))
}
