//! Turns a decision into the bytes that replace the decided literal.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Serialize;

use decide::{Decided, Decision};
use graph::Role;
use problem::{Problem, UNREWRITABLE};
use release::source_name;
use scan::{Form, Kind, Language};

/// The subjects of patches. Each theme has one patch file, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Theme {
    /// Removed features.
    Features,
    /// Absolute paths and interpreters.
    Paths,
    /// Bare commands and assignments to `PATH`.
    Commands,
    /// The places from which cargo takes crates.
    Crates,
}

impl Theme {
    /// All themes, in the order of the patch files.
    pub const ALL: [Self; 4] = [Self::Features, Self::Paths, Self::Commands, Self::Crates];

    /// The word in the patch file's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Features => "features",
            Self::Paths => "paths",
            Self::Commands => "commands",
            Self::Crates => "crates",
        }
    }
}

/// The value of a placeholder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fill {
    /// A nixpkgs attribute, and its output.
    Attr(String, Part),
    /// The package of another source.
    Source(String),
    /// Left open for the link: `@pve@`, `@path@`.
    Link,
    /// This package's own output: `@out@`.
    Own,
}

/// The output of a package that contains a target, by the rules of nixpkgs' `multiple-outputs.sh`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// `bin/…`: `lib.getBin`.
    Bin,
    /// `lib/…`, `libexec/…`: `lib.getLib`.
    Lib,
    /// Anything else: the attribute itself.
    Whole,
}

impl Part {
    /// Returns the output that contains `target`.
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
    /// The bytes of the original to replace.
    pub range: Range<usize>,
    /// The new text.
    pub replacement: String,
    /// The patch it belongs to.
    pub theme: Theme,
}

/// The placeholders of a source's patches, and their values.
pub type Placeholders = BTreeMap<String, Fill>;

/// The length of `@pve@` with its padding in C and Rust. Strings in a compiled program cannot grow,
/// so the link replaces the whole run by a store path, padded with slashes to the same length.
pub const PADDED_LENGTH: usize = 128;

/// The source that a rewrite is for.
#[derive(Debug, Clone, Copy)]
pub struct Placing<'a> {
    /// The source.
    pub source: &'a str,
    /// How it is built.
    pub role: Role,
    /// How the other sources are built.
    pub roles: &'a BTreeMap<String, Role>,
}

/// Returns the placeholder's name for a nixpkgs attribute path or source, as `replaceVars` accepts
/// it.
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

/// Returns the name of the environment variable that `env!` reads for a nixpkgs attribute path or
/// source when a Rust program is compiled.
pub fn variable(name: &str) -> String {
    let letter = |letter: char| {
        if letter.is_ascii_alphanumeric() {
            letter.to_ascii_uppercase()
        } else {
            '_'
        }
    };
    format!("PNX_{}", name.chars().map(letter).collect::<String>())
}

/// The names reserved for our own placeholders.
const OURS: [&str; 3] = ["out", "pve", "path"];

/// Enters `fill` in `names` and returns its name: `name`, with the output appended if that is
/// taken. `spell` turns a candidate into a name.
pub(super) fn placed(
    names: &mut Placeholders,
    name: &str,
    fill: &Fill,
    spell: fn(&str) -> String,
) -> String {
    let suffix = match fill {
        Fill::Attr(_, Part::Bin) => "bin",
        Fill::Attr(_, Part::Lib) => "lib",
        Fill::Attr(_, Part::Whole) => "out",
        Fill::Source(_) => "proxmox",
        // These names are reserved, so they are never taken.
        Fill::Link | Fill::Own => {
            let name = spell(name);
            names.insert(name.clone(), fill.clone());
            return name;
        }
    };
    let mut candidate = if suffix == "lib" {
        format!("{name}-lib")
    } else {
        name.to_owned()
    };
    let mut next = format!("{name}-{suffix}");
    let is_taken = |names: &Placeholders, candidate: &str| {
        let spelled = spell(candidate);
        OURS.iter().any(|ours| spell(ours) == spelled)
            || names.get(&spelled).is_some_and(|there| there != fill)
    };
    while is_taken(names, &candidate) {
        candidate = next;
        next = format!("{candidate}-{suffix}");
    }
    let name = spell(&candidate);
    names.insert(name.clone(), fill.clone());
    name
}

/// The replacement that a decision asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// A path below a placeholder's value.
    Below {
        /// The name from which to make the placeholder's.
        name: String,
        /// The placeholder's value.
        fill: Fill,
        /// The path relative to it.
        target: String,
    },
    /// The computed `PATH`.
    SearchPath,
    /// A text without placeholders.
    Text(String),
}

