//! `rules/sources.toml`: where the sources' histories are, and how a source is taken.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::manifest;
use crate::problem::{self, Problem};

/// The file.
pub(super) const FILE: &str = "rules/sources.toml";

/// `rules/sources.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rules {
    pub(super) source: BTreeMap<String, Rule>,
}

/// `[source.NAME]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    /// Where its history is.
    pub(super) url: String,
    /// The release archive that it packages, of `rules/archives.toml`: then its own submodules are not fetched.
    pub(super) archive: Option<String>,
}

impl Rules {
    /// Reads the file below `root`.
    pub(super) fn read(root: &Path) -> Result<Self, Problem> {
        let text = fs::read_to_string(root.join(FILE))
            .map_err(|error| bad(None, format!("cannot be read: {error}")))?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self, Problem> {
        let rules: Self = toml::from_str(text)
            .map_err(|error| bad(manifest::error_line(text, &error), error.message()))?;
        for (name, rule) in &rules.source {
            let line = |key: &str| {
                let line = manifest::key_line(text, &["source", name, key]);
                line.or_else(|| manifest::key_line(text, &["source", name]))
            };
            manifest::check_name(name)
                .map_err(|why| bad(line(""), format!("the name {name:?} {why}")))?;
            manifest::check_url(&rule.url)
                .map_err(|why| Problem::new(&problem::UNSAFE_URL, why).at(FILE, line("url")))?;
        }
        Ok(rules)
    }
}

fn bad(line: Option<u32>, cause: impl Into<String>) -> Problem {
    Problem::new(&problem::BAD_MANIFEST, cause).at(FILE, line)
}
