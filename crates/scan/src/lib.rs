//! One scanner per language: bytes to occurrences, modules used, commands run.
//!
//! A scanner only finds and describes; whether a place acts on the host, in a guest or nowhere, and
//! what becomes of it, is decided by rules in `decide`.

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

/// The cache below `dir` of this build of the scanners and these calls. A cache that another build or other calls made
/// gives nothing.
pub fn cache_below(dir: &Path, calls_text: &str) -> Cache {
    Cache::new(dir, env!("PNX_SCANNERS"), calls_text)
}

/// The language a file is scanned as.
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
    /// Its word, as in rules and reports.
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

/// What kind of assumption an occurrence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An absolute path below one of the FHS roots.
    AbsolutePath,
    /// A program's name that is looked up on `PATH`.
    BareCommand,
    /// A value assigned to `PATH`: the whole value.
    PathAssignment,
    /// The interpreter of a `#!` line: the path, without switches.
    Shebang,
    /// A Perl module by `use`, `require`, `use parent`, or a Python module by `import`.
    Module,
    /// A crate source replaced by Debian's registry.
    CrateSource,
    /// `x86_64-linux-gnu` and its like.
    ArchitectureTriplet,
    /// A systemd unit, or the head of one that an interpolation completes.
    UnitName,
    /// A service that PAM is asked by.
    PamService,
    /// A well-known name on the system's D-Bus.
    BusName,
    /// A kernel parameter: `net.ipv4.ip_forward`, or what follows `/proc/sys/`.
    SysctlKey,
    /// A kernel module.
    KernelModule,
}

impl Kind {
    /// Every kind, in the order in which reports count them.
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

    /// Its word, as in rules and reports.
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

    /// Whether it is a name that the system gives to something, and no path, program or module of a language.
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

/// The lexical form the text stands in. What a rewrite may put there depends on it.
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
    /// A `#define`'s value or `#include`'s path.
    Define,
}

impl Form {
    /// What it is called in a sentence.
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

/// Where in the program's structure an occurrence stands: what rules can ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Site {
    /// The innermost enclosing named sub or function; a unit's section; a Makefile's target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// The innermost call whose argument it is, as written (`run_command`, `PVE::Tools::run_command`,
    /// `$self->ct_symlink` gives `ct_symlink`); a unit's directive; a shell command's program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// Which argument of that call, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub argument: Option<u32>,
    /// Its place in the command's words, from 0 (the program); `None` outside commands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word: Option<u32>,
    /// The words before it in the same command that are static, joined by blanks; an array or
    /// variable spliced in gives its name (`@$ssh_cmd`, `$target`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The variable, constant, hash key, attribute or `#define` its value goes to, without sigil.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// It follows an interpolation or other text within its literal (`"$root/usr/bin/x"`): a path
    /// below something else, not an absolute one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub joined: bool,
    /// It is followed by an interpolation that continues the path (`"/usr/share/$x"`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub open: bool,
    /// Rust: under which configuration the place is compiled at all, as one predicate of `#[cfg(…)]`
    /// (`all(feature = "x", test)`); `None` where no attribute asks for one.
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
    /// What it assumes.
    pub kind: Kind,
    /// The bytes at the span, lossily decoded: the whole path, command, `PATH` value or module name.
    pub text: String,
    /// The lexical form it stands in.
    pub form: Form,
    /// Where it stands.
    pub site: Site,
}

/// What a scanner found in one file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileScan {
    /// Sorted by offset, then kind; spans of one kind do not overlap.
    pub occurrences: Vec<Occurrence>,
    /// Perl: the packages declared in the file.
    pub declares: Vec<String>,
    /// The switches of the shebang (`-T`), empty without.
    pub switches: String,
    /// Rust: the modules that stand in other files, in the order of the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modules: Vec<RustModule>,
    /// Rust: the files that `include_str!` and `include_bytes!` read, as written: relative to this one, or below
    /// [`rust::MANIFEST_DIR`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub embeds: Vec<String>,
    /// Rust: what the parser refused. The file may be a template or a test's data; whether it must parse is known once the
    /// module tree says that it is compiled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unparsed: Option<ParseError>,
}

/// A module that a Rust file takes from another file: `mod x;`, or `include!("x.rs")`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RustModule {
    /// Its name without `r#`; empty for an inclusion.
    pub name: String,
    /// The inline modules it stands in, from the outermost.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub within: Vec<String>,
    /// The value of its `#[path]`; what an inclusion names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Under which configuration it is compiled, as in [`Site::cfg`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cfg: Option<String>,
    /// `include!`: the file's items stand in this module.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub included: bool,
}

/// Why a file could not be scanned: its first error, 1-based line, and what stands there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParseError {
    /// 1-based line.
    pub line: u32,
    /// What the parser met.
    pub what: String,
}

/// Scans a file in the language that [`language`] gave for it. Only Perl is refused where it does not parse; the other
/// grammars are weaker than their languages, and what they do not understand is still read for paths.
///
/// A Rust file that does not parse says so in [`FileScan::unparsed`].
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
