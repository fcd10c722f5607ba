//! Selects the crates of a program from the sources, by name, version and feature.
//!
//! cargo takes one version of each crate by path. Selecting them here first allows it to report the
//! available versions for an unsatisfied requirement, and to look for an earlier commit.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;
use semver::VersionReq;

use super::crates::{Member, SourceCrates};
use super::manifest::{Dependency, For};
use super::{Program, below};
use decide::rules::CrateRules;
use problem::{AMBIGUOUS_CRATE, CRATE_CIRCLE, Problem, UNSATISFIED_CRATE};

/// A requirement of one crate on another.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The crate.
    pub name: String,
    /// The versions that satisfy it.
    pub requirement: VersionReq,
    /// The crate that requires it, `name version`.
    pub by: String,
    /// Its source, manifest and line.
    pub place: (String, String, Option<u32>),
}

/// A requirement that no pin satisfies.
#[derive(Debug, Clone)]
pub struct Unsatisfied {
    /// The requirement.
    pub asked: Asked,
    /// The available versions: source, directory, version.
    pub found: Vec<(String, String, String)>,
    /// The earlier requirements on the crates of each source.
    pub before: BTreeMap<String, Vec<Asked>>,
}

/// A path that leads into a submodule.
#[derive(Debug, Clone)]
pub struct Within {
    /// The source that contains the submodule.
    pub source: String,
    /// The submodule's path in it.
    pub submodule: String,
    /// The problem to report if the submodule is not available. It names the crate that needs it;
    /// the reason is appended to its cause.
    pub problem: Problem,
}

/// The crates of a program.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// The crates that the root's `[patch.crates-io]` names by path.
    pub patched: BTreeMap<String, Arc<Member>>,
    /// The sources of its crates.
    pub sources: BTreeSet<String>,
    /// The requirements on the crates of each source.
    pub asked: BTreeMap<String, Vec<Asked>>,
}

/// The reasons why a selection cannot continue.
#[derive(Debug)]
pub enum Stop {
    /// No version satisfies a requirement.
    Unsatisfied(Box<Unsatisfied>),
    /// A crate is in a submodule that is not mounted yet.
    Submodule(Box<Within>),
    /// Anything else.
    Problem(Problem),
}

/// Selects the crates of `program` from the sources.
///
/// # Errors
/// The first requirement that cannot be satisfied, a crate in two sources, a circle, or a path that
/// leads nowhere.
pub fn select(
    program: &Program,
    all: &BTreeMap<String, SourceCrates>,
    rules: &CrateRules,
) -> Result<Selection, Stop> {
    let mut selector = Selector {
        all,
        rules,
        active: BTreeMap::new(),
        queue: VecDeque::new(),
        edges: DiGraphMap::new(),
        ids: BTreeMap::new(),
        selection: Selection::default(),
    };
    let roots = all
        .get(&program.source)
        .map(|crates| crates.roots(&program.root))
        .unwrap_or_default();
    if roots.is_empty() {
        let manifest = below(&program.root, "Cargo.toml");
        let problem = Problem::new(&UNSATISFIED_CRATE, "there is no crate to build");
        let problem = problem.in_source(&program.source).at(manifest, None);
        return Err(Stop::Problem(problem));
    }
    for root in roots {
        // cargo resolves a workspace's own crates with all features, and with the dependencies of
        // their tests.
        let optional = root.dependencies.iter().filter(|one| one.optional);
        let implicit = optional.map(|one| format!("dep:{}", one.key));
        let all: Vec<String> = root.features.keys().cloned().chain(implicit).collect();
        selector.activate(&root, &all, true, true);
    }
    while let Some(key) = selector.queue.pop_front() {
        selector.visit(&key)?;
    }
    selector.circles()?;
    Ok(selector.selection)
}

/// A crate by source and directory.
type Key = (String, String);

/// A crate that is needed, with its features.
struct Active {
    member: Arc<Member>,
    features: BTreeSet<String>,
    tests: bool,
}

struct Selector<'a> {
    all: &'a BTreeMap<String, SourceCrates>,
    rules: &'a CrateRules,
    active: BTreeMap<Key, Active>,
    queue: VecDeque<Key>,
    /// The dependencies between crates, with their lines.
    edges: DiGraphMap<usize, Option<u32>>,
    ids: BTreeMap<Key, usize>,
    selection: Selection,
}

