//! The files of a directory of rules: which there may be, and the keys of one.
//!
//! `sources/NAME.toml` is about one source, `general/*.toml` about any, `nixpkgs/*.toml` about nixpkgs.

use std::path::Path;

use problem::{BAD_RULE, Problem, meant};
use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;

use super::closure::{Closure, Depends, Hardening, Library};
use super::crates::SourceCrates;
use super::feature::Feature;
use super::package::Over;
use super::path::{RawContext, RawPath, is_blank};
use super::reader::{Reader, line_at};
use super::system::ExtraDirectory;
use crate::optional::{AsideRule, Optional, PlaceRule};

/// The files of `nixpkgs/`; `paths.toml` has the keys of a file of `general/`.
const NIXPKGS: [&str; 8] = [
    "attributes.toml",
    "crates.toml",
    "debian.toml",
    "differences.toml",
    "paths.toml",
    "perl.toml",
    "programs.toml",
    "python.toml",
];

/// The files that have no rules of decisions: other crates read them, of `rules/` alone, and no directory adds to them.
pub const NO_RULES: [&str; 3] = [
    "general/calls.toml",
    "general/check.toml",
    "nixpkgs/differences.toml",
];

/// A file of `sources/` or `general/`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RuleFile {
    /// Where the source's history is; the rest of it is for `lock`.
    pub(super) repository: Option<Repository>,
    /// The release archives that are published of it, for `lock`.
    pub(super) archive: Option<IgnoredAny>,
    /// Neither a pin nor nixpkgs has it, or it is packaged in `pkgs/outside`: why, or by whom.
    pub(super) unpinned: Option<String>,
    /// The programs that it installs.
    pub(super) programs: Vec<Spanned<String>>,
    /// The directories and files that it installs.
    pub(super) data: Vec<Spanned<String>>,
    /// The Perl modules that it makes while it is built.
    pub(super) perl: Vec<Spanned<String>>,
    /// The Debian packages that it makes.
    pub(super) debian: Vec<Spanned<String>>,
    /// nixpkgs' package of the same upstream.
    pub(super) nixpkgs: Option<Over>,
    /// The programs and crates that cargo builds from it.
    pub(super) cargo: Option<SourceCrates>,

    /// Where an occurrence acts.
    pub(super) context: Vec<RawContext>,
    /// The same, asked after every `context`.
    pub(super) last_context: Vec<RawContext>,
    /// Decisions about occurrences.
    pub(super) path: Vec<RawPath>,
    /// The same, asked after the tables.
    pub(super) last_path: Vec<RawPath>,
    /// Code to remove.
    pub(super) feature: Vec<Feature>,
    /// Programs that are run out of sight.
    pub(super) closure: Vec<Closure>,
    /// Libraries that no packaging names.
    pub(super) library: Vec<Library>,
    /// Packages that Debian installs beside the code.
    pub(super) depends: Vec<Depends>,
    /// Compiler flags that a build cannot have.
    pub(super) hardening: Vec<Hardening>,
    /// Directories on the machine.
    pub(super) directory: Vec<ExtraDirectory>,

    /// Whose the directories are that sources install into; of `general/` alone, as all below.
    pub(super) place: Vec<PlaceRule>,
    /// Files of packagings that nobody reads.
    pub(super) aside: Vec<AsideRule>,
    /// Optional parts, highest cost first.
    pub(super) optional: Vec<Optional>,
}

/// An error in a key of a file.
pub(super) struct Fault {
    pub(super) line: Option<u32>,
    pub(super) cause: String,
    pub(super) remedy: &'static str,
}

/// The line at which a key of the file itself is written, or a table or an array of tables of that name begins.
fn line_of_key(text: &str, key: &str) -> Option<u32> {
    let is_key = |line: &str| {
        let line = line.trim_start().trim_start_matches('[');
        let rest = line.strip_prefix(key).map(str::trim_start);
        rest.is_some_and(|rest| rest.starts_with(['=', ']', '.']))
    };
    let mut lines = (1..).zip(text.lines());
    lines.find(|(_, line)| is_key(line)).map(|(line, _)| line)
}

