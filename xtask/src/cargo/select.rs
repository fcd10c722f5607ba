//! Which of the sources' crates a program is built from, by name, version and feature.
//!
//! cargo takes one version of a crate by path. What it would find is found here first, so that a requirement that no
//! pin satisfies can be told with the versions that there are, and an earlier commit be looked for.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;
use semver::VersionReq;

use super::crates::{Member, SourceCrates};
use super::manifest::{Dependency, For};
use super::{Program, below};
use crate::decide::matcher::is_below;
use crate::decide::rules::CrateRules;
use crate::problem::{AMBIGUOUS_CRATE, CRATE_CIRCLE, Problem, UNSATISFIED_CRATE};

/// Who asks for which versions of a crate.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The crate.
    pub name: String,
    /// Which versions will do.
    pub requirement: VersionReq,
    /// The crate that asks, `name version`.
    pub by: String,
    /// Its source, manifest and line.
    pub place: (String, String, Option<u32>),
}

/// A requirement that no pin satisfies.
#[derive(Debug, Clone)]
pub struct Unsatisfied {
    /// What is asked for.
    pub asked: Asked,
    /// What there is: source, directory, version.
    pub found: Vec<(String, String, String)>,
    /// What was asked of the crates of each source before.
    pub before: BTreeMap<String, Vec<Asked>>,
}

/// The crates of a program.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Those that are named by path in the root's `[patch.crates-io]`.
    pub patched: BTreeMap<String, Arc<Member>>,
    /// The sources that hold any of its crates.
    pub sources: BTreeSet<String>,
    /// What was asked of the crates of each source.
    pub asked: BTreeMap<String, Vec<Asked>>,
}

/// What keeps a program from being selected.
#[derive(Debug)]
pub enum Stop {
    /// A version that is not there.
    Unsatisfied(Box<Unsatisfied>),
    /// Anything else.
    Problem(Problem),
}

/// Selects the crates of `program` among those of the sources.
///
/// # Errors
/// The first requirement that cannot be met, a crate of two sources, a circle, a path that leads nowhere.
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
        // cargo resolves a workspace's own crates with all features, and with what their tests need.
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

/// A crate that is needed, and how.
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
    /// Which crate needs which, and the line that says so.
    edges: DiGraphMap<usize, Option<u32>>,
    ids: BTreeMap<Key, usize>,
    selection: Selection,
}

fn key(member: &Member) -> Key {
    (member.source.clone(), member.directory.clone())
}

impl Selector<'_> {
    /// Turns features of a crate on; it is looked at again where that changes anything.
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

    /// The crate that a dependency leads to; `None` for one of the registry.
    fn find(
        &mut self,
        member: &Member,
        dependency: &Dependency,
    ) -> Result<Option<Arc<Member>>, Stop> {
        let manifest = below(&member.directory, "Cargo.toml");
        let problem = |code, cause: String| {
            let problem = Problem::new(code, cause).in_source(&member.source);
            Stop::Problem(problem.at(manifest.clone(), dependency.line))
        };
        if let Some(path) = &dependency.path {
            let crates = self.all.get(&member.source);
            if let Some(found) = crates.and_then(|crates| crates.members.get(path)) {
                return Ok(Some(Arc::clone(found)));
            }
            let submodules = crates.map(|crates| &crates.submodules);
            let within = submodules
                .into_iter()
                .flatten()
                .find(|submodule| is_below(path, submodule));
            let why = match within {
                Some(submodule) => format!(
                    "which is in the submodule {submodule}: its repository is no source of the release"
                ),
                None => "where no manifest is".to_owned(),
            };
            let cause = format!(
                "{} needs `{}` at {path}, {why}",
                member.name, dependency.key
            );
            return Err(problem(&UNSATISFIED_CRATE, cause));
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
                Err(problem(&AMBIGUOUS_CRATE, cause))
            }
        }
    }

    /// Refuses crates that need one another in a circle.
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

    /// The shortest way from a crate of a circle back to it.
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
                if !before.contains_key(&next) {
                    before.insert(next, id);
                    queue.push_back(next);
                }
            }
        }
        Vec::new()
    }
}

/// Adds what features turn on (the Cargo Book, "Features").
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

/// Whether features turn an optional dependency on: `dep:key`, `key`, or `key/feature`.
fn turns_on(features: &BTreeSet<String>, dependency: &Dependency) -> bool {
    let key = &dependency.key;
    features.contains(key)
        || features.contains(&format!("dep:{key}"))
        || features
            .iter()
            .filter_map(|feature| feature.split_once('/'))
            .any(|(name, _)| name == key)
}

/// The features of a dependency that a crate's own features pass on: `key/feature`, `key?/feature`.
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
