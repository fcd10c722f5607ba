//! Writes a drift as one self-contained HTML file. It is readable without scripts and can be
//! filtered with them.

use std::collections::HashMap;
use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, context};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::item::{Item, Part, Said};
use super::{DriftReport, causes, code, figures, left_out, tally};
use crate::paint::{count, grouped, one_line};
use drift::{Level, SourceDrift};
use finding::{Finding, OPEN};
use problem::Code;
use section::Section;

mod commit;
mod finding;
mod section;

// The `.html` ending enables minijinja's HTML escaping.
const NAME: &str = "drift.html";
const TEMPLATE: &str = include_str!("drift.html");

/// The most items that need a person to show in full, and about the most bytes of them.
const FULL: (usize, usize) = (2_000, 1_700_000);
/// The most items that need nobody, one line each, and their bytes.
const BRIEF: (usize, usize) = (1_000, 350_000);
/// The most sources, and their bytes.
const SOURCES: (usize, usize) = (400, 500_000);
/// The most rules.
const IDLE: usize = 1_000;
/// The kinds of changes.
const CHANGES: [&str; 5] = ["added", "changed", "moved", "removed", "other"];
/// The most characters of one piece of upstream's text.
const LONGEST: usize = 400;

/// Writes the page.
pub(super) fn write(out: &mut dyn Write, report: &DriftReport) -> io::Result<()> {
    let mut environment = Environment::new();
    environment
        .add_template(NAME, TEMPLATE)
        .map_err(io::Error::other)?;
    let template = environment.get_template(NAME).map_err(io::Error::other)?;
    let page = template
        .render(context! {
            style => Value::from_safe_string(hash("<style>", "</style>")),
            script => Value::from_safe_string(hash("<script>", "</script>")),
            page => Value::from(Serde(Page::new(report))),
        })
        .map_err(io::Error::other)?;
    out.write_all(page.as_bytes())?;
    writeln!(out)
}

/// Returns the hash by which the page's policy allows its own style or script. It allows no others.
fn hash(open: &str, close: &str) -> String {
    let (_, rest) = TEMPLATE.split_once(open).unwrap_or_default();
    let (text, _) = rest.split_once(close).unwrap_or_default();
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

#[derive(Serialize)]
struct Page {
    old: String,
    new: String,
    level: &'static str,
    verdict: Vec<Piece>,
    figures: Vec<String>,
    levels: Vec<Figures>,
    tiles: Vec<Tile>,
    needing: String,
    findings: Vec<Finding>,
    brief_count: String,
    brief: Vec<Brief>,
    changes: Vec<&'static str>,
    kinds: Vec<&'static str>,
    sources: Vec<Section>,
    idle: Vec<String>,
    codes: Vec<Explained>,
    notes: Vec<String>,
}

/// A level's row of the summary.
#[derive(Serialize)]
struct Figures {
    level: &'static str,
    meaning: &'static str,
    number: String,
    of: String,
}

#[derive(Serialize)]
struct Tile {
    name: String,
    anchor: String,
    level: &'static str,
    size: usize,
    places: Option<String>,
}

/// A piece of a sentence.
#[derive(Serialize)]
struct Piece {
    text: String,
    code: bool,
}

#[derive(Serialize)]
struct Brief {
    level: &'static str,
    change: &'static str,
    kind: &'static str,
    source: String,
    place: String,
    said: Vec<Piece>,
}

#[derive(Serialize)]
struct Explained {
    id: &'static str,
    title: &'static str,
    remedy: Vec<Piece>,
}

impl Page {
    fn new(report: &DriftReport) -> Self {
        let drift = report.drift;
        let items = report.causes();
        let kept = items.partition_point(|item| item.level >= report.from);
        let needed = items.partition_point(|item| item.level >= Level::Review);
        let (listed, below) = items.split_at(kept);
        let (needing, brief) = listed.split_at(needed.min(kept));
        let findings = findings(needing);
        let shown = &needing[..findings.len()];
        let brief_rows = bounded(brief.iter().map(Brief::new), BRIEF);
        let sources = by_risk(report);
        let sections = sections(report, &sources, shown);
        let notes = notes(
            report,
            [
                &needing[findings.len()..],
                &brief[brief_rows.len()..],
                below,
            ],
            sources.len() - sections.len(),
        );
        Self {
            old: shown_text(&drift.old.release),
            new: shown_text(&drift.new.release),
            level: drift.level.word(),
            verdict: pieces(&report.verdict(&items)),
            // The levels of sources have boxes of their own.
            figures: figures(&drift.summary).split_off(1),
            levels: levels(drift.summary.sources, tally(&items)),
            tiles: tiles(&sources[..sections.len()]),
            needing: needing_of(needing),
            brief_count: count(brief.iter().map(Item::many).sum(), "thing", "things"),
            brief: brief_rows,
            changes: CHANGES.to_vec(),
            kinds: kinds(listed),
            codes: codes(shown),
            sources: sections,
            idle: idle(report),
            notes,
            findings,
        }
    }
}

/// Returns the listed sources, riskiest first.
fn by_risk<'a>(report: &DriftReport<'a>) -> Vec<&'a SourceDrift> {
    let mut sources: Vec<_> = report.sources().collect();
    sources.sort_by_key(|source| std::cmp::Reverse(source.level));
    sources
}

