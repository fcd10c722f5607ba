//! Parses `debian/control`: the source stanza and those of the binary packages (Debian Policy 5.2
//! and 7.1).
//!
//! `deb822-fast` reads the stanzas but keeps no line numbers. A second walk over the lines, with
//! the same treatment of comments and stanzas, records the line of each field and continuation and
//! reports malformed lines. Relation fields have their own parser in this module, because the
//! crates with such a parser bring a lossless syntax tree that this crate does not need.

use std::borrow::Cow;

use deb822_fast::borrowed::{BorrowedParagraph, BorrowedParser};
use debversion::Version;
use serde::{Deserialize, Serialize};

use problem::{BAD_CONTROL, Problem};

/// A parsed `debian/control`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Control {
    /// The file, relative to the source.
    pub path: String,
    /// The first stanza.
    pub source: SourceStanza,
    /// One for each binary package, in the file's order; never empty.
    pub binaries: Vec<Binary>,
}

/// The first stanza: the source package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceStanza {
    /// `Source`.
    pub name: String,
    /// 1-based line of `Source`.
    pub line: u32,
    /// `Maintainer`, or empty if the field is missing.
    pub maintainer: String,
    /// `Homepage`.
    pub homepage: Option<String>,
    /// `Section`.
    pub section: Option<String>,
    /// `Build-Depends`.
    pub build_depends: Vec<Relation>,
    /// `Build-Depends-Arch`.
    pub build_depends_arch: Vec<Relation>,
    /// `Build-Depends-Indep`.
    pub build_depends_indep: Vec<Relation>,
    /// `Build-Conflicts`.
    pub build_conflicts: Vec<Relation>,
}

impl SourceStanza {
    /// `Build-Depends` with `-Arch` and `-Indep`: everything that a full build needs.
    pub fn all_build_depends(&self) -> impl Iterator<Item = &Relation> {
        self.build_depends
            .iter()
            .chain(&self.build_depends_arch)
            .chain(&self.build_depends_indep)
    }
}

/// A binary package's stanza.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binary {
    /// `Package`.
    pub name: String,
    /// 1-based line of `Package`.
    pub line: u32,
    /// `Architecture`, split at blanks: `any`, `all`, `amd64`.
    pub architecture: Vec<String>,
    /// `Section`, by default the source's.
    pub section: Option<String>,
    /// `Essential: yes`.
    pub essential: bool,
    /// `Pre-Depends`.
    pub pre_depends: Vec<Relation>,
    /// `Depends`.
    pub depends: Vec<Relation>,
    /// `Recommends`.
    pub recommends: Vec<Relation>,
    /// `Suggests`.
    pub suggests: Vec<Relation>,
    /// `Enhances`.
    pub enhances: Vec<Relation>,
    /// `Provides`.
    pub provides: Vec<Relation>,
    /// `Conflicts`.
    pub conflicts: Vec<Relation>,
    /// `Breaks`.
    pub breaks: Vec<Relation>,
    /// `Replaces`.
    pub replaces: Vec<Relation>,
    /// The first line of `Description`.
    pub short: String,
    /// The rest of it: paragraphs separated by empty lines, without the lone dots.
    pub long: String,
}

/// One member of a relation field: alternatives, one of which must be present.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relation {
    /// In the file's order; never empty.
    pub alternatives: Vec<Alternative>,
    /// 1-based line of its first word.
    pub line: u32,
}

/// One alternative: `name:any (>= 1.2) [amd64 !i386] <!nocheck>`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alternative {
    /// The package, or a substitution variable as written (`${misc:Depends}`, or `@PERLAPI@` in a
    /// `control.in`).
    pub name: String,
    /// The architecture qualifier after the colon: `any`, `native`.
    pub qualifier: Option<String>,
    /// The comparison, or `None` without a version.
    pub op: Option<Op>,
    /// The version as written, which may contain substitution variables.
    pub version: Option<String>,
    /// The words of the architecture list, with their `!`.
    pub arches: Vec<String>,
    /// The groups of build profiles, with their `!`.
    pub profiles: Vec<Vec<String>>,
}

impl Alternative {
    /// Whether it is a substitution variable rather than a package.
    pub fn is_substvar(&self) -> bool {
        is_substituted(&self.name)
    }

