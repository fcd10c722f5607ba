//! Builds the dependency graph, and from it the role of each source and the contents of each link.
//!
//! An edge has a reason: a used module, a path or a command of another source, or a `Depends`.
//! Edges between objects may form circles; a link closes them.

pub mod draw;
pub mod exports;
mod role;

pub use role::Role;

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;
use serde::Serialize;

use debian::control::Control;
use decide::rules::{DebianPackage, Provider, Rules};
use decide::{Context, Decided, Decision, RuleId, Table};
use exports::Exports;
use scan::Kind;

/// The reason why one source needs another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Its code uses a module of the other.
    Module,
    /// Its code names a file of the other.
    Path,
    /// Its code runs a program of the other.
    Command,
    /// Its `debian/control` names a package of the other.
    Depends,
    /// Its `debian/control` needs a package of the other to build.
    BuildDepends,
}

/// An edge, with the first place that causes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Edge {
    /// The dependent source.
    pub from: String,
    /// The source that it needs.
    pub to: String,
    /// The reason.
    pub reason: Reason,
    /// The number of places that cause it.
    pub count: usize,
    /// The first of these, `path:line: text`.
    pub example: String,
}

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The file, relative to the source.
    pub path: String,
    /// Its line, 1-based.
    pub line: u32,
}

/// The needs of a source, and its role.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Node {
    /// Its role.
    pub role: Option<Role>,
    /// The other sources that its host code needs at run time.
    pub requires: BTreeSet<String>,
    /// nixpkgs attributes whose programs its host code runs by bare name, with those names.
    pub commands: BTreeMap<String, BTreeSet<String>>,
    /// nixpkgs attributes of the Perl modules that its host code uses (`perlPackages.X`,
    /// `rrdtool`).
    pub modules: BTreeSet<String>,
    /// nixpkgs attributes that its `Build-Depends` names.
    pub build: BTreeSet<String>,
    /// Needs that neither nixpkgs nor a pin provides, with the places that use them. A place in
    /// `debian/control` is listed only if no code uses it.
    pub outside: BTreeMap<String, BTreeSet<Place>>,
}

/// The dependencies of a release.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Graph {
    /// The nodes, by source.
    pub nodes: BTreeMap<String, Node>,
    /// The edges, sorted.
    pub edges: Vec<Edge>,
    /// Sources that `use` ties into circles, each circle sorted, the largest first.
    pub knots: Vec<Vec<String>>,
}

/// The input for one source.
pub struct Input<'a> {
    /// Its name.
    pub source: &'a str,
    /// Its decided occurrences.
    pub decided: &'a [Decided],
    /// Its control files.
    pub controls: Vec<&'a Control>,
    /// Whether cargo builds any of it, or nothing builds it (crates without packaging).
    pub by_cargo: bool,
}

impl Graph {
    /// Builds the graph of a release. Also returns the Debian packages that no rule maps, each with
    /// its dependent source.
    pub fn new(inputs: &[Input], rules: &Rules) -> (Self, Vec<Unmapped>, Vec<RuleId>) {
        Self::beside(inputs, &Exports::default(), rules)
    }

    /// As [`Self::new`], for sources that are compiled against a release. All of them are objects,
    /// and the release's exports are available.
    pub fn beside(
        inputs: &[Input],
        exports: &Exports,
        rules: &Rules,
    ) -> (Self, Vec<Unmapped>, Vec<RuleId>) {
        let mut builder = Builder::default_for(rules);
        builder.offer(exports);
        for input in inputs {
            if input.by_cargo {
                builder.crates.insert(input.source.to_owned());
            }
            builder
                .graph
                .nodes
                .entry(input.source.to_owned())
                .or_default();
            for control in &input.controls {
                for binary in &control.binaries {
                    builder
                        .made_by
                        .insert(binary.name.clone(), input.source.to_owned());
                }
            }
        }
        for input in inputs {
            builder.code(input);
            builder.closures(input.source);
            for control in &input.controls {
                builder.packaging(input.source, control);
            }
        }
        builder.finish()
    }

