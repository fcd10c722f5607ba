//! Commands, and the search paths that they are looked for on.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::findings::{Findings, LISTED};
use super::machine::Machine;
use super::store::Store;
use super::walk::Root;
use problem::{NOT_ON_PATH, Problem};

/// Where `NixOS` has its setuid wrappers.
pub(super) const WRAPPERS: &str = "/run/wrappers/bin";
/// Where NixOS has what an administrator installed: the last on every `PATH`, for programs of other people.
const SYSTEM: &str = "/run/current-system/sw/bin";

/// Bytes of a unit that are looked at: none comes near.
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
    /// The finding that `path` has no such program.
    pub fn missing(&self, path: &str) -> Problem {
        let cause = format!("`{}` is run, and {path} has no such program", self.program);
        Problem::new(&NOT_ON_PATH, cause).at(self.place.clone(), Some(self.line))
    }
}

/// What directories hold, each listed once.
pub(super) struct Shelves {
    machine: Machine,
    wrappers: BTreeSet<String>,
    listed: Mutex<HashMap<String, Arc<HashSet<String>>>>,
}

impl Shelves {
    /// Nothing of the machine listed yet.
    pub fn new(machine: Machine, wrappers: BTreeSet<String>) -> Self {
        Self {
            machine,
            wrappers,
            listed: Mutex::new(HashMap::new()),
        }
    }

    /// Whether the wrappers are known to hold a program.
    pub fn wraps(&self, program: &str) -> bool {
        self.wrappers.contains(program)
    }

    /// Whether a directory holds a program.
    pub fn has(&self, directory: &str, program: &str) -> bool {
        if directory == WRAPPERS {
            return self.wraps(program);
        }
        // What an administrator may have installed is no answer to what the output itself runs.
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

/// The search path of an output, and what is to be looked for on it.
pub(super) struct Search {
    /// Of its services; `None` while it is not known.
    path: Option<String>,
    /// What files set, and how many do.
    set: BTreeMap<String, u64>,
    /// By program.
    waiting: BTreeMap<String, Vec<Command>>,
}

impl Search {
    /// Of an output: the `PATH` that most of its services have.
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

    /// Takes what a file runs, and the search paths it sets.
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
            // No more are told.
            commands.truncate(LISTED + 1);
        }
    }

    /// Looks for what waits. Without a search path in the whole output nothing can be said of its commands: an object's
    /// is its link's.
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

/// The most frequent, of several the first.
fn most(counts: &BTreeMap<String, u64>) -> Option<String> {
    let most = counts.values().max()?;
    counts
        .iter()
        .find(|(_, count)| *count == most)
        .map(|(path, _)| path.clone())
}

/// The search paths that a unit sets.
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

/// Whether every directory of a search path is known: in the store, or the wrappers'.
pub(super) fn is_complete(path: &str, prefix: &str) -> bool {
    let is_known = |one: &str| is_machines(one) || (one.starts_with(prefix) && !one.contains('$'));
    !path.is_empty() && path.split(':').filter(|one| !one.is_empty()).all(is_known)
}

/// Whether a directory of a search path is NixOS' own.
pub(super) fn is_machines(directory: &str) -> bool {
    directory == WRAPPERS || directory == SYSTEM
}
