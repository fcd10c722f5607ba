//! Finds structural edits that have lost their targets.

use std::collections::BTreeSet;

use analyse::AnalysedSource;
use decide::rules::Feature;
use patch::edits;
use patch::feature::{self, Holds};
use problem::Problem;
use release::Entry;
use scan::Kind;

use super::commits::Question;
use super::{Level, LostTarget};

/// The similarity from which on one name is reported as the nearest to another.
const ALIKE: f64 = 0.8;

/// The same for file names, which are short.
const LIKE_NAME: f64 = 0.7;

/// A lost target, and the question to the history about it.
pub(super) type Lost = (LostTarget, Question);

/// Returns the targets of one source's features that only the old tree has. `went_to` returns the
/// new file that contains most places of an old one.
///
/// # Errors
/// A file cannot be read.
pub(super) fn lost(
    (old, old_release): (&AnalysedSource, &str),
    (new, new_release): (&AnalysedSource, &str),
    features: &[Feature],
    went_to: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<Lost>, Problem> {
    let name = new.source.name.as_str();
    let mut found = Vec::new();
    for feature in features.iter().filter(|feature| feature.source == name) {
        if !edits::is_for(feature, old_release) || !edits::is_for(feature, new_release) {
            continue;
        }
        for path in &feature.drop_files {
            if has_file(old, path) && !has_file(new, path) {
                let fresh = new
                    .source
                    .tree
                    .entries()
                    .iter()
                    .map(|entry| entry.path.as_str());
                let fresh = fresh.filter(|path| {
                    !has_file(old, path) && feature.drop_files.iter().all(|one| one != path)
                });
                let went = went_to(path).filter(|path| !feature.drop_files.contains(path));
                let nearest = went.or_else(|| of_like_name(path, fresh));
                let (mut lost, question) = one(feature, "file", path, path, nearest);
                if lost.nearest.is_none() {
                    lost.level = Level::Review;
                }
                found.push((lost, question));
            }
        }
        for module in &feature.drop_modules {
            if let Some(path) = uses(old, module)
                && uses(new, module).is_none()
            {
                let nearest = nearest_of(module, &modules(old), &modules(new));
                found.push(one(feature, "module", module, path, nearest));
            }
        }
        found.extend(within(feature, old, new)?);
    }
    Ok(found)
}

/// Accesses one kind of target.
type Held = fn(&Holds) -> &BTreeSet<String>;

/// Returns the targets that a feature no longer finds in its files. A target that another of them
/// has now was moved there.
fn within(
    feature: &Feature,
    old: &AnalysedSource,
    new: &AnalysedSource,
) -> Result<Vec<Lost>, Problem> {
    let mut files = Vec::new();
    for file in feature::files(feature).collect::<BTreeSet<_>>() {
        files.push((file, holds(old, feature, file)?, holds(new, feature, file)?));
    }
    let kinds: [(&str, Held); 4] = [
        ("method", |holds| &holds.methods),
        ("element", |holds| &holds.elements),
        ("expression", |holds| &holds.expressions),
        ("instruction", |holds| &holds.instructions),
    ];
    let mut found = Vec::new();
    for (file, before, after) in &files {
        for (what, of) in kinds {
            let is_wanted = |name: &&String| {
                what != "method" || {
                    let mut methods = feature.drop_methods.iter();
                    methods.any(|one| one.file == *file && one.name == **name)
                }
            };
            let was_moved = |name: &String| {
                let mut others = files.iter();
                others.any(|(_, before, after)| {
                    !of(before).contains(name) && of(after).contains(name)
                })
            };
            for name in of(before).difference(of(after)).filter(is_wanted) {
                if was_moved(name) {
                    continue;
                }
                let alike = || nearest_of(name, &names(of(before)), &names(of(after)));
                let nearest = if what == "method" { alike() } else { None };
                let (mut lost, question) = one(feature, what, name, file, nearest);
                lost.target = format!("{} in {file}", lost.target);
                found.push((lost, question));
            }
        }
    }
    Ok(found)
}

fn one(feature: &Feature, what: &str, name: &str, path: &str, nearest: Option<String>) -> Lost {
    let lost = LostTarget {
        feature: feature.name.clone(),
        target: format!("{what} {name}"),
        level: Level::Broken,
        nearest,
        commit: None,
    };
    let question = Question {
        path: path.to_owned(),
        // If the whole file is gone, any line of it was lost.
        text: if what == "file" {
            "\n".to_owned()
        } else {
            name.to_owned()
        },
        gained: false,
        within: None,
    };
    (lost, question)
}

fn has_file(source: &AnalysedSource, path: &str) -> bool {
    entry(source, path).is_some()
}

fn entry<'a>(source: &'a AnalysedSource, path: &str) -> Option<&'a Entry> {
    let entries = source.source.tree.entries();
    let at = entries
        .binary_search_by(|entry| entry.path.as_str().cmp(path))
        .ok()?;
    Some(&entries[at])
}

