//! Guests of a hive, and the places they are kept at.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where guests' configurations stand: state, the same on every system.
pub const STATE_DIR: &str = "/var/lib/hive";

/// A program of hive-manager.
pub const HIVE_PROGRAM: &str = "/usr/sbin/hive";

/// The package manager, asked for versions where there is one.
#[cfg(feature = "apt")]
pub const APT_GET: &str = "/usr/bin/apt-get";

/// A guest: its number and settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    pub id: u32,
    pub settings: BTreeMap<String, String>,
}

impl Guest {
    /// Reads lines `key: value`; `#` starts a comment.
    pub fn parse(id: u32, text: &str) -> Guest {
        let settings = text
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'))
            .filter_map(|line| line.split_once(':'))
            .map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
            .collect();
        Guest { id, settings }
    }

    /// Its name, or one made of its number.
    pub fn name(&self) -> String {
        match self.settings.get("name") {
            Some(name) => name.clone(),
            None => format!("guest{}", self.id),
        }
    }
}

/// The file of a guest below a state directory.
pub fn config_path(state: &Path, id: u32) -> PathBuf {
    state.join(format!("guests/{id}.conf"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_settings() {
        let guest = Guest::parse(7, "# none\nname: fig\narch : x86_64\n");
        assert_eq!(guest.name(), "fig");
        assert_eq!(guest.settings["arch"], "x86_64");
        assert_eq!(Guest::parse(8, "").name(), "guest8");
    }

    #[test]
    fn paths_are_below_the_state() {
        // A path of a test.
        let path = config_path(Path::new("/usr/share/hive-test"), 7);
        assert_eq!(path, Path::new("/usr/share/hive-test/guests/7.conf"));
    }
}