    /// Whether `version` satisfies it. Without a version, or with one that the build substitutes,
    /// any version does.
    pub fn accepts(&self, version: &Version) -> bool {
        let (Some(op), Some(wanted)) = (self.op, &self.version) else {
            return true;
        };
        match wanted.parse::<Version>() {
            Ok(wanted) => op.holds(version, &wanted),
            Err(_) => true,
        }
    }

    /// Whether it applies on Debian's `architecture` (`amd64`).
    pub fn applies_to(&self, architecture: &str) -> bool {
        let matches = |word: &str| word == architecture || word == "any" || word == "linux-any";
        let mut negative = self
            .arches
            .iter()
            .filter_map(|word| word.strip_prefix('!'))
            .peekable();
        if negative.peek().is_some() {
            return !negative.any(matches);
        }
        self.arches.is_empty() || self.arches.iter().any(|word| matches(word))
    }
}

/// A version comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Op {
    /// `<<`
    #[serde(rename = "<<")]
    Earlier,
    /// `<=`, and the deprecated `<`, which dpkg reads as `<=`.
    #[serde(rename = "<=")]
    EarlierOrEqual,
    /// `=`
    #[serde(rename = "=")]
    Equal,
    /// `>=`, and the deprecated `>`.
    #[serde(rename = ">=")]
    LaterOrEqual,
    /// `>>`
    #[serde(rename = ">>")]
    Later,
}

impl Op {
    /// Whether `version` compares to `wanted` this way, in Debian's ordering.
    pub fn holds(self, version: &Version, wanted: &Version) -> bool {
        match self {
            Self::Earlier => version < wanted,
            Self::EarlierOrEqual => version <= wanted,
            Self::Equal => version == wanted,
            Self::LaterOrEqual => version >= wanted,
            Self::Later => version > wanted,
        }
    }

    /// The operator as control files write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Earlier => "<<",
            Self::EarlierOrEqual => "<=",
            Self::Equal => "=",
            Self::LaterOrEqual => ">=",
            Self::Later => ">>",
        }
    }

    /// Splits an operator from the start of `text`.
    fn split(text: &str) -> Option<(Self, &str)> {
        [
            ("<<", Self::Earlier),
            ("<=", Self::EarlierOrEqual),
            (">=", Self::LaterOrEqual),
            (">>", Self::Later),
            ("=", Self::Equal),
            ("<", Self::EarlierOrEqual),
            (">", Self::LaterOrEqual),
        ]
        .into_iter()
        .find_map(|(sign, op)| Some((op, text.strip_prefix(sign)?)))
    }
}

/// Parses a control file. Problems name `path`.
///
/// # Errors
/// PNX-301 at every malformed line.
pub fn parse(path: &str, text: &str) -> Result<Control, Vec<Problem>> {
    let text = unix_lines(text);
    let stanzas = stanzas(path, &text)?;
    let mut reader = Reader {
        path,
        problems: Vec::new(),
    };
    let control = reader.control(&stanzas);
    match control {
        Some(control) if reader.problems.is_empty() => Ok(control),
        _ => Err(reader.problems),
    }
}

/// Removes carriage returns, which deb822 does not allow.
fn unix_lines(text: &str) -> Cow<'_, str> {
    if text.contains('\r') {
        text.replace('\r', "").into()
    } else {
        text.into()
    }
}

/// A stanza, with the lines of each field's value.
pub(super) struct Stanza<'a> {
    fields: BorrowedParagraph<'a>,
    lines: Vec<Vec<u32>>,
}

