//! The format of `kept.json`: the paths and commands of Debian's that decisions keep in a release's
//! rewritten sources. `regen` writes the file, `audit` reads it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::rules::Absent;
use problem::{OUTPUT_FAILED, Problem};
use scan::Language;

/// The file's name below `pkgs/RELEASE/`.
pub const NAME: &str = "kept.json";

/// The texts that a release's sources keep.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The release's name.
    pub release: String,
    /// The files, sorted by source and path.
    pub files: Vec<KeptFile>,
}

/// One file of a source, as it is built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptFile {
    /// The source's name.
    pub source: String,
    /// The path relative to the source.
    pub path: String,
    /// The language in which it is scanned.
    pub language: Language,
    /// Whether a Rust file includes it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub embedded: bool,
    /// The paths at which Makefiles and `debian/` install it, relative to the output.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub at: BTreeSet<String>,
    /// Paths and values of `PATH`, with the number of occurrences.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub paths: BTreeMap<String, u32>,
    /// Programs that it runs by name and that may be missing on the host's search paths: they run
    /// in a guest or on another node, the code checks for them first, or their source has no pin.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub commands: BTreeSet<String>,
    /// Paths below outputs that it names and that may be missing.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub absent: BTreeMap<String, Absence>,
}

/// The reason why a path that a file names may be missing.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub enum Absence {
    /// The code checks for it, and works without it.
    Optional,
    /// It is the start of names, one of which must exist.
    Head,
    /// It belongs to this source, which a link may lack (`nix-support/pve-lacks`).
    Source(String),
}

impl From<Absent> for Absence {
    fn from(absent: Absent) -> Self {
        match absent {
            Absent::Optional => Self::Optional,
            Absent::Head => Self::Head,
        }
    }
}

impl Kept {
    /// Returns the file's text, one line for each file.
    ///
    /// # Errors
    /// None that a value of this type can cause.
    pub fn text(&self) -> Result<String, Problem> {
        let json =
            |error: serde_json::Error| Problem::new(&OUTPUT_FAILED, format!("`{NAME}`: {error}"));
        let mut text = format!(
            "{{\n\"release\": {},\n\"files\": [",
            serde_json::to_string(&self.release).map_err(json)?
        );
        let mut between = "\n";
        for file in &self.files {
            text.push_str(between);
            text.push_str(&serde_json::to_string(file).map_err(json)?);
            between = ",\n";
        }
        text.push_str("\n]\n}\n");
        Ok(text)
    }
}

impl KeptFile {
    /// Makes the entry for all files of a registry crate.
    pub fn of_crate(name: &str, paths: BTreeMap<String, u32>) -> Self {
        Self {
            source: format!("crate {name}"),
            path: "src".to_owned(),
            language: Language::Rust,
            embedded: false,
            at: BTreeSet::new(),
            paths,
            commands: BTreeSet::new(),
            absent: BTreeMap::new(),
        }
    }
}
