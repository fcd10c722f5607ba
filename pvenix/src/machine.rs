//! The machine, as far as the program reads and changes it.

use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

/// The operations on a machine.
pub trait Machine {
    /// Reads a file's text.
    fn read(&self, path: &str) -> io::Result<String>;
    /// Reads a file's bytes.
    fn read_bytes(&self, path: &str) -> io::Result<Vec<u8>>;
    /// Writes a file with its mode, entirely or not at all.
    fn write(&self, path: &str, bytes: &[u8], mode: u32) -> io::Result<()>;
    /// Moves a file within one file system.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Returns the target of a symbolic link, as written.
    fn link(&self, path: &str) -> Option<PathBuf>;
    /// Resolves all symbolic links in a path.
    fn real(&self, path: &str) -> Option<PathBuf>;
    /// Returns the names in a directory, sorted; none if it cannot be read.
    fn list(&self, directory: &str) -> Vec<String>;
    /// Runs a program and returns its standard output. An error includes its status and standard
    /// error.
    fn run(&self, words: &[&str]) -> io::Result<String>;
    /// Makes a directory.
    fn make_directory(&self, path: &str) -> io::Result<()>;
    /// Removes an empty directory.
    fn remove_directory(&self, path: &str) -> io::Result<()>;
    /// Sets a directory's modification time.
    fn touch(&self, path: &str, time: SystemTime) -> io::Result<()>;
    /// Waits.
    fn wait(&self, time: Duration);
}

/// How long to wait for pmxcfs. When stopped it never answers, and blocks the caller.
const PATIENCE: Duration = Duration::from_secs(5);

/// Reads a file of pmxcfs, with a time limit. The waiting thread ends with the program.
fn read_in_time(path: &str) -> io::Result<String> {
    let (answer, answered) = std::sync::mpsc::channel();
    let place = path.to_owned();
    std::thread::spawn(move || {
        // After the time limit, nobody receives this any more.
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
        // The remains of an earlier run.
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
        // Set both times, because FUSE's library ignores a request for only one of them.
        let times = std::fs::FileTimes::new()
            .set_accessed(time)
            .set_modified(time);
        std::fs::File::open(path)?.set_times(times)
    }

    fn wait(&self, time: Duration) {
        std::thread::sleep(time);
    }
}
