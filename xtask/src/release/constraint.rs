//! Versioned dependencies held against the versions that the pins choose.

use std::collections::HashMap;
use std::str::FromStr;

use deb822_fast::{Deb822, Paragraph};
use debversion::Version;
use rayon::prelude::*;

use super::lock::ChangelogEntry;
use super::manifest::line_after;
use super::{Entry, Mode, Source};
use crate::problem::{self, Problem};

/// The fields that say what a package needs to run or to be built (Debian Policy 7.2, 7.7).
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
    /// Of the control file.
    path: &'a str,
    control: String,
    version: Option<Version>,
    paragraphs: Vec<Paragraph>,
}

/// Which versions of a package the pins offer, and from which source.
type Offers<'a> = HashMap<&'a str, Vec<(&'a Version, &'a str)>>;

/// The versioned dependencies between the sources that do not hold (`PNX-205`), and the packaging that cannot be read
/// (`PNX-301`, `PNX-302`). Packages that no source makes are Debian's, and not asked about.
///
/// # Errors
///
/// What reading the sources gives.
pub(super) fn unsatisfied(sources: &[Source]) -> Result<Vec<Problem>, Problem> {
    let mut problems = Vec::new();
    let mut packagings = Vec::new();
    for read in sources.par_iter().map(packagings_of).collect::<Vec<_>>() {
        let (found, trouble) = read?;
        packagings.extend(found);
        problems.extend(trouble);
    }
    let offers = offers(&packagings);
    for packaging in &packagings {
        for paragraph in &packaging.paragraphs {
            for field in FIELDS {
                for relation in paragraph.get(field).unwrap_or_default().split(',') {
                    problems.extend(check(relation, field, packaging, &offers));
                }
            }
        }
    }
    Ok(problems)
}

/// Reads every `debian/control` of a source with the changelog beside it.
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

/// The binary packages and what they provide. A package has the version of the changelog beside its control file; what
/// it provides has none unless it is that version (Debian Policy 7.5).
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

    /// Whether `found` is a version that the relation asks for.
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

/// Checks one element of a relation field: alternatives of which one must hold.
fn check(
    alternatives: &str,
    field: &str,
    packaging: &Packaging<'_>,
    offers: &Offers<'_>,
) -> Option<Problem> {
    let mut failed = Vec::new();
    for alternative in alternatives.split('|') {
        let relation = Relation::parse(alternative)?;
        let (operator, wanted) = relation.version?;
        // `${binary:Version}` and its like are filled in by the build with what it builds.
        if wanted.contains('$') {
            return None;
        }
        // A package that no pinned source makes comes from Debian and may be of any version.
        let offered = offers.get(relation.name)?;
        let Ok(wanted) = Version::from_str(wanted) else {
            let cause = format!("{field}: {wanted:?} is not a Debian version");
            return Some(at(&problem::BAD_CONTROL, &cause, alternative, packaging));
        };
        for (found, source) in offered {
            match Relation::holds(operator, found, &wanted) {
                Some(true) => return None,
                Some(false) => failed.push(format!("{source} makes {} {found}", relation.name)),
                None => {
                    let cause = format!("{field}: {operator:?} is not a relation of versions");
                    return Some(at(&problem::BAD_CONTROL, &cause, alternative, packaging));
                }
            }
        }
    }
    let asked: Vec<&str> = alternatives.split_whitespace().collect();
    let cause = format!(
        "{field} asks for {}, but {}",
        asked.join(" "),
        failed.join(" and ")
    );
    Some(at(&problem::UNSATISFIED, &cause, alternatives, packaging))
}

/// A problem at the line of `text` in the control file.
fn at(code: &'static problem::Code, cause: &str, text: &str, packaging: &Packaging<'_>) -> Problem {
    let place = memchr::memmem::find(packaging.control.as_bytes(), text.trim().as_bytes());
    let line = place
        .and_then(|place| packaging.control.as_bytes().get(..place))
        .map(line_after);
    Problem::new(code, cause)
        .in_source(packaging.source)
        .at(packaging.path, line)
}
