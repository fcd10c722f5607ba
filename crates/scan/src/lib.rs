//! Scans source files, with one scanner for each language: bytes to occurrences, used modules and
//! commands.
//!
//! Scanners only find and describe. The rules in `decide` determine whether a place acts on the
//! host, in a guest or nowhere, and what becomes of it.

pub mod c;
pub mod calls;
mod collect;
pub mod config;
mod detect;
pub mod javascript;
mod kept;
pub mod make;
mod names;
pub mod paths;
pub mod perl;
pub mod proofs;
pub mod python;
pub mod rust;
pub mod shell;
pub mod source;
pub mod text;
pub mod unit;
mod walk;

use std::path::Path;

use cache::Cache;
use serde::{Deserialize, Serialize};

use calls::Calls;
pub use detect::{HEAD, language, wants_head};

/// Opens the cache below `dir` for this build of the scanners and these calls. Caches of other
/// builds or calls are not used.
pub fn cache_below(dir: &Path, calls_text: &str) -> Cache {
    Cache::new(dir, env!("PNX_SCANNERS"), calls_text)
}

/// The language in which a file is scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    /// Perl modules, programs, tests, POD files.
    Perl,
    /// Shell scripts, hooks, maintainer scripts.
    Shell,
    /// Makefiles, `*.mk`, `debian/rules`.
    Make,
    /// systemd units: services, timers, targets, sockets, slices, drop-ins.
    Unit,
    /// C and C headers.
    C,
    /// JavaScript.
    Javascript,
    /// Python.
    Python,
    /// Rust.
    Rust,
    /// Line-based configuration: udev, PAM, logrotate, sysctl, ifupdown, cron, tmpfiles, sysusers, `AppArmor`, lxc.
    Config,
    /// Anything else that is text: templates, HTML, `AsciiDoc`.
    Text,
}

impl Language {
    /// Returns its word, as in rules and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Perl => "perl",
            Self::Shell => "shell",
            Self::Make => "make",
            Self::Unit => "unit",
            Self::C => "c",
            Self::Javascript => "javascript",
            Self::Python => "python",
            Self::Rust => "rust",
            Self::Config => "config",
            Self::Text => "text",
        }
    }
}

/// The kind of an occurrence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An absolute path below one of the FHS roots.
    AbsolutePath,
    /// A program's name that is looked up on `PATH`.
    BareCommand,
    /// The whole value of an assignment to `PATH`.
    PathAssignment,
    /// The interpreter of a `#!` line: the path, without switches.
    Shebang,
    /// A Perl module by `use`, `require`, `use parent`, or a Python module by `import`.
    Module,
    /// A crate source replaced by Debian's registry.
    CrateSource,
    /// `x86_64-linux-gnu` and its like.
    ArchitectureTriplet,
    /// A systemd unit, or the start of its name if an interpolation completes it.
    UnitName,
    /// The name of a PAM service that the code uses.
    PamService,
    /// A well-known name on the system's D-Bus.
    BusName,
    /// A kernel parameter: `net.ipv4.ip_forward`, or the path below `/proc/sys/`.
    SysctlKey,
    /// A kernel module.
    KernelModule,
}

impl Kind {
    /// Every kind, in the order of reports.
    pub const ALL: [Self; 12] = [
        Self::AbsolutePath,
        Self::BareCommand,
        Self::PathAssignment,
        Self::Shebang,
        Self::Module,
        Self::CrateSource,
        Self::ArchitectureTriplet,
        Self::UnitName,
        Self::PamService,
        Self::BusName,
        Self::SysctlKey,
        Self::KernelModule,
    ];

    /// Returns its word, as in rules and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::AbsolutePath => "absolute-path",
            Self::BareCommand => "bare-command",
            Self::PathAssignment => "path-assignment",
            Self::Shebang => "shebang",
            Self::Module => "module",
            Self::CrateSource => "crate-source",
            Self::ArchitectureTriplet => "architecture-triplet",
            Self::UnitName => "unit-name",
            Self::PamService => "pam-service",
            Self::BusName => "bus-name",
            Self::SysctlKey => "sysctl-key",
            Self::KernelModule => "kernel-module",
        }
    }

    /// Whether it is a name that the system assigns, rather than a path, a program or a language's
    /// module.
    pub fn is_name(self) -> bool {
        matches!(
            self,
            Self::UnitName
                | Self::PamService
                | Self::BusName
                | Self::SysctlKey
                | Self::KernelModule
        )
    }
}

/// The lexical form around the text, which limits what a rewrite may insert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// A string without interpolation: `'…'`, `q(…)`, a C or JavaScript string.
    Literal,
    /// A string with interpolation: `"…"`, `qq(…)`, a template literal, a shell double-quoted string.
    Interpolated,
    /// An element of `qw(…)`.
    Word,
    /// A heredoc's body.
    Heredoc,
    /// Backticks, `qx(…)`, `$(…)`: a shell command line.
    Command,
    /// A regular expression (the text is as written, escapes included).
    Regex,
    /// Unquoted text: a shell word, a Makefile word, a unit's value, a hash key.
    Bare,
    /// A comment.
    Comment,
    /// POD, a docstring, `AsciiDoc`.
    Pod,
    /// A `#!` line.
    Shebang,
    /// The value of a `#define`, or the path of an `#include`.
    Define,
}

