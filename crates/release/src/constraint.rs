//! Checks versioned dependencies against the pinned versions.

use std::collections::HashMap;
use std::str::FromStr;

use deb822_fast::{Deb822, Paragraph};
use debversion::Version;
use rayon::prelude::*;

use super::lock::ChangelogEntry;
use super::{Entry, Mode, Source};
use problem::Problem;

/// The fields with the dependencies of a package at run time and at build time (Debian Policy 7.2,
/// 7.7).
const FIELDS: [&str; 5] = [
    "Depends",
    "Pre-Depends",
    "Build-Depends",
    "Build-Depends-Arch",
    "Build-Depends-Indep",
];

/// One `debian/` directory of a source.
struct Packaging<'a> {
    source: &'a str,
    /// The path of the control file.
    path: &'a str,
    control: String,
    version: Option<Version>,
    paragraphs: Vec<Paragraph>,
}

/// The versions of each package in the pins, with their sources.
type Offers<'a> = HashMap<&'a str, Vec<(&'a Version, &'a str)>>;

/// Returns the versioned dependencies between sources that are not satisfied (`PNX-205`), and the
/// problems of unreadable packaging (`PNX-301`, `PNX-302`). Packages that no source makes come from
/// Debian and are not checked.
///
/// # Errors
/// The sources cannot be read.
pub fn unsatisfied(sources: &[Source]) -> Result<Vec<Problem>, Problem> {
    let mut problems = Vec::new();
    let mut packagings = Vec::new();
    for read in sources.par_iter().map(packagings_of).collect::<Vec<_>>() {
        let (found, trouble) = read?;
        packagings.extend(found);
        problems.extend(trouble);
    }
    let offers = offers(&packagings);
    for packaging in &packagings {
        for (index, paragraph) in packaging.paragraphs.iter().enumerate() {
            for field in FIELDS {
                for relation in paragraph.get(field).unwrap_or_default().split(',') {
                    let place = Asked {
                        packaging,
                        paragraph: index,
                        field,
                    };
                    problems.extend(check(relation, &place, &offers));
                }
            }
        }
    }
    Ok(problems)
}

/// Reads every `debian/control` of a source, with the changelog beside it.
fn packagings_of(source: &Source) -> Result<(Vec<Packaging<'_>>, Vec<Problem>), Problem> {
    let is_file = |entry: &&Entry| matches!(entry.mode, Mode::File | Mode::Executable);
    let controls: Vec<&Entry> = source
        .tree
        .entries()
        .iter()
        .filter(is_file)
        .filter(|entry| entry.path == "debian/control" || entry.path.ends_with("/debian/control"))
        .collect();
    let mut wanted = controls.clone();
    let mut changelogs = HashMap::new();
    for control in &controls {
        let path = format!("{}changelog", control.path.trim_end_matches("control"));
        if let Ok(at) = source
            .tree
            .entries()
            .binary_search_by(|entry| entry.path.as_str().cmp(&path))
            && let Some(entry) = source.tree.entries().get(at).filter(is_file)
        {
            changelogs.insert(control.path.as_str(), wanted.len());
            wanted.push(entry);
        }
    }
    let contents = source.tree.read(&wanted)?;
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for (control, text) in controls.into_iter().zip(&contents) {
        let path = control.path.as_str();
        let text = String::from_utf8_lossy(text).into_owned();
        let changelog = changelogs.get(path).and_then(|&at| contents.get(at));
        let version = changelog
            .and_then(|text| Version::from_str(&ChangelogEntry::newest(text)?.version).ok());
        if changelog.is_some() && version.is_none() {
            let path = format!("{}changelog", path.trim_end_matches("control"));
            let cause = "the first entry has no version: it starts with `package (version) suite; urgency=…`";
            problems.push(
                Problem::new(&problem::BAD_CHANGELOG, cause)
                    .in_source(&*source.name)
                    .at(path, Some(1)),
            );
        }
        match text.parse::<Deb822>() {
            Ok(deb822) => {
                let paragraphs = deb822.iter().cloned().collect();
                found.push(Packaging {
                    source: &source.name,
                    path,
                    control: text,
                    version,
                    paragraphs,
                });
            }
            Err(error) => problems.push(
                Problem::new(&problem::BAD_CONTROL, error.to_string())
                    .in_source(&*source.name)
                    .at(path, None),
            ),
        }
    }
    Ok((found, problems))
}