/// Returns the first file outside of tests that uses the module.
fn uses<'a>(source: &'a AnalysedSource, module: &str) -> Option<&'a str> {
    let mut used = source.decided.iter().filter(|one| {
        one.occurrence.kind == Kind::Module
            && one.occurrence.text == module
            && !layout::is_test(&one.path)
    });
    used.next().map(|one| one.path.as_str())
}

fn content(source: &AnalysedSource, path: &str) -> Result<Option<Vec<u8>>, Problem> {
    match entry(source, path) {
        Some(entry) => Ok(source.source.tree.read(&[entry])?.pop()),
        None => Ok(None),
    }
}

/// Returns a feature's targets in a file; none if the file does not exist.
fn holds(source: &AnalysedSource, feature: &Feature, file: &str) -> Result<Holds, Problem> {
    match content(source, file)? {
        Some(bytes) => feature::holds(feature, file, &bytes),
        None => Ok(Holds::default()),
    }
}

fn names(owned: &BTreeSet<String>) -> BTreeSet<&str> {
    owned.iter().map(String::as_str).collect()
}

/// Returns the modules that a source uses.
fn modules(source: &AnalysedSource) -> BTreeSet<&str> {
    let used = source.decided.iter().map(|one| &one.occurrence);
    let used = used.filter(|one| one.kind == Kind::Module);
    used.map(|one| one.text.as_str()).collect()
}

/// Returns the file with the most similar name, in any directory.
fn of_like_name<'a>(path: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    fn name(path: &str) -> &str {
        path.rsplit('/').next().unwrap_or(path)
    }
    let alike = |candidate: &str| strsim::normalized_levenshtein(name(path), name(candidate));
    let ranked = candidates.map(|candidate| (alike(candidate), candidate));
    let near = ranked.filter(|(alike, _)| *alike >= LIKE_NAME);
    let best = near.max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))?;
    Some(best.1.to_owned())
}

/// Returns the most similar name, preferably among new ones.
fn nearest_of(name: &str, before: &BTreeSet<&str>, after: &BTreeSet<&str>) -> Option<String> {
    let fresh = nearest(name, after.difference(before).copied());
    fresh.or_else(|| nearest(name, after.iter().copied()))
}

/// Returns the most similar candidate, if it is similar enough.
fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    let ranked = candidates.map(|candidate| (strsim::jaro_winkler(name, candidate), candidate));
    let near = ranked.filter(|(alike, _)| *alike >= ALIKE);
    let best = near.max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))?;
    Some(best.1.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_alike_is_near() {
        let there = ["Hive/API/Apt.pm", "Hive/API/Nodes.pm", "Makefile"];
        assert_eq!(
            nearest("Hive/API/APT.pm", there.into_iter()).as_deref(),
            Some("Hive/API/Apt.pm")
        );
        assert_eq!(nearest("bin/x", there.into_iter()), None);
        let there = ["bin/pve8to9", "bin/pve-commit"];
        let near = of_like_name("bin/pve7to8", there.into_iter());
        assert_eq!(near.as_deref(), Some("bin/pve8to9"));
        assert_eq!(of_like_name("bin/upgrade", there.into_iter()), None);
    }
}
