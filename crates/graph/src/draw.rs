//! Draws the graph as Graphviz DOT, Mermaid or SVG: sources, objects, a link, and the reason for
//! each edge.

mod svg;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::Role;
use super::{Edge, Graph, Reason};
use release::is_own_pin;

/// The name of the link of everything.
pub const EVERYTHING: &str = "pve";

/// A link and the sources that it contains.
pub struct Drawing<'a> {
    link: &'a str,
    knots: Vec<Vec<&'a str>>,
    nodes: Vec<Node<'a>>,
    arrows: Vec<Arrow>,
    /// Whether only the arrows of some sources are drawn.
    is_narrow: bool,
}

struct Node<'a> {
    name: &'a str,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Compiled alone, and linked.
    Object,
    /// An ordinary package.
    Package,
    /// Crates, which programs are compiled from.
    Crate,
    /// Objects laid into one output.
    Link,
}

/// One arrow for each pair of nodes.
struct Arrow {
    from: String,
    to: String,
    /// The reasons, in a few words.
    label: String,
    /// The first place of each reason.
    details: String,
    dashed: bool,
}

impl<'a> Drawing<'a> {
    /// Makes a link with the sources that it contains. The link of everything has all sources,
    /// packages and crates. Returns `None` if no object has the name.
    pub fn of(graph: &'a Graph, link: &'a str) -> Option<Self> {
        let objects = graph
            .nodes
            .iter()
            .filter(|(_, node)| node.role == Some(Role::Object));
        let objects: BTreeSet<&str> = objects.map(|(name, _)| name.as_str()).collect();
        let (roots, held): (Vec<&str>, BTreeSet<&str>) = if link == EVERYTHING {
            (objects.iter().copied().collect(), drawn(graph).collect())
        } else {
            let root = *objects.get(link)?;
            (vec![root], graph.closure([root]))
        };
        let mut nodes = vec![Node {
            name: link,
            kind: Kind::Link,
        }];
        nodes.extend(held.iter().map(|name| Node {
            name,
            kind: match graph.nodes.get(*name).and_then(|node| node.role) {
                Some(Role::Object) => Kind::Object,
                Some(Role::Crate) => Kind::Crate,
                Some(Role::Package) | None => Kind::Package,
            },
        }));
        let knots = graph.knots.iter().map(|knot| {
            let knot = knot.iter().map(String::as_str);
            knot.filter(|name| held.contains(name)).collect()
        });
        let mut arrows: Vec<Arrow> = roots.iter().map(|root| Arrow::root(link, root)).collect();
        let within =
            |edge: &&Edge| held.contains(edge.from.as_str()) && held.contains(edge.to.as_str());
        arrows.extend(
            pairs(graph.edges.iter().filter(within))
                .iter()
                .map(|edges| Arrow::of(edges)),
        );
        Some(Self {
            link,
            knots: knots.filter(|knot: &Vec<&str>| !knot.is_empty()).collect(),
            nodes,
            arrows,
            is_narrow: false,
        })
    }

    /// Reduces the drawing to the arrows that begin or end at one of the sources, and the nodes at
    /// their ends.
    #[must_use]
    pub fn only(mut self, sources: &[String]) -> Self {
        if sources.is_empty() {
            return self;
        }
        let named = |name: &str| sources.iter().any(|source| source == name);
        self.arrows
            .retain(|arrow| named(&arrow.from) || named(&arrow.to));
        let (link, arrows) = (self.link, &self.arrows);
        let joined = |kind, name: &str| {
            let name = id(kind, name);
            named(&name) || arrows.iter().any(|one| one.from == name || one.to == name)
        };
        self.nodes
            .retain(|node| node.name == link || joined(node.kind, node.name));
        for knot in &mut self.knots {
            knot.retain(|name| joined(Kind::Object, name));
        }
        self.knots.retain(|knot| !knot.is_empty());
        self.is_narrow = true;
        self
    }

    /// Returns the drawn sources.
    pub fn sources(&self) -> impl Iterator<Item = &'a str> {
        let nodes = self.nodes.iter();
        nodes
            .filter(|node| node.kind != Kind::Link)
            .map(|node| node.name)
    }
}

/// Returns every source. A source at a program's own pin is included if an edge begins or ends
/// there.
fn drawn(graph: &Graph) -> impl Iterator<Item = &str> {
    let joined = |name: &str| {
        graph
            .edges
            .iter()
            .any(|edge| edge.from == name || edge.to == name)
    };
    let names = graph.nodes.keys().map(String::as_str);
    names.filter(move |name| !is_own_pin(name) || joined(name))
}

