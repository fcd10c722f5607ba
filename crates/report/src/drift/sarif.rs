//! Writes a drift as SARIF 2.1.0: one run, with a result for each listed item, riskiest first.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::item::{Body, Item};
use super::{DriftReport, left_out};
use crate::paint::printable;
use crate::sarif::{self, Invocation, Location, Notification, Outcome, Region};
use drift::{At, Change, Excerpt, Level, SourceDrift, Spot};

/// The most results. Code hosts accept 25,000 and show fewer.
const RESULTS: usize = 5_000;
/// The most bytes of results.
const BYTES: usize = 9_000_000;
/// The name of the fingerprint that identifies a result from run to run.
const FINGERPRINT: &str = "pveNixDrift/v1";

/// Writes the log.
pub(super) fn write(out: &mut dyn Write, report: &DriftReport) -> io::Result<()> {
    let items = report.items();
    let kept = items.partition_point(|item| item.level >= report.from);
    let (listed, below) = items.split_at(kept);
    let (results, told) = results(listed)?;
    let mut notes = vec![("note", report.verdict(&items).text())];
    if let Some(left) = left_out(&listed[told..]) {
        notes.push(("warning", format!("left out for the file's size: {left}")));
    }
    if let Some(left) = left_out(below) {
        notes.push(("note", format!("below what is listed: {left}")));
    }
    let (old, new) = (&report.drift.old.release, &report.drift.new.release);
    let mut run = sarif::empty(&format!("drift/{old}/{new}"));
    run.original_uri_base_ids = bases(report);
    run.version_control_provenance = provenance(report);
    run.invocations = vec![invocation(notes)];
    run.properties = properties(report, &listed[told..], below);
    run.results = results;
    sarif::log(out, vec![run])
}

/// Returns as many results as the limits allow, and the number of items in them.
fn results<'a>(items: &'a [Item<'a>]) -> io::Result<(Vec<Outcome<'a>>, usize)> {
    let mut results = Vec::new();
    let mut bytes = 0;
    let mut seen = HashMap::new();
    for item in items.iter().take(RESULTS) {
        let outcome = outcome(item, &mut seen);
        let written = serde_json::to_string_pretty(&outcome)?;
        // In the log, every line is indented by four levels.
        bytes += written.len() + 8 * written.lines().count();
        if bytes > BYTES {
            break;
        }
        results.push(outcome);
    }
    let told = results.len();
    Ok((results, told))
}

fn outcome<'a>(item: &'a Item<'a>, seen: &mut HashMap<String, u64>) -> Outcome<'a> {
    let mut outcome = Outcome {
        level: level(item.level),
        baseline_state: Some(baseline(item)),
        partial_fingerprints: BTreeMap::from([(FINGERPRINT, fingerprint(item, seen))]),
        ..sarif::result(item.code, printable(&message(item)).into_owned().into())
    };
    match item.body {
        Body::Place(place) => {
            outcome.locations = place
                .spot()
                .and_then(|spot| location(item, spot, place.new.is_some(), place.code.as_ref()))
                .into_iter()
                .collect();
            if let (Some(old), Some(_)) = (&place.old, &place.new) {
                let before = location(item, old, false, None).map(|location| Location {
                    message: Some("the place in the old release".into()),
                    ..location
                });
                outcome.related_locations = before.into_iter().collect();
            }
        }
        Body::Patch(patch) => {
            outcome.locations = vec![file(&patch.path, None, None, None)];
            outcome.related_locations = patch
                .conflicts
                .iter()
                .map(|conflict| Location {
                    message: Some("a hunk that applies nowhere".into()),
                    ..file(
                        &conflict.file,
                        item.source.map(|source| source.name.as_str().into()),
                        region(conflict.line),
                        None,
                    )
                })
                .collect();
        }
        Body::Problem(problem) => outcome.locations = sarif::outcome(problem).locations,
        _ => {}
    }
    outcome
}

/// Returns the sentence, with what a reader needs to understand it alone.
fn message(item: &Item) -> String {
    let said = item.said.text();
    let place = match item.body {
        Body::Place(place) => place,
        _ if item.place.is_empty() => return said,
        _ => return format!("{}: {said}", item.place),
    };
    let side = |spot: &Option<Spot>| spot.as_ref().map(|spot| spot.decision.phrase());
    let decided = match (side(&place.old), side(&place.new)) {
        (Some(old), Some(new)) if old != new => format!(" ({old} → {new})"),
        (_, Some(one)) | (Some(one), None) => format!(" ({one})"),
        (None, None) => String::new(),
    };
    let commit = place.commit.as_ref().map(|commit| {
        let rev = super::short(&commit.rev);
        format!("; commit {rev} of {}: {}", commit.date, commit.subject)
    });
    said + &decided + &commit.unwrap_or_default()
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Broken => "error",
        Level::Review => "warning",
        Level::Moved | Level::Clean => "note",
    }
}

fn baseline(item: &Item) -> &'static str {
    match item.change() {
        Some(Change::Added) | None => "new",
        Some(Change::Removed) => "absent",
        Some(Change::Moved | Change::Changed) => "updated",
    }
}

