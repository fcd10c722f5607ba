//! The outer half, which runs on this machine: it makes the namespaces and reads the events from
//! inside.
//!
//! `unshare` (util-linux) makes the namespaces and starts this program in them again, as the first
//! process of a PID namespace. When that process ends, everything that it started ends too, and
//! everything that it mounted in the mount namespace is gone. It ends when the outer half does, for
//! whatever reason, because only the outer half holds the other end of its stdin.
//!
//! Root gets a user namespace too, so that its programs own nothing outside, load no kernel module
//! and set no clock. Root's namespace has all users of this machine under their own numbers;
//! another user's has the range in `/etc/subuid`, or root alone.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use super::cgroup::Cgroup;
use super::{Event, Outcome, Task};
use problem::{NO_MACHINE, Problem};

/// The options of `unshare`, except those for users.
pub const NAMESPACES: [&str; 8] = [
    "--cgroup",
    "--mount",
    "--pid",
    "--fork",
    "--net",
    "--uts",
    "--ipc",
    "--kill-child",
];
/// The line with which the first inner stage asks for users.
pub const READY: &str = "ready";

/// Tries the task's points and passes each event to `listen` as it arrives.
///
/// # Errors
/// PNX-702: the namespaces or the machine cannot be made.
pub fn run(task: &Task, listen: &mut dyn FnMut(&Event)) -> Result<Vec<Outcome>, Problem> {
    let mut said = told(tempfile::tempfile())?;
    let stderr = told(said.try_clone())?;
    let mut outcomes = Vec::new();
    let mut cause = None;
    let ended = told(converse(task, stderr, &mut |event| {
        listen(&event);
        match event {
            Event::Ended(outcome) => outcomes.push(outcome),
            Event::NoMachine(why) => cause = Some(why),
            Event::Begun(_) => {}
        }
    }))?;
    if outcomes.len() == task.rules.points.len() && cause.is_none() {
        return Ok(outcomes);
    }
    let mut stderr = String::new();
    let read = said
        .rewind()
        .and_then(|()| said.read_to_string(&mut stderr));
    if read.is_err() || stderr.trim().is_empty() {
        stderr = format!("the inside ended with {ended}");
    }
    let cause = cause.unwrap_or_else(|| stderr.trim().to_owned());
    Err(Problem::new(&NO_MACHINE, cause))
}

fn told<T>(done: io::Result<T>) -> Result<T, Problem> {
    done.map_err(|error| Problem::new(&NO_MACHINE, error.to_string()))
}

/// Starts the inner half, sends it the task and passes on its events.
fn converse(task: &Task, stderr: File, hear: &mut dyn FnMut(Event)) -> io::Result<String> {
    let cgroup = is_root().then(Cgroup::make).flatten();
    let mut child = start(stderr)?;
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(io::Error::other("the inside has no pipes"));
    };
    let mut sent = false;
    if !is_root() {
        sent = send(task, false, &mut stdin);
    }
    let told = BufReader::new(stdout);
    for line in told.lines() {
        let line = line?;
        if line == READY && !sent {
            give_users(child.id())?;
            if let Some(cgroup) = &cgroup {
                cgroup.take(child.id())?;
            }
            writeln!(stdin)?;
            sent = send(task, cgroup.is_some(), &mut stdin);
        } else if let Ok(event) = serde_json::from_str(&line) {
            hear(event);
        }
    }
    let status = child.wait()?;
    drop(stdin);
    Ok(status.to_string())
}

/// Sends the task. If the inner half ended before it read the task, its output says why.
fn send(task: &Task, control_group: bool, stdin: &mut ChildStdin) -> bool {
    let task = Task {
        control_group,
        ..task.clone()
    };
    let text = serde_json::to_string(&task).unwrap_or_default();
    let _ = writeln!(stdin, "{text}").and_then(|()| stdin.flush());
    true
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn start(stderr: File) -> io::Result<Child> {
    let mut command = Command::new("unshare");
    command.arg("--user");
    let stage = if is_root() {
        "users"
    } else {
        command.arg("--map-root-user").args(NAMESPACES);
        if has_range() {
            command.arg("--map-auto");
        }
        "machine"
    };
    command
        .arg("--")
        .arg(program()?)
        .args(["check-inside", stage])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(stderr);
    command.spawn().map_err(|error| {
        let cause = format!("unshare cannot be run: {error}");
        io::Error::new(error.kind(), cause)
    })
}

/// Returns the path of this program, or the open file itself if it was replaced during the run.
fn program() -> io::Result<PathBuf> {
    let path = std::env::current_exe()?;
    Ok(if path.exists() {
        path
    } else {
        Path::new("/proc")
            .join(std::process::id().to_string())
            .join("exe")
    })
}

/// Whether `unshare` can map this user's range in `/etc/subuid`.
fn has_range() -> bool {
    let tried = Command::new("unshare")
        .args(["--user", "--map-root-user", "--map-auto", "true"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    tried.is_ok_and(|status| status.success())
}

/// Maps all users and groups of this namespace into a process' user namespace, under their own
/// numbers.
fn give_users(pid: u32) -> io::Result<()> {
    for map in ["uid_map", "gid_map"] {
        let ours = std::fs::read_to_string(format!("/proc/self/{map}"))?;
        let same = |line: &str| {
            let mut fields = line.split_whitespace();
            let (first, _, count) = (fields.next()?, fields.next(), fields.next()?);
            Some(format!("{first} {first} {count}\n"))
        };
        let theirs: String = ours.lines().filter_map(same).collect();
        std::fs::write(format!("/proc/{pid}/{map}"), theirs)?;
    }
    Ok(())
}