/// `[repository]`, as far as packages are concerned.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Repository {
    #[serde(default)]
    pub(super) outside: bool,
}

impl RuleFile {
    /// The keys that only a file of the other kind has.
    fn misplaced(&self, of_source: bool) -> Vec<&'static str> {
        let only_general = [
            ("place", !self.place.is_empty()),
            ("aside", !self.aside.is_empty()),
            ("optional", !self.optional.is_empty()),
        ];
        let only_source = [
            ("repository", self.repository.is_some()),
            ("archive", self.archive.is_some()),
            ("unpinned", self.unpinned.is_some()),
            ("programs", !self.programs.is_empty()),
            ("data", !self.data.is_empty()),
            ("perl", !self.perl.is_empty()),
            ("debian", !self.debian.is_empty()),
            ("nixpkgs", self.nixpkgs.is_some()),
            ("cargo", self.cargo.is_some()),
        ];
        let keys: &[(&'static str, bool)] = if of_source {
            &only_general
        } else {
            &only_source
        };
        let there = keys.iter().filter(|(_, there)| *there);
        there.map(|(key, _)| *key).collect()
    }

    /// Returns the errors in its keys, each with the line and the remedy. `source` is the file's source,
    /// if it is about one.
    pub(super) fn faults(&self, source: Option<&str>, text: &str) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut fault = |line: Option<u32>, cause: String, remedy: &'static str| {
            faults.push(Fault {
                line,
                cause,
                remedy,
            });
        };
        for key in self.misplaced(source.is_some()) {
            let line = line_of_key(text, key);
            if source.is_some() {
                let cause = format!("`{key}` is of no single source");
                fault(line, cause, "Move it to a file of general/.");
            } else {
                let cause = format!("`{key}` is of a single source");
                fault(
                    line,
                    cause,
                    "Move it to the file of that source, sources/NAME.toml.",
                );
            }
        }
        if is_blank(self.unpinned.as_deref()) && self.unpinned.is_some() {
            let cause = "`unpinned` does not say why".to_owned();
            let remedy = "Say why no pin has it, or who packages it.";
            fault(line_of_key(text, "unpinned"), cause, remedy);
        }
        for (array, name, given) in self.names_of_sources() {
            let line = Reader::line_of_element(text, array, name);
            match (source, given) {
                (Some(_), true) => fault(
                    line,
                    format!("the {array} `{name}` names its source"),
                    "Leave it out: the file's name says it.",
                ),
                (None, false) => fault(
                    line,
                    format!("the {array} `{name}` names no source"),
                    "Name the source, or move the rule to its file in sources/.",
                ),
                _ => {}
            }
        }
        faults
    }

    /// The rules that are of one source: their arrays, their names, and whether each names the source.
    fn names_of_sources(&self) -> Vec<(&'static str, &str, bool)> {
        let features = self.feature.iter();
        let features = features.map(|one| ("feature", &one.name, &one.source));
        let closures = self.closure.iter();
        let closures = closures.map(|one| ("closure", &one.name, &one.source));
        let libraries = self.library.iter();
        let libraries = libraries.map(|one| ("library", &one.name, &one.source));
        let hardening = self.hardening.iter();
        let hardening = hardening.map(|one| ("hardening", &one.name, &one.source));
        let directories = self.directory.iter();
        let directories = directories.map(|one| ("directory", &one.name, &one.source));
        let all = features.chain(closures).chain(libraries);
        let all = all.chain(hardening).chain(directories);
        all.map(|(array, name, source)| (array, name.as_str(), !source.is_empty()))
            .collect()
    }

    /// Says in every rule which source the file is about.
    pub(super) fn imply(&mut self, source: &str, reader: &mut Reader, (name, text): (&str, &str)) {
        let contexts = self.context.iter_mut().chain(&mut self.last_context);
        let contexts = contexts.map(|one| (&one.name, &mut one.condition));
        let paths = self.path.iter_mut().chain(&mut self.last_path);
        let paths = paths.map(|one| (&one.name, &mut one.condition));
        for (rule, condition) in contexts.chain(paths) {
            if !condition.sources.is_empty() {
                let cause = format!("`{}` names its source", rule.get_ref());
                let line = Some(line_at(text, rule.span().start));
                let problem = Problem::new(&BAD_RULE, cause).at(reader.place(name), line);
                let remedy = "Leave `sources` out: the file's name says it.";
                reader.problems.push(problem.mend(remedy));
            }
            condition.sources = vec![globset::escape(source)];
        }
        let features = self.feature.iter_mut().map(|one| &mut one.source);
        let closures = self.closure.iter_mut().map(|one| &mut one.source);
        let libraries = self.library.iter_mut().map(|one| &mut one.source);
        let hardening = self.hardening.iter_mut().map(|one| &mut one.source);
        let directories = self.directory.iter_mut().map(|one| &mut one.source);
        let all = features.chain(closures).chain(libraries);
        for given in all.chain(hardening).chain(directories) {
            source.clone_into(given);
        }
        for depends in &mut self.depends {
            depends.sources = vec![source.to_owned()];
        }
    }
}

