//! Determines the Rust files that are compiled into a program, and the places in them, by module
//! tree, features and platforms.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use cfg_expr::targets::{TargetInfo, get_builtin_target_by_triple};
use cfg_expr::{Expression, Predicate};

use super::crates::joined;
use super::lock::PLATFORMS;
use super::{LocalCrate, Program, below};
use decide::matcher::is_below;
use problem::{Problem, UNKNOWN_MODULE, UNPARSED};
use release::{Entry, Mode, Source, source_name};
use scan::source::ScannedFile;
use scan::{FileScan, Language, RustModule, rust};

/// The configuration of places that only tests compile, as rules refer to it.
pub const TEST: &str = "test";

/// The conditions under which a file is compiled into one crate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct View {
    /// The crate's features.
    features: BTreeSet<String>,
    /// The target triples.
    targets: Vec<String>,
    /// The predicates of the modules above it.
    under: Vec<String>,
}

/// The compiled files of each source, by the source's name in the analysis.
#[derive(Debug, Default)]
pub struct Compiled {
    views: BTreeMap<String, BTreeMap<String, Vec<View>>>,
    /// Problems of compiled files that are invalid or missing.
    pub problems: Vec<Problem>,
}

/// One source's files.
#[derive(Default)]
pub struct Files<'a> {
    /// The scans of its Rust files, by path.
    scans: HashMap<&'a str, &'a FileScan>,
    /// Its symbolic links: path and target, both relative to the source.
    links: Vec<(String, String)>,
}

impl<'a> Files<'a> {
    /// Collects the Rust files among those scanned, and the tree's links.
    ///
    /// # Errors
    /// The links cannot be read.
    pub fn of(source: &Source, files: &'a [ScannedFile]) -> Result<Self, Problem> {
        let rust = files.iter().filter(|file| file.language == Language::Rust);
        let scans: HashMap<&str, &FileScan> =
            rust.map(|file| (file.path.as_str(), &file.scan)).collect();
        if scans.is_empty() {
            return Ok(Self::default());
        }
        let entries = source.tree.entries().iter();
        let entries: Vec<_> = entries.filter(|one| one.mode == Mode::Symlink).collect();
        let targets = source.tree.read(&entries)?;
        let link = |(entry, target): (&&Entry, Vec<u8>)| {
            let above = entry.path.rsplit_once('/').map_or("", |(above, _)| above);
            let target = String::from_utf8_lossy(&target).into_owned();
            (entry.path.clone(), joined(above, &target))
        };
        Ok(Self {
            scans,
            links: entries.iter().zip(targets).map(link).collect(),
        })
    }

    /// Follows links and returns the Rust file that a path leads to, if there is one.
    fn find(&self, path: &str) -> Option<String> {
        let mut path = path.to_owned();
        // A circle of links leads nowhere.
        for _ in 0..8 {
            if self.scans.contains_key(path.as_str()) {
                return Some(path);
            }
            let (link, target) = self.links.iter().find(|(link, _)| is_below(&path, link))?;
            path = below(
                target,
                path.strip_prefix(link.as_str())?.trim_start_matches('/'),
            );
        }
        None
    }
}

impl Compiled {
    /// Follows the module trees of every program from the files that cargo compiles. `sources` are
    /// the scans by the sources' names in the analysis.
    pub fn of<'a>(programs: &[Program], sources: &HashMap<&'a str, Files<'a>>) -> Self {
        let mut compiled = Self::default();
        let mut seen = BTreeSet::new();
        for program in programs {
            for local in &program.crates {
                let Some(name) = program.sources.get(&local.source) else {
                    continue;
                };
                // Programs share most crates, with the same features.
                if !seen.insert((name, &local.path, &local.features, &local.targets)) {
                    continue;
                }
                if let Some(files) = sources.get(name.as_str()) {
                    Walk::new(&mut compiled, name, files, program, local).targets(local);
                }
            }
        }
        compiled.problems.sort_by(|a, b| a.place.cmp(&b.place));
        compiled.problems.dedup_by(|a, b| a.place == b.place);
        compiled
    }

    /// Reduces a source's scanned files to the compiled Rust ones, and their places to the compiled
    /// ones. A place that only tests compile gets the configuration [`TEST`].
    pub fn retain(&self, source: &str, files: &mut Vec<ScannedFile>) {
        let views = self.views.get(source);
        files.retain_mut(|file| {
            if file.language != Language::Rust {
                return true;
            }
            let Some(views) = views.and_then(|views| views.get(&file.path)) else {
                return false;
            };
            file.scan.occurrences.retain_mut(|place| {
                let own = place.site.cfg.as_deref();
                let holds = |test| views.iter().any(|view| view.holds(own, test));
                if holds(false) {
                    return true;
                }
                let for_tests = holds(true);
                place.site.cfg = Some(TEST.to_owned());
                for_tests
            });
            true
        });
    }
}