/// Returns the edit that a decision asks for, or `None` if the text stays.
///
/// # Errors
/// The decision cannot be written in this position: a store path in a regular expression delimited
/// by slashes, or a relative path.
pub fn edit(
    decided: &Decided,
    placing: Placing,
    placeholders: &mut Placeholders,
) -> Result<Option<Edit>, Problem> {
    let place = &decided.occurrence;
    let Some((put, theme)) = put(decided, placing) else {
        return Ok(None);
    };
    let mut replacement = written(&put, decided.language, placeholders);
    if place.text.ends_with('/') && !replacement.ends_with('/') {
        replacement.push('/');
    }
    if replacement == place.text {
        return Ok(None);
    }
    // An unescaped slash means that the expression has another delimiter; the path is quoted in it.
    let quotable = decided.language == Language::Perl && !place.text.contains('\\');
    if place.form == Form::Regex && quotable && !place.site.joined {
        replacement = format!("\\Q{replacement}\\E");
    } else if place.site.joined || place.form == Form::Regex {
        return Err(unwritable(decided, &replacement, placing));
    }
    let range = place.offset..place.offset + place.length;
    Ok(Some(Edit {
        range,
        replacement,
        theme,
    }))
}

/// Makes the problem of a replacement that the surrounding text does not allow.
pub(super) fn unwritable(decided: &Decided, replacement: &str, placing: Placing) -> Problem {
    let place = &decided.occurrence;
    let what = if place.site.joined {
        "text directly before it"
    } else {
        "a regular expression around it, which cannot contain a store path"
    };
    let cause = format!(
        "`{}` should become `{replacement}`, but there is {what}",
        place.text
    );
    let problem = Problem::new(&UNREWRITABLE, cause).in_source(placing.source);
    problem.at(&decided.path, Some(place.line))
}

/// Writes a replacement as it appears in the file.
pub(super) fn written(put: &Put, language: Language, placeholders: &mut Placeholders) -> String {
    match put {
        Put::Below { name, fill, target } => {
            let name = placed(placeholders, name, fill, placeholder);
            format!("@{name}@{}/{target}", padding(fill, language))
        }
        Put::SearchPath => {
            placeholders.insert("path".to_owned(), Fill::Link);
            "@path@".to_owned()
        }
        Put::Text(text) => text.clone(),
    }
}

/// Returns the slashes after a link's placeholder, which pad it to a fixed length in compiled
/// languages.
fn padding(fill: &Fill, language: Language) -> String {
    if *fill == Fill::Link && matches!(language, Language::C | Language::Rust) {
        "/".repeat(PADDED_LENGTH - "@pve@".len() - 1)
    } else {
        String::new()
    }
}

/// Returns the replacement that a decision asks for, or `None` if the text stays.
pub fn put(decided: &Decided, placing: Placing) -> Option<(Put, Theme)> {
    let kind = decided.occurrence.kind;
    // Links find modules by `@INC`, and write shebangs themselves.
    if matches!(kind, Kind::Module | Kind::Shebang) {
        return None;
    }
    let below = |name: &str, fill: Fill, target: &str| {
        let (name, target) = (name.to_owned(), target.to_owned());
        Some((Put::Below { name, fill, target }, Theme::Paths))
    };
    match &decided.decision {
        Decision::Package { attr, target } => {
            below(attr, Fill::Attr(attr.clone(), Part::of(target)), target)
        }
        Decision::Own { target } => match placing.role {
            // A program that cargo builds is compiled with the path of its own output.
            Role::Crate if decided.language == Language::Rust => below("out", Fill::Own, target),
            Role::Object | Role::Crate => below("pve", Fill::Link, target),
            Role::Package => below("out", Fill::Own, target),
        },
        Decision::Sibling { source, target } => match placing.roles.get(source) {
            Some(Role::Package) => below(source, Fill::Source(source.clone()), target),
            // Nothing would close the placeholder. The text stays, and the release lists the gap.
            _ if placing.role == Role::Package => None,
            _ => below("pve", Fill::Link, target),
        },
        Decision::System { path } => Some((Put::Text(path.clone()), Theme::Paths)),
        Decision::Embed { source, path } => {
            let from = decided.path.as_str();
            let relative = if source == source_name(placing.source) {
                relative(from, path)
            } else {
                relative(
                    &format!("{}/{from}", placing.source),
                    &format!("{source}/{path}"),
                )
            };
            Some((Put::Text(relative), Theme::Paths))
        }
        Decision::Wrapper { program } if kind == Kind::AbsolutePath => {
            let path = format!("/run/wrappers/bin/{program}");
            Some((Put::Text(path), Theme::Paths))
        }
        Decision::Command { program, .. } if kind == Kind::PathAssignment && program == "PATH" => {
            Some((Put::SearchPath, Theme::Commands))
        }
        Decision::Command { program, .. } if kind == Kind::AbsolutePath => {
            Some((Put::Text(program.clone()), Theme::Commands))
        }
        _ => None,
    }
}

/// Returns the path of `to` relative to the directory of the file `from` in the same tree.
fn relative(from: &str, to: &str) -> String {
    let above = from.matches('/').count();
    format!("{}{to}", "../".repeat(above))
}

/// Applies the edits of all themes up to `until`. They must be sorted by range and must not
/// overlap.
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

#[cfg(test)]
mod tests {
    use super::relative;

    #[test]
    fn a_path_leads_from_one_file_to_another() {
        assert_eq!(relative("main.rs", "x.txt"), "x.txt");
        assert_eq!(relative("a/src/main.rs", "t/x.txt"), "../../t/x.txt");
    }
}