/// The files of a directory of rules by their paths below it, sorted; those of `sources/` first.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// Files about one source, with its name.
    pub(super) sources: Vec<(String, String)>,
    /// Files about any source.
    pub(super) general: Vec<String>,
}

impl Files {
    /// Looks for the files below `dir`, and complains of others with rules. `adds` says that the directory adds to others.
    pub(super) fn of(dir: &Path, shown: &str, adds: bool) -> (Self, Vec<Problem>) {
        let (mut files, mut problems) = (Self::default(), Vec::new());
        let mut all = Vec::new();
        if let Err(error) = below(dir, "", &mut all) {
            let problem = Problem::new(&BAD_RULE, error.to_string()).at(shown, None);
            return (files, vec![problem]);
        }
        all.sort();
        let at = |path: &str| format!("{shown}/{path}");
        if all.is_empty() && adds {
            let cause = "the directory has no file of rules";
            let problem = Problem::new(&BAD_RULE, cause).at(shown, None);
            problems.push(problem.mend(places()));
        }
        for path in all {
            if NO_RULES.contains(&path.as_str()) {
                if adds {
                    let cause = "nothing is read of an added file of this name";
                    problems.push(
                        Problem::new(&BAD_RULE, cause)
                            .at(at(&path), None)
                            .mend(places()),
                    );
                }
                continue;
            }
            match path.split_once('/') {
                Some(("sources", name)) if !name.contains('/') => {
                    let source = name.trim_end_matches(".toml").to_owned();
                    files.sources.push((source, path));
                }
                Some(("general", name)) if !name.contains('/') => files.general.push(path),
                Some(("nixpkgs", "paths.toml")) => files.general.push(path),
                Some(("nixpkgs", name)) if NIXPKGS.contains(&name) => {}
                Some(("nixpkgs", name)) => {
                    let cause = "nothing is read of a file of this name";
                    let problem = Problem::new(&BAD_RULE, cause).at(at(&path), None);
                    problems.push(problem.mend(meant::remedy(name, NIXPKGS)));
                }
                _ => {
                    let cause = "nothing is read of a file at this place";
                    let problem = Problem::new(&BAD_RULE, cause).at(at(&path), None);
                    problems.push(problem.mend(places()));
                }
            }
        }
        (files, problems)
    }
}

fn places() -> String {
    format!(
        "Rules are in sources/NAME.toml, general/NAME.toml, and nixpkgs/: {}.",
        NIXPKGS.join(", ")
    )
}

/// The paths of the files of TOML below a directory.
fn below(dir: &Path, prefix: &str, found: &mut Vec<String>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let path = format!("{prefix}{name}");
        if entry.path().is_dir() {
            below(&entry.path(), &format!("{path}/"), found)?;
        } else if Path::new(&name)
            .extension()
            .is_some_and(|end| end == "toml")
        {
            found.push(path);
        }
    }
    Ok(())
}
