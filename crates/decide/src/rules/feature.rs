//! Features: code to remove from a source.

use serde::Deserialize;

/// `[[feature]]`: a Debian-only part of a source that structural edits remove.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Feature {
    /// Its name.
    pub name: String,
    /// The reason.
    pub why: String,
    /// The source it is in.
    #[serde(default)]
    pub source: String,
    /// Perl modules to remove: their `use` lines, the `register_method` that mounts them, the index
    /// entry of that path, and statements that call them.
    #[serde(default)]
    pub drop_modules: Vec<String>,
    /// Files to remove, with the Makefile words that name them. Missing files are no error as long
    /// as one exists.
    #[serde(default)]
    pub drop_files: Vec<String>,
    /// Methods to remove: `register_method` by name, in `file`, with the command that runs it.
    #[serde(default)]
    pub drop_methods: Vec<DropMethod>,
    /// Elements of lists to remove, which would still lead to removed parts.
    #[serde(default)]
    pub drop_elements: Vec<DropElement>,
    /// Expressions to replace, for instance those that work on one processor only.
    #[serde(default)]
    pub replace: Vec<Replace>,
    /// Instructions of C that only one processor has.
    #[serde(default)]
    pub only_on: Vec<OnlyOn>,
    /// Globs of the releases to which it applies; empty for all.
    #[serde(default)]
    pub releases: Vec<String>,
}

/// A method to remove.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DropMethod {
    /// The file, relative to the source.
    pub file: String,
    /// The `name` under which it is registered.
    pub name: String,
}

/// One entry of `replace`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replace {
    /// The file, relative to the source.
    pub file: String,
    /// A whole expression of it, as written: a name, a call.
    pub text: String,
    /// The replacement.
    pub with: String,
    /// The number of occurrences. A further one may mean something else.
    #[serde(default = "once")]
    pub times: usize,
}

fn once() -> usize {
    1
}

/// One entry of `only-on`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnlyOn {
    /// The file of C, relative to the source.
    pub file: String,
    /// The macro that a compiler for that processor defines, `__x86_64__`.
    #[serde(rename = "macro")]
    pub macro_name: String,
    /// The whole code of the assembly statements for it.
    pub instruction: String,
}

/// One entry of `drop-elements`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DropElement {
    /// The file, relative to the source.
    pub file: String,
    /// A string in a list. Before `=>` it goes with its value.
    pub text: String,
}
