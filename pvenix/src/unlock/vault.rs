//! Where a device keeps its bindings: LUKS' header, or properties of a ZFS dataset.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::declared::{Device, Kind};
use super::jwe;
use super::programs::{Input, Programs};
use super::secret::Secret;

/// A binding as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// LUKS' token.
    pub token: Option<String>,
    /// LUKS' keyslot that its key opens.
    pub slot: Option<String>,
    /// Clevis' text.
    pub jwe: String,
}

/// A device's bindings and keys.
pub trait Vault {
    /// The bindings.
    fn kept(&self) -> Result<Vec<Kept>, String>;
    /// Whether a key opens the device, and, where one is given, its keyslot.
    fn opens(&self, key: &Secret, slot: Option<&str>) -> Result<bool, String>;
    /// Whether a passphrase opens it, too: a keyslot that no binding has.
    fn has_passphrase(&self) -> Result<bool, String>;
    /// The key of a new binding; `existing` opens the device.
    fn fresh(&self, existing: &Secret) -> Result<Secret, String>;
    /// Puts a binding in the place of `old`, in one step, or beside what is there: a header has room for few.
    fn put(
        &self,
        existing: &Secret,
        key: &Secret,
        jwe: &str,
        old: Option<&Kept>,
    ) -> Result<(), String>;
    /// Takes a binding away, with its keyslot.
    fn remove(&self, kept: &Kept) -> Result<(), String>;
    /// Takes away what an interrupted run left half-made.
    fn tidy(&self) -> Result<(), String>;
}

/// The vault of a device. `state` is the directory of what a run notes.
pub fn of(programs: &Programs, device: &Device, state: &str) -> Box<dyn Vault> {
    match device.kind {
        Kind::Luks => Box::new(Luks {
            programs: programs.clone(),
            device: device.device.clone(),
            note: format!("{state}/{}.slot", device.device.replace('/', "-")),
        }),
        Kind::Zfs => Box::new(Zfs {
            programs: programs.clone(),
            dataset: device.device.clone(),
        }),
    }
}

/// LUKS 2.
struct Luks {
    programs: Programs,
    device: String,
    /// Where the numbers of keyslots stand while a binding is made, one of which no token names.
    note: String,
}

/// LUKS' header.
#[derive(Debug, Deserialize)]
struct Header {
    keyslots: BTreeMap<String, Slot>,
    tokens: BTreeMap<String, Token>,
}

#[derive(Debug, Deserialize)]
struct Slot {
    kdf: Kdf,
}

#[derive(Debug, Deserialize)]
struct Kdf {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    iterations: u64,
}

#[derive(Debug, Deserialize)]
struct Token {
    #[serde(rename = "type")]
    kind: String,
    keyslots: Vec<String>,
    #[serde(default)]
    jwe: Value,
}

/// The type of Clevis' tokens.
const CLEVIS: &str = "clevis";
/// A key of 256 bits cannot be guessed: its keyslot makes nobody wait. No passphrase has as few, by which they are told apart.
const ITERATIONS: &str = "1000";
/// As many keyslots has a header.
const SLOTS: u32 = 32;

impl Luks {
    fn header(&self) -> Result<Header, String> {
        let json = self
            .programs
            .text(&[
                "cryptsetup",
                "luksDump",
                "--dump-json-metadata",
                &self.device,
            ])
            .map_err(|error| {
                format!(
                    "{}: {error}\n  help: is it LUKS 2? `cryptsetup convert` makes it so",
                    self.device
                )
            })?;
        serde_json::from_str(&json).map_err(|error| format!("{}: its header: {error}", self.device))
    }

    fn cryptsetup(&self, words: &[&str], input: Input) -> Result<(), String> {
        let words: Vec<&str> = ["cryptsetup", "--batch-mode"]
            .iter()
            .chain(words)
            .copied()
            .collect();
        let said = self.programs.run_until(&words, input, &|| false);
        said.map(drop)
            .map_err(|error| format!("{}: {error}", self.device))
    }

    fn plain(&self, words: &[&str]) -> Result<(), String> {
        let nothing = Secret::default();
        self.cryptsetup(
            words,
            Input {
                first: &nothing,
                second: None,
            },
        )
    }
}

impl Header {
    fn is_bound(&self, slot: &str) -> bool {
        self.tokens
            .values()
            .any(|token| token.keyslots.iter().any(|own| own == slot))
    }

    fn free(&self) -> Option<String> {
        (0..SLOTS)
            .map(|number| number.to_string())
            .find(|slot| !self.keyslots.contains_key(slot))
    }

