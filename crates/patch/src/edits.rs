//! Collects all edits of a source: removed features and replaced literals.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::feature::Change;
use super::{crates, feature};
use crate::file::Edited;
use crate::rewrite::{self, Edit, Placeholders, Placing, Theme};
use crate::rust;
use analyse::AnalysedSource;
use cargo::Program;
use decide::rules::Feature;
use decide::{Decided, Decision, RuleId, Table};
use graph::Role;
use problem::{FEATURE_NOT_FOUND, Problem, UNPARSED, UNREWRITABLE};
use release::{Entry, Mode};
use scan::Language;

/// The edits of a source's files.
#[derive(Debug, Default)]
pub struct Edits {
    /// The files that change, sorted by path.
    pub files: Vec<Edited>,
    /// The placeholders in them, and their values.
    pub placeholders: Placeholders,
    /// The environment variables for compiling Rust files, and their values.
    pub env: Placeholders,
    /// By theme: each rule with the number of occurrences that it decided.
    pub rules: BTreeMap<Theme, BTreeMap<RuleId, usize>>,
    /// Decisions that cannot be written, and features that match nothing.
    pub findings: Vec<Problem>,
}

/// Computes the edits of one source.
///
/// # Errors
/// A file cannot be read or does not parse.
pub fn edits(
    source: &AnalysedSource,
    roles: &BTreeMap<String, Role>,
    features: &[Feature],
    programs: &[Program],
    release: &str,
) -> Result<Edits, Vec<Problem>> {
    let name = source.source.name.as_str();
    let features: Vec<&Feature> = features
        .iter()
        .filter(|feature| feature.source == name && is_for(feature, release))
        .collect();
    let placing = Placing {
        source: name,
        role: roles.get(name).copied().unwrap_or(Role::Package),
        roles,
    };
    let mut collector = Collector {
        source,
        placing,
        features,
        planned: BTreeMap::new(),
        contents: HashMap::new(),
        result: Edits::default(),
    };
    collector.literals();
    collector
        .crates(programs)
        .map_err(|problem| vec![problem])?;
    collector.features()?;
    collector.finish()
}

/// Whether a feature applies to a release.
pub fn is_for(feature: &Feature, release: &str) -> bool {
    let matches = |pattern: &String| {
        globset::Glob::new(pattern).is_ok_and(|glob| glob.compile_matcher().is_match(release))
    };
    feature.releases.is_empty() || feature.releases.iter().any(matches)
}

/// The edits of one file, before its content is read.
#[derive(Default)]
struct Planned<'a> {
    edits: Vec<Edit>,
    /// The decisions about a Rust file, whose literals are found once its content is read.
    rust: Vec<&'a Decided>,
    rules: Vec<(Theme, RuleId, std::ops::Range<usize>)>,
    deleted: bool,
}

struct Collector<'a> {
    source: &'a AnalysedSource,
    placing: Placing<'a>,
    features: Vec<&'a Feature>,
    planned: BTreeMap<String, Planned<'a>>,
    /// The files read, by path.
    contents: HashMap<String, Vec<u8>>,
    result: Edits,
}

impl<'a> Collector<'a> {
    /// Plans the edits of the decided literals.
    fn literals(&mut self) {
        for decided in &self.source.decided {
            if decided.language == Language::Rust {
                if rust::is_edited(decided, self.placing) {
                    let planned = self.planned.entry(decided.path.clone()).or_default();
                    planned.rust.push(decided);
                }
                continue;
            }
            match rewrite::edit(decided, self.placing, &mut self.result.placeholders) {
                Ok(Some(edit)) => self.plan(decided, edit),
                Ok(None) => {}
                Err(problem) => self.result.findings.push(problem),
            }
        }
    }

    fn plan(&mut self, decided: &Decided, edit: Edit) {
        let planned = self.planned.entry(decided.path.clone()).or_default();
        if let Some(rule) = decided.rule.clone() {
            planned.rules.push((edit.theme, rule, edit.range.clone()));
        }
        planned.edits.push(edit);
    }

    /// Plans the edits that make cargo take crates from the joined tree.
    fn crates(&mut self, programs: &[Program]) -> Result<(), Problem> {
        for (path, edit) in crates::edits(&self.source.source, programs)? {
            self.planned.entry(path).or_default().edits.push(edit);
        }
        Ok(())
    }

