//! Records the file system calls of the machine's programs (`--trace`). strace(1) writes them to
//! one file for each process.
//!
//! A guest's accesses in its own root do not count. So a process and its children are ignored from
//! their first change of root on, other than the one with which this program enters the machine. A
//! process that enters another's mounts (`setns`, as `lxc-attach` does) is ignored until it returns
//! to its own.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use globset::{Glob, GlobSet, GlobSetBuilder};
use regex::Regex;

use super::points::TraceRule;

/// Directories in which Debian and NixOS differ.
const DIRECTORIES: [&str; 7] = ["/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc", "/opt"];

/// Runs programs under strace.
#[derive(Debug)]
pub struct Tracer {
    /// The `strace` program of this machine.
    strace: PathBuf,
    /// The directory of its files, with a subdirectory for each program.
    directory: PathBuf,
    /// The number of programs run so far.
    count: AtomicUsize,
}

impl Tracer {
    /// Makes a tracer that writes below `directory`, and creates it.
    ///
    /// # Errors
    /// The directory cannot be created.
    pub fn new(strace: PathBuf, directory: PathBuf) -> std::io::Result<Self> {
        fs::create_dir_all(&directory)?;
        Ok(Self {
            strace,
            directory,
            count: AtomicUsize::new(0),
        })
    }

    /// Returns the words to put before a command to trace it. The tracer is not the program's
    /// parent, so its exit status is visible as usual.
    ///
    /// # Errors
    /// A directory cannot be created.
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
            "trace=%file,clone,clone3,fork,vfork,setns",
            "-e",
            "signal=none",
            "-o",
            &output,
            "--",
        ]
        .map(str::to_owned)
        .into())
    }

    /// Returns every absolute path that was accessed, with the programs that accessed it.
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

/// A process and its state at its start.
#[derive(Clone)]
struct Process {
    number: u32,
    program: String,
    /// The number of roots still to enter until it is in the machine.
    roots: usize,
    /// Whether it is in the mounts of another process, that is, a guest's.
    is_away: bool,
    /// The namespaces that it has opened, by descriptor.
    spaces: BTreeMap<u32, String>,
}

/// Collects the paths that one program's processes accessed. `processes` has their traces by
/// number.
fn collect(processes: &BTreeMap<u32, String>, asked: &mut BTreeMap<String, BTreeSet<String>>) {
    let started: HashSet<u32> = processes.values().flat_map(|text| children(text)).collect();
    // The program itself is the process that no other started. A guest's processes have numbers of
    // another namespace.
    let first = processes.keys().find(|number| !started.contains(number));
    let first = first.map(|number| Process {
        number: *number,
        program: String::new(),
        roots: 1,
        is_away: false,
        spaces: BTreeMap::new(),
    });
    let mut waiting: Vec<Process> = first.into_iter().collect();
    let mut done = HashSet::new();
    while let Some(process) = waiting.pop() {
        let text = processes.get(&process.number);
        if let Some(text) = text.filter(|_| done.insert(process.number)) {
            process.run(text, &mut waiting, asked);
        }
    }
}

impl Process {
    /// Follows a process' calls, and adds the processes that it starts to `waiting`.
    fn run(
        mut self,
        text: &str,
        waiting: &mut Vec<Self>,
        asked: &mut BTreeMap<String, BTreeSet<String>>,
    ) {
        for line in text.lines() {
            let Some((call, rest)) = line.split_once('(') else {
                continue;
            };
            match call {
                "chroot" | "pivot_root" if !self.is_away && succeeded(line) => {
                    let Some(left) = self.roots.checked_sub(1).filter(|_| call == "chroot") else {
                        break;
                    };
                    self.roots = left;
                    continue;
                }
                "setns" if succeeded(line) => {
                    self.enter(rest);
                    continue;
                }
                "clone" | "clone3" | "fork" | "vfork" => {
                    waiting.extend(result(line).map(|number| Self {
                        number,
                        ..self.clone()
                    }));
                    continue;
                }
                _ => {}
            }
            self.open(rest, line);
            // Until it enters the machine, it is a program of this one.
            if self.roots > 0 || self.is_away {
                continue;
            }
            for path in paths(rest) {
                if call == "execve" && succeeded(line) {
                    path.rsplit('/')
                        .next()
                        .unwrap_or(path)
                        .clone_into(&mut self.program);
                }
                let who = asked.entry(path.to_owned()).or_default();
                who.insert(self.program.clone());
            }
        }
    }