    /// Returns the sources in a link of `roots`: the runtime closure over objects, sorted.
    pub fn closure<'g>(&'g self, roots: impl IntoIterator<Item = &'g str>) -> BTreeSet<&'g str> {
        let mut seen = BTreeSet::new();
        let mut queue: Vec<&str> = roots.into_iter().collect();
        while let Some(name) = queue.pop() {
            if let Some(node) = self.nodes.get(name)
                && seen.insert(name)
            {
                queue.extend(node.requires.iter().map(String::as_str));
            }
        }
        seen
    }

    /// Returns the role of each source.
    pub fn roles(&self) -> BTreeMap<String, Role> {
        self.nodes
            .iter()
            .map(|(name, node)| (name.clone(), node.role.unwrap_or(Role::Package)))
            .collect()
    }
}

/// A Debian package that no rule maps.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unmapped {
    /// The package.
    pub package: String,
    /// The source that depends on it.
    pub source: String,
    /// The control file.
    pub path: String,
    /// Its line, 1-based.
    pub line: u32,
}

struct Builder<'a> {
    rules: &'a Rules,
    graph: Graph,
    edges: BTreeMap<(String, String, Reason), (usize, String)>,
    made_by: BTreeMap<String, String>,
    crates: BTreeSet<String>,
    /// The sources of a release against which others are compiled.
    offered: BTreeMap<String, Role>,
    unmapped: BTreeSet<Unmapped>,
    used: BTreeSet<RuleId>,
}

impl<'a> Builder<'a> {
    fn default_for(rules: &'a Rules) -> Self {
        Self {
            rules,
            graph: Graph::default(),
            edges: BTreeMap::new(),
            made_by: BTreeMap::new(),
            crates: BTreeSet::new(),
            offered: BTreeMap::new(),
            unmapped: BTreeSet::new(),
            used: BTreeSet::new(),
        }
    }

    /// Adds the exports of a release: its sources with their roles, and their Debian packages.
    fn offer(&mut self, exports: &Exports) {
        for (name, exported) in &exports.sources {
            self.graph.nodes.entry(name.clone()).or_default();
            self.offered.insert(name.clone(), exported.role);
        }
        let packages = exports.packages();
        self.made_by
            .extend(packages.map(|(package, source)| (package.to_owned(), source.to_owned())));
    }

    fn edge(&mut self, from: &str, to: &str, reason: Reason, example: impl FnOnce() -> String) {
        if from == to {
            return;
        }
        let entry = self.edges.entry((from.to_owned(), to.to_owned(), reason));
        entry.or_insert_with(|| (0, example())).0 += 1;
    }

    /// Adds the needs of the code on the host.
    fn code(&mut self, input: &Input) {
        // A command for another node also runs here if the ssh command before it is empty.
        let acts = |one: &&Decided| matches!(one.context, Context::Host | Context::Remote);
        for one in input.decided.iter().filter(acts) {
            let kind = one.occurrence.kind;
            if let Decision::Sibling { source, .. }
            | Decision::Command {
                source: Some(source),
                ..
            } = &one.decision
                && !self.graph.nodes.contains_key(source)
            {
                let node = self.graph.nodes.entry(input.source.to_owned()).or_default();
                let place = Place {
                    path: one.path.clone(),
                    line: one.occurrence.line,
                };
                node.outside
                    .entry(source.clone())
                    .or_default()
                    .insert(place);
                continue;
            }
            let example = || {
                format!(
                    "{}:{}: {}",
                    one.path, one.occurrence.line, one.occurrence.text
                )
            };
            match &one.decision {
                Decision::Sibling { source, .. } => {
                    let reason = if kind == Kind::Module {
                        Reason::Module
                    } else {
                        Reason::Path
                    };
                    self.edge(input.source, source, reason, example);
                }
                Decision::Command {
                    source: Some(source),
                    ..
                } => {
                    self.edge(input.source, source, Reason::Command, example);
                }
                Decision::Command {
                    attr: Some(attr),
                    program,
                    ..
                } => {
                    let node = self.graph.nodes.entry(input.source.to_owned()).or_default();
                    node.commands
                        .entry(attr.clone())
                        .or_default()
                        .insert(program.clone());
                }
                Decision::Package { attr, .. } if kind == Kind::Module => {
                    let node = self.graph.nodes.entry(input.source.to_owned()).or_default();
                    node.modules.insert(attr.clone());
                }
                _ => {}
            }
        }
    }

