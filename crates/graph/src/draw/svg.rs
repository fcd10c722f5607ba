//! Draws the graph on one page, with a band for each role and a name's arrows on demand.
//!
//! Some four hundred arrows at once are a tangle. So each name has its own, and shows them while a
//! pointer, a finger or the keyboard is on it; if there are few, they are always visible. It is
//! plain SVG with a style sheet, without scripts and external files.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Arrow, Drawing, Kind, id};

/// The page's width in pixels: a column of text, so that letters stay legible at this size or
/// smaller.
const WIDTH: f64 = 760.0;
const MARGIN: f64 = 16.0;
/// The height of a name's box.
const HEIGHT: f64 = 28.0;
const GAP: f64 = 14.0;
/// The average width of a 14-pixel letter.
const LETTER: f64 = 8.5;
/// The number of arrows up to which all are always visible.
const FEW: usize = 30;

const STYLE: &str = "\
svg { max-width: 100%; height: auto; background: #fff; color: #1b1f24; font: 14px sans-serif; }
text { fill: currentColor; } .small { font-size: 12px; opacity: .75; } .band { font-weight: bold; }
.knot { fill: none; stroke: #8a94a3; stroke-dasharray: 4 4; }
.box { stroke: #8a94a3; } .node { outline: none; cursor: pointer; }
.link .box { fill: #ffe9a8; } .object .box { fill: #dfe9f7; } .package .box { fill: #eef0f2; } .crate .box { fill: #e5f2e6; }
.needs, .needed { display: none; fill: none; stroke-width: 1.6; }
.needs { stroke: #0b5cad; } .needed { stroke: #b35900; } .builds { stroke-dasharray: 5 4; }
.near { display: none; fill: none; stroke: #0b5cad; stroke-width: 2.5; } .near.by { stroke: #b35900; }
.node:hover .needs, .node:focus .needs, .node:hover .needed, .node:focus .needed { display: inline; }
.node:hover .near, .node:focus .near { display: inline; }
.node:hover .box, .node:focus .box { stroke-width: 3; }
.shown .needs { display: inline; stroke: #6b7785; } .shown .node:hover .needs, .shown .node:focus .needs { stroke: #0b5cad; stroke-width: 2.5; }
@media (prefers-color-scheme: dark) {
svg { background: #14171a; color: #e6e9ec; }
.link .box { fill: #5c4a12; } .object .box { fill: #1f3a5c; } .package .box { fill: #2b3036; } .crate .box { fill: #21422a; }
.needs { stroke: #6cb2ff; } .needed { stroke: #ffb066; } .near { stroke: #6cb2ff; } .near.by { stroke: #ffb066; }
.shown .needs { stroke: #98a4b1; } .shown .node:hover .needs, .shown .node:focus .needs { stroke: #6cb2ff; }
}
";

/// The position of a name's box.
#[derive(Clone, Copy)]
struct Box {
    x: f64,
    y: f64,
    width: f64,
}

impl Box {
    fn middle(self) -> f64 {
        self.x + self.width / 2.0
    }
}

/// The layout so far.
#[derive(Default)]
struct Page {
    boxes: BTreeMap<String, Box>,
    /// The parts behind the names: headings, the frames of knots.
    behind: String,
    bottom: f64,
    /// The distance between two rows, larger if arrows are visible.
    gap: f64,
}

impl Page {
    fn text(&mut self, class: &str, indent: f64, text: &str) {
        let (x, y) = (MARGIN + indent, self.bottom + 16.0);
        let text = escaped(text);
        let _ = writeln!(
            self.behind,
            "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{text}</text>"
        );
        self.bottom += 24.0;
    }

    /// Puts names side by side, in as many rows as necessary.
    fn row<'n>(&mut self, names: impl IntoIterator<Item = &'n str>) {
        let (mut x, mut y) = (MARGIN + GAP, self.bottom);
        let mut any = false;
        for name in names {
            #[expect(clippy::cast_precision_loss, reason = "no name is that long")]
            let width = name.chars().count() as f64 * LETTER + 20.0;
            if any && x + width > WIDTH - MARGIN - GAP {
                x = MARGIN + GAP;
                y += HEIGHT + self.gap;
            }
            self.boxes.insert(name.to_owned(), Box { x, y, width });
            x += width + GAP;
            any = true;
        }
        if any {
            self.bottom = y + HEIGHT + self.gap;
        }
    }

    /// Puts names in a frame.
    fn framed<'n>(&mut self, title: &str, names: impl IntoIterator<Item = &'n str>) {
        let top = self.bottom;
        self.text("small", 8.0, title);
        self.row(names);
        let (width, height) = (WIDTH - 2.0 * MARGIN, self.bottom - top);
        let _ = writeln!(
            self.behind,
            "<rect class=\"knot\" x=\"{MARGIN}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" rx=\"8\"/>"
        );
        self.bottom += GAP;
    }
}

/// Draws the whole picture.
pub(super) fn picture(drawing: &Drawing, title: &str) -> String {
    let few = drawing.arrows.len() <= FEW || drawing.is_narrow;
    let page = lay_out(drawing, title, if few { 2.0 * GAP } else { GAP });
    let shown = if few { " class=\"shown\"" } else { "" };
    let height = page.bottom + MARGIN;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n\
         <defs><marker id=\"head\" markerWidth=\"9\" markerHeight=\"8\" refX=\"8\" refY=\"4\" orient=\"auto\" markerUnits=\"userSpaceOnUse\">\
         <path d=\"M0 0 L9 4 L0 8 z\" fill=\"context-stroke\" stroke=\"none\"/></marker></defs>\n{}<g{shown}>\n",
        escaped(title),
        page.behind
    );
    for node in &drawing.nodes {
        let name = id(node.kind, node.name);
        if let Some(place) = page.boxes.get(&name) {
            one(&mut text, drawing, &page, &name, node.kind, *place);
        }
    }
    text.push_str("</g>\n</svg>\n");
    text
}

fn lay_out(drawing: &Drawing, title: &str, gap: f64) -> Page {
    let mut page = Page {
        bottom: MARGIN,
        gap,
        ..Page::default()
    };
    page.text(
        "band",
        0.0,
        &format!("{title}: contents of the link {}", drawing.link),
    );
    page.text(
        "small",
        0.0,
        "Point at a name, or tap it: what it needs in blue, what needs it in orange. A line's title says why.",
    );
    let link = id(Kind::Link, drawing.link);
    page.row([link.as_str()]);
    let of = |kind: Kind| {
        let nodes = drawing.nodes.iter();
        nodes
            .filter(move |node| node.kind == kind)
            .map(|node| node.name)
    };
    for (kind, heading) in [
        (Kind::Object, "objects: compiled alone, and linked"),
        (Kind::Package, "packages"),
        (Kind::Crate, "crates: compiled into programs"),
    ] {
        if of(kind).next().is_none() {
            continue;
        }
        page.text("band", 0.0, heading);
        let tied = |name: &str| drawing.knots.iter().any(|knot| knot.contains(&name));
        if kind == Kind::Object {
            for knot in &drawing.knots {
                let heading = format!("{} of a knot: circles tie them to one another", knot.len());
                page.framed(&heading, knot.iter().copied());
            }
        }
        page.row(of(kind).filter(|name| kind != Kind::Object || !tied(name)));
    }
    page
}

/// Draws a name with its arrows.
fn one(text: &mut String, drawing: &Drawing, page: &Page, name: &str, kind: Kind, place: Box) {
    let class = match kind {
        Kind::Link => "link",
        Kind::Object => "object",
        Kind::Package => "package",
        Kind::Crate => "crate",
    };
    let shown = escaped(name);
    let Box { x, y, width } = place;
    let (middle, base) = (place.middle(), y + 19.0);
    let _ = writeln!(
        text,
        "<g class=\"node {class}\" tabindex=\"0\"><rect class=\"box\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{HEIGHT}\" rx=\"6\"/>\
         <text x=\"{middle}\" y=\"{base}\" text-anchor=\"middle\">{shown}</text>"
    );
    for arrow in &drawing.arrows {
        let (other, class) = match (arrow.from == name, arrow.to == name) {
            (true, _) => (&arrow.to, "needs"),
            (_, true) => (&arrow.from, "needed"),
            _ => continue,
        };
        let Some(far) = page.boxes.get(other) else {
            continue;
        };
        let (from, to) = if class == "needs" {
            (place, *far)
        } else {
            (*far, place)
        };
        line(text, arrow, class, from, to);
        let by = if class == "needed" { " by" } else { "" };
        let Box { x, y, width } = *far;
        let _ = writeln!(
            text,
            "<rect class=\"near{by}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{HEIGHT}\" rx=\"6\"/>"
        );
    }
    text.push_str("</g>\n");
}

/// Draws an arrow from the edge of one box to that of another.
fn line(text: &mut String, arrow: &Arrow, class: &str, from: Box, to: Box) {
    let dashed = if arrow.dashed { " builds" } else { "" };
    let (start, end) = (from.middle(), to.middle());
    // Down to a box below, up to a box above, over the top to a box beside.
    let (leaves, enters) = if to.y > from.y {
        (from.y + HEIGHT, to.y)
    } else if to.y < from.y {
        (from.y, to.y + HEIGHT)
    } else {
        (from.y, to.y)
    };
    let rise = enters - leaves;
    let is_beside = rise.abs() < f64::EPSILON;
    let bend = if is_beside { -30.0 } else { rise / 2.0 };
    let last = if is_beside {
        enters + bend
    } else {
        enters - bend
    };
    let first = leaves + bend;
    let _ = writeln!(
        text,
        "<path class=\"{class}{dashed}\" marker-end=\"url(#head)\" d=\"M{start} {leaves} C{start} {first} {end} {last} {end} {enters}\">\
         <title>{}</title></path>",
        escaped(&format!(
            "{} → {}: {}\n{}",
            arrow.from, arrow.to, arrow.label, arrow.details
        ))
    );
}

/// Escapes a string for text between XML tags.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::super::Node;
    use super::*;

    fn arrow(from: &str, to: &str) -> Arrow {
        Arrow {
            from: from.into(),
            to: to.into(),
            label: "uses (2)".into(),
            details: "uses: a.pm:1: <Wax>".into(),
            dashed: false,
        }
    }

    fn drawing(arrows: usize) -> String {
        let names: Vec<String> = (0..40).map(|number| format!("hive-{number}")).collect();
        let mut nodes = vec![Node {
            name: "pve",
            kind: Kind::Link,
        }];
        let kinds = [Kind::Object, Kind::Package, Kind::Crate];
        nodes.extend(
            names
                .iter()
                .zip(kinds.into_iter().cycle())
                .map(|(name, kind)| Node { name, kind }),
        );
        let ends = names.iter().zip(names.iter().skip(1));
        let drawing = Drawing {
            link: "pve",
            knots: vec![vec!["hive-0", "hive-3"]],
            nodes,
            arrows: ends.take(arrows).map(|(a, b)| arrow(a, b)).collect(),
            is_narrow: false,
        };
        picture(&drawing, "hive-2")
    }

    /// Returns the numbers of an attribute.
    fn numbers<'t>(text: &'t str, name: &'t str) -> impl Iterator<Item = f64> + 't {
        let pattern = format!(" {name}=\"");
        text.match_indices(&pattern.clone())
            .filter_map(move |(at, _)| text[at + pattern.len()..].split('"').next()?.parse().ok())
            .collect::<Vec<f64>>()
            .into_iter()
    }

    #[test]
    fn nothing_stands_beside_the_page_and_no_two_names_on_one_place() {
        let text = drawing(39);
        let rects: Vec<&str> = text
            .lines()
            .filter(|line| line.contains("class=\"node"))
            .collect();
        assert_eq!(rects.len(), 41);
        let mut places = Vec::new();
        for rect in rects {
            let one = |name| numbers(rect, name).next().unwrap();
            let (x, y, width) = (one("x"), one("y"), one("width"));
            assert!(x >= MARGIN && x + width <= WIDTH - MARGIN, "{rect}");
            for (other, top, wide) in &places {
                let apart: bool = y >= top + HEIGHT
                    || top >= &(y + HEIGHT)
                    || x >= other + wide
                    || other >= &(x + width);
                assert!(apart, "{rect}");
            }
            places.push((x, y, width));
        }
    }

    #[test]
    fn few_arrows_are_shown_and_many_wait_for_a_pointer() {
        assert!(drawing(10).contains("<g class=\"shown\">"));
        assert!(!drawing(39).contains("<g class=\"shown\">"));
    }

    #[test]
    fn an_arrow_says_why_at_both_of_its_ends_and_markup_is_none() {
        let text = drawing(1);
        let title = "<title>hive-0 → hive-1: uses (2)\nuses: a.pm:1: &lt;Wax&gt;</title>";
        assert_eq!(text.matches(title).count(), 2, "{text}");
        assert!(text.contains("prefers-color-scheme: dark"));
    }
}