    /// Whether a keyslot is one of a binding that was not finished.
    fn is_half_made(&self, slot: &str) -> bool {
        let own = |kdf: &Kdf| kdf.kind == "pbkdf2" && kdf.iterations.to_string() == ITERATIONS;
        !self.is_bound(slot) && self.keyslots.get(slot).is_some_and(|slot| own(&slot.kdf))
    }
}

impl Vault for Luks {
    fn kept(&self) -> Result<Vec<Kept>, String> {
        let header = self.header()?;
        let clevis = header
            .tokens
            .into_iter()
            .filter(|(_, token)| token.kind == CLEVIS);
        Ok(clevis
            .map(|(number, token)| Kept {
                token: Some(number),
                slot: token.keyslots.first().cloned(),
                jwe: jwe::to_compact(&token.jwe),
            })
            .collect())
    }

    fn opens(&self, key: &Secret, slot: Option<&str>) -> Result<bool, String> {
        let mut words = vec!["open", "--test-passphrase", "--key-file", "-"];
        words.extend(slot.iter().flat_map(|slot| ["--key-slot", slot]));
        words.push(&self.device);
        Ok(self
            .cryptsetup(
                &words,
                Input {
                    first: key,
                    second: None,
                },
            )
            .is_ok())
    }

    fn has_passphrase(&self) -> Result<bool, String> {
        let header = self.header()?;
        Ok(header.keyslots.keys().any(|slot| !header.is_bound(slot)))
    }

    fn fresh(&self, _: &Secret) -> Result<Secret, String> {
        Secret::random()
    }

    fn put(
        &self,
        existing: &Secret,
        key: &Secret,
        jwe: &str,
        old: Option<&Kept>,
    ) -> Result<(), String> {
        let slot = self.header()?.free().ok_or_else(|| {
            format!(
                "{}: no keyslot is free\n  help: `cryptsetup luksKillSlot` removes one",
                self.device
            )
        })?;
        let replaced = old.and_then(|kept| kept.slot.clone());
        write_note(&self.note, &note(&slot, replaced.as_deref()))?;
        self.cryptsetup(
            &[
                "luksAddKey",
                "--key-file",
                "-",
                "--key-slot",
                &slot,
                "--pbkdf",
                "pbkdf2",
                "--pbkdf-force-iterations",
                ITERATIONS,
                &self.device,
                "/dev/fd/1",
            ],
            Input {
                first: existing,
                second: Some(key),
            },
        )?;
        // Tried before a passphrase's, which takes seconds to refuse a key.
        self.plain(&[
            "config",
            "--priority",
            "prefer",
            "--key-slot",
            &slot,
            &self.device,
        ])?;
        if !self.opens(key, Some(&slot))? {
            return Err(format!(
                "{}: the new key does not open keyslot {slot}",
                self.device
            ));
        }
        let token = json!({ "type": CLEVIS, "keyslots": [slot], "jwe": jwe::to_json(jwe) });
        let token = Secret::new(token.to_string().into_bytes());
        let mut words = vec!["token", "import", "--json-file", "-"];
        if let Some(number) = old.and_then(|kept| kept.token.as_deref()) {
            words.extend(["--token-replace", "--token-id", number]);
        }
        words.push(&self.device);
        self.cryptsetup(&words, Input { first: &token, second: None }).map_err(|error| {
            format!("{error}\n  help: a binding of {} bytes may not have room in the header: let fewer peers take part, or make the header larger (`--luks2-metadata-size 64k` of luksFormat)", jwe.len())
        })?;
        self.tidy()
    }

    fn remove(&self, kept: &Kept) -> Result<(), String> {
        // The keyslot first: a token without one opens nothing, and is seen.
        if let Some(slot) = &kept.slot {
            self.plain(&["luksKillSlot", &self.device, slot])?;
        }
        match &kept.token {
            Some(token) => self.plain(&["token", "remove", "--token-id", token, &self.device]),
            None => Ok(()),
        }
    }

    fn tidy(&self) -> Result<(), String> {
        let header = self.header()?;
        for (number, token) in &header.tokens {
            if token.kind == CLEVIS && token.keyslots.is_empty() {
                self.plain(&["token", "remove", "--token-id", number, &self.device])?;
            }
        }
        let Ok(noted) = std::fs::read_to_string(&self.note) else {
            return Ok(());
        };
        for slot in noted
            .split_whitespace()
            .filter(|slot| header.is_half_made(slot))
        {
            self.plain(&["luksKillSlot", &self.device, slot])?;
        }
        remove_note(&self.note)
    }
}