impl Stanza<'_> {
    /// Returns the lines of a field's value, with their numbers.
    pub(super) fn field(&self, name: &str) -> Option<Vec<(u32, &str)>> {
        let (field, lines) = self
            .fields
            .iter()
            .zip(&self.lines)
            .find(|(field, _)| field.name().eq_ignore_ascii_case(name))?;
        let first = lines.first().copied().unwrap_or(1);
        let line = |index: usize| lines.get(index).copied().unwrap_or(first);
        Some(
            field
                .lines()
                .iter()
                .enumerate()
                .map(|(index, text)| (line(index), text.trim()))
                .collect(),
        )
    }

    /// Returns a field's value, its lines joined by single blanks.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let lines = self.field(name)?;
        let words: Vec<&str> = lines
            .into_iter()
            .map(|(_, text)| text)
            .filter(|text| !text.is_empty())
            .collect();
        Some(words.join(" ")).filter(|text| !text.is_empty())
    }

    /// Returns the first line of a field, or the stanza's first line if the field is missing.
    fn line(&self, name: &str) -> u32 {
        let lines = self.field(name).unwrap_or_default();
        lines
            .first()
            .map_or_else(|| self.first_line(), |(line, _)| *line)
    }

    fn first_line(&self) -> u32 {
        self.lines
            .first()
            .and_then(|lines| lines.first())
            .copied()
            .unwrap_or(1)
    }
}

/// Splits a deb822 file into stanzas. The parser of `copyright` uses it too.
pub(super) fn stanzas<'a>(path: &str, text: &'a str) -> Result<Vec<Stanza<'a>>, Vec<Problem>> {
    let lines = line_numbers(text).map_err(|(line, what)| vec![bad(path, line, what)])?;
    let paragraphs = BorrowedParser::new(text)
        .parse_all()
        .map_err(|error| vec![bad(path, 1, error.to_string())])?;
    Ok(paragraphs
        .into_iter()
        .zip(lines)
        .map(|(fields, lines)| Stanza { fields, lines })
        .collect())
}

/// Returns the lines of each field's value, for each stanza.
fn line_numbers(text: &str) -> Result<Vec<Vec<Vec<u32>>>, (u32, String)> {
    let mut stanzas: Vec<Vec<Vec<u32>>> = Vec::new();
    let mut open = false;
    for (number, line) in (1..).zip(text.split('\n')) {
        if line.starts_with('#') {
            continue;
        }
        if line.is_empty() {
            open = false;
        } else if line.starts_with([' ', '\t']) {
            match stanzas.last_mut().and_then(|stanza| stanza.last_mut()) {
                Some(field) if open => field.push(number),
                // Between stanzas, a line of blanks counts as empty.
                _ if line.trim().is_empty() => {}
                _ => {
                    return Err((
                        number,
                        "a continuation line without a field above it".into(),
                    ));
                }
            }
        } else {
            let name = line.split(':').next().unwrap_or_default();
            if !line.contains(':') || name.is_empty() || name.contains([' ', '\t']) {
                return Err((
                    number,
                    format!("`{line}` is not a field: a name, a colon, a value"),
                ));
            }
            if !open {
                stanzas.push(Vec::new());
                open = true;
            }
            if let Some(stanza) = stanzas.last_mut() {
                stanza.push(vec![number]);
            }
        }
    }
    Ok(stanzas)
}

fn bad(path: &str, line: u32, cause: impl Into<String>) -> Problem {
    Problem::new(&BAD_CONTROL, cause).at(path, Some(line))
}

