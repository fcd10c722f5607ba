//! What nixpkgs has: `nixpkgs.toml`, and what `sources.toml` says of packages.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Where nixpkgs defines an attribute.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Definition {
    /// The file with the expression.
    pub file: String,
    /// The file that names it, where that is another.
    #[serde(default)]
    pub via: Option<String>,
    /// The package's expression in the release before, where it has moved.
    pub formerly: Option<String>,
    /// The first release that has the name, where not all do.
    pub since: Option<String>,
    /// The last release that has it.
    pub until: Option<String>,
}

/// What `sources.toml` says of packages; the rest of it is for `lock`.
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