    /// Adds programs that the code runs by rule, out of the scanners' sight.
    fn closures(&mut self, source: &str) {
        let rules = self.rules;
        for closure in rules.closures.iter().filter(|one| one.source == source) {
            self.used.insert(RuleId::new(Table::Closure, &closure.name));
            for program in &closure.programs {
                self.used.insert(RuleId::new(Table::Command, program));
                match rules.programs.get(program) {
                    Some(Provider::Package { attr, .. }) => {
                        let node = self.graph.nodes.entry(source.to_owned()).or_default();
                        let programs = node.commands.entry(attr.clone()).or_default();
                        programs.insert(program.clone());
                    }
                    Some(Provider::Source { source: maker, .. }) => {
                        let example = || RuleId::new(Table::Closure, &closure.name).to_string();
                        self.edge(source, maker, Reason::Command, example);
                    }
                    _ => {}
                }
            }
        }
    }

    /// Adds the dependencies in `debian/control`.
    fn packaging(&mut self, source: &str, control: &Control) {
        let build = control
            .source
            .all_build_depends()
            .map(|relation| (relation, Reason::BuildDepends));
        let runtime = control
            .binaries
            .iter()
            .flat_map(|binary| binary.pre_depends.iter().chain(&binary.depends));
        let relations: Vec<_> = build
            .chain(runtime.map(|relation| (relation, Reason::Depends)))
            .collect();
        for (relation, reason) in relations {
            let Some(first) = relation
                .alternatives
                .first()
                .filter(|first| !first.is_substvar())
            else {
                continue;
            };
            let maker = relation.alternatives.iter().find_map(|one| {
                self.made_by
                    .get(&one.name)
                    .map(|maker| (one.name.clone(), maker.clone()))
            });
            if let Some((package, maker)) = maker {
                self.edge(source, &maker, reason, || {
                    format!("{}:{}: {package}", control.path, relation.line)
                });
            }
            let mut known = false;
            for alternative in &relation.alternatives {
                let Some((package, rule)) = self.rules.debian_package(&alternative.name) else {
                    continue;
                };
                known = true;
                let package = package.clone();
                self.used.insert(rule);
                if self.made_by.contains_key(&alternative.name) {
                    continue;
                }
                let place = Place {
                    path: control.path.clone(),
                    line: relation.line,
                };
                self.package(source, (&alternative.name, place), &package, reason);
            }
            if !known
                && !relation
                    .alternatives
                    .iter()
                    .any(|one| self.made_by.contains_key(&one.name))
            {
                let unmapped = Unmapped {
                    package: first.name.clone(),
                    source: source.to_owned(),
                    path: control.path.clone(),
                    line: relation.line,
                };
                self.unmapped.insert(unmapped);
            }
        }
    }

    fn package(
        &mut self,
        source: &str,
        (package_name, place): (&str, Place),
        package: &DebianPackage,
        reason: Reason,
    ) {
        let node = self.graph.nodes.entry(source.to_owned()).or_default();
        match package {
            DebianPackage::Attr(attr) if reason == Reason::BuildDepends => {
                node.build.insert(attr.clone());
            }
            DebianPackage::Perl(attr) if reason == Reason::BuildDepends => {
                node.build.insert(format!("perlPackages.{attr}"));
            }
            DebianPackage::Missing { name, .. } if reason == Reason::Depends => {
                let name = name.as_deref().unwrap_or(package_name);
                let pinned = self.graph.nodes.contains_key(name);
                let node = self.graph.nodes.entry(source.to_owned()).or_default();
                // A place in code is already listed.
                if !pinned && !node.outside.contains_key(name) {
                    let places = BTreeSet::from([place]);
                    node.outside.insert(name.to_owned(), places);
                }
            }
            _ => {}
        }
    }

    fn finish(mut self) -> (Graph, Vec<Unmapped>, Vec<RuleId>) {
        let edges = std::mem::take(&mut self.edges);
        self.graph.edges = edges
            .into_iter()
            .map(|((from, to, reason), (count, example))| Edge {
                from,
                to,
                reason,
                count,
                example,
            })
            .collect();
        self.requires();
        self.knots();
        self.roles();
        (
            self.graph,
            self.unmapped.into_iter().collect(),
            self.used.into_iter().collect(),
        )
    }

    fn requires(&mut self) {
        for edge in &self.graph.edges {
            if edge.reason != Reason::BuildDepends && self.graph.nodes.contains_key(&edge.to) {
                let node = self.graph.nodes.entry(edge.from.clone()).or_default();
                node.requires.insert(edge.to.clone());
            }
        }
    }

