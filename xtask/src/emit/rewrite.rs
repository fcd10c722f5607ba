//! A decision to the bytes that replace the decided literal.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Serialize;

use crate::decide::{Decided, Decision};
use crate::problem::{Problem, UNREWRITABLE};
use crate::scan::{Form, Kind, Language};

/// How a source is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Compiled alone, with references to other Proxmox files left open, and linked later.
    Object,
    /// An ordinary package.
    Package,
    /// Built by cargo; linked, as an object is, where there is a derivation of it.
    Crate,
}

/// What a patch is about: one patch file each, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Theme {
    /// What is removed.
    Features,
    /// Absolute paths and interpreters.
    Paths,
    /// Bare commands and assignments to `PATH`.
    Commands,
}

impl Theme {
    /// All, in the order of the patch files.
    pub const ALL: [Self; 3] = [Self::Features, Self::Paths, Self::Commands];

    /// The word in the patch file's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Features => "features",
            Self::Paths => "paths",
            Self::Commands => "commands",
        }
    }
}

/// What fills a placeholder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fill {
    /// A nixpkgs attribute and which of its outputs.
    Attr(String, Part),
    /// Another source's package.
    Source(String),
    /// Left open for the link: `@pve@`, `@path@`.
    Link,
    /// This package's own output: `@out@`.
    Own,
}

/// Which output of a package a target below it is in, as nixpkgs' `multiple-outputs.sh` divides them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// `bin/…`: `lib.getBin`.
    Bin,
    /// `lib/…`, `libexec/…`: `lib.getLib`.
    Lib,
    /// Anything else: the attribute as it is.
    Whole,
}

impl Part {
    /// The output that holds `target`.
    pub fn of(target: &str) -> Self {
        match target.split('/').next() {
            Some("bin") => Self::Bin,
            Some("lib" | "libexec") => Self::Lib,
            _ => Self::Whole,
        }
    }
}

/// One replacement of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The bytes of the original that go.
    pub range: Range<usize>,
    /// What stands there instead.
    pub replacement: String,
    /// The patch it belongs to.
    pub theme: Theme,
}

/// The placeholders of a source's patches, with what fills them.
pub type Placeholders = BTreeMap<String, Fill>;

/// The length of `@pve@` with its padding in C: strings of a compiled program cannot grow, so the link
/// replaces the whole run by a store path and as many slashes as are left.
pub const PADDED_LENGTH: usize = 128;

/// For whom a rewrite is made.
#[derive(Debug, Clone, Copy)]
pub struct Placing<'a> {
    /// The source.
    pub source: &'a str,
    /// How it is built.
    pub role: Role,
    /// How the others are built.
    pub roles: &'a BTreeMap<String, Role>,
}

/// The placeholder's name for a nixpkgs attribute path or source: what `replaceVars` takes.
pub fn placeholder(name: &str) -> String {
    name.chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() || letter == '-' || letter == '_' {
                letter
            } else {
                '-'
            }
        })
        .collect()
}

/// The placeholder that `fill` fills, entered into `placeholders`: its own name, with the output after it where
/// that name is taken.
fn placed(placeholders: &mut Placeholders, name: &str, fill: &Fill) -> String {
    let base = placeholder(name);
    let suffix = match fill {
        Fill::Attr(_, Part::Bin) => "bin",
        Fill::Attr(_, Part::Lib) => "lib",
        Fill::Attr(_, Part::Whole) => "out",
        _ => "proxmox",
    };
    let first = if suffix == "lib" {
        format!("{base}-lib")
    } else {
        base.clone()
    };
    let mut candidate = first;
    let mut next = format!("{base}-{suffix}");
    while placeholders
        .get(&candidate)
        .is_some_and(|there| there != fill)
    {
        candidate = next;
        next = format!("{candidate}-{suffix}");
    }
    placeholders.insert(candidate.clone(), fill.clone());
    candidate
}

