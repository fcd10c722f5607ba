//! `releases/RELEASE/cargo/`: for each program its `Cargo.lock` and cargo's facts about its crates.

use std::path::{Path, PathBuf};

use super::Program;
use problem::{BAD_CRATES, Problem};

/// Returns the directory of a release, relative to the project's root.
pub fn directory(release: &str) -> PathBuf {
    Path::new("releases").join(release).join("cargo")
}

/// Reads the programs of a release, sorted by name; none without the directory.
///
/// # Errors
/// PNX-211 for an unreadable or invalid file, and for one of a pair without the other.
pub fn read(root: &Path, release: &str) -> Result<Vec<Program>, Problem> {
    let relative = directory(release);
    let bad = |path: &Path, cause: String| {
        Problem::new(&BAD_CRATES, cause).at(path.display().to_string(), None)
    };
    let entries = match std::fs::read_dir(root.join(&relative)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(bad(&relative, format!("cannot be listed: {error}"))),
    };
    let mut programs = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| bad(&relative, error.to_string()))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some(stem) = name.strip_suffix(".toml") {
            programs.push(one(root, &relative, stem)?);
        } else if let Some(stem) = name.strip_suffix(".lock") {
            let other = relative.join(format!("{stem}.toml"));
            if !root.join(&other).exists() {
                let cause = format!("there is no {stem}.toml, which lists its crates");
                return Err(bad(&relative.join(&name), cause));
            }
        }
    }
    programs.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(programs)
}

/// Returns the kept lock of one program, even if files beside it are damaged; empty if cargo could
/// not start from it.
pub fn lock(root: &Path, release: &str, program: &str) -> String {
    let path = directory(release).join(format!("{program}.lock"));
    let text = std::fs::read_to_string(root.join(path)).unwrap_or_default();
    let is_toml = text.parse::<toml::Table>().is_ok();
    if is_toml { text } else { String::new() }
}

fn one(root: &Path, directory: &Path, name: &str) -> Result<Program, Problem> {
    let path = directory.join(format!("{name}.toml"));
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(root.join(&path)).map_err(|error| {
        Problem::new(&BAD_CRATES, format!("cannot be read: {error}")).at(&shown, None)
    })?;
    let mut program: Program = toml::from_str(&text).map_err(|error| {
        let head = error.span().and_then(|span| text.get(..span.start));
        let line = head.map(|head| head.matches('\n').count() + 1);
        Problem::new(&BAD_CRATES, error.message().to_owned())
            .at(&shown, line.and_then(|line| u32::try_from(line).ok()))
    })?;
    name.clone_into(&mut program.name);
    if program.is_resolved() {
        let lock = directory.join(format!("{name}.lock"));
        program.lock = std::fs::read_to_string(root.join(&lock)).map_err(|error| {
            let cause = format!("cannot be read: {error}");
            Problem::new(&BAD_CRATES, cause).at(lock.display().to_string(), None)
        })?;
    }
    Ok(program)
}

impl Program {
    /// Returns the text of its file. The lock has a file of its own.
    ///
    /// # Panics
    ///
    /// Never: it consists of strings and tables.
    pub fn to_toml(&self, release: &str) -> String {
        format!(
            "# The crates of {} in {release}; written by `cargo xtask lock {release}`.\n\n{}",
            self.name,
            toml::to_string(self).expect("a program is made of strings and tables")
        )
    }
}
