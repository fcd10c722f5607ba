//! The archives of a lock's crates, which cargo downloads and keeps in its home directory.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest as _, Sha256};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, value};

use super::lock::REGISTRY;
use super::lockfile::Lock;
use problem::{BAD_CRATES, OUTPUT_FAILED, Problem};
use store::path::{self, Digest};

/// A crate of the registry, as a lock names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Archive {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The SHA-256 digest of its `.crate` file.
    pub checksum: Digest,
}

/// Returns the registry crates of a `Cargo.lock`. Crates of the tree itself have no archive.
///
/// # Errors
/// PNX-211 for an invalid lock, and for a crate from elsewhere or without a checksum.
pub fn archives(lock: &str, shown: &str) -> Result<BTreeSet<Archive>, Problem> {
    let bad = |cause: String| Problem::new(&BAD_CRATES, cause).at(shown, None);
    let lock = Lock::parse(lock).map_err(bad)?;
    let mut found = BTreeSet::new();
    for package in lock.packages {
        let Some(source) = package.source else {
            continue;
        };
        let which = format!("{} {}", package.name, package.version);
        if source != REGISTRY {
            return Err(bad(format!("{which} is from {source}, not from crates.io")));
        }
        let checksum = package.checksum.as_deref().and_then(path::parse_hex);
        let checksum = checksum.ok_or_else(|| bad(format!("{which} has no checksum")))?;
        // Both become part of a file's name.
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.+".contains(c);
        if !which.replace(' ', "").chars().all(plain) {
            return Err(bad(format!("{which:?} is not a crate's name and version")));
        }
        found.insert(Archive {
            name: package.name,
            version: package.version,
            checksum,
        });
    }
    Ok(found)
}

/// The result of looking for an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// Found, and its checksum matches the lock.
    At(PathBuf),
    /// Found, but its checksum differs.
    Other(PathBuf),
    /// Not found.
    Nowhere,
}

/// cargo's cache of archives, with one directory for each registry. Any of them may stand in for
/// crates.io.
pub struct Cache(Vec<PathBuf>);

impl Cache {
    /// Opens the caches in `CARGO_HOME`, by default `~/.cargo`.
    pub fn open() -> Self {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let home = set("CARGO_HOME").map(PathBuf::from);
        let home = home.or_else(|| set("HOME").map(|home| PathBuf::from(home).join(".cargo")));
        let cache = home.map(|home| home.join("registry/cache"));
        let entries = cache.and_then(|cache| fs::read_dir(cache).ok());
        let mut directories: Vec<PathBuf> = entries
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        directories.sort();
        Self(directories)
    }

    /// Looks for an archive.
    pub fn find(&self, archive: &Archive) -> Kept {
        let name = format!("{}-{}.crate", archive.name, archive.version);
        let mut kept = Kept::Nowhere;
        for directory in &self.0 {
            let path = directory.join(&name);
            let Ok(bytes) = fs::read(&path) else {
                continue;
            };
            if Sha256::digest(bytes)[..] == archive.checksum {
                return Kept::At(path);
            }
            kept = Kept::Other(path);
        }
        kept
    }
}

/// Has cargo download `archives`, which must come from one lock. Nothing is compiled, and no source
/// is needed: cargo gets a package that depends on each of them at its version. Returns cargo's
/// message if it failed; callers check the cache afterwards.
///
/// # Errors
/// PNX-405: a file cannot be written.
pub fn download(archives: &BTreeSet<Archive>) -> Result<Option<String>, Problem> {
    let written = |directory: &Path| {
        fs::write(directory.join("lib.rs"), "")?;
        fs::write(directory.join("Cargo.toml"), manifest(archives))
    };
    let directory = tempfile::tempdir().map_err(|error| unwritten(&error))?;
    written(directory.path()).map_err(|error| unwritten(&error))?;
    let output = Command::new("cargo")
        .args(["fetch", "--quiet"])
        .current_dir(directory.path())
        .env_remove("CARGO_TARGET_DIR")
        // Within `cargo xtask`, these variables describe this project.
        .env_remove("CARGO")
        .env_remove("RUSTUP_TOOLCHAIN")
        .stdin(Stdio::null())
        .output();
    Ok(match output {
        Ok(output) if output.status.success() => None,
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let lines = said.lines().map(str::trim);
            let lines: Vec<&str> = lines
                .filter(|line| !line.is_empty() && *line != "Caused by:")
                .take(6)
                .collect();
            Some(lines.join("; "))
        }
        Err(error) => Some(format!("cargo cannot be run: {error}")),
    })
}

fn unwritten(error: &std::io::Error) -> Problem {
    Problem::new(&OUTPUT_FAILED, format!("a temporary directory: {error}"))
}

/// Writes the manifest of a package that depends on all of `archives`, with as few features as
/// possible.
fn manifest(archives: &BTreeSet<Archive>) -> String {
    let mut document = DocumentMut::new();
    let mut package = Table::new();
    package.insert("name", value("pve-nix-prefetch"));
    package.insert("version", value("0.0.0"));
    package.insert("edition", value("2021"));
    document.insert("package", Item::Table(package));
    let mut library = Table::new();
    library.insert("path", value("lib.rs"));
    document.insert("lib", Item::Table(library));
    // The directory may lie within another workspace.
    let mut workspace = Table::new();
    workspace.insert("members", value(Array::new()));
    document.insert("workspace", Item::Table(workspace));
    let mut dependencies = Table::new();
    for (at, archive) in archives.iter().enumerate() {
        // A requirement ignores the text after a `+`.
        let version = archive.version.split('+').next().unwrap_or_default();
        let mut dependency = InlineTable::new();
        dependency.insert("package", archive.name.as_str().into());
        dependency.insert("version", format!("={version}").into());
        dependency.insert("default-features", false.into());
        dependencies.insert(&format!("crate{at}"), value(dependency));
    }
    document.insert("dependencies", Item::Table(dependencies));
    document.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"
version = 4

[[package]]
name = "hive-term"
version = "0.3.0"

[[package]]
name = "itoa"
version = "1.0.15+x"
source="registry+https://github.com/rust-lang/crates.io-index"
checksum = "abababababababababababababababababababababababababababababababab"
"#;

    #[test]
    fn crates_of_the_registry_have_archives() {
        let found = archives(LOCK, "x.lock").unwrap();
        let names: Vec<String> = found
            .iter()
            .map(|one| path::crate_name(&one.name, &one.version))
            .collect();
        assert_eq!(names, ["crate-itoa-1.0.15+x.tar.gz"]);
        let manifest = manifest(&found);
        let wanted =
            r#"crate0 = { package = "itoa", version = "=1.0.15", default-features = false }"#;
        assert!(manifest.contains(wanted), "{manifest}");
    }

    #[test]
    fn other_crates_are_refused() {
        for (from, to) in [
            ("registry+", "git+"),
            ("\"abab", "\"aba"),
            ("1.0.15+x", "../x"),
            ("[[package]]", "[[package"),
        ] {
            let problem = archives(&LOCK.replacen(from, to, 2), "x.lock").expect_err(to);
            assert_eq!(problem.code.id, "PNX-211");
        }
    }
}
