//! The keys of a Tang server, as `tangd` keeps them: `NAME.jwk` is advertised, `.NAME.jwk` is not, and both open what they opened.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::declared::Tang;
use super::programs::Programs;

/// The fingerprints of a server's keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    /// Those that it signs its advertisement with.
    pub signing: Vec<String>,
    /// Those that new bindings use.
    pub exchange: Vec<String>,
    /// Those that it does not advertise any more, and still answers for.
    pub hidden: Vec<String>,
}

/// The changes that a rotation makes to keys.
pub trait Server {
    /// The keys that are there.
    fn keys(&self) -> Result<Keys, String>;
    /// Makes new ones, and then takes the others out of the advertisement.
    fn renew(&self) -> Result<(), String>;
    /// Moves away those that are not advertised: they open nothing any more.
    fn retire(&self) -> Result<(), String>;
}

/// The server of this machine.
pub struct Own<'a> {
    /// Jose's programs.
    pub programs: &'a Programs,
    /// Its directories.
    pub tang: &'a Tang,
}

impl Own<'_> {
    fn files(&self) -> Result<Vec<String>, String> {
        let place = &self.tang.keys;
        let entries = std::fs::read_dir(place).map_err(|error| format!("{place}: {error}\n  help: `systemctl start tangd.socket`, and ask it once: it makes its keys then"))?;
        let mut names: Vec<String> = entries
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| name.ends_with(".jwk"))
            .collect();
        names.sort();
        Ok(names)
    }

    /// A fingerprint, from the file alone: no key is an argument.
    fn fingerprint(&self, file: &str) -> Result<String, String> {
        let place = format!("{}/{file}", self.tang.keys);
        let text = self
            .programs
            .text(&["jose", "jwk", "thp", "-a", "S256", "-i", &place])?;
        Ok(text.trim().to_owned())
    }

    fn is_signing(&self, file: &str) -> Result<bool, String> {
        let place = format!("{}/{file}", self.tang.keys);
        let text = std::fs::read_to_string(&place).map_err(|error| format!("{place}: {error}"))?;
        let key: Value = serde_json::from_str(&text).map_err(|_| format!("{place}: no key"))?;
        let operations = key["key_ops"].as_array().cloned().unwrap_or_default();
        Ok(operations.iter().any(|operation| operation == "verify"))
    }

    /// A new key with its fingerprint as its name, there whole or not at all, and readable for whom the others are.
    fn make(&self, algorithm: &str) -> Result<String, String> {
        use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
        let failed = |error: std::io::Error| format!("{}: {error}", self.tang.keys);
        let key = self.programs.run(
            &[
                "jose",
                "jwk",
                "gen",
                "-i",
                &format!("{{\"alg\":\"{algorithm}\"}}"),
            ],
            &[],
        )?;
        let thumbprint = self.programs.run(
            &["jose", "jwk", "thp", "-a", "S256", "-i", "-"],
            key.bytes(),
        )?;
        let name = String::from_utf8_lossy(thumbprint.bytes())
            .trim()
            .to_owned();
        let part = format!("{}/{name}.part", self.tang.keys);
        let mut options = std::fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o440)
            .open(&part)
            .map_err(failed)?;
        std::io::Write::write_all(&mut file, key.bytes()).map_err(failed)?;
        let owner = std::fs::metadata(&self.tang.keys).map_err(failed)?;
        std::os::unix::fs::chown(&part, Some(owner.uid()), Some(owner.gid())).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        let place = format!("{}/{name}.jwk", self.tang.keys);
        std::fs::rename(part, place).map_err(failed)?;
        Ok(name)
    }
}

impl Server for Own<'_> {
    fn keys(&self) -> Result<Keys, String> {
        let mut keys = Keys::default();
        for file in self.files()? {
            let print = self.fingerprint(&file)?;
            if file.starts_with('.') {
                keys.hidden.push(print);
            } else if self.is_signing(&file)? {
                keys.signing.push(print);
            } else {
                keys.exchange.push(print);
            }
        }
        Ok(keys)
    }

    fn renew(&self) -> Result<(), String> {
        let old: Vec<String> = self
            .files()?
            .into_iter()
            .filter(|name| !name.starts_with('.'))
            .collect();
        self.make("ES512")?;
        self.make("ECMR")?;
        for file in old {
            let failed = |error: std::io::Error| format!("{file}: {error}");
            let from = format!("{}/{file}", self.tang.keys);
            std::fs::rename(from, format!("{}/.{file}", self.tang.keys)).map_err(failed)?;
        }
        Ok(())
    }

    fn retire(&self) -> Result<(), String> {
        use std::os::unix::fs::DirBuilderExt as _;
        let place = &self.tang.retired;
        let failed = |error: std::io::Error| format!("{place}: {error}");
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(place)
            .map_err(failed)?;
        for file in self.files()?.iter().filter(|name| name.starts_with('.')) {
            let from = format!("{}/{file}", self.tang.keys);
            // Another file system, perhaps: copied, and there for good before it goes.
            let to = format!("{place}/{}", file.trim_start_matches('.'));
            std::fs::copy(&from, &to).map_err(failed)?;
            std::fs::File::open(&to)
                .and_then(|file| file.sync_all())
                .map_err(failed)?;
            std::fs::remove_file(&from).map_err(failed)?;
        }
        Ok(())
    }
}