    fn knots(&mut self) {
        let mut uses: DiGraphMap<&str, ()> = DiGraphMap::new();
        for edge in self
            .graph
            .edges
            .iter()
            .filter(|edge| edge.reason == Reason::Module)
        {
            uses.add_edge(&edge.from, &edge.to, ());
        }
        let mut knots: Vec<Vec<String>> = tarjan_scc(&uses)
            .into_iter()
            .filter(|circle| circle.len() > 1)
            .map(|circle| {
                let mut circle: Vec<String> = circle.into_iter().map(str::to_owned).collect();
                circle.sort();
                circle
            })
            .collect();
        knots.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        self.graph.knots = knots;
    }

    /// Assigns the roles. Objects are the sources in knots, the sources whose modules these use or
    /// that use theirs (they share one `@INC`), and every source that names a file of an object,
    /// because only a link can close that reference. Sources that cargo builds are not objects.
    fn roles(&mut self) {
        if !self.offered.is_empty() {
            for (name, node) in &mut self.graph.nodes {
                node.role = Some(self.offered.get(name).copied().unwrap_or(Role::Object));
            }
            return;
        }
        let crates = std::mem::take(&mut self.crates);
        let mut objects: BTreeSet<String> = self.graph.knots.iter().flatten().cloned().collect();
        objects.retain(|name| !crates.contains(name));
        loop {
            let more: Vec<String> = self
                .graph
                .edges
                .iter()
                .filter_map(|edge| match edge.reason {
                    Reason::Module if objects.contains(&edge.from) => Some(edge.to.clone()),
                    Reason::Module | Reason::Path if objects.contains(&edge.to) => {
                        Some(edge.from.clone())
                    }
                    _ => None,
                })
                .filter(|name| !objects.contains(name) && !crates.contains(name))
                .filter(|name| self.graph.nodes.contains_key(name))
                .collect();
            if more.is_empty() {
                break;
            }
            objects.extend(more);
        }
        for (name, node) in &mut self.graph.nodes {
            node.role = Some(if crates.contains(name) {
                Role::Crate
            } else if objects.contains(name) {
                Role::Object
            } else {
                Role::Package
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use scan::{Form, Language, Occurrence, Site};

    use super::*;

    /// Makes host code that uses `target` of another source, as a module or by its path.
    fn uses(kind: Kind, source: &str) -> Decided {
        let decision = Decision::Sibling {
            source: source.to_owned(),
            target: "bin/x".to_owned(),
        };
        Decided {
            path: "a.pm".to_owned(),
            language: Language::Perl,
            occurrence: Occurrence {
                kind,
                text: "x".to_owned(),
                offset: 0,
                length: 1,
                line: 1,
                column: 1,
                form: Form::Literal,
                site: Site::default(),
            },
            context: Context::Host,
            context_rule: None,
            decision,
            rule: None,
            etc: None,
        }
    }

    #[test]
    fn what_names_a_file_of_an_object_is_an_object() {
        let module = |source| [uses(Kind::Module, source)];
        let path = [uses(Kind::AbsolutePath, "bee")];
        let (ant, bee, queen) = (module("bee"), module("ant"), module("bee"));
        let of = |source, decided| Input {
            source,
            decided,
            controls: Vec::new(),
            by_cargo: false,
        };
        let mut inputs = vec![
            of("ant", &ant[..]),
            of("bee", &bee[..]),
            of("queen", &queen[..]),
            of("visitor", &path[..]),
            of("stranger", &[]),
        ];
        inputs.push(Input {
            by_cargo: true,
            ..of("rust", &path[..])
        });
        let (graph, ..) = Graph::new(&inputs, &Rules::default());
        let roles: Vec<(String, Role)> = graph.roles().into_iter().collect();
        let wanted = [
            ("ant", Role::Object),
            ("bee", Role::Object),
            ("queen", Role::Object),
            ("rust", Role::Crate),
            ("stranger", Role::Package),
            ("visitor", Role::Object),
        ];
        let wanted = wanted.map(|(name, role)| (name.to_owned(), role));
        assert_eq!(roles, wanted);
        assert_eq!(graph.knots, [["ant", "bee"]]);
    }
}
