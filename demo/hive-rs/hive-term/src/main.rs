//! hive-term: shows a guest, and mails, logs or opens what one asks for.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use hive_types::{config_path, Guest, HIVE_PROGRAM, STATE_DIR};

const SENDMAIL: &str = "/usr/sbin/sendmail";
const BANNER: &str = include_str!("banner.txt");
/// Own data, installed beside the program.
const THEME: &str = "/usr/share/hive-term/theme.conf";

/// What a guest's console starts with.
const GREETING: &[u8] = b"exec /usr/sbin/hive guest console\n";

/// The theme of a name; without one the theme that is installed.
fn theme(name: Option<&str>) -> String {
    name.map_or_else(
        || THEME.to_owned(),
        |name| format!("/usr/share/hive-term/{name}.conf"),
    )
}

/// What a program does for a guest.
fn purpose(program: &str) -> &'static str {
    match program {
        "/usr/bin/logger" => "log",
        HIVE_PROGRAM | r#"/usr/sbin/hivesm"# => "hive",
        _ => "unknown",
    }
}

fn usage() -> ExitCode {
    eprintln!("{BANNER}usage: hive-term show|open|mail|log|console|purpose ID");
    ExitCode::from(2)
}

fn read_guest(id: u32) -> Result<Guest, String> {
    let state =
        std::env::var_os("HIVE_STATE").map_or_else(|| PathBuf::from(STATE_DIR), PathBuf::from);
    let path = config_path(&state, id);
    let text =
        std::fs::read_to_string(&path).map_err(|err| format!("{}: {err}", path.display()))?;
    Ok(Guest::parse(id, &text))
}

fn status(command: &mut Command) -> Result<(), String> {
    let done = command
        .status()
        .map_err(|err| format!("{command:?}: {err}"))?;
    if done.success() {
        Ok(())
    } else {
        Err(format!("{command:?}: {done}"))
    }
}

fn mail(guest: &Guest) -> Result<(), String> {
    let mut child = Command::new(SENDMAIL)
        .args(["-t"])
        .stdin(Stdio::piped())
        .spawn()
        .map_err(|err| format!("{SENDMAIL}: {err}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        write!(stdin, "To: root\nSubject: {}\n\n", guest.name()).map_err(|err| err.to_string())?;
    }
    child.wait().map(drop).map_err(|err| err.to_string())
}

fn run(word: &str, id: u32) -> Result<(), String> {
    let guest = read_guest(id)?;
    let mut buffer = itoa::Buffer::new();
    let number = buffer.format(guest.id);
    match word {
        "show" => {
            let name = std::env::var("HIVE_THEME").ok();
            let theme = std::fs::read_to_string(theme(name.as_deref())).unwrap_or_default();
            println!("{number} {}{}", guest.name(), theme.trim_end());
            Ok(())
        }
        "open" => status(Command::new(HIVE_PROGRAM).args(["guest", "start", number])),
        "log" => status(
            Command::new("journalctl").args(["--unit", &format!("hive-guest-{number}.scope")]),
        ),
        "mail" => mail(&guest),
        "console" => std::io::stdout()
            .write_all(GREETING)
            .map_err(|err| err.to_string()),
        "purpose" => {
            println!("{} {}", purpose(HIVE_PROGRAM), purpose("hive"));
            Ok(())
        }
        _ => Err(format!("unknown word '{word}'")),
    }
}

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let (Some(word), Some(Ok(id))) = (args.next(), args.next().map(|id| id.parse())) else {
        return usage();
    };
    match run(&word, id) {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            eprintln!("hive-term: {err}");
            // Best effort: a node without a logger has said it on the terminal.
            let _ = Command::new("/usr/bin/logger")
                .args(["-t", "hive-term", &err])
                .status();
            ExitCode::FAILURE
        }
    }
}

/// The theme that a package is compiled with, from where its own files are installed.
#[allow(unexpected_cfgs)]
#[cfg(hive_packaged)]
pub const THEME: &str = include_str!("/usr/share/hive-term/theme.conf");
