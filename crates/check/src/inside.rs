//! The inner half, which runs in the namespaces.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Instant;

use rustix::mount::{UnmountFlags, unmount};

use super::enclosure::{NAMESPACES, READY};
use super::every::every;
use super::machine::Machine;
use super::steps::Steps;
use super::{Event, Item, Outcome, Point, Task, Verdict};

/// The stages of the inner half.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Stage {
    /// In a user namespace without users: waits until the outer half has mapped some, then starts
    /// the second stage.
    Users,
    /// In all namespaces.
    Machine,
}

/// Runs one stage. It reads the task from stdin, which stays open as long as the outer half runs,
/// and writes events to stdout.
pub fn main(stage: Stage) -> ExitCode {
    let done = match stage {
        Stage::Users => take_users(),
        Stage::Machine => check(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = tell(&Event::NoMachine(error.to_string()));
            ExitCode::FAILURE
        }
    }
}

fn take_users() -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{READY}")?;
    out.flush()?;
    // Read no byte beyond the line, because the task is for the next stage, another process.
    let mut byte = [0];
    let mut stdin = std::fs::File::open("/proc/self/fd/0")?;
    while stdin.read(&mut byte)? == 1 && byte != [b'\n'] {}
    let program = std::env::current_exe()?;
    let mut command = Command::new("unshare");
    command.args(NAMESPACES).arg("--").arg(program);
    command.args(["check-inside", "machine"]);
    Err(command.exec())
}

fn check() -> io::Result<()> {
    let mut stdin = BufReader::new(io::stdin());
    let mut line = String::new();
    stdin.read_line(&mut line)?;
    let task: Task = serde_json::from_str(&line)?;
    let scratch = task.scratch.clone();
    std::thread::spawn(move || {
        // The outer half sends nothing more. When its end closes, this process and all others here
        // end.
        let _ = io::copy(&mut stdin, &mut io::sink());
        leave(&scratch);
        std::process::exit(1);
    });
    rayon::ThreadPoolBuilder::new()
        .num_threads(task.jobs)
        .build_global()
        .map_err(io::Error::other)?;
    let machine = Machine::make(&task).map_err(io::Error::other)?;
    let mut passed: Vec<(&str, bool)> = Vec::new();
    let mut steps = Steps::new(&task, &machine);
    for point in &task.rules.points {
        tell(&Event::Begun(point.title.clone()))?;
        let begun = Instant::now();
        let (verdict, items) = try_point(point, &task, &machine, &mut steps, &passed);
        passed.push((&point.id, matches!(verdict, Verdict::Passed(_))));
        tell(&Event::Ended(Outcome {
            id: point.id.clone(),
            title: point.title.clone(),
            took: begun.elapsed(),
            verdict,
            items,
        }))?;
    }
    Ok(())
}

fn try_point(
    point: &Point,
    task: &Task,
    machine: &Machine,
    steps: &mut Steps<'_>,
    passed: &[(&str, bool)],
) -> (Verdict, Vec<Item>) {
    let left = |reason: String| (Verdict::NotApplicable(reason), Vec::new());
    if let Some(reason) = unmet(point, task, machine) {
        return left(reason);
    }
    for earlier in &point.after {
        match passed.iter().find(|(id, _)| id == earlier) {
            Some((_, true)) => {}
            Some((_, false)) => return left(format!("comes after {earlier}, which did not pass")),
            None => return left(format!("comes after {earlier}, which was skipped")),
        }
    }
    match point.every {
        Some(what) => every(what, task, machine),
        None => (steps.all(&point.steps), Vec::new()),
    }
}

/// Returns a need of the point that the machine does not meet.
fn unmet(point: &Point, task: &Task, machine: &Machine) -> Option<String> {
    for need in &point.needs {
        if need.starts_with('/') {
            if machine.find(need).is_none() {
                return Some(format!(
                    "the machine has no {need}, because this one has none"
                ));
            }
        } else if !task.link.holds(need) {
            return Some(format!("the link has no {need}"));
        }
    }
    let lacks = task.link.lacks.as_ref();
    let lacking = point
        .unless_lacking
        .iter()
        .find(|name| lacks.is_some_and(|lacks| lacks.contains(*name)));
    lacking.map(|name| format!("the link lacks {name}"))
}

/// Writes an event on one line.
fn tell(event: &Event) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, event)?;
    writeln!(out)?;
    out.flush()
}

/// Removes the mount point. In this namespace nothing is mounted there any more; in the outer one
/// nothing ever was.
fn leave(scratch: &PathBuf) {
    let _ = unmount(scratch, UnmountFlags::DETACH);
    let _ = std::fs::remove_dir(scratch);
}
