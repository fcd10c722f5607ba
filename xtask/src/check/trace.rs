//! What the machine's programs ask of the file system (`--trace`): strace(1) writes it down, a file for each process.
//!
//! What a guest asks in a root of its own is its own: from the first change of root on, but that by which this program
//! enters the machine, a process and those it starts are not listened to.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use globset::{Glob, GlobSet, GlobSetBuilder};
use regex::Regex;

use super::points::TraceRule;

/// Directories of Debian's and NixOS', in which the two differ.
const DIRECTORIES: [&str; 7] = ["/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc", "/opt"];

/// Runs programs under strace.
#[derive(Debug)]
pub struct Tracer {
    /// `strace`, where this machine has it.
    strace: PathBuf,
    /// Where it writes: a directory for each program that was run.
    directory: PathBuf,
    /// How many were run.
    count: AtomicUsize,
}

impl Tracer {
    /// Writes below `directory`, which is made.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn new(strace: PathBuf, directory: PathBuf) -> std::io::Result<Self> {
        fs::create_dir_all(&directory)?;
        Ok(Self {
            strace,
            directory,
            count: AtomicUsize::new(0),
        })
    }

    /// The words before a command that is to be traced. The tracer is no parent of the program, whose end is seen as ever.
    ///
    /// # Errors
    /// Where a directory cannot be made.
    pub fn words(&self) -> std::io::Result<Vec<String>> {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let directory = self.directory.join(number.to_string());
        fs::create_dir(&directory)?;
        let output = directory.join("of").display().to_string();
        Ok([
            &self.strace.display().to_string(),
            "-D",
            "-ff",
            "-qq",
            "-e",
            "trace=%file,clone,clone3,fork,vfork",
            "-e",
            "signal=none",
            "-o",
            &output,
            "--",
        ]
        .map(str::to_owned)
        .into())
    }

    /// Every absolute path that was asked for, with the programs that asked.
    pub fn asked(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut asked = BTreeMap::new();
        for entry in fs::read_dir(&self.directory)
            .into_iter()
            .flatten()
            .flatten()
        {
            let mut processes = BTreeMap::new();
            for file in fs::read_dir(entry.path()).into_iter().flatten().flatten() {
                let number = file.file_name().to_str().and_then(|name| {
                    let (_, number) = name.rsplit_once('.')?;
                    number.parse::<u32>().ok()
                });
                if let (Some(number), Ok(text)) = (number, fs::read(file.path())) {
                    processes.insert(number, String::from_utf8_lossy(&text).into_owned());
                }
            }
            collect(&processes, &mut asked);
        }
        asked
    }
}

/// Takes the paths of the processes of one program, by their numbers.
fn collect(processes: &BTreeMap<u32, String>, asked: &mut BTreeMap<String, BTreeSet<String>>) {
    let started: HashSet<u32> = processes.values().flat_map(|text| children(text)).collect();
    // Those that nobody here started: the program itself. A guest's processes are numbered in a name space of their own.
    let first = processes.keys().find(|number| !started.contains(number));
    let mut waiting: Vec<(u32, String, usize)> = first
        .map(|number| (*number, String::new(), 1))
        .into_iter()
        .collect();
    let mut done = HashSet::new();
    while let Some((number, mut program, mut roots)) = waiting.pop() {
        let Some(text) = processes.get(&number).filter(|_| done.insert(number)) else {
            continue;
        };
        for line in text.lines() {
            let Some((call, rest)) = line.split_once('(') else {
                continue;
            };
            match call {
                "chroot" | "pivot_root" if succeeded(line) => {
                    let Some(left) = roots.checked_sub(1).filter(|_| call == "chroot") else {
                        break;
                    };
                    roots = left;
                    continue;
                }
                "clone" | "clone3" | "fork" | "vfork" => {
                    waiting.extend(result(line).map(|child| (child, program.clone(), roots)));
                    continue;
                }
                _ => {}
            }
            // Before it has entered the machine, it is a program of this one.
            if roots > 0 {
                continue;
            }
            for path in paths(rest) {
                if call == "execve" && succeeded(line) {
                    path.rsplit('/')
                        .next()
                        .unwrap_or(path)
                        .clone_into(&mut program);
                }
                let who = asked.entry(path.to_owned()).or_default();
                who.insert(program.clone());
            }
        }
    }
}

fn children(text: &str) -> impl Iterator<Item = u32> + '_ {
    text.lines()
        .filter(|line| {
            let call = line.split_once('(').map(|(call, _)| call);
            matches!(call, Some("clone" | "clone3" | "fork" | "vfork"))
        })
        .filter_map(result)
}

/// What a call gave: `… = 1234`.
fn result(line: &str) -> Option<u32> {
    let (_, result) = line.rsplit_once(" = ")?;
    result.split(' ').next()?.parse().ok()
}

fn succeeded(line: &str) -> bool {
    line.rsplit_once(" = ")
        .is_some_and(|(_, result)| !result.starts_with('-') && !result.starts_with('?'))
}

