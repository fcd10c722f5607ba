//! The agent: answers questions for passphrases, in stage 1 and later, as systemd's password agents do
//! (`/run/systemd/ask-password`). The question stays on the console beside it, and whoever answers first ends it.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::{Duration, Instant};

use super::clevis::{Clevis, NO_NETWORK};
use super::declared::{Declaration, Device, Kind};
use super::jwe::Bound;
use super::policy::Names;
use super::programs::Programs;
use super::secret::Secret;
use super::vault::{self, Kept, Vault};

/// Where systemd writes questions.
const QUESTIONS: &str = "/run/systemd/ask-password";
/// Where a console reads what is said, beside the journal.
const CONSOLE: &str = "/dev/console";
/// How often is looked for questions.
const STEP: Duration = Duration::from_millis(250);
/// How long nobody asks before it is quiet.
const QUIET: Duration = Duration::from_secs(2);

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Who asks.
    pub id: String,
    /// Where the answer goes.
    pub socket: String,
}

impl Question {
    /// Reads a question's file.
    pub fn parse(text: &str) -> Option<Self> {
        let field = |name: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
                .map(str::to_owned)
        };
        Some(Self {
            id: field("Id")?,
            socket: field("Socket")?,
        })
    }

    /// The declared device that it is for.
    pub fn device<'a>(
        &self,
        devices: &'a BTreeMap<String, Device>,
        real: &dyn Fn(&str) -> String,
    ) -> Option<(&'a String, &'a Device)> {
        if let Some(name) = self.id.strip_prefix("pve-nix-unlock:") {
            return devices.get_key_value(name);
        }
        let asked = real(self.id.strip_prefix("cryptsetup:")?);
        devices
            .iter()
            .find(|(_, device)| device.kind == Kind::Luks && real(&device.device) == asked)
    }
}

/// The known facts about one question's device.
#[derive(Default)]
struct Tried {
    last: Option<Instant>,
    said: String,
}

/// Answers questions until it is ended, or, `until_quiet`, until nobody asks any more.
pub fn run(declaration: &Declaration, state: &str, until_quiet: bool) {
    let programs = Programs::new(&declaration.path);
    let mut tried: BTreeMap<String, Tried> = BTreeMap::new();
    let retry = Duration::from_secs(declaration.retry);
    let mut heard = Instant::now();
    while !until_quiet || heard.elapsed() < QUIET {
        for (file, question) in questions() {
            heard = Instant::now();
            let Some((name, device)) = question.device(&declaration.devices, &real) else {
                continue;
            };
            let before = tried.entry(name.clone()).or_default();
            if before.last.is_some_and(|last| last.elapsed() < retry) {
                continue;
            }
            let vault = vault::of(&programs, device, state);
            let given_up = || !Path::new(&file).exists();
            let found = key(&programs, vault.as_ref(), &declaration.names(), &given_up);
            before.last = Some(Instant::now());
            let line = match found {
                _ if given_up() => continue,
                Ok(key) => {
                    answer(&question, &key).map_or_else(|error| error, |()| "unlocked".to_owned())
                }
                Err(why) => format!(
                    "{why}. Trying again every {} s; a passphrase opens it, too",
                    declaration.retry
                ),
            };
            if line != before.said {
                say(&format!("unlock {name}: {line}"));
                before.said = line;
            }
        }
        std::thread::sleep(STEP);
    }
}

/// Open questions, with their files.
fn questions() -> Vec<(String, Question)> {
    let entries = std::fs::read_dir(QUESTIONS).into_iter().flatten().flatten();
    let mut found: Vec<(String, Question)> = entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("ask."))
        .filter_map(|entry| {
            let text = std::fs::read_to_string(entry.path()).ok()?;
            let file = entry.path().to_string_lossy().into_owned();
            Some((file, Question::parse(&text)?))
        })
        .collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}

fn real(path: &str) -> String {
    std::fs::canonicalize(path).map_or_else(
        |_| path.to_owned(),
        |path| path.to_string_lossy().into_owned(),
    )
}

