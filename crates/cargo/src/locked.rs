//! Locks all programs of a release.

use std::collections::BTreeMap;
use std::path::Path;

use super::crates::SourceCrates;
use super::resolve::{Known, resolve};
use super::{Program, below, kept, lock, programs};
use debian::Packaging;
use decide::rules::CrateRules;
use problem::{Problem, Severity};
use release::{Manifest, OpenOptions, OwnPins, Pin, Source};

/// The programs of a release, with cargo's results or the reasons for failures.
#[derive(Debug, Default)]
pub struct LockedPrograms {
    /// Sorted by name.
    pub programs: Vec<Program>,
    /// The sources that programs pin themselves.
    pub own: BTreeMap<String, OwnPins>,
    /// Reasons why programs have no lock, and crates with patches of Debian's.
    pub problems: Vec<Problem>,
}

/// Locks every program of `manifest`, whose sources are given at their pins. `root` contains the
/// previous locks.
///
/// # Errors
/// A problem that prevents all programs from being locked: unreadable sources, no cargo, no
/// network.
pub fn lock_programs(
    manifest: &Manifest,
    sources: &[Source],
    options: &OpenOptions,
    rules: &CrateRules,
) -> Result<LockedPrograms, Vec<Problem>> {
    let mut crates = BTreeMap::new();
    let mut found = Vec::new();
    for source in sources {
        let read = SourceCrates::read(&source.name, source.tree.as_ref())?;
        let packagings: Vec<Packaging> = debian::read_all(&source.name, source.tree.as_ref())?;
        found.extend(programs::of_source(&source.name, &packagings, &read, rules));
        crates.insert(source.name.clone(), read);
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    let pins: BTreeMap<String, BTreeMap<String, Pin>> = manifest
        .programs
        .iter()
        .map(|(program, own)| (program.clone(), own.sources.clone()))
        .collect();
    let known = Known {
        sources,
        crates: &crates,
        kept: &pins,
        options,
        rules,
    };
    let mut locked = LockedPrograms::default();
    for mut program in found {
        program.lock = kept::lock(&options.root, &manifest.name, &program.name);
        locked.add(program, &known)?;
    }
    Ok(locked)
}

impl LockedPrograms {
    fn add(&mut self, mut program: Program, known: &Known) -> Result<(), Vec<Problem>> {
        let mut done = program.clone();
        let resolved = resolve(&program, known, &mut |resolved| {
            done = program.clone();
            let version = known.rules.rust_version.as_deref();
            lock::lock(&mut done, resolved, known.sources, version)
        });
        match resolved {
            Ok(resolved) => {
                program = done;
                let patches = patched(&program, known, &resolved.own);
                self.problems.extend(patches);
                let sources: BTreeMap<String, Pin> = resolved
                    .own
                    .into_iter()
                    .map(|(name, source)| (name, source.pin))
                    .collect();
                if !sources.is_empty() {
                    self.own.insert(program.name.clone(), OwnPins { sources });
                }
            }
            Err(problems) if problems.iter().any(is_fatal) => return Err(problems),
            Err(problems) => {
                let causes: Vec<&str> = problems.iter().map(|one| one.cause.as_str()).collect();
                program = Program {
                    unresolved: Some(causes.join("; ")),
                    lock: String::new(),
                    patch: Vec::new(),
                    behind: None,
                    submodules: BTreeMap::new(),
                    crates: Vec::new(),
                    natives: Vec::new(),
                    ..program
                };
                self.problems.extend(problems);
            }
        }
        self.programs.push(program);
        Ok(())
    }

    /// Writes the programs' files, and removes those of programs that no longer exist.
    ///
    /// # Errors
    /// Writing fails.
    pub fn write(&self, root: &Path, release: &str) -> Result<(), Problem> {
        let directory = root.join(kept::directory(release));
        let mut names = Vec::new();
        for program in &self.programs {
            let toml = format!("{}.toml", program.name);
            output::replace(&directory.join(&toml), program.to_toml(release).as_bytes())?;
            names.push(toml);
            if program.is_resolved() {
                let lock = format!("{}.lock", program.name);
                output::replace(&directory.join(&lock), program.lock.as_bytes())?;
                names.push(lock);
            }
        }
        for entry in std::fs::read_dir(&directory)
            .into_iter()
            .flatten()
            .flatten()
        {
            let name = entry.file_name().to_string_lossy().into_owned();
            if !names.contains(&name) {
                output::remove(&entry.path())?;
            }
        }
        Ok(())
    }
}

fn is_fatal(problem: &Problem) -> bool {
    problem.code.severity == Severity::Fatal
}

/// Returns the program's crates that Debian's archive patches, judged by patches beside their
/// manifests.
fn patched(program: &Program, known: &Known, own: &BTreeMap<String, Source>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for one in &program.crates {
        let series = below(&one.path, "debian/patches/series");
        let mut pinned = known.sources.iter();
        let pinned = pinned.find(|source| source.name == one.source);
        let Some(source) = own.get(&one.source).or(pinned) else {
            continue;
        };
        let mut entries = source.tree.entries().iter();
        let Some(entry) = entries.find(|entry| entry.path == series) else {
            continue;
        };
        let text = source.tree.read(&[entry]).unwrap_or_default();
        let text = String::from_utf8_lossy(text.first().map_or(&[], Vec::as_slice)).into_owned();
        let names = text
            .lines()
            .map(|line| line.split('#').next().unwrap_or_default().trim());
        for (name, line) in names.zip(1..).filter(|(name, _)| !name.is_empty()) {
            let cause = format!("Debian's {} {} has the patch {name}", one.name, one.version);
            let problem = Problem::new(&problem::PATCHED_CRATE, cause);
            problems.push(problem.in_source(&one.source).at(&series, Some(line)));
        }
    }
    problems
}
