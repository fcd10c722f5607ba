//! The graph as Graphviz DOT, Mermaid or SVG.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use layout::backends::svg::SVGWriter;
use layout::gv::{DotParser, GraphBuilder};

use super::{Edge, Graph, Reason};
use crate::emit::rewrite::Role;

/// One arrow for each pair: its reasons in words.
fn arrows(graph: &Graph) -> BTreeMap<(&str, &str), Vec<&Edge>> {
    let mut arrows: BTreeMap<(&str, &str), Vec<&Edge>> = BTreeMap::new();
    for edge in &graph.edges {
        arrows.entry((&edge.from, &edge.to)).or_default().push(edge);
    }
    arrows
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

fn label(edges: &[&Edge]) -> String {
    let words: Vec<String> = edges
        .iter()
        .map(|edge| format!("{} ({})", reason(edge.reason), edge.count))
        .collect();
    words.join(", ")
}

fn details(edges: &[&Edge]) -> String {
    let lines: Vec<String> = edges
        .iter()
        .map(|edge| format!("{}: {}", reason(edge.reason), edge.example))
        .collect();
    lines.join("\n")
}

/// A string as DOT takes it within double quotes.
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

/// A picture of the same: laid out without Graphviz, so that nothing has to be installed. Each pair has one
/// arrow without its label, which `dot` and `mermaid` tell.
pub fn svg(graph: &Graph, title: &str) -> String {
    let mut plain = format!("digraph \"{}\" {{\n", quoted(title));
    for (name, node) in &graph.nodes {
        let shape = if node.role == Some(Role::Object) {
            "box"
        } else {
            "ellipse"
        };
        let _ = writeln!(
            plain,
            "  \"{0}\" [shape={shape}, label=\"{0}\"];",
            quoted(name)
        );
    }
    for (from, to) in arrows(graph).keys() {
        let _ = writeln!(plain, "  \"{}\" -> \"{}\";", quoted(from), quoted(to));
    }
    plain.push_str("}\n");
    let Ok(parsed) = DotParser::new(&plain).process() else {
        return String::new();
    };
    let mut builder = GraphBuilder::new();
    builder.visit_graph(&parsed);
    let mut visual = builder.get();
    let mut writer = SVGWriter::new();
    visual.do_it(false, false, false, &mut writer);
    writer.finalize()
}

/// Graphviz DOT: objects as boxes in one cluster a knot, packages as ellipses, each edge with why it is there.
pub fn dot(graph: &Graph, title: &str) -> String {
    let mut text = format!(
        "digraph \"{}\" {{\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n",
        quoted(title)
    );
    for (index, knot) in graph.knots.iter().enumerate() {
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
    for (name, node) in &graph.nodes {
        let shape = if node.role == Some(Role::Object) {
            "box"
        } else {
            "ellipse"
        };
        let _ = writeln!(text, "  \"{}\" [shape={shape}];", quoted(name));
    }
    for ((from, to), edges) in arrows(graph) {
        let style = if edges.iter().all(|edge| edge.reason == Reason::BuildDepends) {
            ", style=dashed"
        } else {
            ""
        };
        let (from, to) = (quoted(from), quoted(to));
        let _ = writeln!(
            text,
            "  \"{from}\" -> \"{to}\" [label=\"{}\", tooltip=\"{}\"{style}];",
            quoted(&label(&edges)),
            quoted(&details(&edges))
        );
    }
    text.push_str("}\n");
    text
}

/// Mermaid: the same, for Markdown.
pub fn mermaid(graph: &Graph) -> String {
    let id = |name: &str| name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
    let mut text = String::from("flowchart LR\n");
    for (index, knot) in graph.knots.iter().enumerate() {
        let _ = writeln!(text, "  subgraph knot{index}[\"knot of {}\"]", knot.len());
        for name in knot {
            let _ = writeln!(text, "    {}[\"{name}\"]", id(name));
        }
        text.push_str("  end\n");
    }
    for (name, node) in &graph.nodes {
        let (open, close) = if node.role == Some(Role::Object) {
            ("[", "]")
        } else {
            ("([", "])")
        };
        let _ = writeln!(text, "  {}{open}\"{name}\"{close}", id(name));
    }
    for ((from, to), edges) in arrows(graph) {
        let arrow = if edges.iter().all(|edge| edge.reason == Reason::BuildDepends) {
            "-.->"
        } else {
            "-->"
        };
        let _ = writeln!(
            text,
            "  {} {arrow}|\"{}\"| {}",
            id(from),
            label(&edges),
            id(to)
        );
    }
    text
}
