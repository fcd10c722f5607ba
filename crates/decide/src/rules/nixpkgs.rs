//! The contents of nixpkgs by `nixpkgs.toml`, and the packages in `sources.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The definition of an attribute in nixpkgs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Definition {
    /// The file with the expression.
    pub file: String,
    /// The file that names it, if that is another.
    #[serde(default)]
    pub via: Option<String>,
    /// The package's expression in the previous release, if it has moved.
    pub formerly: Option<String>,
    /// The first release with the name, unless all have it.
    pub since: Option<String>,
    /// The last release with the name.
    pub until: Option<String>,
}

/// The facts about packages in `sources.toml`. The rest of it is for `lock`.
#[derive(Deserialize)]
pub(super) struct SourcesFile {
    #[serde(default)]
    pub(super) source: BTreeMap<String, SourceTable>,
}

#[derive(Deserialize)]
pub(super) struct SourceTable {
    #[serde(default)]
    pub(super) outside: bool,
}