/// The keyslots that are one too many until a binding is in its place: the new one before, the old one after.
fn note(new: &str, old: Option<&str>) -> String {
    [Some(new), old]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ")
}

fn write_note(place: &str, text: &str) -> Result<(), String> {
    use crate::machine::{Machine as _, This};
    if let Some((directory, _)) = place.rsplit_once('/') {
        std::fs::create_dir_all(directory).map_err(|error| format!("{directory}: {error}"))?;
    }
    This.write(place, text.as_bytes(), 0o600)
        .map_err(|error| format!("{place}: {error}"))
}

fn remove_note(place: &str) -> Result<(), String> {
    match std::fs::remove_file(place) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("{place}: {error}"))
        }
        _ => Ok(()),
    }
}

/// ZFS' own encryption. A dataset has one key, its passphrase, and that is what a binding holds.
struct Zfs {
    programs: Programs,
    dataset: String,
}

/// The names of the properties that hold a binding together; each takes 8191 bytes.
const PROPERTY: &str = "pve-nix:unlock";
const PART: usize = 8000;
/// As many parts has a binding at most.
const PARTS: usize = 8;

impl Vault for Zfs {
    fn kept(&self) -> Result<Vec<Kept>, String> {
        let names: Vec<String> = (0..PARTS)
            .map(|number| format!("{PROPERTY}{number}"))
            .collect();
        let output = self.programs.text(&[
            "zfs",
            "get",
            "-H",
            "-o",
            "value",
            &names.join(","),
            &self.dataset,
        ])?;
        // A part that is not there is a dash; one that an earlier, longer binding left is empty.
        let jwe: String = output.lines().filter(|part| *part != "-").collect();
        Ok(if jwe.is_empty() {
            Vec::new()
        } else {
            vec![Kept {
                token: None,
                slot: None,
                jwe,
            }]
        })
    }

    fn opens(&self, key: &Secret, _: Option<&str>) -> Result<bool, String> {
        let words = ["zfs", "load-key", "-n", "-L", "prompt", &self.dataset];
        Ok(self.programs.run(&words, key.bytes()).is_ok())
    }

    fn has_passphrase(&self) -> Result<bool, String> {
        let words = [
            "zfs",
            "get",
            "-H",
            "-o",
            "value",
            "keyformat",
            &self.dataset,
        ];
        Ok(self.programs.text(&words)?.trim() == "passphrase")
    }

    fn fresh(&self, existing: &Secret) -> Result<Secret, String> {
        Ok(existing.clone())
    }

    fn put(&self, _: &Secret, _: &Secret, jwe: &str, _: Option<&Kept>) -> Result<(), String> {
        if jwe.len() > PART * PARTS {
            return Err(format!(
                "{}: a binding of {} bytes\n  help: let fewer peers take part",
                self.dataset,
                jwe.len()
            ));
        }
        let mut parts: Vec<&str> = (0..jwe.len())
            .step_by(PART)
            .map(|at| &jwe[at..jwe.len().min(at + PART)])
            .collect();
        // ZFS sets all of them in one step; those of a longer one before become empty.
        parts.resize(PARTS, "");
        let settings: Vec<String> = parts
            .iter()
            .enumerate()
            .map(|(number, part)| format!("{PROPERTY}{number}={part}"))
            .collect();
        let mut words = vec!["zfs", "set"];
        words.extend(settings.iter().map(String::as_str));
        words.push(&self.dataset);
        self.programs.run(&words, &[]).map(drop)
    }

    fn remove(&self, _: &Kept) -> Result<(), String> {
        Ok(())
    }

    fn tidy(&self) -> Result<(), String> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        serde_json::from_value(json!({
            "keyslots": {
                "0": { "kdf": { "type": "argon2id" } },
                "1": { "kdf": { "type": "pbkdf2", "iterations": 1000 } },
                "2": { "kdf": { "type": "pbkdf2", "iterations": 1000 } },
                "3": { "kdf": { "type": "pbkdf2", "iterations": 90000 } }
            },
            "tokens": { "0": { "type": "clevis", "keyslots": ["1"], "jwe": {} } }
        }))
        .unwrap()
    }

    #[test]
    fn only_an_unfinished_binding_is_half_made() {
        let found: Vec<String> = (0..6)
            .map(|slot| slot.to_string())
            .filter(|slot| header().is_half_made(slot))
            .collect();
        assert_eq!(found, ["2"]);
        assert_eq!(header().free().as_deref(), Some("4"));
    }
}
