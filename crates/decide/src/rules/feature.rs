//! What is removed from a source.

use serde::Deserialize;

/// `[[feature]]`: something Debian-only that is taken out of a source by structural edits.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Feature {
    /// Its name.
    pub name: String,
    /// Why.
    pub why: String,
    /// The source it is in.
    #[serde(default)]
    pub source: String,
    /// The Perl modules that go: their `use` lines, the `register_method` that mounts them, the index
    /// entry of that path, and statements that call them.
    #[serde(default)]
    pub drop_modules: Vec<String>,
    /// Files that go, with the Makefile words that name them. Missing ones are no error while one is there.
    #[serde(default)]
    pub drop_files: Vec<String>,
    /// Methods that go: `register_method` by name, in `file`, with the command that runs it.
    #[serde(default)]
    pub drop_methods: Vec<DropMethod>,
    /// Elements of lists that go: what still leads to what is removed.
    #[serde(default)]
    pub drop_elements: Vec<DropElement>,
    /// Expressions that another takes the place of: what is there on one processor alone, say.
    #[serde(default)]
    pub replace: Vec<Replace>,
    /// Instructions of C that only one processor has.
    #[serde(default)]
    pub only_on: Vec<OnlyOn>,
    /// The releases it is for, globs; all without.
    #[serde(default)]
    pub releases: Vec<String>,
}

/// A method to remove.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DropMethod {
    /// The file, relative to the source.
    pub file: String,
    /// The `name` it is registered with.
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
    /// What stands there instead.
    pub with: String,
    /// How often it is there: one more may mean something else.
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
    /// The whole code of the assembly statements that are for it.
    pub instruction: String,
}

/// One entry of `drop-elements`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DropElement {
    /// The file, relative to the source.
    pub file: String,
    /// A string of a list: before `=>` it goes with its value.
    pub text: String,
}
