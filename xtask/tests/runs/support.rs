//! A copy of the project that a test may modify, runs of the command in it, and analyses in this
//! process.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{LazyLock, Mutex};

use analyse::{Analysis, Knowledge};
use cargo::kept;
use problem::Problem;
use release::{Manifest, OpenOptions};
use tempfile::TempDir;

/// Returns the project's root.
pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Returns the directory of real repositories, and prints a message if there is none.
pub fn real_sources() -> Option<PathBuf> {
    let dir = std::env::var_os("PVE_SOURCES").filter(|dir| !dir.is_empty());
    if dir.is_none() {
        println!("skipped: PVE_SOURCES is not set");
    }
    dir.map(PathBuf::from)
}

/// The result of a run of the command.
#[derive(Debug)]
pub struct Run {
    /// The exit status; `None` after a signal.
    pub code: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Run {
    pub fn of(command: &mut Command) -> Self {
        let output = command.output().expect("the command starts");
        let text = |bytes| String::from_utf8(bytes).expect("only UTF-8 is written");
        Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

/// A root in the project's layout, with the demo, the rules and the output of an earlier run.
pub struct Root(TempDir);

impl Root {
    /// Copies `rules/`, `demo/` and the demo's part of `releases/`.
    pub fn new() -> Self {
        let root = Self(TempDir::new().expect("a directory"));
        for part in [
            "rules",
            "demo",
            "releases/demo.toml",
            "releases/demo",
            "pkgs/outside",
        ] {
            copy(&project().join(part), &root.path().join(part));
        }
        // Rules name the shims, so empty directories are enough.
        let shims = fs::read_dir(project().join("pkgs/build-support")).expect("shims");
        for shim in shims.map(|entry| entry.expect("readable")) {
            if shim.path().is_dir() {
                let place = root.path().join("pkgs/build-support");
                fs::create_dir_all(place.join(shim.file_name())).expect("a directory");
            }
        }
        // The directory for tests' repositories.
        fs::create_dir(root.join("upstream")).expect("a directory");
        // Any run that writes removes this.
        root.write("pkgs/demo/earlier", "of an earlier run\n");
        root
    }

    /// As [`Self::new`], with every release. Returns the name of the default one.
    pub fn with_releases() -> (Self, String) {
        let root = Self::new();
        for part in ["releases", "pkgs/outside"] {
            copy(&project().join(part), &root.join(part));
        }
        let default = root.text("releases/default").trim().to_owned();
        (root, default)
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn join(&self, path: &str) -> PathBuf {
        self.path().join(path)
    }

    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
        fs::write(path, content).expect("written");
    }

    pub fn text(&self, path: &str) -> String {
        fs::read_to_string(self.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Adds lines at a file's end; one that is not there is made.
    pub fn append(&self, path: &str, lines: &str) {
        let text = fs::read_to_string(self.join(path)).unwrap_or_default();
        self.write(path, text + lines);
    }

    /// Replaces the first `from` in a file, which must exist. Returns its 1-based line.
    pub fn edit(&self, path: &str, from: &str, to: &str) -> usize {
        let text = self.text(path);
        let at = text
            .find(from)
            .unwrap_or_else(|| panic!("{path} has no {from:?}"));
        self.write(path, text.replacen(from, to, 1));
        text[..at].matches('\n').count() + 1
    }

    /// Returns the command, in this root, without the caller's sources and cache.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pve-nix"));
        self.place(&mut command);
        command.args(arguments);
        command
    }

    /// Sets this root, its cache and empty input for `command`.
    pub fn place(&self, command: &mut Command) {
        command
            .current_dir(self.path())
            .env_remove("PVE_SOURCES")
            .env("XDG_CACHE_HOME", self.join("cache"))
            .stdin(Stdio::null());
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        Run::of(&mut self.command(arguments))
    }

    /// Runs `regen demo` with more arguments.
    pub fn regen(&self, more: &[&str]) -> Run {
        self.run(&[&["regen", "demo"], more].concat())
    }

    /// Returns everything in the directories to which runs write.
    pub fn written(&self) -> BTreeMap<String, Vec<u8>> {
        let mut found = BTreeMap::new();
        for part in ["pkgs", "patches"] {
            found.extend(contents(&self.join(part)));
        }
        found
    }

    /// Makes the source a Git repository in `upstream/` with one commit of loose objects, pins the
    /// release to it and returns the commit.
    pub fn in_git(&self, source: &str) -> String {
        let repository = self.join("upstream").join(source);
        if !repository.exists() {
            copy(&self.join("demo").join(source), &repository);
        }
        git(&repository, &["init", "-q", "-b", "master"]);
        git(&repository, &["add", "-A", "-f"]);
        git(&repository, &["commit", "-q", "-m", "one"]);
        let rev = git(&repository, &["rev-parse", "HEAD"]);
        self.pin(source, &rev);
        rev
    }

    /// Pins the source to a commit.
    pub fn pin(&self, source: &str, rev: &str) {
        let url = format!("url = \"https://upstream.example/{source}.git\"\nrev = \"{rev}\"");
        self.edit(
            "releases/demo.toml",
            &format!("path = \"demo/{source}\""),
            &url,
        );
    }

    /// Returns the loose object of a file in the repository that [`Self::in_git`] made.
    pub fn object(&self, source: &str, path: &str) -> PathBuf {
        let repository = self.join("upstream").join(source);
        let blob = git(&repository, &["rev-parse", &format!("HEAD:{path}")]);
        repository
            .join(".git/objects")
            .join(&blob[..2])
            .join(&blob[2..])
    }
}

/// Runs Git without the machine's configuration.
pub fn git(directory: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command
        .current_dir(directory)
        .env_remove("GIT_DIR")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .args([
            "-c",
            "user.name=A Person",
            "-c",
            "user.email=person@example.org",
        ])
        .args(arguments);
    let run = Run::of(&mut command);
    assert_eq!(run.code, Some(0), "git {arguments:?}: {}", run.stderr);
    run.stdout.trim().to_owned()
}

/// Copies a file or a directory.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().expect("a parent")).expect("directories");
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry.expect("readable");
        let target = match entry.path().strip_prefix(from).expect("below") {
            rest if rest.as_os_str().is_empty() => to.to_owned(),
            rest => to.join(rest),
        };
        if entry.file_type().is_dir() {
            fs::create_dir_all(target).expect("a directory");
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}

/// Returns the files, links (with their target) and empty directories below `dir`, by path.
pub fn contents(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in walkdir::WalkDir::new(dir) {
        let Ok(entry) = entry else { continue };
        let kind = entry.file_type();
        let bytes = if kind.is_file() {
            fs::read(entry.path()).expect("readable")
        } else if kind.is_symlink() {
            let target = fs::read_link(entry.path()).expect("a link");
            target.into_os_string().into_encoded_bytes()
        } else {
            b"a directory".to_vec()
        };
        found.insert(entry.path().display().to_string(), bytes);
    }
    found
}

/// The project's own rules.
pub static KNOWLEDGE: LazyLock<Knowledge> = LazyLock::new(|| {
    Knowledge::read(&project()).unwrap_or_else(|problems| panic!("{}", told(&problems)))
});

/// The demo, decided by the project's rules.
pub static DEMO: LazyLock<Analysis> = LazyLock::new(|| analyse("demo", None));

/// Analyses a release of this project.
pub fn analyse(release: &str, sources: Option<PathBuf>) -> Analysis {
    try_analyse(release, sources).unwrap_or_else(|told| panic!("{told}"))
}

/// Analyses a release of this project with other rules.
pub fn analysed(release: &str, sources: Option<PathBuf>, knowledge: &Knowledge) -> Analysis {
    analyse_by(release, sources, knowledge).unwrap_or_else(|told| panic!("{told}"))
}

fn try_analyse(release: &str, sources: Option<PathBuf>) -> Result<Analysis, String> {
    analyse_by(release, sources, &KNOWLEDGE)
}

fn analyse_by(
    release: &str,
    sources: Option<PathBuf>,
    knowledge: &Knowledge,
) -> Result<Analysis, String> {
    let manifest = Manifest::named(&project(), release).map_err(|problem| problem.to_string())?;
    let options = OpenOptions {
        root: project(),
        sources,
        ..OpenOptions::default()
    };
    let opened = release::open(&manifest, &options).map_err(|problems| told(&problems))?;
    let programs = kept::read(&project(), release).map_err(|problem| problem.to_string())?;
    Analysis::new(
        manifest,
        opened.sources,
        programs,
        opened.missing,
        knowledge,
        None,
    )
    .map_err(|problems| told(&problems))
}

/// The results of the real releases so far. Tests share them, and one test at a time computes them.
type Made = BTreeMap<&'static str, Result<&'static Analysis, String>>;

static REAL: Mutex<Made> = Mutex::new(BTreeMap::new());

/// The real releases.
pub const RELEASES: [&str; 7] = [
    "pve-8.4.1",
    "pve-9.0.3",
    "pve-9.1.1",
    "pve-9.1.4",
    "pve-9.1.7",
    "pve-9.1.8",
    "pve-9.2.11",
];

/// Returns a real release; `None` without its sources.
pub fn real(release: &'static str) -> Option<&'static Analysis> {
    let sources = real_sources()?;
    let made = {
        let mut all = REAL
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let make =
            || try_analyse(release, Some(sources)).map(|analysis| &*Box::leak(Box::new(analysis)));
        all.entry(release).or_insert_with(make).clone()
    };
    Some(made.unwrap_or_else(|told| panic!("{told}")))
}

/// Formats problems as the command does.
pub fn told(problems: &[Problem]) -> String {
    problems
        .iter()
        .map(|problem| format!("{problem}\n"))
        .collect()
}
