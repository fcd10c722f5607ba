//! What nixpkgs has: `nixpkgs/attributes.toml`.

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
