//! Runs programs in the machine, each with a time limit.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::trace::Tracer;
use rustix::process::{Pid, Signal, kill_process_group};

/// The number of bytes to keep from each end of an output that is longer than twice this.
const KEPT: u64 = 256 << 10;
/// The number of bytes of output after which a program is stopped.
const TOO_MUCH: u64 = 64 << 20;

/// The user that runs a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Other groups.
    pub groups: Vec<u32>,
    /// Its name and directory, for `USER` and `HOME`.
    pub name: String,
    /// Its home directory.
    pub home: String,
}

/// The environment in which programs run.
#[derive(Debug, Clone)]
pub struct Runner {
    /// The machine's root; `None` for this machine's own.
    pub root: Option<PathBuf>,
    /// The `chroot` program of this machine.
    pub chroot: PathBuf,
    /// Their `PATH`.
    pub search_path: OsString,
    /// The time limit of one program.
    pub timeout: Duration,
    /// Traces their file system calls, if set.
    pub trace: Option<Arc<Tracer>>,
}

/// The result of a program.
#[derive(Debug, Clone)]
pub struct Ran {
    /// Its exit status.
    pub status: End,
    /// Its output to stdout and stderr.
    pub output: String,
}

/// The end of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It exited with this status.
    Exit(i32),
    /// A signal killed it.
    Signal(i32),
    /// It was stopped at the time limit.
    TimedOut(Duration),
    /// It was stopped because of too much output.
    Endless,
}

impl std::fmt::Display for End {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exit(status) => write!(out, "exit status {status}"),
            Self::Signal(number) => write!(out, "ended by signal {number}"),
            Self::TimedOut(limit) => {
                write!(
                    out,
                    "did not end within {} s and was stopped",
                    limit.as_secs()
                )
            }
            Self::Endless => write!(out, "wrote more than {} MB and was stopped", TOO_MUCH >> 20),
        }
    }
}

impl Ran {
    /// Whether it exited with status 0.
    pub fn succeeded(&self) -> bool {
        self.status == End::Exit(0)
    }
}

/// A running program.
#[derive(Debug)]
pub struct Running {
    child: Child,
    output: File,
}

impl Runner {
    /// Starts a program with empty input and collects its output.
    ///
    /// # Errors
    /// It cannot be started. If it does not exist, `chroot` exits with status 127.
    pub fn start(
        &self,
        words: &[String],
        identity: Option<&Identity>,
        environment: &BTreeMap<String, String>,
    ) -> io::Result<Running> {
        let output = tempfile::tempfile()?;
        let mut command = self.command(words, identity)?;
        command
            .env_clear()
            .env("PATH", &self.search_path)
            .env("LANG", "C.UTF-8")
            .env("TERM", "dumb")
            .env("PAGER", "cat")
            .env("HOME", identity.map_or("/root", |who| &who.home))
            .env("USER", identity.map_or("root", |who| &who.name))
            .env("LOGNAME", identity.map_or("root", |who| &who.name))
            .envs(environment)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output.try_clone()?)
            .process_group(0);
        let child = command.spawn()?;
        Ok(Running { child, output })
    }

    /// Runs a program to its end or to the time limit.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn run(&self, words: &[String]) -> io::Result<Ran> {
        self.run_as(words, None, &BTreeMap::new())
    }

    /// As [`Self::run`], as another user and with additional environment.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn run_as(
        &self,
        words: &[String],
        identity: Option<&Identity>,
        environment: &BTreeMap<String, String>,
    ) -> io::Result<Ran> {
        self.start(words, identity, environment)?.end(self.timeout)
    }

    fn command(&self, words: &[String], identity: Option<&Identity>) -> io::Result<Command> {
        let Some(root) = &self.root else {
            let mut command = Command::new(words.first().map_or("", String::as_str));
            command.args(words.iter().skip(1));
            return Ok(command);
        };
        let traced = self.trace.as_ref().map(|tracer| tracer.words());
        let mut command = match traced.transpose()?.as_deref() {
            Some([strace, options @ ..]) => {
                let mut command = Command::new(strace);
                command.args(options).arg(&self.chroot);
                command
            }
            _ => Command::new(&self.chroot),
        };
        if let Some(who) = identity {
            let groups: Vec<String> = who.groups.iter().map(ToString::to_string).collect();
            command
                .arg(format!("--userspec={}:{}", who.uid, who.gid))
                .arg(format!("--groups={}", groups.join(",")));
        }
        command.arg(root).args(words);
        Ok(command)
    }
}

impl Running {
    /// Returns its status if it has ended.
    ///
    /// # Errors
    /// The system call fails.
    pub fn ended(&mut self) -> io::Result<Option<End>> {
        Ok(self.child.try_wait()?.map(end))
    }

    /// Returns its output so far.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn output(&self) -> io::Result<String> {
        kept(&self.output)
    }

    /// Waits for its end, and stops it at the time limit.
    ///
    /// # Errors
    /// The system call fails.
    pub fn end(mut self, limit: Duration) -> io::Result<Ran> {
        let begun = Instant::now();
        let mut pause = Duration::from_millis(1);
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                break end(status);
            }
            let endless = self.output.metadata()?.len() > TOO_MUCH;
            if endless || begun.elapsed() >= limit {
                self.stop()?;
                break if endless {
                    End::Endless
                } else {
                    End::TimedOut(limit)
                };
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        };
        let output = kept(&self.output)?;
        Ok(Ran { status, output })
    }

    /// Kills it and everything that it started in its process group.
    ///
    /// # Errors
    /// The system call fails.
    pub fn stop(&mut self) -> io::Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // It may have ended already.
            let _ = kill_process_group(pid, Signal::KILL);
        }
        self.child.wait().map(|_| ())
    }
}

fn end(status: ExitStatus) -> End {
    match (status.code(), status.signal()) {
        (Some(code), _) => End::Exit(code),
        (None, signal) => End::Signal(signal.unwrap_or_default()),
    }
}

/// Returns the content of a file, without the middle if it is long. The programs write at the
/// file's offset, which does not change.
fn kept(file: &File) -> io::Result<String> {
    let length = file.metadata()?.len();
    let part = |from: u64, to: u64| -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(to - from).unwrap_or_default()];
        file.read_exact_at(&mut bytes, from)?;
        Ok(bytes)
    };
    let bytes = if length <= 2 * KEPT {
        part(0, length)?
    } else {
        [
            part(0, KEPT)?,
            b"\n...\n".to_vec(),
            part(length - KEPT, length)?,
        ]
        .concat()
    };
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Finds a program of this machine by the first of several names that exists.
pub fn on_this_machine(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // The directories of administrators' programs, often absent from users' PATH.
    let more = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    let dirs: Vec<PathBuf> = std::env::split_paths(&path).chain(more).collect();
    names
        .iter()
        .flat_map(|name| dirs.iter().map(move |dir| dir.join(name)))
        .find(|file| file.is_file())
}

/// Returns the place on this machine of a file in the machine's root. Follows no links.
pub fn below(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches('/'))
}