impl View {
    /// Whether the predicates above the file and `own` can hold on any of the targets.
    fn holds(&self, own: Option<&str>, test: bool) -> bool {
        let all = || self.under.iter().map(String::as_str).chain(own);
        self.targets.iter().any(|target| {
            let target = get_builtin_target_by_triple(target);
            all().all(|predicate| holds(predicate, &self.features, target, test))
        })
    }
}

/// Whether a predicate can hold. If neither features nor the target decide it, it can, because a
/// build script may set it.
fn holds(
    predicate: &str,
    features: &BTreeSet<String>,
    target: Option<&TargetInfo>,
    test: bool,
) -> bool {
    let Ok(expression) = Expression::parse(predicate) else {
        return true;
    };
    let known: Option<bool> = expression.eval(|predicate| match predicate {
        Predicate::Feature(feature) => Some(features.contains(*feature)),
        Predicate::Test => Some(test),
        Predicate::Target(asked) => target.map(|target| asked.matches(target)),
        _ => None,
    });
    known.unwrap_or(true)
}

/// One crate's module trees.
struct Walk<'w, 'a> {
    compiled: &'w mut Compiled,
    source: &'w str,
    files: &'w Files<'a>,
    view: View,
    visited: BTreeSet<(String, Vec<String>)>,
}

impl<'w, 'a> Walk<'w, 'a> {
    fn new(
        compiled: &'w mut Compiled,
        source: &'w str,
        files: &'w Files<'a>,
        program: &Program,
        local: &LocalCrate,
    ) -> Self {
        let targets = match &program.target {
            Some(target) => vec![target.clone()],
            None => PLATFORMS.map(str::to_owned).to_vec(),
        };
        Self {
            compiled,
            source,
            files,
            view: View {
                features: local.features.iter().cloned().collect(),
                targets,
                under: Vec::new(),
            },
            visited: BTreeSet::new(),
        }
    }

    fn targets(&mut self, local: &LocalCrate) {
        for target in &local.targets {
            let path = below(&local.path, &target.path);
            match self.files.find(&path) {
                Some(path) => self.file(&path, true, &[]),
                None => self.missing(&path, "cargo compiles it"),
            }
        }
    }

    fn missing(&mut self, path: &str, why: &str) {
        let cause = format!("there is no such file, and {why}");
        let problem = Problem::new(&UNKNOWN_MODULE, cause);
        self.compiled
            .problems
            .push(problem.in_source(source_name(self.source)).at(path, None));
    }

    /// Visits a file, whose scan exists, and the modules below it.
    fn file(&mut self, path: &str, root: bool, under: &[String]) {
        if !self.visited.insert((path.to_owned(), under.to_vec())) {
            return;
        }
        let Some(scan) = self.files.scans.get(path).copied() else {
            return;
        };
        if let Some(error) = &scan.unparsed {
            let problem = Problem::new(&UNPARSED, error.what.clone());
            let problem = problem.in_source(source_name(self.source));
            self.compiled
                .problems
                .push(problem.at(path, Some(error.line)));
        }
        let view = View {
            under: under.to_vec(),
            ..self.view.clone()
        };
        let files = self
            .compiled
            .views
            .entry(self.source.to_owned())
            .or_default();
        let views = files.entry(path.to_owned()).or_default();
        if !views.contains(&view) {
            views.push(view.clone());
        }
        for module in &scan.modules {
            if view.holds(module.cfg.as_deref(), true) {
                let mut under = under.to_vec();
                under.extend(module.cfg.clone());
                self.module(path, root, module, &under);
            }
        }
    }

    fn module(&mut self, path: &str, root: bool, module: &RustModule, under: &[String]) {
        let candidates = rust::module_files(path, root, module);
        let mut found = candidates.iter().filter_map(|path| self.files.find(path));
        match found.next() {
            // The modules of a file named by `#[path]` lie beside it, as with a root.
            Some(found) => self.file(&found, module.path.is_some(), under),
            // Most inclusions read a file that a build script writes.
            None if module.included => {}
            None => {
                let first = candidates.first().map_or(path, String::as_str).to_owned();
                self.missing(&first, &format!("{path} has the module `{}`", module.name));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn can(predicate: &str, features: &[&str], test: bool) -> bool {
        let features = features.iter().map(|one| (*one).to_owned()).collect();
        let target = get_builtin_target_by_triple("aarch64-unknown-linux-gnu");
        holds(predicate, &features, target, test)
    }

    #[test]
    fn predicates_are_asked_of_features_and_targets() {
        assert!(can("feature = \"x\"", &["x"], false));
        assert!(!can("feature = \"x\"", &["y"], false));
        assert!(!can("test", &[], false));
        assert!(can("test", &[], true));
        assert!(can("all(unix, target_arch = \"aarch64\")", &[], false));
        assert!(!can("windows", &[], false));
        // A build script may set it.
        assert!(can("perlmod = \"multiplicity\"", &[], false));
        assert!(can("not(perlmod = \"multiplicity\")", &[], false));
        assert!(!can("all(unknown_flag, feature = \"x\")", &[], false));
    }
}