/// The absolute paths among a call's arguments, but those of the arguments that a program is given.
fn paths(rest: &str) -> impl Iterator<Item = &str> {
    static PATH: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#"(?:^|, )"(/[^"\\]*)""#).ok());
    let arguments = rest.split(", [").next().unwrap_or(rest);
    PATH.iter()
        .flat_map(move |path| path.captures_iter(arguments))
        .filter_map(|found| found.get(1).map(|path| path.as_str()))
}

/// The paths that are in a directory of Debian's and that no rule says NixOS has.
///
/// # Errors
/// A glob that cannot be read.
pub fn foreign<'a>(
    asked: &'a BTreeMap<String, BTreeSet<String>>,
    rules: &[TraceRule],
    leans: bool,
) -> Result<Vec<(&'a str, &'a BTreeSet<String>)>, String> {
    let mut globs = GlobSetBuilder::new();
    for rule in rules.iter().filter(|rule| leans || !rule.leaning) {
        for path in &rule.paths {
            globs.add(Glob::new(path).map_err(|error| error.to_string())?);
        }
    }
    let known: GlobSet = globs.build().map_err(|error| error.to_string())?;
    let below = |path: &str, directory: &str| {
        path.strip_prefix(directory)
            .is_some_and(|rest| rest.starts_with('/') && rest.len() > 1)
    };
    Ok(asked
        .iter()
        .filter(|(path, _)| DIRECTORIES.iter().any(|directory| below(path, directory)))
        .filter(|(path, _)| !known.is_match(Path::new(path)))
        .map(|(path, who)| (path.as_str(), who))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(processes: &[(u32, &str)]) -> Vec<String> {
        let processes = processes
            .iter()
            .map(|(number, text)| (*number, (*text).to_owned()))
            .collect();
        let mut asked = BTreeMap::new();
        collect(&processes, &mut asked);
        let told = |(path, who): (String, BTreeSet<String>)| {
            format!("{path} {}", who.into_iter().collect::<Vec<_>>().join(","))
        };
        asked.into_iter().map(told).collect()
    }

    #[test]
    fn a_program_is_listened_to_from_the_machine_to_a_guest() {
        let main = "\
execve(\"/usr/sbin/chroot\", [\"chroot\", \"/m\", \"/nix/store/x/bin/hive\"], 0x7 /* 3 vars */) = 0
openat(AT_FDCWD, \"/etc/ld.so.cache\", O_RDONLY|O_CLOEXEC) = 3
chroot(\"/m\") = 0
execve(\"/nix/store/x/bin/hive\", [\"hive\", \"/etc/not-asked\"], 0x7 /* 3 vars */) = 0
openat(AT_FDCWD, \"/usr/share/hive\", O_RDONLY) = -1 ENOENT (No such file or directory)
clone(child_stack=NULL, flags=SIGCHLD) = 12
clone3({flags=CLONE_VFORK, exit_signal=SIGCHLD}, 88) = 13
rename(\"/etc/a\", \"/etc/b\") = 0
";
        let child = "execve(\"/nix/store/x/bin/bee\", [\"bee\"], 0x7 /* 3 vars */) = 0\nstat(\"/bin/sh\", {st_mode=S_IFREG}) = 0\n";
        let guest = "openat(AT_FDCWD, \"/etc/hive\", O_RDONLY) = 3\npivot_root(\".\", \".\") = 0\nopenat(AT_FDCWD, \"/etc/passwd\", O_RDONLY) = 3\n";
        let nested = "openat(AT_FDCWD, \"/etc/shadow\", O_RDONLY) = 3\n";
        assert_eq!(
            asked(&[(10, main), (12, child), (13, guest), (99, nested)]),
            [
                "/bin/sh bee",
                "/etc/a hive",
                "/etc/b hive",
                "/etc/hive hive",
                "/nix/store/x/bin/bee bee",
                "/nix/store/x/bin/hive hive",
                "/usr/share/hive hive",
            ]
        );
    }

    #[test]
    fn what_nixos_has_is_not_foreign() {
        let asked: BTreeMap<String, BTreeSet<String>> = [
            "/etc/passwd",
            "/etc/perl/x",
            "/usr/bin/qm",
            "/nix/x",
            "/usr",
        ]
        .map(|path| (path.to_owned(), BTreeSet::from(["hive".to_owned()])))
        .into();
        let rule = |paths: &[&str], leaning| TraceRule {
            paths: paths.iter().map(ToString::to_string).collect(),
            leaning,
            why: "a test".to_owned(),
        };
        let rules = [rule(&["/etc/passwd"], false), rule(&["/etc/perl/**"], true)];
        let found = |leans| -> Vec<&str> {
            let found = foreign(&asked, &rules, leans).unwrap();
            found.into_iter().map(|(path, _)| path).collect()
        };
        assert_eq!(found(true), ["/usr/bin/qm"]);
        assert_eq!(found(false), ["/etc/perl/x", "/usr/bin/qm"]);
    }
}