fn key(member: &Member) -> Key {
    (member.source.clone(), member.directory.clone())
}

impl Selector<'_> {
    /// Enables features of a crate, and queues it again if that changes anything.
    fn activate(&mut self, member: &Arc<Member>, features: &[String], default: bool, tests: bool) {
        let key = key(member);
        let is_new = !self.active.contains_key(&key);
        let active = self.active.entry(key.clone()).or_insert_with(|| Active {
            member: Arc::clone(member),
            features: BTreeSet::new(),
            tests: false,
        });
        let before = (active.features.len(), active.tests);
        let default = default.then(|| "default".to_owned());
        active
            .features
            .extend(features.iter().cloned().chain(default));
        active.tests |= tests;
        expand(&mut active.features, &member.features);
        if is_new || before != (active.features.len(), active.tests) {
            self.queue.push_back(key);
        }
    }

    fn visit(&mut self, key: &Key) -> Result<(), Stop> {
        let Some(active) = self.active.get(key) else {
            return Ok(());
        };
        let (member, features, tests) = (
            Arc::clone(&active.member),
            active.features.clone(),
            active.tests,
        );
        self.selection.sources.insert(member.source.clone());
        for dependency in &member.dependencies {
            let wanted = match dependency.purpose {
                For::Tests => tests,
                For::Build => !dependency.optional || turns_on(&features, dependency),
            };
            if !wanted {
                continue;
            }
            let Some(found) = self.find(&member, dependency)? else {
                continue;
            };
            let mut wanted = dependency.features.clone();
            wanted.extend(passed_on(&features, &dependency.key));
            if dependency.purpose == For::Build {
                let ids = [self.id(key), self.id(&self::key(&found))];
                self.edges.add_edge(ids[0], ids[1], dependency.line);
            }
            self.activate(&found, &wanted, dependency.default_features, false);
        }
        Ok(())
    }

    fn id(&mut self, key: &Key) -> usize {
        let next = self.ids.len();
        *self.ids.entry(key.clone()).or_insert(next)
    }

    /// Returns the crate that a dependency leads to, or `None` for one of the registry.
    fn find(
        &mut self,
        member: &Member,
        dependency: &Dependency,
    ) -> Result<Option<Arc<Member>>, Stop> {
        let manifest = below(&member.directory, "Cargo.toml");
        let problem = |code, cause: String| {
            let problem = Problem::new(code, cause).in_source(&member.source);
            problem.at(manifest.clone(), dependency.line)
        };
        if let Some(path) = &dependency.path {
            let needs = format!("{} needs `{}` at {path}", member.name, dependency.key);
            return match self.at_path(&member.source, path) {
                Ok(found) => Ok(Some(found)),
                Err(None) => {
                    let cause = format!("{needs}, where no manifest is");
                    Err(Stop::Problem(problem(&UNSATISFIED_CRATE, cause)))
                }
                Err(Some((source, submodule))) => {
                    let problem = problem(&UNSATISFIED_CRATE, needs);
                    Err(Stop::Submodule(Box::new(Within {
                        source,
                        submodule,
                        problem,
                    })))
                }
            };
        }
        let candidates: Vec<&Arc<Member>> = self
            .all
            .values()
            .flat_map(|crates| crates.members.values())
            .filter(|one| one.name == dependency.package)
            .collect();
        if candidates.is_empty() {
            return Ok(None);
        }
        let asked = Asked {
            name: dependency.package.clone(),
            requirement: dependency.requirement.clone(),
            by: format!("{} {}", member.name, member.version),
            place: (member.source.clone(), manifest.clone(), dependency.line),
        };
        let good = candidates
            .iter()
            .filter(|one| dependency.requirement.matches(&one.version));
        let preferred = self.rules.crates.get(&dependency.package);
        let preferred = preferred.and_then(|rule| rule.prefer.as_deref());
        let mut good: Vec<&Arc<Member>> = good.copied().collect();
        if good.len() > 1 && good.iter().any(|one| preferred == Some(&one.source)) {
            good.retain(|one| preferred == Some(&one.source));
        }
        match good.as_slice() {
            [one] => {
                let one = Arc::clone(one);
                let list = self.selection.asked.entry(one.source.clone()).or_default();
                list.push(asked);
                self.selection
                    .patched
                    .insert(one.name.clone(), Arc::clone(&one));
                Ok(Some(one))
            }
            [] => Err(Stop::Unsatisfied(Box::new(Unsatisfied {
                asked,
                found: candidates
                    .iter()
                    .map(|one| {
                        let version = one.version.to_string();
                        (one.source.clone(), one.directory.clone(), version)
                    })
                    .collect(),
                before: self.selection.asked.clone(),
            }))),
            several => {
                let of = |one: &&Arc<Member>| {
                    let place = below(&one.source, &one.directory);
                    format!("{} {} of {place}", one.name, one.version)
                };
                let all: Vec<String> = several.iter().map(of).collect();
                let cause = format!(
                    "{} {} is {}",
                    dependency.package,
                    dependency.requirement,
                    all.join(" and ")
                );
                Err(Stop::Problem(problem(&AMBIGUOUS_CRATE, cause)))
            }
        }
    }

    /// Returns the crate at a path of a source, following the path into a mounted submodule. Fails
    /// with the submodule if nothing is mounted there.
    fn at_path(&self, source: &str, path: &str) -> Result<Arc<Member>, Option<(String, String)>> {
        let crates = self.all.get(source).ok_or(None)?;
        if let Some(found) = crates.members.get(path) {
            return Ok(Arc::clone(found));
        }
        let submodule = crates.submodule(path).ok_or(None)?;
        let Some(mounted) = crates.mounted.get(submodule) else {
            return Err(Some((source.to_owned(), submodule.clone())));
        };
        let rest = path.strip_prefix(submodule.as_str()).unwrap_or(path);
        self.at_path(mounted, rest.trim_start_matches('/'))
    }

    /// Rejects crates that depend on one another in a circle.
    fn circles(&self) -> Result<(), Stop> {
        let itself = |one: &usize| self.edges.contains_edge(*one, *one);
        let circle = tarjan_scc(&self.edges)
            .into_iter()
            .find(|circle| circle.len() > 1 || circle.iter().any(itself));
        let Some(circle) = circle else {
            return Ok(());
        };
        let of = |id: &usize| Some(self.ids.iter().find(|(_, other)| *other == id)?.0);
        let first = circle.into_iter().min_by_key(|id| of(id));
        let way = first.map(|id| self.way_back(id)).unwrap_or_default();
        let keys = way.iter().filter_map(of);
        let members = keys.filter_map(|key| Some(&self.active.get(key)?.member));
        let members: Vec<&Arc<Member>> = members.collect();
        let mut names: Vec<&str> = members.iter().map(|one| one.name.as_str()).collect();
        names.extend(names.first().copied());
        let mut problem = Problem::new(&CRATE_CIRCLE, names.join(" needs "));
        if let (Some(member), Some(id)) = (members.first(), way.first()) {
            let next = way.get(1).unwrap_or(id);
            let line = self.edges.edge_weight(*id, *next).copied().flatten();
            let manifest = below(&member.directory, "Cargo.toml");
            problem = problem.in_source(&member.source).at(manifest, line);
        }
        Err(Stop::Problem(problem))
    }

    /// Returns the shortest path from a crate of a circle back to it.
    fn way_back(&self, start: usize) -> Vec<usize> {
        let mut before: BTreeMap<usize, usize> = BTreeMap::new();
        let mut queue = VecDeque::from([start]);
        while let Some(id) = queue.pop_front() {
            for next in self.edges.neighbors(id) {
                if next == start {
                    let mut way: Vec<usize> =
                        std::iter::successors(Some(id), |one| before.get(one).copied()).collect();
                    way.reverse();
                    return way;
                }
                if let Entry::Vacant(place) = before.entry(next) {
                    place.insert(id);
                    queue.push_back(next);
                }
            }
        }
        Vec::new()
    }
}

