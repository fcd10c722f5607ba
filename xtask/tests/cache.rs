//! The cache changes no result: runs without it, and with an empty, a full, a damaged and another
//! build's cache, agree.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use analyse::{Analysis, Knowledge};
use cache::Cache;
use cargo::kept;
use emit::release::generate;
use proptest::prelude::*;
use release::{Manifest, OpenOptions, open};
use tempfile::TempDir;

/// Returns the repository's root.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Runs Git without the machine's configuration.
fn git(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(directory)
        .env_remove("GIT_DIR")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .args(["-c", "user.name=A Person"])
        .args(["-c", "user.email=person@example.org"])
        .args(arguments)
        .output()
        .expect("git runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {told}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().expect("a type");
        if kind.is_dir() {
            copy(&from, &to);
        } else if kind.is_symlink() {
            let target = fs::read_link(&from).expect("a link");
            std::os::unix::fs::symlink(target, to).expect("a link");
        } else {
            fs::copy(from, to).expect("a file");
        }
    }
}

/// The demo as commits in Git repositories. Most of the cache is for commits, because a plain
/// directory may change.
struct Demo {
    dir: TempDir,
    manifest: Manifest,
    knowledge: Knowledge,
}

impl Demo {
    fn new() -> Self {
        let dir = TempDir::new().expect("a directory");
        let mut manifest = Manifest::named(&root(), "demo").expect("the demo's manifest");
        for (name, pin) in &mut manifest.sources {
            let path = pin.path.take().expect("the demo's sources are directories");
            let repository = dir.path().join("sources").join(name);
            copy(&root().join(path), &repository);
            git(&repository, &["init", "-q"]);
            git(&repository, &["add", "-A", "-f"]);
            git(&repository, &["commit", "-q", "-m", "all"]);
            pin.rev = Some(git(&repository, &["rev-parse", "HEAD"]));
        }
        Self {
            dir,
            manifest,
            knowledge: Knowledge::read(&root()).expect("the rules"),
        }
    }

    fn cache(&self) -> Cache {
        scan::cache_below(&self.dir.path().join("cache"), &self.knowledge.calls_text)
    }

    /// Returns all findings and output of a run, as text.
    fn run(&self, cache: Option<&Cache>) -> String {
        let options = OpenOptions {
            root: root(),
            sources: Some(self.dir.path().join("sources")),
            kept: cache.cloned(),
            ..OpenOptions::default()
        };
        let opened = open(&self.manifest, &options).expect("the sources open");
        let programs = kept::read(&root(), &self.manifest.name).expect("the programs are kept");
        let analysis = Analysis::new(
            self.manifest.clone(),
            opened.sources,
            programs,
            opened.missing,
            &self.knowledge,
            cache,
        )
        .expect("the demo is read");
        let mut parts = vec![
            format!("{:?}", analysis.findings),
            format!("{:?}", analysis.uses),
        ];
        for one in &analysis.sources {
            parts.push(format!("{:?}\n{:?}", one.scanned.files, one.decided));
            parts.push(format!(
                "{:?}\n{:?}",
                one.packagings,
                one.source.tree.entries()
            ));
        }
        parts.push(match generate(&analysis, &self.knowledge) {
            Ok(generated) => format!("{:?}", generated.output.files()),
            Err(problems) => format!("{problems:?}"),
        });
        parts.join("\n")
    }

    /// Returns the cache's files.
    fn kept(&self) -> Vec<PathBuf> {
        let files =
            fs::read_dir(self.cache().dir().expect("one of files")).expect("the cache was written");
        let mut files: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
        files.sort();
        files
    }
}

#[test]
fn cold_warm_and_without_are_the_same() {
    let demo = Demo::new();
    let without = demo.run(None);
    assert!(without.contains("/usr/bin/"), "something is found");
    assert!(demo.run(Some(&demo.cache())) == without, "cold");
    for what in ["scan", "tree", "debian", "blobs"] {
        let ending = format!("-{what}.postcard");
        let is_one = |path: &PathBuf| path.to_string_lossy().ends_with(&ending);
        assert!(demo.kept().iter().any(is_one), "{what} is kept");
    }
    // The cache is trusted: without the repositories' objects, nothing else can be read.
    for name in demo.manifest.sources.keys() {
        let objects = demo
            .dir
            .path()
            .join("sources")
            .join(name)
            .join(".git/objects");
        fs::rename(&objects, objects.with_extension("away")).expect("moved");
    }
    assert!(demo.run(Some(&demo.cache())) == without, "warm");
    for name in demo.manifest.sources.keys() {
        let objects = demo
            .dir
            .path()
            .join("sources")
            .join(name)
            .join(".git/objects");
        fs::rename(objects.with_extension("away"), &objects).expect("moved");
    }
}

#[test]
fn another_build_of_the_scanners_finds_nothing() {
    let demo = Demo::new();
    let without = demo.run(None);
    let calls = &demo.knowledge.calls_text;
    let dir = demo.dir.path().join("cache");
    let other = Cache::new(&dir, "another build", calls);
    // Another build's cache is wrong for this one, but undamaged.
    for (name, pin) in &demo.manifest.sources {
        let rev = pin.rev.as_deref().expect("a commit");
        other.put(&format!("{name}-{rev}-debian"), &b"[]".to_vec());
    }
    assert_ne!(other.dir(), demo.cache().dir());
    assert!(demo.run(Some(&demo.cache())) == without);
}

#[test]
fn a_damaged_cache_is_none() {
    let demo = Demo::new();
    let without = demo.run(None);
    demo.run(Some(&demo.cache()));
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let damage = (
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        any::<Vec<u8>>(),
    );
    runner
        .run(&damage, |(file, at, bytes)| {
            let kept = demo.kept();
            let path = file.get(&kept);
            let mut content = fs::read(path).expect("the file");
            content.truncate(at.index(content.len() + 1));
            content.extend_from_slice(&bytes);
            fs::write(path, content).expect("written");
            prop_assert!(demo.run(Some(&demo.cache())) == without, "{path:?}");
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
}
