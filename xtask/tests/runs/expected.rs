//! Compares `demo/expected.tsv`, which a person wrote, with the tool's decisions.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;

use crate::support::{DEMO, project};
use decide::Decision;
use scan::Kind;

/// Whether a row is about a file that no scanner reads, because another crate reads it as a whole:
/// quilt patches go to Nix unchanged, triggers into `system.json`.
fn is_read_elsewhere(row: &Row) -> bool {
    row.path.starts_with("debian/patches/") || row.path == "debian/triggers"
}

/// One row of the table.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    source: String,
    path: String,
    line: u32,
    kind: String,
    text: String,
    context: String,
    decision: String,
    target: String,
}

fn rows() -> Vec<Row> {
    let text = std::fs::read_to_string(project().join("demo/expected.tsv")).expect("the table");
    let row = |line: &str| {
        let columns: Vec<&str> = line.split('\t').collect();
        let [source, path, number, kind, text, context, decision, target] = columns[..] else {
            panic!("not eight columns: {line}");
        };
        Row {
            source: source.to_owned(),
            path: path.to_owned(),
            line: number.parse().expect("a line"),
            kind: kind.to_owned(),
            text: text.to_owned(),
            context: context.to_owned(),
            decision: decision.to_owned(),
            target: target.to_owned(),
        }
    };
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(row)
        .collect()
}

fn word<T: serde::Serialize>(value: T) -> String {
    let value = serde_json::to_value(value).expect("a word");
    value.as_str().expect("a word").to_owned()
}

/// Returns the decision's word and its target, in the notation of `demo/README.md`.
fn written(decision: &Decision, kind: Kind, text: &str) -> (&'static str, String) {
    let at = |whose: &str, target: &str| {
        if kind == Kind::Module {
            whose.to_owned()
        } else if text.ends_with('/') && !target.ends_with('/') {
            // A path that an interpolation continues keeps its final slash.
            format!("{whose}:{target}/")
        } else {
            format!("{whose}:{target}")
        }
    };
    match decision {
        Decision::Package { attr, target } => ("package", at(attr, target)),
        Decision::Own { target } => ("self", target.clone()),
        Decision::Sibling { source, target } => ("sibling", at(source, target)),
        Decision::Command {
            attr,
            source,
            program,
        } => {
            let whose = attr.as_ref().or(source.as_ref());
            let target =
                whose.map_or_else(|| program.clone(), |whose| format!("{whose}:{program}"));
            ("command", target)
        }
        Decision::Wrapper { program } => ("wrapper", program.clone()),
        Decision::Keep { reason } => ("keep", reason.clone()),
        Decision::System { path } => ("system", path.clone()),
        Decision::Disable { feature } => ("disable", feature.clone()),
        Decision::Embed { source, path } => ("embed", format!("{source}:{path}")),
        Decision::Unknown => ("unknown", String::new()),
    }
}

/// Context, decision and target of the occurrences at each place, in the line's order.
type Found = BTreeMap<(String, String, u32, String, String), VecDeque<[String; 3]>>;

fn found() -> Found {
    let mut found = Found::new();
    for source in &DEMO.sources {
        for decided in &source.decided {
            let place = &decided.occurrence;
            let (decision, target) = written(&decided.decision, place.kind, &place.text);
            let key = (
                source.source.name.clone(),
                decided.path.clone(),
                place.line,
                word(place.kind),
                place.text.clone(),
            );
            let what = [
                decided.context.name().to_owned(),
                decision.to_owned(),
                target,
            ];
            found.entry(key).or_default().push_back(what);
        }
    }
    found
}

#[test]
fn the_demo_is_decided_as_a_person_decided_it() {
    let mut found = found();
    let mut differences = String::new();
    let (mut held, mut wrong) = (0, 0);
    for row in rows().iter().filter(|row| !is_read_elsewhere(row)) {
        let key = (
            row.source.clone(),
            row.path.clone(),
            row.line,
            row.kind.clone(),
            row.text.clone(),
        );
        let wanted = [
            row.context.clone(),
            row.decision.clone(),
            row.target.clone(),
        ];
        let got = found.get_mut(&key).and_then(VecDeque::pop_front);
        if got.as_ref() == Some(&wanted) {
            held += 1;
            continue;
        }
        wrong += 1;
        let got = got.map_or_else(|| "not found".to_owned(), |got| got.join(" "));
        let _ = writeln!(
            differences,
            "{}/{}:{} {} {}\n  expected {}\n  got      {got}",
            row.source,
            row.path,
            row.line,
            row.kind,
            row.text,
            wanted.join(" ")
        );
    }
    assert!(
        wrong == 0,
        "{differences}\n{wrong} of {} rows differ",
        held + wrong
    );
    assert!(held > 200, "only {held} rows");
}

#[test]
fn what_is_not_scanned_is_in_fact_not_found() {
    let found = found();
    for row in rows().iter().filter(|row| is_read_elsewhere(row)) {
        let key = (
            row.source.clone(),
            row.path.clone(),
            row.line,
            row.kind.clone(),
            row.text.clone(),
        );
        assert!(!found.contains_key(&key), "{row:?} is found now");
    }
}