/// Reads stanzas and collects their problems.
struct Reader<'a> {
    path: &'a str,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn control(&mut self, stanzas: &[Stanza]) -> Option<Control> {
        let [first, packages @ ..] = stanzas else {
            self.problems
                .push(bad(self.path, 1, "the file has no stanza"));
            return None;
        };
        let source = self.source(first)?;
        let binaries: Vec<Binary> = packages
            .iter()
            .filter_map(|stanza| self.binary(stanza, &source))
            .collect();
        if packages.is_empty() {
            self.problems.push(bad(
                self.path,
                source.line,
                "no binary package follows the source stanza",
            ));
        }
        for (index, binary) in binaries.iter().enumerate() {
            if binaries
                .iter()
                .take(index)
                .any(|earlier| earlier.name == binary.name)
            {
                let cause = format!("the package `{}` is described twice", binary.name);
                self.problems.push(bad(self.path, binary.line, cause));
            }
        }
        Some(Control {
            path: self.path.to_owned(),
            source,
            binaries,
        })
    }

    fn source(&mut self, stanza: &Stanza) -> Option<SourceStanza> {
        Some(SourceStanza {
            name: self.name(stanza, "Source")?,
            line: stanza.line("Source"),
            maintainer: stanza.text("Maintainer").unwrap_or_default(),
            homepage: stanza.text("Homepage"),
            section: stanza.text("Section"),
            build_depends: self.relations(stanza, "Build-Depends"),
            build_depends_arch: self.relations(stanza, "Build-Depends-Arch"),
            build_depends_indep: self.relations(stanza, "Build-Depends-Indep"),
            build_conflicts: self.relations(stanza, "Build-Conflicts"),
        })
    }

    fn binary(&mut self, stanza: &Stanza, source: &SourceStanza) -> Option<Binary> {
        let name = self.name(stanza, "Package")?;
        let Some(architecture) = stanza.text("Architecture") else {
            let cause = format!("the package `{name}` has no `Architecture`");
            self.problems
                .push(bad(self.path, stanza.line("Package"), cause));
            return None;
        };
        let (short, long) = description(stanza);
        Some(Binary {
            line: stanza.line("Package"),
            architecture: architecture
                .split_ascii_whitespace()
                .map(str::to_owned)
                .collect(),
            section: stanza.text("Section").or_else(|| source.section.clone()),
            essential: stanza
                .text("Essential")
                .is_some_and(|value| value.eq_ignore_ascii_case("yes")),
            pre_depends: self.relations(stanza, "Pre-Depends"),
            depends: self.relations(stanza, "Depends"),
            recommends: self.relations(stanza, "Recommends"),
            suggests: self.relations(stanza, "Suggests"),
            enhances: self.relations(stanza, "Enhances"),
            provides: self.relations(stanza, "Provides"),
            conflicts: self.relations(stanza, "Conflicts"),
            breaks: self.relations(stanza, "Breaks"),
            replaces: self.relations(stanza, "Replaces"),
            short,
            long,
            name,
        })
    }

    /// Returns the value of `Source` or `Package`, checked as a package name.
    fn name(&mut self, stanza: &Stanza, field: &str) -> Option<String> {
        let line = stanza.line(field);
        let Some(name) = stanza.text(field) else {
            self.problems
                .push(bad(self.path, line, format!("the stanza has no `{field}`")));
            return None;
        };
        if !is_package_name(&name) {
            self.problems.push(bad(
                self.path,
                line,
                format!("`{name}` is not a package name"),
            ));
            return None;
        }
        Some(name)
    }

    fn relations(&mut self, stanza: &Stanza, field: &str) -> Vec<Relation> {
        let Some(lines) = stanza.field(field) else {
            return Vec::new();
        };
        relations(&lines).unwrap_or_else(|(line, what)| {
            self.problems
                .push(bad(self.path, line, format!("`{field}`: {what}")));
            Vec::new()
        })
    }
}

/// Splits `Description` into its first line and the rest, with `.` lines as empty ones.
fn description(stanza: &Stanza) -> (String, String) {
    let lines = stanza.field("Description").unwrap_or_default();
    let mut lines = lines.into_iter().map(|(_, text)| text);
    let short = lines.next().unwrap_or_default().to_owned();
    let long: Vec<&str> = lines
        .map(|text| if text == "." { "" } else { text })
        .collect();
    (short, long.join("\n").trim().to_owned())
}

/// Whether a name is a package's. Debian Policy 5.6.1 requires lower case; upper case occurs in
/// local packages and does no harm.
fn is_package_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// Parses the members of a relation field. It skips empty ones, such as a trailing comma leaves, as
/// dpkg does.
fn relations(lines: &[(u32, &str)]) -> Result<Vec<Relation>, (u32, String)> {
    let mut members = Vec::new();
    let mut member = String::new();
    let mut start = None;
    for (line, text) in lines {
        for c in text.chars() {
            if c == ',' {
                finish(&mut members, &mut member, &mut start, *line)?;
                continue;
            }
            if start.is_none() && !c.is_whitespace() {
                start = Some(*line);
            }
            member.push(c);
        }
        member.push(' ');
    }
    let last = lines.last().map_or(1, |(line, _)| *line);
    finish(&mut members, &mut member, &mut start, last)?;
    Ok(members)
}