/// Returns the binary packages and what they provide. A package has the version in the changelog
/// beside its control file. What it provides has no version unless it names that one (Debian Policy
/// 7.5).
fn offers<'a>(packagings: &'a [Packaging<'_>]) -> Offers<'a> {
    let mut offers = Offers::new();
    for packaging in packagings {
        let Some(version) = &packaging.version else {
            continue;
        };
        for paragraph in &packaging.paragraphs {
            let Some(name) = paragraph.get("Package") else {
                continue;
            };
            offers
                .entry(name.trim())
                .or_default()
                .push((version, packaging.source));
            for provided in paragraph.get("Provides").unwrap_or_default().split(',') {
                if let Some(Relation {
                    name,
                    version: Some(("=", "${binary:Version}")),
                }) = Relation::parse(provided)
                {
                    offers
                        .entry(name)
                        .or_default()
                        .push((version, packaging.source));
                }
            }
        }
    }
    offers
}

/// `name:arch (operator version) [architectures] <profiles>` (Debian Policy 7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Relation<'a> {
    name: &'a str,
    version: Option<(&'a str, &'a str)>,
}

impl<'a> Relation<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim();
        let end = text
            .find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c)))
            .unwrap_or(text.len());
        let (name, rest) = text.split_at_checked(end)?;
        let version = rest.split_once('(').and_then(|(_, rest)| {
            let (version, _) = rest.split_once(')')?;
            let version = version.trim();
            let end = version.find(|c: char| !"<>=".contains(c))?;
            let (operator, version) = version.split_at_checked(end)?;
            Some((operator, version.trim()))
        });
        (!name.is_empty()).then_some(Self { name, version })
    }

    /// Whether `found` satisfies the relation.
    fn holds(operator: &str, found: &Version, wanted: &Version) -> Option<bool> {
        Some(match operator {
            ">=" | ">" => found >= wanted,
            "<=" | "<" => found <= wanted,
            "=" => found == wanted,
            ">>" => found > wanted,
            "<<" => found < wanted,
            _ => return None,
        })
    }
}

/// A relation field of a paragraph of a control file.
struct Asked<'a> {
    packaging: &'a Packaging<'a>,
    paragraph: usize,
    field: &'static str,
}

impl Asked<'_> {
    /// Makes a problem at the line of the relation `text`.
    fn problem(&self, code: &'static problem::Code, cause: &str, text: &str) -> Problem {
        let line = line_of(
            &self.packaging.control,
            self.paragraph,
            self.field,
            text.trim(),
        );
        Problem::new(code, format!("{} {cause}", self.field))
            .in_source(self.packaging.source)
            .at(self.packaging.path, line)
    }
}