    /// Remembers a namespace that it opens.
    fn open(&mut self, rest: &str, line: &str) {
        let opened = paths(rest).find(|path| path.starts_with("/proc/") && path.contains("/ns/"));
        if let (Some(path), Some(descriptor)) = (opened, result(line)) {
            self.spaces.insert(descriptor, path.to_owned());
        }
    }

    /// Follows `setns(7, CLONE_NEWNS|CLONE_NEWPID)`: into another process' mounts, back to its own,
    /// or into a namespace without files. Type 0 allows any namespace; the descriptor then decides.
    fn enter(&mut self, arguments: &str) {
        let (descriptor, kind) = arguments.split_once(", ").unwrap_or((arguments, ""));
        let space = descriptor.parse().ok().and_then(|at| self.spaces.get(&at));
        let space = space.map(String::as_str);
        let is_mounts = if kind.starts_with('0') {
            space.is_some_and(|space| space.ends_with("/ns/mnt"))
        } else {
            let kinds = kind.split(')').next().unwrap_or(kind);
            kinds.split('|').any(|one| one == "CLONE_NEWNS")
        };
        if is_mounts {
            let own = [
                "/proc/self/ns/mnt".to_owned(),
                "/proc/thread-self/ns/mnt".to_owned(),
                format!("/proc/{}/ns/mnt", self.number),
            ];
            self.is_away = !space.is_some_and(|space| own.iter().any(|one| one == space));
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

/// Returns the result of a call: `… = 1234`.
fn result(line: &str) -> Option<u32> {
    let (_, result) = line.rsplit_once(" = ")?;
    result.split(' ').next()?.parse().ok()
}

fn succeeded(line: &str) -> bool {
    line.rsplit_once(" = ")
        .is_some_and(|(_, result)| !result.starts_with('-') && !result.starts_with('?'))
}

/// Returns the absolute paths among a call's arguments, without the arguments of a program that it
/// runs.
fn paths(rest: &str) -> impl Iterator<Item = &str> {
    static PATH: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#"(?:^|, )"(/[^"\\]*)""#).ok());
    let arguments = rest.split(", [").next().unwrap_or(rest);
    PATH.iter()
        .flat_map(move |path| path.captures_iter(arguments))
        .filter_map(|found| found.get(1).map(|path| path.as_str()))
}

/// Returns the paths in directories of Debian's that no rule allows, with the programs that access
/// them without an excuse.
///
/// # Errors
/// A glob is invalid.
pub fn foreign<'a>(
    asked: &'a BTreeMap<String, BTreeSet<String>>,
    rules: &[TraceRule],
    leans: bool,
) -> Result<Vec<(&'a str, BTreeSet<&'a str>)>, String> {
    let mut known: Vec<(GlobSet, &TraceRule)> = Vec::new();
    for rule in rules.iter().filter(|rule| leans || !rule.leaning) {
        let mut globs = GlobSetBuilder::new();
        for path in &rule.paths {
            globs.add(Glob::new(path).map_err(|error| error.to_string())?);
        }
        known.push((globs.build().map_err(|error| error.to_string())?, rule));
    }
    let below = |path: &str, directory: &str| {
        path.strip_prefix(directory)
            .is_some_and(|rest| rest.starts_with('/') && rest.len() > 1)
    };
    let left = |path: &'a str, who: &'a BTreeSet<String>| {
        let rules: Vec<&TraceRule> = known
            .iter()
            .filter(|(globs, _)| globs.is_match(Path::new(path)))
            .map(|(_, rule)| *rule)
            .collect();
        let excuses = |name: &String| {
            rules
                .iter()
                .any(|rule| rule.by.is_empty() || rule.by.contains(name))
        };
        let who: BTreeSet<&str> = who
            .iter()
            .filter(|name| !excuses(name))
            .map(String::as_str)
            .collect();
        (!who.is_empty()).then_some((path, who))
    };
    Ok(asked
        .iter()
        .filter(|(path, _)| DIRECTORIES.iter().any(|directory| below(path, directory)))
        .filter_map(|(path, who)| left(path, who))
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

    /// Traces a program in the machine that makes these calls and starts process 12.
    fn entered(calls: &str, child: &str) -> Vec<String> {
        let main = format!(
            "chroot(\"/m\") = 0\nexecve(\"/nix/store/x/bin/lxc-attach\", [\"lxc-attach\"], 0x7 /* 3 vars */) = 0\n{calls}"
        );
        let mut asked = asked(&[(10, &main), (12, child)]);
        asked.retain(|one| !one.starts_with("/nix/"));
        asked
    }

    #[test]
    fn what_enters_a_guests_mounts_is_the_guests() {
        let child = "execve(\"/bin/sh\", [\"sh\"], 0x7 /* 3 vars */) = 0\nopenat(AT_FDCWD, \"/etc/inittab\", O_RDONLY) = 3\n";
        let attached = "openat(AT_FDCWD, \"/etc/host\", O_RDONLY) = 3\n\
            setns(5, CLONE_NEWNS|CLONE_NEWPID|CLONE_NEWNET) = 0\n\
            openat(AT_FDCWD, \"/etc/guest\", O_RDONLY) = 3\n\
            clone(child_stack=NULL, flags=SIGCHLD) = 12\n\
            execve(\"/usr/bin/env\", [\"env\"], 0x7 /* 3 vars */) = 0\n";
        assert_eq!(entered(attached, child), ["/etc/host lxc-attach"]);
    }

    #[test]
    fn what_enters_a_network_alone_or_fails_stays_the_hosts() {
        let child = "openat(AT_FDCWD, \"/etc/child\", O_RDONLY) = 3\n";
        for call in [
            "setns(5, CLONE_NEWNET) = 0",
            "setns(5, CLONE_NEWNS) = -1 EPERM (Operation not permitted)",
            "setns(5, 0) = 0",
            "openat(AT_FDCWD, \"/proc/77/ns/net\", O_RDONLY) = 5\nsetns(5, 0) = 0",
        ] {
            let calls = format!(
                "{call}\nclone(child_stack=NULL, flags=SIGCHLD) = 12\nopenat(AT_FDCWD, \"/etc/host\", O_RDONLY) = 3\n"
            );
            let asked = entered(&calls, child);
            assert!(asked.contains(&"/etc/host lxc-attach".to_owned()), "{call}");
            assert!(
                asked.contains(&"/etc/child lxc-attach".to_owned()),
                "{call}"
            );
        }
    }

    #[test]
    fn what_comes_back_from_a_guest_is_listened_to_again() {
        let calls = "openat(AT_FDCWD, \"/proc/self/ns/mnt\", O_RDONLY) = 4\n\
            openat(AT_FDCWD, \"/proc/77/ns/mnt\", O_RDONLY) = 5\n\
            setns(5, 0) = 0\nopenat(AT_FDCWD, \"/etc/guest\", O_RDONLY) = 6\n\
            setns(4, CLONE_NEWNS) = 0\nopenat(AT_FDCWD, \"/etc/host\", O_RDONLY) = 6\n";
        let asked = entered(calls, "");
        assert!(
            asked.contains(&"/etc/host lxc-attach".to_owned()),
            "{asked:?}"
        );
        assert!(!asked.iter().any(|one| one.contains("guest")), "{asked:?}");
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
            by: Vec::new(),
            why: "a test".to_owned(),
        };
        let rules = [rule(&["/etc/passwd"], false), rule(&["/etc/perl/**"], true)];
        let found = |leans| -> Vec<&str> {
            let found = foreign(&asked, &rules, leans).unwrap();
            found.into_iter().map(|(path, _)| path).collect()
        };
        assert_eq!(found(true), ["/usr/bin/qm"]);
        assert_eq!(found(false), ["/etc/perl/x", "/usr/bin/qm"]);
        // One program's excuse does not excuse another.
        let of = |by: &str| TraceRule {
            by: vec![by.to_owned()],
            ..rule(&["/usr/bin/*"], false)
        };
        let left = |by: &str| foreign(&asked, &[of(by)], false).unwrap().len();
        assert_eq!((left("hive"), left("bee")), (2, 3));
    }
}
