//! The words that reports use for kinds, contexts and decisions: those of the JSON output.

use crate::decide::{Context, Decision};
use crate::drift::{Aspect, InstallKind, NeedKind};
use crate::scan::{Form, Kind, Language};

/// Every kind, in the order of the summary.
pub const KINDS: [Kind; 12] = [
    Kind::AbsolutePath,
    Kind::BareCommand,
    Kind::PathAssignment,
    Kind::Shebang,
    Kind::Module,
    Kind::CrateSource,
    Kind::ArchitectureTriplet,
    Kind::UnitName,
    Kind::PamService,
    Kind::BusName,
    Kind::SysctlKey,
    Kind::KernelModule,
];

/// Every context, in the order of the summary.
pub const CONTEXTS: [Context; 6] = [
    Context::Host,
    Context::Guest,
    Context::Remote,
    Context::Build,
    Context::Test,
    Context::Doc,
];

/// What kind of decision it is, without what it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// [`Decision::Package`].
    Package,
    /// [`Decision::Own`].
    Own,
    /// [`Decision::Sibling`].
    Sibling,
    /// [`Decision::Command`].
    Command,
    /// [`Decision::Wrapper`].
    Wrapper,
    /// [`Decision::System`].
    System,
    /// [`Decision::Embed`].
    Embed,
    /// [`Decision::Keep`].
    Keep,
    /// [`Decision::Disable`].
    Disable,
    /// [`Decision::Unknown`].
    Unknown,
}

/// Every kind of decision, in the order of the summary.
pub const VERDICTS: [Verdict; 10] = [
    Verdict::Package,
    Verdict::Own,
    Verdict::Sibling,
    Verdict::Command,
    Verdict::Wrapper,
    Verdict::System,
    Verdict::Embed,
    Verdict::Keep,
    Verdict::Disable,
    Verdict::Unknown,
];

impl Verdict {
    /// The kind of `decision`.
    pub fn of(decision: &Decision) -> Self {
        match decision {
            Decision::Package { .. } => Self::Package,
            Decision::Own { .. } => Self::Own,
            Decision::Sibling { .. } => Self::Sibling,
            Decision::Command { .. } => Self::Command,
            Decision::Wrapper { .. } => Self::Wrapper,
            Decision::System { .. } => Self::System,
            Decision::Embed { .. } => Self::Embed,
            Decision::Keep { .. } => Self::Keep,
            Decision::Disable { .. } => Self::Disable,
            Decision::Unknown => Self::Unknown,
        }
    }

    /// Its word: the JSON's `decision.type`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Package => "package",
            Self::Own => "self",
            Self::Sibling => "sibling",
            Self::Command => "command",
            Self::Wrapper => "wrapper",
            Self::System => "system",
            Self::Embed => "embed",
            Self::Keep => "keep",
            Self::Disable => "disable",
            Self::Unknown => "unknown",
        }
    }
}

/// A context's word.
pub fn context(context: Context) -> &'static str {
    match context {
        Context::Host => "host",
        Context::Guest => "guest",
        Context::Remote => "remote",
        Context::Build => "build",
        Context::Test => "test",
        Context::Doc => "doc",
    }
}

/// A kind's word.
pub fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::AbsolutePath => "absolute-path",
        Kind::BareCommand => "bare-command",
        Kind::PathAssignment => "path-assignment",
        Kind::Shebang => "shebang",
        Kind::Module => "module",
        Kind::CrateSource => "crate-source",
        Kind::ArchitectureTriplet => "architecture-triplet",
        Kind::UnitName => "unit-name",
        Kind::PamService => "pam-service",
        Kind::BusName => "bus-name",
        Kind::SysctlKey => "sysctl-key",
        Kind::KernelModule => "kernel-module",
    }
}

/// A language's word.
pub fn language(language: Language) -> &'static str {
    match language {
        Language::Perl => "perl",
        Language::Shell => "shell",
        Language::Make => "make",
        Language::Unit => "unit",
        Language::C => "c",
        Language::Javascript => "javascript",
        Language::Python => "python",
        Language::Rust => "rust",
        Language::Config => "config",
        Language::Text => "text",
    }
}