/// The edit a decision asks for; `None` where the text stays.
///
/// # Errors
/// A decision that cannot be written in this position: a store path in a regular expression whose delimiter
/// is a slash, a relative path.
pub fn edit(
    decided: &Decided,
    placing: Placing,
    placeholders: &mut Placeholders,
) -> Result<Option<Edit>, Problem> {
    let place = &decided.occurrence;
    let Some((mut replacement, theme)) = replacement(decided, placing, placeholders) else {
        return Ok(None);
    };
    if place.text.ends_with('/') && !replacement.ends_with('/') {
        replacement.push('/');
    }
    if replacement == place.text {
        return Ok(None);
    }
    // An unescaped slash says that the expression has another delimiter; the path is quoted within it.
    let quotable = decided.language == Language::Perl && !place.text.contains('\\');
    if place.form == Form::Regex && quotable && !place.site.joined {
        replacement = format!("\\Q{replacement}\\E");
    } else if place.site.joined || place.form == Form::Regex {
        let what = if place.site.joined {
            "text before it"
        } else {
            "a regular expression around it, in which a store path cannot stand"
        };
        let cause = format!(
            "`{}` is to become `{replacement}`, but there is {what}",
            place.text
        );
        let problem = Problem::new(&UNREWRITABLE, cause).in_source(placing.source);
        return Err(problem.at(&decided.path, Some(place.line)));
    }
    let range = place.offset..place.offset + place.length;
    Ok(Some(Edit {
        range,
        replacement,
        theme,
    }))
}

fn replacement(
    decided: &Decided,
    placing: Placing,
    placeholders: &mut Placeholders,
) -> Option<(String, Theme)> {
    let kind = decided.occurrence.kind;
    // A link finds modules by `@INC`, and writes shebangs itself.
    if matches!(kind, Kind::Module | Kind::Shebang) {
        return None;
    }
    match &decided.decision {
        Decision::Package { attr, target } => {
            let fill = Fill::Attr(attr.clone(), Part::of(target));
            let name = placed(placeholders, attr, &fill);
            Some((format!("@{name}@/{target}"), Theme::Paths))
        }
        Decision::Own { target } => match placing.role {
            Role::Object | Role::Crate => {
                Some((linked(target, decided.language, placeholders), Theme::Paths))
            }
            Role::Package => {
                placeholders.insert("out".to_owned(), Fill::Own);
                Some((format!("@out@/{target}"), Theme::Paths))
            }
        },
        Decision::Sibling { source, target } => match placing.roles.get(source) {
            Some(Role::Package) => {
                let fill = Fill::Source(source.clone());
                let name = placed(placeholders, source, &fill);
                Some((format!("@{name}@/{target}"), Theme::Paths))
            }
            // Nobody would close it: the place stays, and the release says what it lacks.
            _ if placing.role == Role::Package => None,
            _ => Some((linked(target, decided.language, placeholders), Theme::Paths)),
        },
        Decision::System { path } => Some((path.clone(), Theme::Paths)),
        Decision::Wrapper { program } if kind == Kind::AbsolutePath => {
            Some((format!("/run/wrappers/bin/{program}"), Theme::Paths))
        }
        Decision::Command { program, .. } if kind == Kind::PathAssignment && program == "PATH" => {
            placeholders.insert("path".to_owned(), Fill::Link);
            Some(("@path@".to_owned(), Theme::Commands))
        }
        Decision::Command { program, .. } if kind == Kind::AbsolutePath => {
            Some((program.clone(), Theme::Commands))
        }
        _ => None,
    }
}

/// A path in the link's output. In C the placeholder has a fixed length.
fn linked(target: &str, language: Language, placeholders: &mut Placeholders) -> String {
    placeholders.insert("pve".to_owned(), Fill::Link);
    let padding = if language == Language::C {
        PADDED_LENGTH - "@pve@".len() - 1
    } else {
        0
    };
    format!("@pve@{}/{target}", "/".repeat(padding))
}

/// The original with the edits of the given themes, which must not overlap and are sorted by range.
pub fn apply(original: &[u8], edits: &[Edit], until: Theme) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(original.len() + 64 * edits.len());
    let mut at = 0;
    for edit in edits.iter().filter(|edit| edit.theme <= until) {
        bytes.extend_from_slice(&original[at..edit.range.start]);
        bytes.extend_from_slice(edit.replacement.as_bytes());
        at = edit.range.end;
    }
    bytes.extend_from_slice(&original[at..]);
    bytes
}
