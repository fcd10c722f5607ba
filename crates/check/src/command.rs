//! Programs run in the machine, each with a limit of time.

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

/// Of an output longer than twice this many bytes, so much is kept of its beginning and of its end.
const KEPT: u64 = 256 << 10;
/// A program that has written this many bytes is stopped.
const TOO_MUCH: u64 = 64 << 20;

/// Who runs a program.
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
    /// See `name`.
    pub home: String,
}

/// How programs are run.
#[derive(Debug, Clone)]
pub struct Runner {
    /// The machine's root; `None` runs them on this machine's own.
    pub root: Option<PathBuf>,
    /// `chroot`, where this machine has it.
    pub chroot: PathBuf,
    /// Their `PATH`.
    pub search_path: OsString,
    /// How long one may take.
    pub timeout: Duration,
    /// Who listens to what they ask of the file system.
    pub trace: Option<Arc<Tracer>>,
}

/// What became of a program.
#[derive(Debug, Clone)]
pub struct Ran {
    /// Its exit status.
    pub status: End,
    /// What it wrote to stdout and stderr.
    pub output: String,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By itself, with this status.
    Exit(i32),
    /// By a signal.
    Signal(i32),
    /// It was stopped after the limit of time.
    TimedOut(Duration),
    /// It was stopped because it wrote without an end.
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
    /// Whether it ended by itself with status 0.
    pub fn succeeded(&self) -> bool {
        self.status == End::Exit(0)
    }
}

/// A program that runs.
#[derive(Debug)]
pub struct Running {
    child: Child,
    output: File,
}

impl Runner {
    /// Starts a program; its input is empty, its output is kept.
    ///
    /// # Errors
    /// Where it cannot be started; what is not there is told by `chroot` with status 127.
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

    /// Runs a program to its end, or to the limit of time.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn run(&self, words: &[String]) -> io::Result<Ran> {
        self.run_as(words, None, &BTreeMap::new())
    }

    /// The same, as a user and with more in its environment.
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
    /// Its status, if it has ended.
    ///
    /// # Errors
    /// Where the system does not tell.
    pub fn ended(&mut self) -> io::Result<Option<End>> {
        Ok(self.child.try_wait()?.map(end))
    }

    /// What it has written so far.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn output(&self) -> io::Result<String> {
        kept(&self.output)
    }

    /// Waits for its end and stops it when the time is over.
    ///
    /// # Errors
    /// Where the system does not tell of it.
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

    /// Ends it and all it started in its process group.
    ///
    /// # Errors
    /// Where the system does not tell of it.
    pub fn stop(&mut self) -> io::Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // It may have ended by now.
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

/// What a file holds, without the middle where it is long. The programs write at the file's offset, which stays.
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

/// Where a program of this machine is, by its name, or the first of several names.
pub fn on_this_machine(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Where administrators' programs are, which users often have not on their PATH.
    let more = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    let dirs: Vec<PathBuf> = std::env::split_paths(&path).chain(more).collect();
    names
        .iter()
        .flat_map(|name| dirs.iter().map(move |dir| dir.join(name)))
        .find(|file| file.is_file())
}

/// A file of the machine's root on this machine, its links not followed.
pub fn below(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches('/'))
}
