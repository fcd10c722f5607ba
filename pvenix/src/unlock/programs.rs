//! Runs programs that are given secrets: by standard input alone, never by an argument or the environment.

use std::io::{self, Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::secret::Secret;

/// Where programs are found, and how long they may take.
#[derive(Debug, Clone)]
pub struct Programs {
    /// The value of `PATH`.
    pub path: String,
    /// The directory of curl's settings, which keep it from waiting for minutes.
    pub curl: String,
    /// How long a program may take.
    pub patience: Duration,
}

/// How long a program may take here. Clevis' own waits for a Tang server end earlier, by curl's settings.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often is asked whether a program has ended.
const STEP: Duration = Duration::from_millis(20);

/// A program's input, beside standard input.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// Standard input.
    pub first: &'a Secret,
    /// Another secret, which the program reads from `/dev/fd/1`: it writes nothing then.
    pub second: Option<&'a Secret>,
}

impl Programs {
    /// Those of a declaration.
    pub fn new(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            curl: "/etc/pve-nix/curl".to_owned(),
            patience: PATIENCE,
        }
    }

    /// Its standard output. The error is what it said, for people.
    pub fn run(&self, words: &[&str], input: &[u8]) -> Result<Secret, String> {
        let first = Secret::new(input.to_vec());
        let input = Input {
            first: &first,
            second: None,
        };
        self.run_until(words, input, &|| false)
    }

    /// The same as text.
    pub fn text(&self, words: &[&str]) -> Result<String, String> {
        let output = self.run(words, &[])?;
        Ok(String::from_utf8_lossy(output.bytes()).into_owned())
    }

    /// As [`Self::run`]; the program is killed, with those that it runs, once `given_up` holds.
    pub fn run_until(
        &self,
        words: &[&str],
        input: Input,
        given_up: &dyn Fn() -> bool,
    ) -> Result<Secret, String> {
        let program = words.first().copied().unwrap_or_default();
        let failed = |error: io::Error| format!("{program}: {error}");
        let mut command = self.command(words);
        command.stdin(Stdio::piped()).stderr(Stdio::piped());
        let second = match input.second {
            None => {
                command.stdout(Stdio::piped());
                None
            }
            Some(secret) => {
                let (reader, writer) = io::pipe().map_err(failed)?;
                command.stdout(reader);
                Some((secret, writer))
            }
        };
        let mut child = command.spawn().map_err(failed)?;
        // It holds the pipe's reading end.
        drop(command);
        // A program that wants no input closes its end: no fault.
        if let Some(mut stdin) = child.stdin.take() {
            let _ = stdin.write_all(input.first.bytes());
        }
        if let Some((secret, mut writer)) = second {
            let _ = writer.write_all(secret.bytes());
        }
        let output = child.stdout.take().map(collect);
        let said = child.stderr.take().map(collect);
        let ended = wait(&mut child, self.patience, given_up);
        let collected = |thread: Option<std::thread::JoinHandle<Vec<u8>>>| {
            thread
                .and_then(|thread| thread.join().ok())
                .unwrap_or_default()
        };
        let (output, said) = (Secret::new(collected(output)), collected(said));
        match ended.map_err(failed)? {
            Some(true) => Ok(output),
            Some(false) => Err(last_line(&said, program)),
            None => Err(format!("{program}: no answer in time")),
        }
    }

    fn command(&self, words: &[&str]) -> Command {
        let [program, arguments @ ..] = words else {
            return Command::new("");
        };
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .env("PATH", &self.path)
            .env("CURL_HOME", &self.curl)
            .env("LC_ALL", "C")
            .process_group(0);
        for kept in ["TPM2TOOLS_TCTI", "HOME", "SSH_AUTH_SOCK"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        command
    }
}

fn collect(mut from: impl Read + Send + 'static) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // The text read until then is complete.
        let _ = from.read_to_end(&mut bytes);
        bytes
    })
}

/// Whether the program succeeded; `None` if it was given up.
fn wait(
    child: &mut Child,
    patience: Duration,
    given_up: &dyn Fn() -> bool,
) -> io::Result<Option<bool>> {
    let end = Instant::now() + patience;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status.success()));
        }
        if Instant::now() > end || given_up() {
            end_group(child);
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(STEP);
    }
}

/// Kills a program with those that it runs.
fn end_group(child: &mut Child) {
    let group = i32::try_from(child.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}

/// The last line that a program said, in which its reason stands.
fn last_line(said: &[u8], program: &str) -> String {
    let text = String::from_utf8_lossy(said);
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    // A TPM's reason stands before Clevis' own.
    let refused = lines
        .iter()
        .find(|line| line.contains("policy check failed"));
    match refused.or(lines.last()) {
        Some(line) => format!("{program}: {line}"),
        None => format!("{program} failed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programs() -> Programs {
        Programs {
            path: std::env::var("PATH").unwrap_or_default(),
            curl: "/nowhere".to_owned(),
            patience: PATIENCE,
        }
    }

    #[test]
    fn passes_input_and_output() {
        assert_eq!(programs().run(&["cat"], b"text").unwrap().bytes(), b"text");
    }

    #[test]
    fn passes_two_secrets_without_a_file() {
        let (first, second) = (Secret::new(b"one".to_vec()), Secret::new(b"two".to_vec()));
        let input = Input {
            first: &first,
            second: Some(&second),
        };
        let script = "exec 3<&1; test \"$(cat)\" = one && test \"$(cat /dev/fd/3)\" = two";
        programs()
            .run_until(&["sh", "-c", script], input, &|| false)
            .unwrap();
    }

    #[test]
    fn the_error_is_the_last_line() {
        let error = programs().run(&["sh", "-c", "echo first >&2; echo last >&2; exit 1"], &[]);
        assert_eq!(error.unwrap_err(), "sh: last");
        assert!(
            programs()
                .run(&["no-such-program"], &[])
                .unwrap_err()
                .starts_with("no-such-program: ")
        );
    }

    #[test]
    fn what_is_given_up_is_killed_with_its_children() {
        let began = Instant::now();
        let nothing = Secret::default();
        let input = Input {
            first: &nothing,
            second: None,
        };
        let given_up = || began.elapsed() > Duration::from_millis(100);
        let error = programs().run_until(&["sh", "-c", "sleep 30 | cat"], input, &given_up);
        assert!(error.unwrap_err().contains("no answer in time"));
        assert!(began.elapsed() < Duration::from_secs(5));
    }
}