/// Returns as many items as the limits allow, in full. If there are many, only broken ones are
/// open.
fn findings(items: &[Item]) -> Vec<Finding> {
    let few = items.len() <= OPEN;
    let numbered = items.iter().enumerate();
    let told = numbered.map(|(place, item)| {
        let open = few || (place < OPEN && item.level == Level::Broken);
        Finding::new(place + 1, open, item)
    });
    bounded(told, FULL)
}

fn tiles(sources: &[&SourceDrift]) -> Vec<Tile> {
    let places: usize = sources.iter().map(|source| source.places.len()).sum();
    let usual = (places / sources.len().max(1)).max(1);
    let numbered = sources.iter().enumerate();
    let tile = |(number, source): (usize, &&SourceDrift)| Tile::new(number, source, usual);
    numbered.map(tile).collect()
}

fn sections(report: &DriftReport, sources: &[&SourceDrift], shown: &[Item]) -> Vec<Section> {
    let mut mine: HashMap<&str, Vec<(usize, &Item)>> = HashMap::new();
    for (place, item) in shown.iter().enumerate() {
        let name = item.source.map_or("", |source| &source.name);
        mine.entry(name).or_default().push((place + 1, item));
    }
    let numbered = sources.iter().enumerate();
    let told = numbered.map(|(number, source)| {
        let mine = mine.get(&*source.name).map_or(&[][..], Vec::as_slice);
        Section::new(report, number, source, mine)
    });
    bounded(told, SOURCES)
}

/// Returns the first elements of `all`, within the limits of number and bytes.
fn bounded<T: Serialize>(all: impl Iterator<Item = T>, (number, bytes): (usize, usize)) -> Vec<T> {
    let mut taken = 0;
    all.take(number)
        .take_while(|one| {
            taken += size(one);
            taken <= bytes
        })
        .collect()
}

/// Estimates the space that a value takes on the page: its texts and their markup.
fn size(value: &impl Serialize) -> usize {
    let text = serde_json::to_string(value).unwrap_or_default();
    // Escaped characters take five or six bytes in HTML, and every line and field has its markup.
    let signs = text.bytes().filter(|b| b"/<>&'".contains(b)).count();
    let parts = text.bytes().filter(|b| b"{[".contains(b)).count();
    text.len() + 5 * signs + 12 * parts + 250
}

fn levels(sources: [u64; 4], things: [u64; 4]) -> Vec<Figures> {
    let meaning = |level| match level {
        Level::Broken => "regen refuses, or the build will fail",
        Level::Review => "decided, and nobody has looked at it",
        Level::Moved => "decided as such things were before",
        Level::Clean => "nothing differs that the output depends on",
    };
    let all = Level::ALL.iter().zip(sources.iter().zip(things)).rev();
    all.map(|(level, (sources, things))| {
        let of = |number: u64, one: &str, many: &str| match number {
            1 => one.to_owned(),
            _ => many.to_owned(),
        };
        // Clean items are not listed, so only the sources count.
        let (number, of) = if *level == Level::Clean {
            (*sources, of(*sources, "source", "sources"))
        } else {
            let all = count(*sources, "source", "sources");
            (things, format!("{}, {all}", of(things, "thing", "things")))
        };
        Figures {
            level: level.word(),
            meaning: meaning(*level),
            number: grouped(number),
            of,
        }
    })
    .collect()
}

