//! The format of `kept.json`: the paths and commands of Debian that a release's rewritten sources still hold, because a
//! decision keeps them. `regen` writes the file, `audit` reads it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::rules::Absent;
use problem::{OUTPUT_FAILED, Problem};
use scan::Language;

/// The file's name below `pkgs/RELEASE/`.
pub const NAME: &str = "kept.json";

/// What a release's sources still hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The release's name.
    pub release: String,
    /// The files, sorted by source and path.
    pub files: Vec<KeptFile>,
}

/// One file of a source as it is built from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptFile {
    /// The source's name.
    pub source: String,
    /// Relative to the source.
    pub path: String,
    /// What it is scanned as.
    pub language: Language,
    /// A Rust file includes it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub embedded: bool,
    /// Where Makefiles and `debian/` put it, relative to the output.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub at: BTreeSet<String>,
    /// Paths and values of `PATH`, with how often each stands in it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub paths: BTreeMap<String, u32>,
    /// Programs that it runs by name and that no search path of the host's needs to have: in a guest, on another node,
    /// asked for before they are run, or of a source that has no pin.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub commands: BTreeSet<String>,
    /// Places below outputs that it names and that need not be there.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub absent: BTreeMap<String, Absence>,
}

/// Why a place that a file names need not be there.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub enum Absence {
    /// The code asks for it, and does without.
    Optional,
    /// It is the head of names, one of which must be there.
    Head,
    /// It is this source's, which a link may lack (`nix-support/pve-lacks`).
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
    /// The file's text: one line for each file.
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
    /// What stands for all files of a crate of the registry.
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
