//! The Nix store, accessed through `nix-store` of Nix 2.8 or newer.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use problem::{Problem, STORE_FAILED};

/// The number of paths to pass to one command.
const BATCH: usize = 400;

/// A store that `nix-store` can write to.
pub struct Store {
    directory: String,
}

impl Store {
    /// Opens the store that `nix-store` uses.
    ///
    /// # Errors
    /// PNX-406: `nix-store` is missing.
    pub fn open() -> Result<Self, Problem> {
        run(["--version"])?;
        let set = std::env::var("NIX_STORE_DIR").ok();
        let set = set.filter(|directory| directory.starts_with('/'));
        Ok(Self {
            directory: set.unwrap_or_else(|| "/nix/store".to_owned()),
        })
    }

    /// Returns the directory at the start of its paths.
    pub fn directory(&self) -> &str {
        &self.directory
    }

    /// Returns those of `paths` that are not in the store.
    ///
    /// # Errors
    /// PNX-406 with the message of `nix-store`.
    pub fn missing<'a>(
        &self,
        paths: impl IntoIterator<Item = &'a str>,
    ) -> Result<BTreeSet<String>, Problem> {
        let paths: Vec<&str> = paths.into_iter().collect();
        let mut missing = BTreeSet::new();
        for batch in paths.chunks(BATCH) {
            let fixed = ["--check-validity", "--print-invalid"];
            let told = run(fixed.into_iter().chain(batch.iter().copied()))?;
            missing.extend(told.lines().map(str::to_owned));
        }
        Ok(missing)
    }

    /// Adds a tree under its base name and returns its path.
    ///
    /// # Errors
    /// PNX-406 with the message of `nix-store`.
    pub fn add_tree(&self, tree: &Path) -> Result<String, Problem> {
        let fixed = ["--add-fixed", "--recursive", "sha256"].map(OsStr::new);
        let told = run(fixed.into_iter().chain([tree.as_os_str()]))?;
        Ok(told.trim().to_owned())
    }

    /// Adds files under their base names and returns their paths in the same order.
    ///
    /// # Errors
    /// PNX-406 with the message of `nix-store`.
    pub fn add_files(&self, files: &[impl AsRef<Path>]) -> Result<Vec<String>, Problem> {
        let mut paths = Vec::with_capacity(files.len());
        for batch in files.chunks(BATCH) {
            let fixed = ["--add-fixed", "sha256"].map(OsStr::new);
            let batch = batch.iter().map(|file| file.as_ref().as_os_str());
            let told = run(fixed.into_iter().chain(batch))?;
            paths.extend(told.lines().map(str::to_owned));
        }
        Ok(paths)
    }
}

/// Runs `nix-store` and returns its output.
fn run<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Result<String, Problem> {
    let output = Command::new("nix-store")
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) if output.status.success() => {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        }
        Ok(Output { stderr, .. }) => {
            let said = String::from_utf8_lossy(&stderr);
            let said: Vec<&str> = said.lines().map(str::trim).take(6).collect();
            let cause = format!("nix-store: {}", said.join("\n    "));
            Err(Problem::new(&STORE_FAILED, cause))
        }
        Err(error) => {
            let cause = format!("nix-store cannot be run: {error}");
            Err(Problem::new(&STORE_FAILED, cause).mend("Install Nix and see that it is on PATH."))
        }
    }
}