    /// Plans the removals of the features.
    fn features(&mut self) -> Result<(), Vec<Problem>> {
        let source = self.source;
        let features = std::mem::take(&mut self.features);
        let held: Vec<&Entry> = source
            .source
            .tree
            .entries()
            .iter()
            .filter(|entry| features.iter().any(|feature| self.may_hold(feature, entry)))
            .collect();
        self.read(&held)?;
        for feature in features {
            let rule = RuleId::new(Table::Feature, &feature.name);
            let mut found = 0;
            for entry in &held {
                if !self.may_hold(feature, entry) {
                    continue;
                }
                if feature.drop_files.contains(&entry.path) {
                    self.planned.entry(entry.path.clone()).or_default().deleted = true;
                    self.count(&rule);
                    found += 1;
                    continue;
                }
                let changes = self
                    .changes(feature, entry)
                    .map_err(|problem| vec![problem])?;
                found += changes.len();
                for (range, with) in changes {
                    self.replace(&entry.path, range, with);
                    self.count(&rule);
                }
            }
            if found == 0 {
                let cause = format!("feature `{}` finds nothing to remove", feature.name);
                self.result
                    .findings
                    .push(Problem::new(&FEATURE_NOT_FOUND, cause).in_source(&feature.source));
            }
        }
        Ok(())
    }

    /// Returns the changes that a feature makes in a file that was read.
    fn changes(&self, feature: &Feature, entry: &Entry) -> Result<Vec<Change>, Problem> {
        let bytes = self
            .contents
            .get(&entry.path)
            .map_or(&[][..], Vec::as_slice);
        if !feature::may_touch(feature, &entry.path, bytes) {
            return Ok(Vec::new());
        }
        let tree = self.source.scanned.trees.get(&entry.path);
        feature::changes(feature, &entry.path, bytes, tree)
    }

    /// Reads those of the files that were not read before.
    fn read(&mut self, wanted: &[&Entry]) -> Result<(), Vec<Problem>> {
        let unknown: Vec<&Entry> = wanted
            .iter()
            .filter(|entry| !self.contents.contains_key(&entry.path))
            .copied()
            .collect();
        let tree = &self.source.source.tree;
        let contents = tree.read(&unknown).map_err(|problem| vec![problem])?;
        let paths = unknown.iter().map(|entry| entry.path.clone());
        self.contents.extend(paths.zip(contents));
        Ok(())
    }

    /// Whether a file is one that a feature may edit: Perl outside the tests, Makefiles, the files that it names.
    fn may_hold(&self, feature: &Feature, entry: &Entry) -> bool {
        if !matches!(entry.mode, Mode::File | Mode::Executable) {
            return false;
        }
        let scanned = self
            .source
            .scanned
            .files
            .binary_search_by(|file| file.path.as_str().cmp(&entry.path));
        let is_perl =
            scanned.is_ok_and(|at| self.source.scanned.files[at].language == Language::Perl);
        let makefile = entry.path == "Makefile" || entry.path.ends_with("/Makefile");
        let is_named =
            feature.drop_files.contains(&entry.path) || feature::names_file(feature, &entry.path);
        is_named || ((is_perl || makefile) && !layout::is_test(&entry.path))
    }

    fn replace(&mut self, path: &str, range: std::ops::Range<usize>, replacement: String) {
        let planned = self.planned.entry(path.to_owned()).or_default();
        planned.edits.push(Edit {
            range,
            replacement,
            theme: Theme::Features,
        });
    }

    fn count(&mut self, rule: &RuleId) {
        let counts = self.result.rules.entry(Theme::Features).or_default();
        *counts.entry(rule.clone()).or_default() += 1;
    }