/// Returns a hash of the item, whatever its line, and of its number among equal items.
fn fingerprint(item: &Item, seen: &mut HashMap<String, u64>) -> String {
    let source = item.source.map_or("", |source| &source.name);
    let mut hash = Sha256::new();
    let mut add = |part: &str| {
        hash.update(part);
        hash.update([0]);
    };
    match item.body {
        Body::Place(place) => {
            if let Some(spot) = place.spot() {
                add(spot.source.as_deref().unwrap_or(source));
                add(&spot.path);
                add(spot.sub.as_deref().unwrap_or(""));
                add(spot.kind.word());
                add(&spot.text);
            }
        }
        Body::Problem(problem) => {
            add(problem.code.id);
            add(problem.place.source.as_deref().unwrap_or(source));
            add(problem.place.path.as_deref().unwrap_or(""));
            add(&problem.cause);
        }
        _ => {
            add(item.code.id);
            add(source);
            add(&item.place);
            // A patch keeps its identity however many of its hunks fail.
            if !matches!(item.body, Body::Patch(_)) {
                add(&item.said.text());
            }
        }
    }
    let mut first = [0; 16];
    first.copy_from_slice(&hash.finalize()[..16]);
    let name = format!("{:032x}", u128::from_be_bytes(first));
    let number = seen.entry(name.clone()).or_default();
    *number += 1;
    format!("{name}:{number}")
}

/// Returns the root of `source` in the new release, or in the old one.
fn root<'a>(source: &str, new: bool) -> Cow<'a, str> {
    if new {
        source.to_owned().into()
    } else {
        format!("{source}@old").into()
    }
}

fn location<'a>(
    item: &Item,
    spot: &'a Spot,
    new: bool,
    code: Option<&'a Excerpt>,
) -> Option<Location<'a>> {
    let source = spot.source.as_deref().or(item.source.map(|s| &*s.name))?;
    let region = region(spot.line).map(|region| match code {
        Some(code) => marked(region, spot, code),
        None => region,
    });
    let around = code.filter(|code| !code.lines.is_empty()).map(around);
    Some(file(&spot.path, Some(root(source, new)), region, around))
}

fn file<'a>(
    path: &str,
    base: Option<Cow<'a, str>>,
    region: Option<Region<'a>>,
    context_region: Option<Region<'a>>,
) -> Location<'a> {
    Location {
        physical_location: sarif::PhysicalLocation {
            artifact_location: sarif::artifact(path, base),
            // A context region adds information only beside a region.
            context_region: region.as_ref().and(context_region),
            region,
        },
        message: None,
    }
}

fn region<'a>(line: u32) -> Option<Region<'a>> {
    (line > 0).then(|| Region {
        start_line: line,
        ..Region::default()
    })
}

/// Adds columns and text to the region, if the excerpt has the line from its start.
fn marked<'a>(region: Region<'a>, spot: &Spot, code: &'a Excerpt) -> Region<'a> {
    let found = code.lines.get(code.at).and_then(|line| {
        let text = line
            .get(code.mark.clone())
            .filter(|text| !text.is_empty())?;
        let before = line.get(..code.mark.start)?;
        (before.len() + 1 == spot.column as usize).then(|| (before.chars().count() + 1, text))
    });
    let Some((start, text)) = found else {
        return region;
    };
    Region {
        end_line: Some(region.start_line),
        start_column: Some(start),
        end_column: Some(start + text.chars().count()),
        snippet: Some(text.into()),
        ..region
    }
}

fn around(code: &Excerpt) -> Region<'_> {
    let last = u32::try_from(code.lines.len()).unwrap_or(u32::MAX);
    Region {
        start_line: code.first.max(1),
        end_line: Some(code.first.max(1).saturating_add(last - 1)),
        snippet: Some((code.lines.join("\n") + "\n").into()),
        ..Region::default()
    }
}

/// Returns the two sides of each source, as far as they exist.
fn sided<'a>(report: &DriftReport<'a>) -> impl Iterator<Item = (&'a SourceDrift, &'a At, bool)> {
    report.sources().flat_map(|source| {
        let old = source.old.as_ref().map(|at| (source, at, false));
        let new = source.new.as_ref().map(|at| (source, at, true));
        new.into_iter().chain(old)
    })
}

fn bases<'a>(report: &DriftReport<'a>) -> BTreeMap<Cow<'a, str>, sarif::Base> {
    let based = |(source, at, new): (&SourceDrift, &At, bool)| {
        let at = at.version.as_deref().or(at.rev.as_deref());
        (root(&source.name, new), sarif::base(&source.name, at))
    };
    sided(report).map(based).collect()
}

fn provenance<'a>(report: &DriftReport<'a>) -> Vec<sarif::Provenance<'a>> {
    let told = |(source, at, new): (&'a SourceDrift, &'a At, bool)| {
        let url = at.url.as_deref()?;
        let rev = at.rev.as_deref();
        Some(sarif::provenance(url, rev, root(&source.name, new)))
    };
    sided(report).filter_map(told).collect()
}

fn invocation(notes: Vec<(&'static str, String)>) -> Invocation {
    Invocation {
        execution_successful: true,
        tool_execution_notifications: notes
            .into_iter()
            .map(|(level, text)| Notification {
                level,
                message: text.into(),
            })
            .collect(),
    }
}

fn properties(
    report: &DriftReport,
    left: &[Item],
    below: &[Item],
) -> BTreeMap<&'static str, Value> {
    let mut properties = BTreeMap::from([
        ("from", report.drift.old.release.clone().into()),
        ("to", report.drift.new.release.clone().into()),
        ("level", report.drift.level.word().into()),
        ("leftOut", left.len().into()),
        ("notListed", below.len().into()),
    ]);
    if report.is_whole() && !report.drift.idle_rules.is_empty() {
        let rules = &report.drift.idle_rules;
        let kept: Vec<String> = rules.iter().take(1000).map(ToString::to_string).collect();
        properties.insert("idleRules", kept.into());
        if rules.len() > 1000 {
            properties.insert("idleRulesLeftOut", (rules.len() - 1000).into());
        }
    }
    properties
}
