//! The machine, as far as the program looks at it and acts on it.

use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

/// What can be asked of a machine, and done to it.
pub trait Machine {
    /// A file's text.
    fn read(&self, path: &str) -> io::Result<String>;
    /// A file's bytes.
    fn read_bytes(&self, path: &str) -> io::Result<Vec<u8>>;
    /// Writes a whole file with its mode, or nothing of it.
    fn write(&self, path: &str, bytes: &[u8], mode: u32) -> io::Result<()>;
    /// Moves a file within one file system.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Where a symbolic link leads, as it is written.
    fn link(&self, path: &str) -> Option<PathBuf>;
    /// The path without symbolic links.
    fn real(&self, path: &str) -> Option<PathBuf>;
    /// The names in a directory, sorted; none where it cannot be read.
    fn list(&self, directory: &str) -> Vec<String>;
    /// The standard output of a program; an error tells its status and standard error.
    fn run(&self, words: &[&str]) -> io::Result<String>;
    /// Makes a directory.
    fn make_directory(&self, path: &str) -> io::Result<()>;
    /// Removes an empty directory.
    fn remove_directory(&self, path: &str) -> io::Result<()>;
    /// Sets a directory's time of change.
    fn touch(&self, path: &str, time: SystemTime) -> io::Result<()>;
    /// Waits.
    fn wait(&self, time: Duration);
}

/// How long pmxcfs may take to answer. One that is stopped never does, and holds whoever asks.
const PATIENCE: Duration = Duration::from_secs(5);

/// Reads a file of pmxcfs, which is given up when it takes too long: the thread that waits ends with the program.
fn read_in_time(path: &str) -> io::Result<String> {
    let (answer, answered) = std::sync::mpsc::channel();
    let place = path.to_owned();
    std::thread::spawn(move || {
        // Nobody listens any more where it took too long.
        let _ = answer.send(std::fs::read_to_string(place));
    });
    answered.recv_timeout(PATIENCE).unwrap_or_else(|_| {
        let seconds = PATIENCE.as_secs();
        Err(io::Error::new(
            io::ErrorKind::TimedOut,
            format!("pmxcfs does not answer within {seconds} s"),
        ))
    })
}

/// This machine.
pub struct This;

impl Machine for This {
    fn read(&self, path: &str) -> io::Result<String> {
        if path.starts_with("/etc/pve/") {
            read_in_time(path)
        } else {
            std::fs::read_to_string(path)
        }
    }

    fn read_bytes(&self, path: &str) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn write(&self, path: &str, bytes: &[u8], mode: u32) -> io::Result<()> {
        let part = format!("{path}.pve-nix");
        // What an earlier run left half-written.
        let _ = std::fs::remove_file(&part);
        let mut options = std::fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&part)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(part, path)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn link(&self, path: &str) -> Option<PathBuf> {
        std::fs::read_link(path).ok()
    }

    fn real(&self, path: &str) -> Option<PathBuf> {
        Path::new(path).canonicalize().ok()
    }

    fn list(&self, directory: &str) -> Vec<String> {
        let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    fn run(&self, words: &[&str]) -> io::Result<String> {
        let [program, arguments @ ..] = words else {
            return Err(io::Error::other("no program"));
        };
        let output = Command::new(program)
            .args(arguments)
            .output()
            .map_err(|error| io::Error::new(error.kind(), format!("{program}: {error}")))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(io::Error::other(format!(
                "{}: {}: {}",
                words.join(" "),
                output.status,
                said.trim()
            )));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn make_directory(&self, path: &str) -> io::Result<()> {
        std::fs::create_dir(path)
    }

    fn remove_directory(&self, path: &str) -> io::Result<()> {
        std::fs::remove_dir(path)
    }

    fn touch(&self, path: &str, time: SystemTime) -> io::Result<()> {
        // Both: FUSE's library passes on no request for one of them alone.
        let times = std::fs::FileTimes::new()
            .set_accessed(time)
            .set_modified(time);
        std::fs::File::open(path)?.set_times(times)
    }

    fn wait(&self, time: Duration) {
        std::thread::sleep(time);
    }
}