/// Checks one element of a relation field: alternatives, one of which must be satisfied.
fn check(alternatives: &str, asked: &Asked<'_>, offers: &Offers<'_>) -> Option<Problem> {
    let mut failed = Vec::new();
    for alternative in alternatives.split('|') {
        let relation = Relation::parse(alternative)?;
        let (operator, wanted) = relation.version?;
        // The build fills in `${binary:Version}` and the like with its own version.
        if wanted.contains('$') {
            return None;
        }
        // A package that no pinned source makes comes from Debian, in any version.
        let offered = offers.get(relation.name)?;
        let Ok(wanted) = Version::from_str(wanted) else {
            let cause = format!("asks for {wanted:?}, which is not a Debian version");
            return Some(asked.problem(&problem::BAD_CONTROL, &cause, alternative));
        };
        for (found, source) in offered {
            match Relation::holds(operator, found, &wanted) {
                Some(true) => return None,
                Some(false) => failed.push(format!("{source} makes {} {found}", relation.name)),
                None => {
                    let cause = format!("has {operator:?}, which is not a relation of versions");
                    return Some(asked.problem(&problem::BAD_CONTROL, &cause, alternative));
                }
            }
        }
    }
    let wanted: Vec<&str> = alternatives.split_whitespace().collect();
    let cause = format!(
        "asks for {}, but {}",
        wanted.join(" "),
        failed.join(" and ")
    );
    let first = alternatives.split('|').next().unwrap_or(alternatives);
    Some(asked.problem(&problem::UNSATISFIED, &cause, first))
}

/// Returns the 1-based line of the relation `text` in a field of the paragraph with this index,
/// from 0.
fn line_of(control: &str, paragraph: usize, field: &str, text: &str) -> Option<u32> {
    let (mut number, mut inside, mut wanted) = (0, false, false);
    for (line, content) in (1..).zip(control.lines()) {
        if content.trim().is_empty() {
            number += usize::from(inside);
            inside = false;
            continue;
        }
        if content.starts_with('#') {
            continue;
        }
        inside = true;
        let mut value = content;
        if !content.starts_with([' ', '\t'])
            && let Some((name, rest)) = content.split_once(':')
        {
            wanted = name.eq_ignore_ascii_case(field);
            value = rest;
        }
        if number == paragraph && wanted && value.split([',', '|']).any(|part| part.trim() == text)
        {
            return Some(line);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_are_read_as_policy_has_them() {
        let parsed = |text| Relation::parse(text).map(|relation| (relation.name, relation.version));
        assert_eq!(parsed(" tool "), Some(("tool", None)));
        assert_eq!(
            parsed("tool:any (>= 1:2.0-3~) [amd64] <!nocheck>"),
            Some(("tool", Some((">=", "1:2.0-3~"))))
        );
        assert_eq!(
            parsed("librust-a-1+b-dev(=1.0)"),
            Some(("librust-a-1+b-dev", Some(("=", "1.0"))))
        );
        assert_eq!(parsed("${shlibs:Depends}"), None);
        assert_eq!(parsed("tool (>= "), Some(("tool", None)));
        assert_eq!(parsed(""), None);
    }

    #[test]
    fn the_line_of_a_relation_is_that_of_its_field() {
        let control = "# c\n\nSource: a\nBuild-Depends: my-b (>= 1),\n b (>= 1),\n\n\nPackage: a\nDepends: c,\n# d\n b (>= 1) | e\n";
        assert_eq!(line_of(control, 0, "build-depends", "b (>= 1)"), Some(5));
        assert_eq!(line_of(control, 1, "Depends", "b (>= 1)"), Some(11));
        assert_eq!(line_of(control, 1, "Depends", "b"), None);
    }

    #[test]
    fn operators_compare_debian_versions() {
        let version = |text: &str| Version::from_str(text).expect(text);
        let holds =
            |operator, found, wanted| Relation::holds(operator, &version(found), &version(wanted));
        assert_eq!(holds(">=", "9.1.10", "9.1.9"), Some(true));
        assert_eq!(holds(">=", "1.0~rc1", "1.0"), Some(false));
        assert_eq!(holds("<<", "1.0", "1:0.1"), Some(true));
        assert_eq!(holds("<<", "1.0", "1.0"), Some(false));
        assert_eq!(holds("<=", "1.0", "1.0-0"), Some(true));
        assert_eq!(holds(">>", "1.0-2", "1.0-10"), Some(false));
        assert_eq!(holds("=", "1.0-1", "1.0"), Some(false));
        assert_eq!(holds("=>", "1.0", "1.0"), None);
    }
}