/// Groups the edges by the pair that they connect.
fn pairs<'g>(edges: impl Iterator<Item = &'g Edge>) -> Vec<Vec<&'g Edge>> {
    let mut pairs: BTreeMap<(&str, &str), Vec<&Edge>> = BTreeMap::new();
    for edge in edges {
        pairs.entry((&edge.from, &edge.to)).or_default().push(edge);
    }
    pairs.into_values().collect()
}

impl Arrow {
    fn of(edges: &[&Edge]) -> Self {
        let label = edges
            .iter()
            .map(|edge| format!("{} ({})", reason(edge.reason), edge.count));
        let details = edges
            .iter()
            .map(|edge| format!("{}: {}", reason(edge.reason), edge.example));
        Self {
            from: edges[0].from.clone(),
            to: edges[0].to.clone(),
            label: label.collect::<Vec<_>>().join(", "),
            details: details.collect::<Vec<_>>().join("\n"),
            dashed: edges.iter().all(|edge| edge.reason == Reason::BuildDepends),
        }
    }

    /// Makes the arrow from a link to its root object.
    fn root(link: &str, object: &str) -> Self {
        Self {
            from: id(Kind::Link, link),
            to: object.to_owned(),
            label: "root".to_owned(),
            details: format!("the link {link} is made for {object} and contains what that needs"),
            dashed: false,
        }
    }
}

fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Module => "uses",
        Reason::Path => "names files of",
        Reason::Command => "runs",
        Reason::Depends => "depends on",
        Reason::BuildDepends => "builds with",
    }
}

/// Returns a node's identifier. A link has its object's name.
fn id(kind: Kind, name: &str) -> String {
    match kind {
        Kind::Link => format!("link {name}"),
        Kind::Object | Kind::Package | Kind::Crate => name.to_owned(),
    }
}

/// Escapes a string for DOT's double quotes.
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

impl Drawing<'_> {
    /// Draws a picture without Graphviz, so that nothing has to be installed: a band for each role,
    /// with arrows that appear when one points at a name. An arrow's title is its reason.
    pub fn svg(&self, title: &str) -> String {
        svg::picture(self, title)
    }

    /// Writes Graphviz DOT: objects as boxes with a cluster for each knot, packages as ellipses,
    /// the link as a folder, and each edge with its reason.
    pub fn dot(&self, title: &str) -> String {
        let mut text = format!(
            "digraph \"{}\" {{\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n",
            quoted(title)
        );
        for (index, knot) in self.knots.iter().enumerate() {
            let _ = writeln!(
                text,
                "  subgraph cluster_{index} {{\n    label=\"knot of {}\";",
                knot.len()
            );
            for name in knot {
                let _ = writeln!(text, "    \"{}\";", quoted(name));
            }
            text.push_str("  }\n");
        }
        for node in &self.nodes {
            let shape = match node.kind {
                Kind::Object => "box",
                Kind::Package | Kind::Crate => "ellipse",
                Kind::Link => "folder",
            };
            let _ = writeln!(
                text,
                "  \"{}\" [shape={shape}];",
                quoted(&id(node.kind, node.name))
            );
        }
        for arrow in &self.arrows {
            let style = if arrow.dashed { ", style=dashed" } else { "" };
            let (from, to) = (quoted(&arrow.from), quoted(&arrow.to));
            let (label, details) = (quoted(&arrow.label), quoted(&arrow.details));
            let _ = writeln!(
                text,
                "  \"{from}\" -> \"{to}\" [label=\"{label}\", tooltip=\"{details}\"{style}];"
            );
        }
        text.push_str("}\n");
        text
    }

    /// Writes Mermaid, for Markdown.
    pub fn mermaid(&self) -> String {
        let safe = |name: &str| name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
        let mut text = format!(
            "---\ntitle: contents of the link {}\n---\nflowchart LR\n",
            self.link
        );
        for (index, knot) in self.knots.iter().enumerate() {
            let _ = writeln!(text, "  subgraph knot{index}[\"knot of {}\"]", knot.len());
            for name in knot {
                let _ = writeln!(text, "    {}[\"{name}\"]", safe(name));
            }
            text.push_str("  end\n");
        }
        for node in &self.nodes {
            let (open, close) = match node.kind {
                Kind::Object => ("[", "]"),
                Kind::Package | Kind::Crate => ("([", "])"),
                Kind::Link => ("[[", "]]"),
            };
            let id = id(node.kind, node.name);
            let _ = writeln!(text, "  {}{open}\"{id}\"{close}", safe(&id));
        }
        for arrow in &self.arrows {
            let line = if arrow.dashed { "-.->" } else { "-->" };
            let (from, to) = (safe(&arrow.from), safe(&arrow.to));
            let _ = writeln!(text, "  {from} {line}|\"{}\"| {to}", arrow.label);
        }
        text
    }
}
