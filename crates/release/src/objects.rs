//! The contents of Git's objects: one process for each repository, which lives as long as this program.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use super::git::command;

/// How many names are asked for at once: as many as a pipe holds, so that neither side waits for the other.
const AT_ONCE: usize = 512;

/// `git cat-file --batch`, waiting for names.
struct Process {
    child: Child,
    names: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// The process of a repository; `None` before the first question and after a failure.
type Slot = Arc<Mutex<Option<Process>>>;

static PROCESSES: LazyLock<Mutex<HashMap<PathBuf, Slot>>> = LazyLock::new(Mutex::default);

/// The contents of the objects `names`, `None` for those that are not there; no list where Git fails. It does not tell
/// what is wrong: a process of its own does, whose complaints are read.
pub(super) fn contents(git_dir: &Path, names: &[&str]) -> Option<Vec<Option<Vec<u8>>>> {
    let slot = {
        let mut all = PROCESSES.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(git_dir.to_owned()).or_default())
    };
    let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
    let mut process = match slot.take() {
        Some(process) => process,
        None => Process::start(git_dir).ok()?,
    };
    if let Ok(found) = process.ask(names) {
        *slot = Some(process);
        Some(found)
    } else {
        // Answers that nobody read may be on their way.
        process.end();
        None
    }
}

impl Process {
    fn start(git_dir: &Path) -> io::Result<Self> {
        let mut child = command(git_dir)
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(names), Some(answers)) => Ok(Self {
                child,
                names,
                answers: BufReader::with_capacity(1 << 16, answers),
            }),
            _ => Err(io::Error::other("git has no pipes")),
        }
    }

    fn ask(&mut self, names: &[&str]) -> io::Result<Vec<Option<Vec<u8>>>> {
        let mut found = Vec::with_capacity(names.len());
        for names in names.chunks(AT_ONCE) {
            self.names.write_all((names.join("\n") + "\n").as_bytes())?;
            for _ in names {
                found.push(answer(&mut self.answers)?);
            }
        }
        Ok(found)
    }

    fn end(mut self) {
        drop(self.names);
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads one answer of `git cat-file --batch`: `NAME TYPE SIZE`, the content, a newline; or `NAME missing`.
pub(super) fn answer(stdout: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    if stdout.read_until(b'\n', &mut line)? == 0 {
        return Err(ended());
    }
    let header = line.trim_ascii_end();
    if header.ends_with(b" missing") {
        return Ok(None);
    }
    let size = header
        .rsplit(|&b| b == b' ')
        .next()
        .and_then(|size| str::from_utf8(size).ok()?.parse::<u64>().ok());
    let size = size.ok_or_else(|| {
        io::Error::other(format!("git cat-file: {}", String::from_utf8_lossy(header)))
    })?;
    let mut content = Vec::new();
    // Not trusting the size with an allocation beyond what one file of a source may reasonably take.
    content.try_reserve(usize::try_from(size.min(1 << 28)).unwrap_or_default())?;
    stdout.take(size).read_to_end(&mut content)?;
    if content.len() as u64 != size || stdout.read(&mut [0])? == 0 {
        return Err(ended());
    }
    Ok(Some(content))
}

fn ended() -> io::Error {
    io::Error::new(
        io::ErrorKind::UnexpectedEof,
        "git cat-file stopped before it had answered",
    )
}