/// What a lexical form is called in a sentence.
pub fn form(form: Form) -> &'static str {
    match form {
        Form::Literal => "a string without interpolation",
        Form::Interpolated => "a string with interpolation",
        Form::Word => "a word of a quoted list",
        Form::Heredoc => "a heredoc",
        Form::Command => "a shell command line",
        Form::Regex => "a regular expression",
        Form::Bare => "unquoted text",
        Form::Comment => "a comment",
        Form::Pod => "documentation",
        Form::Shebang => "a #! line",
        Form::Define => "a preprocessor definition",
    }
}

/// In what a place differs, as a word.
pub fn aspect(aspect: Aspect) -> &'static str {
    match aspect {
        Aspect::Source => "source",
        Aspect::File => "file",
        Aspect::Sub => "sub",
        Aspect::Literal => "literal",
        Aspect::Site => "site",
        Aspect::Context => "context",
        Aspect::Decision => "decision",
        Aspect::Rule => "rule",
    }
}

/// What sort of dependency, as a word.
pub fn need(kind: NeedKind) -> &'static str {
    match kind {
        NeedKind::Depends => "depends",
        NeedKind::BuildDepends => "build-depends",
        NeedKind::Module => "module",
        NeedKind::Command => "command",
        NeedKind::Crate => "crate",
        NeedKind::Input => "input",
        NeedKind::Source => "source",
        NeedKind::Lack => "lack",
    }
}

/// What sort of thing is installed or set up, as a word.
pub fn install(kind: InstallKind) -> &'static str {
    match kind {
        InstallKind::File => "file",
        InstallKind::Unit => "unit",
        InstallKind::Directory => "directory",
        InstallKind::User => "user",
        InstallKind::Group => "group",
        InstallKind::Setting => "setting",
        InstallKind::Script => "script",
    }
}

/// A decision as a short phrase: `package lvm2, bin/lvs`.
pub fn decision(decision: &Decision) -> String {
    let word = Verdict::of(decision).word();
    match decision {
        Decision::Package { attr, target } => format!("{word} {attr}, {target}"),
        Decision::Own { target } => format!("{word}, {target}"),
        Decision::Sibling { source, target } => format!("{word} {source}, {target}"),
        Decision::Command {
            attr,
            source,
            program,
        } => match attr.as_deref().or(source.as_deref()) {
            Some(origin) => format!("{word} {program} of {origin}"),
            None => format!("{word} {program}"),
        },
        Decision::Wrapper { program } => format!("{word} {program}"),
        Decision::System { path } => format!("{word}, {path}"),
        Decision::Embed { source, path } => format!("{word} {source}/{path}"),
        Decision::Keep { reason } => format!("{word}: {reason}"),
        Decision::Disable { feature } => format!("{word} {feature}"),
        Decision::Unknown => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;

    fn serialized(value: impl Serialize) -> String {
        serde_json::to_value(value)
            .unwrap()
            .as_str()
            .unwrap()
            .to_owned()
    }

    #[test]
    fn the_words_are_those_of_the_json() {
        for k in KINDS {
            assert_eq!(kind(k), serialized(k));
        }
        for c in CONTEXTS {
            assert_eq!(context(c), serialized(c));
        }
        for l in [
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
            assert_eq!(language(l), serialized(l));
        }
    }

    #[test]
    fn the_words_of_drift_are_those_of_the_json() {
        use Aspect::{Context, Decision, File, Literal, Rule, Site, Source, Sub};
        use NeedKind::{BuildDepends, Command, Crate, Depends, Input, Lack, Module};
        for a in [Source, File, Sub, Literal, Site, Context, Decision, Rule] {
            assert_eq!(aspect(a), serialized(a));
        }
        for n in [Depends, BuildDepends, Module, Command, Crate, Input, Lack] {
            assert_eq!(need(n), serialized(n));
        }
        assert_eq!(need(NeedKind::Source), "source");
        for i in [
            InstallKind::File,
            InstallKind::Unit,
            InstallKind::Directory,
            InstallKind::User,
            InstallKind::Group,
            InstallKind::Setting,
            InstallKind::Script,
        ] {
            assert_eq!(install(i), serialized(i));
        }
    }

    #[test]
    fn a_verdict_has_the_word_of_the_decisions_type() {
        let own = Decision::Own {
            target: "bin/x".into(),
        };
        for decision in [own, Decision::Unknown] {
            let json = serde_json::to_value(&decision).unwrap();
            assert_eq!(json["type"], Verdict::of(&decision).word());
        }
    }
}
