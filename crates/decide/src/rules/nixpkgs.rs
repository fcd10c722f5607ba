//! nixpkgs' attributes: `nixpkgs/attributes.toml`.

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