/// Parses the member collected so far.
fn finish(
    members: &mut Vec<Relation>,
    member: &mut String,
    start: &mut Option<u32>,
    here: u32,
) -> Result<(), (u32, String)> {
    let line = start.take().unwrap_or(here);
    let text = std::mem::take(member);
    let text = text.trim();
    if text.is_empty() {
        return Ok(());
    }
    let alternatives: Result<Vec<Alternative>, String> = text
        .split('|')
        .map(|text| alternative(text.trim()))
        .collect();
    let alternatives = alternatives.map_err(|what| (line, format!("`{text}`: {what}")))?;
    members.push(Relation { alternatives, line });
    Ok(())
}

/// Parses one alternative of a relation, already trimmed.
fn alternative(text: &str) -> Result<Alternative, String> {
    let end = text
        .find(|c: char| c.is_whitespace() || "([<".contains(c))
        .unwrap_or(text.len());
    let (name, mut rest) = text.split_at(end);
    let mut found = Alternative {
        name: name.to_owned(),
        ..Alternative::default()
    };
    if !is_substituted(name) {
        if let Some((name, qualifier)) = name.split_once(':') {
            found.qualifier = Some(qualifier.to_owned());
            name.clone_into(&mut found.name);
        }
        if !is_package_name(&found.name) {
            return Err(format!("`{}` is not a package name", found.name));
        }
    }
    loop {
        rest = rest.trim_start();
        let Some(open) = rest.chars().next() else {
            return Ok(found);
        };
        let close = match open {
            '(' => ')',
            '[' => ']',
            '<' => '>',
            _ => return Err(format!("`{rest}` after the package name")),
        };
        let (inside, after) = rest[1..]
            .split_once(close)
            .ok_or_else(|| format!("no `{close}` for `{open}`"))?;
        match open {
            '(' if found.op.is_some() => return Err("two versions".into()),
            '(' => (found.op, found.version) = version(inside.trim())?,
            '[' => found
                .arches
                .extend(inside.split_whitespace().map(str::to_owned)),
            _ => found
                .profiles
                .push(inside.split_whitespace().map(str::to_owned).collect()),
        }
        rest = after;
    }
}

/// Parses the text in the parentheses. A version with a substitution variable is not checked.
fn version(text: &str) -> Result<(Option<Op>, Option<String>), String> {
    let (op, version) =
        Op::split(text).ok_or_else(|| format!("`{text}` starts with no comparison"))?;
    let version = version.trim();
    if !version.contains("${") && version.parse::<Version>().is_err() {
        return Err(format!("`{version}` is not a version"));
    }
    Ok((Some(op), Some(version.to_owned())))
}

