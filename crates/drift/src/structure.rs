//! Compares the structure: objects, the circles that tie them, the contents of links.

use std::collections::{BTreeMap, BTreeSet};

use analyse::Analysis;
use graph::Role;
use graph::{Graph, Reason};

use super::{Level, LinkDrift, Presence, Structure, Tied};

/// The name of the link of everything.
const EVERYTHING: &str = graph::draw::EVERYTHING;

/// Returns the differences.
pub(super) fn structure(old: &Analysis, new: &Analysis) -> Structure {
    let (objects_before, objects_after) = (objects(&old.graph), objects(&new.graph));
    let (tied_before, tied_after) = (tied(&old.graph), tied(&new.graph));
    let entered = tied_after.difference(&tied_before);
    let mut structure = Structure {
        objects_entered: owned(objects_after.difference(&objects_before)),
        objects_left: owned(objects_before.difference(&objects_after)),
        knot_entered: entered
            .map(|source| by(source, &old.graph, &new.graph, &tied_after))
            .collect(),
        knot_left: owned(tied_before.difference(&tied_after)),
        links: links(old, new),
        level: Level::Clean,
    };
    let knotted = !structure.knot_entered.is_empty() || !structure.knot_left.is_empty();
    let objects = !structure.objects_entered.is_empty() || !structure.objects_left.is_empty();
    structure.level = if knotted || objects {
        Level::Review
    } else if structure.links.is_empty() {
        Level::Clean
    } else {
        Level::Moved
    };
    structure
}

fn owned<'a>(names: impl Iterator<Item = &'a &'a str>) -> Vec<String> {
    names.map(|name| (*name).to_owned()).collect()
}

fn objects(graph: &Graph) -> BTreeSet<&str> {
    let nodes = graph
        .nodes
        .iter()
        .filter(|(_, node)| node.role == Some(Role::Object));
    nodes.map(|(name, _)| name.as_str()).collect()
}

/// Returns the sources in any circle.
fn tied(graph: &Graph) -> BTreeSet<&str> {
    graph.knots.iter().flatten().map(String::as_str).collect()
}

/// Returns the new edges between a source and its circle.
fn by(source: &str, old: &Graph, new: &Graph, tied: &BTreeSet<&str>) -> Tied {
    let was = |from: &str, to: &str| {
        let mut edges = old.edges.iter();
        edges.any(|edge| edge.reason == Reason::Module && edge.from == from && edge.to == to)
    };
    let edges = new.edges.iter().filter(|edge| {
        edge.reason == Reason::Module
            && (edge.from == source || edge.to == source)
            && tied.contains(edge.from.as_str())
            && tied.contains(edge.to.as_str())
            && !was(&edge.from, &edge.to)
    });
    Tied {
        source: source.to_owned(),
        by: edges
            .map(|edge| format!("{} uses {} ({})", edge.from, edge.to, edge.example))
            .collect(),
    }
}

/// Returns the contents of each link, by name.
fn held(analysis: &Analysis) -> BTreeMap<&str, BTreeSet<&str>> {
    let objects = objects(&analysis.graph);
    let one = objects
        .iter()
        .map(|object| (*object, analysis.graph.closure([*object])));
    let mut held: BTreeMap<&str, BTreeSet<&str>> = one.collect();
    held.insert(EVERYTHING, analysis.graph.closure(objects.iter().copied()));
    held
}

fn links(old: &Analysis, new: &Analysis) -> Vec<LinkDrift> {
    let (before, after) = (held(old), held(new));
    let names: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
    let none = BTreeSet::new();
    let one = |link: &str| {
        let (was, is) = (before.get(link), after.get(link));
        let presence = match (was, is) {
            (None, _) => Presence::Came,
            (_, None) => Presence::Went,
            _ => Presence::Stayed,
        };
        let (was, is) = (was.unwrap_or(&none), is.unwrap_or(&none));
        LinkDrift {
            link: link.to_owned(),
            presence,
            gained: owned(is.difference(was)),
            lost: owned(was.difference(is)),
        }
    };
    let differs = |one: &LinkDrift| !one.gained.is_empty() || !one.lost.is_empty();
    names.into_iter().map(one).filter(differs).collect()
}