/// Adds the features that other features enable (the Cargo Book, "Features").
fn expand(features: &mut BTreeSet<String>, table: &BTreeMap<String, Vec<String>>) {
    let mut queue: Vec<String> = features.iter().cloned().collect();
    while let Some(feature) = queue.pop() {
        for more in table.get(&feature).into_iter().flatten() {
            if features.insert(more.clone()) {
                queue.push(more.clone());
            }
        }
    }
}

/// Whether features enable an optional dependency: `dep:key`, `key`, or `key/feature`.
fn turns_on(features: &BTreeSet<String>, dependency: &Dependency) -> bool {
    let key = &dependency.key;
    features.contains(key)
        || features.contains(&format!("dep:{key}"))
        || features
            .iter()
            .filter_map(|feature| feature.split_once('/'))
            .any(|(name, _)| name == key)
}

/// Returns the features of a dependency that a crate's own features enable: `key/feature`,
/// `key?/feature`.
fn passed_on<'a>(
    features: &'a BTreeSet<String>,
    key: &'a str,
) -> impl Iterator<Item = String> + 'a {
    let pairs = features
        .iter()
        .filter_map(|feature| feature.split_once('/'));
    pairs
        .filter(move |(name, _)| name.strip_suffix('?').unwrap_or(name) == key)
        .map(|(_, feature)| feature.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use problem::Problem;
    use release::{Entry as File, Mode, Tree};

    /// Manifests in memory. A path that ends with `/` is a submodule.
    struct Texts(Vec<File>, Vec<String>);

    impl Tree for Texts {
        fn entries(&self) -> &[File] {
            &self.0
        }

        fn read(&self, wanted: &[&File]) -> Result<Vec<Vec<u8>>, Problem> {
            let at = |entry: &&File| self.0.iter().position(|one| one == *entry);
            let text = |entry| self.1[at(entry).expect("an entry")].clone().into_bytes();
            Ok(wanted.iter().map(text).collect())
        }
    }

    /// Makes the crates of sources: source, path, text.
    fn sources(all: &[(&str, &str, &str)]) -> BTreeMap<String, SourceCrates> {
        let mut trees: BTreeMap<&str, Texts> = BTreeMap::new();
        for (source, path, text) in all {
            let tree = trees.entry(source).or_insert(Texts(Vec::new(), Vec::new()));
            let mode = if path.ends_with('/') {
                Mode::Submodule
            } else {
                Mode::File
            };
            tree.0.push(File {
                path: path.trim_end_matches('/').to_owned(),
                mode,
                size: 1,
                id: String::new(),
            });
            tree.1.push((*text).to_owned());
        }
        let read = |(source, tree): (&str, Texts)| {
            let crates = SourceCrates::read(source, &tree).expect("good manifests");
            (source.to_owned(), crates)
        };
        trees.into_iter().map(read).collect()
    }

    fn package(name: &str, version: &str, rest: &str) -> String {
        format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\n{rest}")
    }

    fn run(all: &[(&str, &str, &str)], rules: &str) -> Result<Selection, Stop> {
        let program = Program {
            name: "app".to_owned(),
            source: "app".to_owned(),
            ..Program::default()
        };
        let rules = toml::from_str(rules).expect("rules");
        select(&program, &sources(all), &rules)
    }

    /// Returns the crates by path for a program `app` whose manifest ends with `app`. Beside it are
    /// `mid`, whose manifest ends with `mid`, and `a`, `b` and `c`, each in a source of its own
    /// name.
    fn selected(app: &str, mid: &str) -> Vec<String> {
        let leaves = ["a", "b", "c"].map(|name| package(name, "1.0.0", ""));
        let all = [
            ("app", "Cargo.toml", package("app", "1.0.0", app)),
            ("mid", "Cargo.toml", package("mid", "1.0.0", mid)),
            ("a", "Cargo.toml", leaves[0].clone()),
            ("b", "Cargo.toml", leaves[1].clone()),
            ("c", "Cargo.toml", leaves[2].clone()),
        ];
        let all: Vec<(&str, &str, &str)> = all
            .iter()
            .map(|(source, path, text)| (*source, *path, text.as_str()))
            .collect();
        let selection = run(&all, "").expect("everything is there");
        selection.patched.into_keys().collect()
    }

    fn refused(all: &[(&str, &str, &str)]) -> Problem {
        match run(all, "") {
            Err(Stop::Problem(problem)) => problem,
            other => panic!("{other:?}"),
        }
    }

    const OPTIONAL: &str = "[dependencies]\na = { version = \"1\", optional = true }\n\
                            b = { version = \"1\", optional = true }\n";

    #[test]
    fn optional_dependencies_need_a_feature() {
        let mid = |features: &str| format!("{OPTIONAL}[features]\n{features}");
        let plain = "[dependencies]\nmid = \"1\"\n";
        let with = |feature: &str| {
            format!("[dependencies]\nmid = {{ version = \"1\", features = [\"{feature}\"] }}\n")
        };
        assert_eq!(selected(plain, OPTIONAL), ["mid"]);
        // By the implicit feature of a dependency without `dep:`, by `dep:`, and through another
        // feature.
        assert_eq!(selected(&with("a"), OPTIONAL), ["a", "mid"]);
        assert_eq!(selected(&with("x"), &mid("x = [\"dep:b\"]")), ["b", "mid"]);
        let chain = mid("x = [\"y\"]\ny = [\"a\", \"dep:b\"]");
        assert_eq!(selected(&with("x"), &chain), ["a", "b", "mid"]);
        // A default feature, and disabled default features.
        let default = mid("default = [\"dep:a\"]");
        assert_eq!(selected(plain, &default), ["a", "mid"]);
        let off = "[dependencies]\nmid = { version = \"1\", default-features = false }\n";
        assert_eq!(selected(off, &default), ["mid"]);
    }

    #[test]
    fn features_are_passed_on() {
        let app = |feature: &str, optional: bool| {
            format!(
                "[dependencies]\nc = \"1\"\n[features]\nx = [\"{feature}\"]\n\
                 [dependencies.mid]\nversion = \"1\"\noptional = {optional}\n"
            )
        };
        assert_eq!(selected(&app("mid/a", false), OPTIONAL), ["a", "c", "mid"]);
        // All optional dependencies of the root are present, because cargo resolves a root with all
        // features.
        assert_eq!(selected(&app("mid/a", true), OPTIONAL), ["a", "c", "mid"]);
        assert_eq!(selected(&app("mid?/b", true), OPTIONAL), ["b", "c", "mid"]);
        // In a crate that is not the root, `?` enables nothing.
        let plain = "[dependencies.mid]\nversion = \"1\"\nfeatures = [\"x\"]\n";
        let weak = format!("{OPTIONAL}[features]\nx = [\"a?/y\"]\n");
        assert_eq!(selected(plain, &weak), ["mid"]);
        let strong = format!("{OPTIONAL}[features]\nx = [\"a/y\"]\n");
        assert_eq!(selected(plain, &strong), ["a", "mid"]);
    }

    #[test]
    fn a_root_has_all_its_features() {
        assert_eq!(selected(OPTIONAL, ""), ["a", "b"]);
        let hidden = format!("{OPTIONAL}[features]\nx = [\"dep:a\"]\n");
        assert_eq!(selected(&hidden, ""), ["a", "b"]);
    }

    #[test]
    fn packages_may_have_another_name() {
        let app = "[dependencies]\nother = { package = \"mid\", version = \"1\" }\n\
                   [features]\nx = [\"other/a\"]\n";
        assert_eq!(selected(app, OPTIONAL), ["a", "mid"]);
    }

    #[test]
    fn every_kind_of_dependency_that_is_built_counts() {
        let app = "[build-dependencies]\na = \"1\"\n[target.'cfg(windows)'.dependencies]\nb = \"1\"\n\
                   [dev-dependencies]\nmid = \"1\"\n";
        // The root's tests are resolved, those of others are not.
        let mid = "[dev-dependencies]\nc = \"1\"\n";
        assert_eq!(selected(app, mid), ["a", "b", "mid"]);
    }

    #[test]
    fn a_rule_says_which_of_two_sources() {
        let app = package("app", "1.0.0", "[dependencies]\na = \"1\"\n");
        let [one, two, far] = ["1.0.0", "1.2.0", "2.0.0"].map(|version| package("a", version, ""));
        let mut all = vec![
            ("app", "Cargo.toml", app.as_str()),
            ("one", "Cargo.toml", one.as_str()),
            ("two", "x/Cargo.toml", two.as_str()),
        ];
        let problem = refused(&all);
        assert_eq!(problem.code.id, "PNX-215");
        assert_eq!(problem.place.to_string(), "app/Cargo.toml:5");
        assert_eq!(problem.cause, "a ^1 is a 1.0.0 of one and a 1.2.0 of two/x");
        let chosen = run(&all, "[crate.a]\nprefer = \"two\"\n").expect("a rule says it");
        assert_eq!(chosen.patched["a"].source, "two");
        // Versions that do not satisfy the requirement are ignored, even if a rule prefers them.
        all[2].2 = &far;
        assert_eq!(run(&all, "").expect("one").patched["a"].source, "one");
        let rule = "[crate.a]\nprefer = \"two\"\n";
        assert_eq!(run(&all, rule).expect("one").patched["a"].source, "one");
    }

    #[test]
    fn a_circle_is_told_in_its_order() {
        let app = package("app", "1.0.0", "[dependencies]\na = \"1\"\n");
        let a = package("a", "1.0.0", "[dependencies]\nc = \"1\"\n");
        let b = package("b", "1.0.0", "[dependencies]\na = \"1\"\n");
        let c = package(
            "c",
            "1.0.0",
            "[dependencies]\nb = \"1\"\n[dev-dependencies]\na = \"1\"\n",
        );
        let mut all = vec![
            ("app", "Cargo.toml", app.as_str()),
            ("a", "Cargo.toml", a.as_str()),
            ("b", "Cargo.toml", b.as_str()),
            ("c", "Cargo.toml", c.as_str()),
        ];
        let problem = refused(&all);
        assert_eq!(problem.code.id, "PNX-216");
        assert_eq!(problem.cause, "a needs c needs b needs a");
        assert_eq!(problem.place.to_string(), "a/Cargo.toml:5");
        // Dependencies of tests alone close no circle.
        let b = package("b", "1.0.0", "[dev-dependencies]\na = \"1\"\n");
        all[2].2 = &b;
        assert_eq!(run(&all, "").expect("no circle").patched.len(), 3);
    }

    #[test]
    fn a_crate_that_needs_itself_is_a_circle() {
        let app = package("app", "1.0.0", "[dependencies]\napp = { path = \".\" }\n");
        let problem = refused(&[("app", "Cargo.toml", &app)]);
        assert_eq!(problem.code.id, "PNX-216");
        assert_eq!(problem.cause, "app needs app");
    }

    #[test]
    fn paths_lead_into_the_source_only() {
        let app = |path: &str| {
            package(
                "app",
                "1.0.0",
                &format!("[dependencies]\nx = {{ path = \"{path}\" }}\n"),
            )
        };
        let within = app("sub/x");
        let stopped = run(&[("app", "Cargo.toml", &within), ("app", "sub/", "")], "");
        let Err(Stop::Submodule(stopped)) = stopped else {
            panic!("{stopped:?}");
        };
        assert_eq!(
            (stopped.source.as_str(), stopped.submodule.as_str()),
            ("app", "sub")
        );
        assert_eq!(stopped.problem.code.id, "PNX-214");
        assert_eq!(stopped.problem.place.to_string(), "app/Cargo.toml:5");
        for path in ["subway", "../other", "/usr/src/x"] {
            let problem = refused(&[("app", "Cargo.toml", &app(path)), ("app", "sub/", "")]);
            assert!(
                problem.cause.ends_with("where no manifest is"),
                "{}",
                problem.cause
            );
        }
        let whole = app("x");
        let x = package("x", "0.1.0", "");
        let selection = run(
            &[("app", "Cargo.toml", &whole), ("app", "x/Cargo.toml", &x)],
            "",
        );
        assert!(selection.expect("it is there").patched.is_empty());
    }

    #[test]
    fn what_no_version_satisfies_is_told_with_all_there_are() {
        let app = package("app", "1.0.0", "[dependencies]\nb = \"1\"\na = \"3\"\n");
        let [a, b] = ["a", "b"].map(|name| package(name, "1.0.0", ""));
        let all = [
            ("app", "Cargo.toml", app.as_str()),
            ("lib", "a/Cargo.toml", a.as_str()),
            ("lib", "b/Cargo.toml", b.as_str()),
        ];
        let Err(Stop::Unsatisfied(told)) = run(&all, "") else {
            panic!("a 3 is not there");
        };
        let strings = |one: [&str; 3]| {
            let [source, directory, version] = one.map(str::to_owned);
            (source, directory, version)
        };
        assert_eq!(told.found, [strings(["lib", "a", "1.0.0"])]);
        assert_eq!(
            (told.asked.name.as_str(), told.asked.by.as_str()),
            ("a", "app 1.0.0")
        );
        // Earlier requirements on the source must remain satisfied.
        assert_eq!(told.before["lib"].len(), 1);
    }

    #[test]
    fn a_program_without_a_crate() {
        let problem = refused(&[("other", "Cargo.toml", "[workspace]\n")]);
        assert_eq!(problem.code.id, "PNX-214");
        assert_eq!(problem.place.to_string(), "app/Cargo.toml");
    }
}