/// The key of the first binding that opens the device.
pub fn key(
    clevis: &dyn Clevis,
    vault: &dyn Vault,
    names: &Names,
    given_up: &dyn Fn() -> bool,
) -> Result<Secret, String> {
    let kept = vault.kept()?;
    if kept.is_empty() {
        return Err("no binding: `pvenix unlock bind` makes one".to_owned());
    }
    let mut reasons = Vec::new();
    for one in &kept {
        match open(clevis, vault, one, names, given_up) {
            Ok(key) => return Ok(key),
            Err(why) => reasons.push(why),
        }
    }
    reasons.dedup();
    Err(reasons.join("; "))
}

/// A binding's key, tried on the device.
pub fn open(
    clevis: &dyn Clevis,
    vault: &dyn Vault,
    kept: &Kept,
    names: &Names,
    given_up: &dyn Fn() -> bool,
) -> Result<Secret, String> {
    let bound = Bound::read(&kept.jwe)?;
    match clevis.decrypt(&kept.jwe, given_up) {
        Ok(key) if vault.opens(&key, kept.slot.as_deref())? => Ok(key),
        Ok(_) => Err("the binding's key does not open the device".to_owned()),
        Err(said) => Err(reasons(clevis, &bound, &said, names, given_up)),
    }
}

/// Why a binding did not open, party by party, in one line.
fn reasons(
    clevis: &dyn Clevis,
    bound: &Bound,
    said: &str,
    names: &Names,
    given_up: &dyn Fn() -> bool,
) -> String {
    let mut found: Vec<String> = Vec::new();
    for part in bound.leaves() {
        let Bound::Leaf { leaf, key, jwe } = part else {
            continue;
        };
        if given_up() {
            break;
        }
        if let Err(said) = clevis.decrypt(jwe, given_up) {
            found.push(clevis.reason(leaf, key.as_deref(), &said, names));
        }
    }
    found.sort_by_key(|why| why == NO_NETWORK);
    found.dedup();
    if found.is_empty() {
        return format!("its parties take part, and the binding does not open ({said})");
    }
    found.join(", ")
}

/// Sends the key to who asked, as systemd's agents do.
fn answer(question: &Question, key: &Secret) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", question.socket);
    let socket = UnixDatagram::unbound().map_err(failed)?;
    let message = Secret::new([b"+", key.bytes()].concat());
    socket
        .send_to(message.bytes(), &question.socket)
        .map_err(failed)?;
    Ok(())
}

/// In the journal, and in a line of its own on the console.
fn say(line: &str) {
    eprintln!("{line}");
    if let Ok(mut console) = std::fs::OpenOptions::new().write(true).open(CONSOLE) {
        let _ = write!(console, "\r\n{line}\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn devices() -> BTreeMap<String, Device> {
        serde_json::from_value(serde_json::json!({
            "root": { "type": "luks", "device": "/dev/disk/by-uuid/x", "policy": "peers", "clevis": {} },
            "tank": { "type": "zfs", "device": "tank/guests", "policy": "peers", "clevis": {} }
        }))
        .unwrap()
    }

    #[test]
    fn a_question_is_for_a_device_by_its_real_name() {
        let real = |path: &str| path.replace("/dev/disk/by-uuid/x", "/dev/vda2");
        let of = |id: &str| {
            let question = Question {
                id: id.to_owned(),
                socket: String::new(),
            };
            question
                .device(&devices(), &real)
                .map(|(name, _)| name.clone())
        };
        assert_eq!(of("cryptsetup:/dev/vda2").as_deref(), Some("root"));
        assert_eq!(
            of("cryptsetup:/dev/disk/by-uuid/x").as_deref(),
            Some("root")
        );
        assert_eq!(of("cryptsetup:/dev/vda3"), None);
        assert_eq!(of("cryptsetup:tank/guests"), None);
        assert_eq!(of("pve-nix-unlock:tank").as_deref(), Some("tank"));
        assert_eq!(of("luks:other"), None);
    }

    #[test]
    fn reads_a_question() {
        let text = "[Ask]\nPID=1\nSocket=/run/systemd/ask-password/sck.1\nAcceptCached=0\nMessage=Please = enter\nId=cryptsetup:/dev/vda\n";
        let question = Question::parse(text).unwrap();
        assert_eq!(question.id, "cryptsetup:/dev/vda");
        assert_eq!(question.socket, "/run/systemd/ask-password/sck.1");
        assert_eq!(Question::parse("[Ask]\nSocket=/x\n"), None);
    }
}