fn kinds(items: &[Item]) -> Vec<&'static str> {
    let mut kinds: Vec<&str> = items.iter().map(Item::kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

fn codes(items: &[Item]) -> Vec<Explained> {
    let mut codes: Vec<&Code> = items.iter().map(|item| item.code).collect();
    codes.sort_unstable_by_key(|code| code.id);
    codes.dedup_by_key(|code| code.id);
    let explained = codes.iter().map(|code| Explained {
        id: code.id,
        title: code.title,
        remedy: pieces(&Said::marked(code.remedy)),
    });
    explained.collect()
}

fn idle(report: &DriftReport) -> Vec<String> {
    if !report.is_whole() {
        return Vec::new();
    }
    let rules = report.drift.idle_rules.iter().take(IDLE);
    rules.map(|rule| shown_text(&rule.to_string())).collect()
}

/// Describes what the page omits: items that need a person, items that need nobody, items below the
/// level, and the number of sources.
fn notes(report: &DriftReport, left: [&[Item]; 3], sources: usize) -> Vec<String> {
    let [needing, brief, below] = left.map(left_out);
    let mut notes = Vec::new();
    if let Some(left) = needing {
        notes.push(format!(
            "Left out for the page's size, the least risky first to go: {left}. The JSON has all."
        ));
    }
    if let Some(left) = brief {
        notes.push(format!("Of what is decided as before: {left} more."));
    }
    if let Some(left) = below {
        notes.push(format!("Below what is listed: {left}."));
    }
    if sources > 0 {
        let left = count(sources as u64, "source", "sources");
        notes.push(format!("Of the sources: {left} more."));
    }
    let idle = report.drift.idle_rules.len();
    if report.is_whole() && idle > IDLE {
        let left = count((idle - IDLE) as u64, "rule", "rules");
        notes.push(format!("Of the rules that decide nothing: {left} more."));
    }
    notes
}

/// Writes upstream's text on one line, shortened, with hidden characters made visible.
fn shown_text(text: &str) -> String {
    one_line(&code::cut(text, LONGEST)).into_owned()
}

fn pieces(said: &Said) -> Vec<Piece> {
    let piece = |part: &Part| match part {
        Part::Own(own) => Piece {
            text: shown_text(own),
            code: false,
        },
        Part::Code(code) => Piece {
            text: shown_text(code),
            code: true,
        },
    };
    said.0.iter().map(piece).collect()
}

fn anchor(number: usize, name: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.+".contains(&b);
    if name.bytes().all(plain) {
        format!("source-{name}")
    } else {
        format!("source:{number}")
    }
}

impl Tile {
    fn new(number: usize, source: &SourceDrift, usual: usize) -> Self {
        let places = source.places.len();
        // The size classes grow by a factor of three, from a third of the usual size.
        let bounds = [1, usual.div_ceil(3), usual * 2, usual * 6, usual * 18];
        let size = bounds.iter().filter(|bound| places >= **bound).count();
        Self {
            name: shown_text(&source.name),
            anchor: anchor(number, &source.name),
            level: source.level.word(),
            size,
            places: (places > 0).then(|| count(places as u64, "place", "places")),
        }
    }
}

fn change(item: &Item) -> &'static str {
    item.change().map_or("other", |change| change.word())
}

fn source(item: &Item) -> String {
    let name = item.source.map(|source| &*source.name);
    shown_text(name.unwrap_or_default())
}

impl Brief {
    fn new(item: &Item) -> Self {
        Self {
            level: item.level.word(),
            change: change(item),
            kind: item.kind(),
            source: source(item),
            place: shown_text(&item.place),
            said: pieces(&Said::marked(&item.told())),
        }
    }
}

/// Counts the items that need a person, and their causes.
fn needing_of(items: &[Item]) -> String {
    let things = grouped(items.iter().map(Item::many).sum());
    match causes(items) {
        Some(causes) => format!("{things}, of {causes}"),
        None => things,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_names_the_pages_own_style_and_script() {
        let none = format!("sha256-{}", STANDARD.encode(Sha256::digest("")));
        assert_ne!(hash("<style>", "</style>"), none);
        assert_ne!(hash("<script>", "</script>"), none);
    }
}