/// Whether the build substitutes `name`: `dpkg-gencontrol` does, or the Makefile that makes
/// `control` from `control.in`.
fn is_substituted(name: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let inner = name
        .strip_prefix('@')
        .and_then(|rest| rest.strip_suffix('@'));
    name.contains("${") || inner.is_some_and(|word| !word.is_empty() && word.bytes().all(is_word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SAMPLE: &str = "\
# a comment
Source: demo
Maintainer: Somebody <some@body.example>
Build-Depends: debhelper-compat (= 13),
# another
               libdemo-dev:any (>= 1.2~rc1-1) [amd64 !arm64] <!nocheck> <cross>,
               a | b (<< 2),
Homepage: https://demo.example

Package: demo-bin
Architecture: any all
Depends: ${misc:Depends}, perl (>= ${perl:Version}),
Provides: demo-api (= ${binary:Version})
Description: does a thing
 First line.
 .
 Second paragraph.
";

    fn control(text: &str) -> Control {
        parse("debian/control", text).unwrap()
    }

    fn problem(text: &str) -> (u32, String) {
        let problems = parse("debian/control", text).unwrap_err();
        assert_eq!(problems[0].code.id, "PNX-301");
        assert_eq!(problems[0].place.path.as_deref(), Some("debian/control"));
        (problems[0].place.line.unwrap(), problems[0].cause.clone())
    }

    #[test]
    fn stanzas_fields_and_lines() {
        let control = control(SAMPLE);
        assert_eq!(
            (control.source.name.as_str(), control.source.line),
            ("demo", 2)
        );
        assert_eq!(
            control.source.homepage.as_deref(),
            Some("https://demo.example")
        );
        let lines: Vec<u32> = control
            .source
            .build_depends
            .iter()
            .map(|relation| relation.line)
            .collect();
        assert_eq!(lines, [4, 6, 7]);
        let binary = &control.binaries[0];
        assert_eq!((binary.name.as_str(), binary.line), ("demo-bin", 10));
        assert_eq!(binary.architecture, ["any", "all"]);
        assert_eq!(binary.short, "does a thing");
        assert_eq!(binary.long, "First line.\n\nSecond paragraph.");
    }

    #[test]
    fn relations_have_every_part() {
        let control = control(SAMPLE);
        let library = &control.source.build_depends[1].alternatives[0];
        assert_eq!(library.name, "libdemo-dev");
        assert_eq!(library.qualifier.as_deref(), Some("any"));
        assert_eq!(
            (library.op, library.version.as_deref()),
            (Some(Op::LaterOrEqual), Some("1.2~rc1-1"))
        );
        assert_eq!(library.arches, ["amd64", "!arm64"]);
        assert_eq!(library.profiles, [vec!["!nocheck"], vec!["cross"]]);
        assert_eq!(control.source.build_depends[2].alternatives.len(), 2);
        assert!(control.binaries[0].depends[0].alternatives[0].is_substvar());
        assert_eq!(control.binaries[0].depends.len(), 2);
    }

    #[test]
    fn versions_compare_as_debian_does() {
        let control = control(
            "Source: a\nBuild-Depends: x (>= 1.0~rc1), y (<< 2), z (>= ${v}), w (> 1)\n\nPackage: a\nArchitecture: all\n",
        );
        let accepts = |index: usize, version: &str| {
            control.source.build_depends[index].alternatives[0].accepts(&version.parse().unwrap())
        };
        assert!(accepts(0, "1.0") && accepts(0, "1.0~rc1") && !accepts(0, "1.0~beta2"));
        assert!(accepts(1, "2~1") && !accepts(1, "2"));
        assert!(accepts(2, "0") && accepts(3, "1"));
    }

    #[test]
    fn architecture_lists_apply() {
        let control = control(
            "Source: a\nBuild-Depends: x [amd64], y [!arm64], z\n\nPackage: a\nArchitecture: all\n",
        );
        let applies = |index: usize, arch: &str| {
            control.source.build_depends[index].alternatives[0].applies_to(arch)
        };
        assert!(applies(0, "amd64") && !applies(0, "arm64"));
        assert!(applies(1, "amd64") && !applies(1, "arm64"));
        assert!(applies(2, "arm64"));
    }

    #[test]
    fn malformed_files_are_named_with_their_line() {
        assert_eq!(problem("").0, 1);
        assert_eq!(problem("Source: a\nnonsense\n").0, 2);
        assert_eq!(problem(" indented\n").0, 1);
        assert_eq!(problem("Source: a\n").0, 1);
        assert_eq!(
            problem("Source: a b\n\nPackage: a\nArchitecture: all\n").0,
            1
        );
        assert_eq!(problem("Source: a\n\nPackage: a\n").0, 3);
        assert_eq!(problem("Source: a\n\nArchitecture: all\n").0, 3);
        assert_eq!(
            problem(
                "Source: a\n\nPackage: a\nArchitecture: all\n\nPackage: a\nArchitecture: all\n"
            )
            .0,
            6
        );
    }

    #[test]
    fn malformed_relations_are_named_with_their_line() {
        let with = |relations: &str| {
            format!("Source: a\nBuild-Depends: x,\n {relations}\n\nPackage: a\nArchitecture: all\n")
        };
        for relations in [
            "y (>= 1",
            "y >= 1",
            "y (1)",
            "y (>= 1 2)",
            "_y",
            "y | | z",
            "y (>= 1) (<< 2)",
            "y [amd64",
        ] {
            let (line, cause) = problem(&with(relations));
            assert_eq!(line, 3, "{relations}: {cause}");
        }
    }

    #[test]
    fn carriage_returns_do_no_harm() {
        assert_eq!(control(&SAMPLE.replace('\n', "\r\n")), control(SAMPLE));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*|([A-Za-z:# .,|(<>=)\\[\\]\n\t\r-]{0,120})") {
            let _ = parse("debian/control", &text);
        }
    }
}
