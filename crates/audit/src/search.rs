//! Looks up commands on search paths.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::findings::{Findings, LISTED};
use super::machine::Machine;
use super::store::Store;
use super::walk::Root;
use problem::{NOT_ON_PATH, Problem};

/// The directory of NixOS' setuid wrappers.
pub(super) const WRAPPERS: &str = "/run/wrappers/bin";
/// The directory of the administrator's programs, the last on every `PATH`, for programs of others.
const SYSTEM: &str = "/run/current-system/sw/bin";

/// The most bytes of a unit to read, far more than any has.
const UNIT: u64 = 1 << 20;

/// A program that a file runs by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    /// Its name.
    pub program: String,
    /// The file.
    pub place: String,
    /// 1-based line.
    pub line: u32,
}

impl Command {
    /// Makes the finding that `path` lacks the program.
    pub fn missing(&self, path: &str) -> Problem {
        let cause = format!("`{}` is run, and {path} has no such program", self.program);
        Problem::new(&NOT_ON_PATH, cause).at(self.place.clone(), Some(self.line))
    }
}

/// The contents of directories, each listed once.
pub(super) struct Shelves {
    machine: Machine,
    wrappers: BTreeSet<String>,
    listed: Mutex<HashMap<String, Arc<HashSet<String>>>>,
}

impl Shelves {
    /// Starts with nothing listed.
    pub fn new(machine: Machine, wrappers: BTreeSet<String>) -> Self {
        Self {
            machine,
            wrappers,
            listed: Mutex::new(HashMap::new()),
        }
    }

    /// Whether a program is among the known wrappers.
    pub fn wraps(&self, program: &str) -> bool {
        self.wrappers.contains(program)
    }

    /// Whether a directory contains a program.
    pub fn has(&self, directory: &str, program: &str) -> bool {
        if directory == WRAPPERS {
            return self.wraps(program);
        }
        // The output must not rely on programs that an administrator may have installed.
        if directory == SYSTEM {
            return false;
        }
        let mut listed = self
            .listed
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let programs = listed.entry(directory.to_owned()).or_insert_with(|| {
            let names = self.machine.names(Path::new(directory));
            Arc::new(names.into_iter().collect())
        });
        programs.contains(program)
    }
}

/// The search path of an output, and the commands to look up on it.
pub(super) struct Search {
    /// The search path of its services; `None` until it is known.
    path: Option<String>,
    /// The search paths that files set, with the number of files.
    set: BTreeMap<String, u64>,
    /// The commands, by program.
    waiting: BTreeMap<String, Vec<Command>>,
}

impl Search {
    /// Makes the search of an output with the `PATH` that most of its services have.
    pub fn of(root: &Root, store: &Store) -> Self {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        let units = root.path.join("lib/systemd/system");
        for name in store.machine.names(&units) {
            for path in unit(&store.machine, &units.join(name)) {
                if is_complete(&path, store.prefix()) {
                    *counts.entry(path).or_default() += 1;
                }
            }
        }
        Self {
            path: most(&counts),
            set: BTreeMap::new(),
            waiting: BTreeMap::new(),
        }
    }

    /// Adds the commands that a file runs and the search paths that it sets.
    pub fn wait(&mut self, commands: Vec<Command>, paths: Vec<String>) {
        for command in commands {
            self.waiting
                .entry(command.program.clone())
                .or_default()
                .push(command);
        }
        for path in paths {
            *self.set.entry(path).or_default() += 1;
        }
        for commands in self.waiting.values_mut() {
            // No more than this are reported.
            commands.truncate(LISTED + 1);
        }
    }

    /// Looks up the collected commands. If the whole output has no search path, it checks nothing:
    /// the commands of an object run on its link's path.
    pub fn settle(self, shelves: &Shelves, findings: &mut Findings) {
        let Some(path) = self.path.or_else(|| most(&self.set)) else {
            return;
        };
        let directories: Vec<&str> = path.split(':').filter(|one| !one.is_empty()).collect();
        for (program, commands) in self.waiting {
            if directories
                .iter()
                .any(|directory| shelves.has(directory, &program))
            {
                continue;
            }
            for command in &commands {
                findings.add(command.missing("the output's PATH"));
            }
        }
    }
}

/// Returns the most frequent path, or the first of several.
fn most(counts: &BTreeMap<String, u64>) -> Option<String> {
    let most = counts.values().max()?;
    counts
        .iter()
        .find(|(_, count)| *count == most)
        .map(|(path, _)| path.clone())
}

/// Returns the search paths that a unit sets.
pub(super) fn unit(machine: &Machine, path: &Path) -> Vec<String> {
    use std::io::Read as _;
    let mut text = Vec::new();
    let read = machine
        .read(path)
        .and_then(|file| file.take(UNIT).read_to_end(&mut text));
    if read.is_err() {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(&text);
    let set = text.lines().filter_map(|line| {
        let value = line
            .trim()
            .strip_prefix("Environment=")?
            .trim_start_matches(['"', '\'']);
        Some(
            value
                .strip_prefix("PATH=")?
                .trim_end_matches(['"', '\''])
                .to_owned(),
        )
    });
    set.collect()
}

/// Whether every directory of a search path is known: in the store, or NixOS' own.
pub(super) fn is_complete(path: &str, prefix: &str) -> bool {
    let is_known = |one: &str| is_machines(one) || (one.starts_with(prefix) && !one.contains('$'));
    !path.is_empty() && path.split(':').filter(|one| !one.is_empty()).all(is_known)
}

/// Whether a directory of a search path is NixOS' own.
pub(super) fn is_machines(directory: &str) -> bool {
    directory == WRAPPERS || directory == SYSTEM
}
