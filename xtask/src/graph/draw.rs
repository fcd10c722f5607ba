//! The graph as Graphviz DOT, Mermaid or SVG: sources, objects, a link, and why each edge is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use layout::backends::svg::SVGWriter;
use layout::core::format::{ClipHandle, RenderBackend};
use layout::core::geometry::Point;
use layout::core::style::StyleAttr;
use layout::gv::{DotParser, GraphBuilder};

use super::{Edge, Graph, Reason};
use crate::emit::rewrite::Role;
use crate::release::is_own_pin;

/// The name of the link of everything.
pub const EVERYTHING: &str = "pve";

/// The size of letters, in pixels.
const LETTERS: usize = 14;

/// What is drawn: the sources that a link holds, and the link itself.
pub struct Drawing<'a> {
    link: &'a str,
    knots: Vec<Vec<&'a str>>,
    nodes: Vec<Node<'a>>,
    arrows: Vec<Arrow>,
}

struct Node<'a> {
    name: &'a str,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Compiled alone, and linked.
    Object,
    /// An ordinary package, or crates.
    Package,
    /// Objects laid into one output.
    Link,
}

/// One arrow for each pair of nodes.
struct Arrow {
    from: String,
    to: String,
    /// Why, in a few words.
    label: String,
    /// The first place of each reason.
    details: String,
    dashed: bool,
}

impl<'a> Drawing<'a> {
    /// A link with the sources that it holds; of the link of everything all sources, packages and crates too. `None`
    /// where no object has the name.
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
            kind: if objects.contains(name) {
                Kind::Object
            } else {
                Kind::Package
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
        })
    }
}

/// Every source; one at a program's own pin where an edge begins or ends at it.
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

/// The edges by the pair they join.
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

    /// From a link to an object that it is made for.
    fn root(link: &str, object: &str) -> Self {
        Self {
            from: id(Kind::Link, link),
            to: object.to_owned(),
            label: "root".to_owned(),
            details: format!("the link {link} is made for {object}, and holds what that needs"),
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

/// What a node is named by: a link has its object's name.
fn id(kind: Kind, name: &str) -> String {
    match kind {
        Kind::Link => format!("link {name}"),
        Kind::Object | Kind::Package => name.to_owned(),
    }
}

/// A string as DOT takes it within double quotes.
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

impl Drawing<'_> {
    /// A picture, laid out without Graphviz, so that nothing has to be installed: objects are boxes, packages ellipses, the
    /// link a filled box. Why an arrow is there is its title, which a browser shows under the pointer.
    pub fn svg(&self, title: &str) -> String {
        let mut plain = format!("digraph \"{}\" {{\n  rankdir=LR;\n", quoted(title));
        for node in &self.nodes {
            let look = match node.kind {
                Kind::Object => "shape=box, style=filled, fillcolor=\"#dfe9f7\"",
                Kind::Package => "shape=ellipse, style=filled, fillcolor=\"#f4f4f4\"",
                Kind::Link => "shape=box, style=filled, fillcolor=\"#ffe9a8\"",
            };
            let id = quoted(&id(node.kind, node.name));
            let _ = writeln!(plain, "  \"{id}\" [{look}, label=\"{id}\"];");
        }
        // The layout hands on the size of an arrow's letters as it is: by it the arrow is known. A label would get a place of
        // its own among the nodes.
        for (number, arrow) in self.arrows.iter().enumerate() {
            let (from, to) = (quoted(&arrow.from), quoted(&arrow.to));
            let style = if arrow.dashed { ", style=dashed" } else { "" };
            let _ = writeln!(
                plain,
                "  \"{from}\" -> \"{to}\" [fontsize={number}{style}];"
            );
        }
        plain.push_str("}\n");
        let Ok(parsed) = DotParser::new(&plain).process() else {
            return String::new();
        };
        let mut builder = GraphBuilder::new();
        builder.visit_graph(&parsed);
        let mut visual = builder.get();
        let mut writer = Titled {
            arrows: &self.arrows,
            inner: SVGWriter::new(),
        };
        visual.do_it(false, false, false, &mut writer);
        writer.inner.finalize()
    }

    /// Graphviz DOT: objects as boxes in one cluster a knot, packages as ellipses, the link as a folder, each edge with why it
    /// is there.
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
                Kind::Package => "ellipse",
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

    /// Mermaid: the same, for Markdown.
    pub fn mermaid(&self) -> String {
        let safe = |name: &str| name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
        let mut text = format!(
            "---\ntitle: what the link {} holds\n---\nflowchart LR\n",
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
                Kind::Package => ("([", "])"),
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

/// Draws arrows with a title in the place of a label.
struct Titled<'a> {
    arrows: &'a [Arrow],
    inner: SVGWriter,
}

impl RenderBackend for Titled<'_> {
    fn draw_rect(
        &mut self,
        xy: Point,
        size: Point,
        look: &StyleAttr,
        properties: Option<String>,
        clip: Option<ClipHandle>,
    ) {
        self.inner.draw_rect(xy, size, look, properties, clip);
    }

    fn draw_line(
        &mut self,
        start: Point,
        stop: Point,
        look: &StyleAttr,
        properties: Option<String>,
    ) {
        self.inner.draw_line(start, stop, look, properties);
    }

    fn draw_circle(
        &mut self,
        xy: Point,
        size: Point,
        look: &StyleAttr,
        properties: Option<String>,
    ) {
        self.inner.draw_circle(xy, size, look, properties);
    }

    fn draw_text(&mut self, xy: Point, text: &str, look: &StyleAttr) {
        self.inner.draw_text(xy, text, look);
    }

    fn draw_arrow(
        &mut self,
        path: &[(Point, Point)],
        dashed: bool,
        head: (bool, bool),
        look: &StyleAttr,
        _properties: Option<String>,
        text: &str,
    ) {
        let arrow = self.arrows.get(look.font_size);
        // The properties stand in the tag of the group that holds the arrow: `<g PROPERTIES>`.
        let title = arrow.map(|arrow| {
            let title = format!(
                "{} → {}: {}\n{}",
                arrow.from, arrow.to, arrow.label, arrow.details
            );
            format!("><title>{}</title", escaped(&title))
        });
        let mut look = look.clone();
        look.font_size = LETTERS;
        self.inner
            .draw_arrow(path, dashed, head, &look, title, text);
    }

    fn create_clip(&mut self, xy: Point, size: Point, rounded_px: usize) -> ClipHandle {
        self.inner.create_clip(xy, size, rounded_px)
    }
}

/// A string as XML takes it between tags.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