    /// Plans the edits of a Rust file's literals.
    fn rust(&mut self, path: &str, original: &[u8], plan: &mut Planned<'a>) {
        if plan.rust.is_empty() {
            return;
        }
        let names = rust::Names {
            placeholders: &mut self.result.placeholders,
            env: &mut self.result.env,
        };
        let (literals, problems) = match rust::edits(original, &plan.rust, self.placing, names) {
            Ok(edited) => edited,
            Err(error) => {
                let problem = Problem::new(&UNPARSED, error.what).at(path, Some(error.line));
                (Vec::new(), vec![problem.in_source(self.placing.source)])
            }
        };
        self.result.findings.extend(problems);
        for literal in literals {
            for rule in literal.rules {
                let edit = &literal.edit;
                plan.rules.push((edit.theme, rule, edit.range.clone()));
            }
            plan.edits.push(literal.edit);
        }
    }

    /// Reads the files that change, and drops the edits of literals inside removed spans.
    fn finish(mut self) -> Result<Edits, Vec<Problem>> {
        let by_path: HashMap<&str, &Entry> = self
            .source
            .source
            .tree
            .entries()
            .iter()
            .map(|entry| (entry.path.as_str(), entry))
            .collect();
        let languages: HashMap<&str, Language> = self
            .source
            .scanned
            .files
            .iter()
            .map(|file| (file.path.as_str(), file.language))
            .collect();
        let planned = std::mem::take(&mut self.planned);
        let wanted: Vec<&Entry> = planned
            .keys()
            .filter_map(|path| by_path.get(path.as_str()).copied())
            .collect();
        self.read(&wanted)?;
        for (entry, mut plan) in wanted.iter().zip(planned.into_values()) {
            let original = self.contents.remove(&entry.path).unwrap_or_default();
            self.rust(&entry.path, &original, &mut plan);
            if plan.edits.is_empty() && !plan.deleted {
                continue;
            }
            let cuts: Vec<_> = plan
                .edits
                .iter()
                .filter(|edit| edit.theme == Theme::Features)
                .map(|edit| edit.range.clone())
                .collect();
            let is_cut = |range: &std::ops::Range<usize>| {
                plan.deleted
                    || cuts
                        .iter()
                        .any(|cut| cut.start <= range.start && range.end <= cut.end)
            };
            let mut edits: Vec<Edit> = plan
                .edits
                .iter()
                .filter(|edit| edit.theme == Theme::Features || !is_cut(&edit.range))
                .cloned()
                .collect();
            edits.sort_by_key(|edit| edit.range.start);
            for (theme, rule, range) in plan.rules {
                if !is_cut(&range) {
                    *self
                        .result
                        .rules
                        .entry(theme)
                        .or_default()
                        .entry(rule)
                        .or_default() += 1;
                }
            }
            self.result.files.push(Edited {
                path: entry.path.clone(),
                language: languages.get(entry.path.as_str()).copied(),
                original,
                edits,
                executable: entry.mode == Mode::Executable,
                deleted: plan.deleted,
                proofs: Arc::clone(&self.source.proofs),
                tree: self.source.scanned.trees.get(&entry.path).cloned(),
            });
        }
        let left: Vec<Problem> = self.left_over().collect();
        self.result.findings.extend(left);
        Ok(self.result)
    }

    /// Reports the occurrences that a rule assigns to a feature but that the feature's edits do not
    /// remove.
    fn left_over(&self) -> impl Iterator<Item = Problem> {
        let files: HashMap<&str, &Edited> = self
            .result
            .files
            .iter()
            .map(|file| (file.path.as_str(), file))
            .collect();
        let is_removed = move |decided: &Decided| {
            let place = &decided.occurrence;
            let end = place.offset + place.length;
            files.get(decided.path.as_str()).is_some_and(|file| {
                let covers =
                    |edit: &Edit| edit.range.start <= place.offset && end <= edit.range.end;
                let cuts = file
                    .edits
                    .iter()
                    .filter(|edit| edit.theme == Theme::Features);
                file.deleted || cuts.into_iter().any(covers)
            })
        };
        self.source.decided.iter().filter_map(move |decided| {
            let Decision::Disable { feature } = &decided.decision else {
                return None;
            };
            if is_removed(decided) {
                return None;
            }
            let text = &decided.occurrence.text;
            let cause =
                format!("a rule assigns `{text}` to feature `{feature}`, which does not remove it");
            let problem = Problem::new(&UNREWRITABLE, cause).in_source(&self.source.source.name);
            Some(problem.at(&decided.path, Some(decided.occurrence.line)))
        })
    }
}