impl Form {
    /// Returns a phrase for a sentence.
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Literal => "a string without interpolation",
            Self::Interpolated => "a string with interpolation",
            Self::Word => "a word of a quoted list",
            Self::Heredoc => "a heredoc",
            Self::Command => "a shell command line",
            Self::Regex => "a regular expression",
            Self::Bare => "unquoted text",
            Self::Comment => "a comment",
            Self::Pod => "documentation",
            Self::Shebang => "a #! line",
            Self::Define => "a preprocessor definition",
        }
    }
}

/// The position of an occurrence in the program's structure, which rules can test.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Site {
    /// The innermost enclosing named sub or function; a unit's section; a Makefile's target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// The innermost call with it as an argument, as written (`run_command`,
    /// `PVE::Tools::run_command`, but `ct_symlink` for `$self->ct_symlink`); a unit's directive; a
    /// shell command's program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// The index of that argument, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub argument: Option<u32>,
    /// Its index in the command's words, from 0 for the program; `None` outside of commands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word: Option<u32>,
    /// The static words before it in the same command, joined by blanks. A spliced array or
    /// variable contributes its name (`@$ssh_cmd`, `$target`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The variable, constant, hash key, attribute or `#define` that receives its value, without
    /// sigil.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Whether an interpolation or other text precedes it in its literal (`"$root/usr/bin/x"`),
    /// which makes it a path below something else.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub joined: bool,
    /// Whether an interpolation continues the path (`"/usr/share/$x"`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub open: bool,
    /// Rust: the configuration under which the place is compiled, as one predicate of `#[cfg(…)]`
    /// (`all(feature = "x", test)`); `None` without such an attribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cfg: Option<String>,
}

/// One place in one file that assumes Debian.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Occurrence {
    /// Byte offset of `text` in the file.
    pub offset: usize,
    /// Its length in bytes.
    pub length: usize,
    /// 1-based line.
    pub line: u32,
    /// 1-based column, in bytes.
    pub column: u32,
    /// Its kind.
    pub kind: Kind,
    /// The bytes at the span, lossily decoded: the whole path, command, `PATH` value or module name.
    pub text: String,
    /// Its lexical form.
    pub form: Form,
    /// Its position.
    pub site: Site,
}

/// The results for one file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileScan {
    /// Sorted by offset, then kind; spans of one kind do not overlap.
    pub occurrences: Vec<Occurrence>,
    /// Perl: the packages declared in the file.
    pub declares: Vec<String>,
    /// The switches of the shebang (`-T`), empty without.
    pub switches: String,
    /// Rust: the modules in other files, in file order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modules: Vec<RustModule>,
    /// Rust: the arguments of `include_str!` and `include_bytes!` as written, relative to this file
    /// or below [`rust::MANIFEST_DIR`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub embeds: Vec<String>,
    /// Rust: the syntax error, if any. The file may be a template or a test's data. Only the module
    /// tree shows whether it must parse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unparsed: Option<ParseError>,
}

/// A module that a Rust file declares in another file: `mod x;`, or `include!("x.rs")`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RustModule {
    /// Its name without `r#`; empty for an inclusion.
    pub name: String,
    /// The inline modules around it, outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub within: Vec<String>,
    /// The value of its `#[path]`, or the path of an inclusion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The configuration under which it is compiled, as in [`Site::cfg`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cfg: Option<String>,
    /// Whether it is an `include!`, whose items belong to this module.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub included: bool,
}

/// The first syntax error of a file: its 1-based line and the text there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParseError {
    /// 1-based line.
    pub line: u32,
    /// The text at the error.
    pub what: String,
}

/// Scans a file in the language that [`language`] returned. Only Perl files are rejected if they do
/// not parse. The other grammars are weaker than their languages, so the scanners still search
/// unparsed parts for paths.
///
/// For a Rust file that does not parse, [`FileScan::unparsed`] is set.
pub fn scan(
    language: Language,
    path: &str,
    bytes: &[u8],
    calls: &Calls,
) -> Result<FileScan, ParseError> {
    match language {
        Language::Perl => perl::scan(bytes, calls),
        Language::Shell => shell::scan(bytes, calls),
        Language::Make => make::scan(bytes, calls),
        Language::Unit => unit::scan(bytes, calls),
        Language::C => c::scan(bytes, calls),
        Language::Javascript => javascript::scan(bytes),
        Language::Python => python::scan(bytes, calls),
        Language::Rust => Ok(rust::scan(bytes, calls)),
        Language::Config => config::scan(path, bytes, calls),
        Language::Text => text::scan(path, bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serialized(value: impl Serialize) -> String {
        let value = serde_json::to_value(value).unwrap();
        value.as_str().unwrap().to_owned()
    }

    #[test]
    fn words_are_those_of_the_json_and_kinds_stand_in_their_order() {
        for (place, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind.word(), serialized(kind));
            assert_eq!(kind as usize, place);
        }
        for language in [
            Language::Perl,
            Language::Shell,
            Language::Make,
            Language::Unit,
            Language::C,
            Language::Javascript,
            Language::Python,
            Language::Rust,
            Language::Config,
            Language::Text,
        ] {
            assert_eq!(language.word(), serialized(language));
        }
    }
}
