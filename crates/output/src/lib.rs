//! Output on disk: whole or not at all, and the same bytes each time.
//!
//! All that a release generates stands in one directory, `pkgs/RELEASE/`, so that one `rename` with exchange
//! puts the new in the place of the old; a kill at any moment leaves one or the other. `MANIFEST` in it holds
//! the hash of every file as it was written: it tells an edited file from one that a fresh run would change.
//! `patches/RELEASE` is a link to the patches in it.

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

/// What a release generates: path below `pkgs/RELEASE/` to bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    files: BTreeMap<String, Vec<u8>>,
}

/// What a file on disk is to a fresh run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// Not there yet.
    Missing,
    /// Written by an earlier run and not part of this one.
    Obsolete,
    /// As an earlier run wrote it; the pins, the rules or the tool changed since.
    Drifted,
    /// Changed by hand since it was written.
    Edited,
    /// Not written by the tool.
    Foreign,
}

/// What writing did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Files of the output, `MANIFEST` included.
    pub files: usize,
    /// Those that differ from what stood there, and how; empty when nothing changed and nothing was written.
    pub changed: Vec<(String, Difference)>,
}

impl Output {
    /// Adds a file.
    ///
    /// # Errors
    /// A path that leaves the directory, or one that is there already.
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
                format!("the output cannot hold `{path}` (twice)"),
            ));
        }
        Ok(())
    }

    /// The files by path.
    pub fn files(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.files
    }

    /// `MANIFEST`'s text: hash, two blanks, path; what `sha256sum --check` reads.
    fn manifest(&self) -> String {
        let mut text = String::new();
        for (path, bytes) in &self.files {
            let _ = writeln!(text, "{}  {path}", hash(bytes));
        }
        text
    }

    /// The files as they stand on disk, `MANIFEST` included.
    fn whole(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = self.files.clone();
        files.insert(MANIFEST.to_owned(), self.manifest().into_bytes());
        files
    }

    /// What stands in `out` that this output would change, sorted by path.
    ///
    /// # Errors
    /// A directory that cannot be read.
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

    /// Puts the output in the place of what stands in `out`; writes nothing when nothing would change.
    ///
    /// # Errors
    /// A file that could not be written. The old output is whole then.
    pub fn write(&self, out: &Path, release: &str) -> Result<Written, Problem> {
        let pkgs = out.join("pkgs");
        fs::create_dir_all(&pkgs).map_err(|error| failed(&pkgs, &error))?;
        let _lock = lock(&pkgs)?;
        let changed = self.differences(out, release)?;
        let files = self.files.len() + 1;
        let target = pkgs.join(release);
        // A run that was killed after it had exchanged the directories left the old one, and nothing to change.
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

/// Puts one file in the place of what is there, whole or not at all.
///
/// # Errors
/// A file that could not be written.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), Problem> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let write = || -> io::Result<()> {
        fs::create_dir_all(dir)?;
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        file.write_all(bytes)?;
        file.as_file().sync_data()?;
        // A temporary file is the user's alone; this one is to be read by all.
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
/// What the system says.
pub fn remove(path: &Path) -> Result<(), Problem> {
    fs::remove_file(path).map_err(|error| failed(path, &error))
}

/// `--check`: each difference as a finding.
pub fn findings(differences: &[(String, Difference)], release: &str) -> Vec<Problem> {
    let finding = |(path, difference): &(String, Difference)| {
        let (cause, remedy) = match difference {
            Difference::Missing => (
                "a fresh run writes this file and it is not there",
                "run `regen`",
            ),
            Difference::Obsolete => ("a fresh run writes this file no more", "run `regen`"),
            Difference::Drifted => (
                "a fresh run writes other bytes: pins, rules or the tool changed",
                "run `regen`, and look at what changed",
            ),
            Difference::Edited => (
                "the file was edited by hand since it was written",
                "put the change into rules/, then run `regen`; it overwrites the edit",
            ),
            Difference::Foreign => (
                "the tool did not write this file",
                "move it elsewhere; `regen` removes it",
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

/// Every regular file below `dir`; a directory that is not there holds none.
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

/// What a killed run left behind. The lock is held: no other run uses it.
fn remove_leftovers(pkgs: &Path, release: &str) {
    for entry in fs::read_dir(pkgs).into_iter().flatten().flatten() {
        if entry
            .file_name()
            .to_string_lossy()
            .starts_with(&stage_prefix(release))
        {
            // One that cannot be removed does no harm.
            drop(fs::remove_dir_all(entry.path()));
        }
    }
}

/// Held while one run looks and writes; released when dropped.
fn lock(pkgs: &Path) -> Result<fs::File, Problem> {
    let file = fs::File::open(pkgs).map_err(|error| failed(pkgs, &error))?;
    rustix::fs::flock(&file, FlockOperation::LockExclusive)
        .map_err(|error| failed(pkgs, &error.into()))?;
    Ok(file)
}

/// Swaps the new directory for the old in one step; the old is then where the new was built.
fn exchange(new: &Path, target: &Path) -> io::Result<()> {
    if target.symlink_metadata().is_err() {
        return fs::rename(new, target);
    }
    rustix::fs::renameat_with(CWD, new, CWD, target, RenameFlags::EXCHANGE).map_err(io::Error::from)
}

/// `patches/RELEASE` → `../pkgs/RELEASE/patches`, for people; no derivation reads it.
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
