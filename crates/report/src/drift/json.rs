//! Writes a drift for programs: one JSON object, with every source and every place on its own line.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::Formatter;

use super::DriftReport;
use decide::RuleId;
use drift::{
    At, Counts, Drift, History, Install, Level, LocalPatch, LostTarget, Need, PlaceDrift, Presence,
    Side, SourceDrift, Structure, Summary, TextDrift,
};
use problem::Problem;

/// The deepest list whose elements get their own lines: a source's places.
const DEEPEST: usize = 4;

/// Writes the object.
pub(super) fn write(out: &mut dyn Write, report: &DriftReport) -> io::Result<()> {
    let mut to = serde_json::Serializer::with_formatter(&mut *out, Rows { depth: 0 });
    Whole::new(report).serialize(&mut to)?;
    writeln!(out)
}

// The fields of the model, with its lists reduced to what is listed. Destructuring names every
// field, so that a new field cannot be forgotten here.

#[derive(Serialize)]
struct Whole<'a> {
    old: &'a Side,
    new: &'a Side,
    level: Level,
    summary: &'a Summary,
    sources: Vec<Source<'a>>,
    structure: &'a Structure,
    idle_rules: &'a [RuleId],
    #[serde(serialize_with = "problem::problems")]
    problems: &'a [Problem],
}

#[derive(Serialize)]
struct Source<'a> {
    name: &'a str,
    level: Level,
    presence: Presence,
    old: &'a Option<At>,
    new: &'a Option<At>,
    history: &'a Option<History>,
    counts: &'a Counts,
    places: Vec<&'a PlaceDrift>,
    lost_targets: &'a [LostTarget],
    needs: Vec<&'a Need>,
    installs: Vec<&'a Install>,
    text: &'a TextDrift,
    local: Vec<&'a LocalPatch>,
    #[serde(serialize_with = "problem::problems")]
    problems: &'a [Problem],
}

impl<'a> Whole<'a> {
    fn new(report: &DriftReport<'a>) -> Self {
        let Drift {
            old,
            new,
            level,
            sources: _,
            structure,
            idle_rules,
            summary,
            problems,
        } = report.drift;
        let from = report.from;
        Self {
            old,
            new,
            level: *level,
            summary,
            sources: report.sources().map(|one| Source::new(one, from)).collect(),
            structure,
            idle_rules,
            problems,
        }
    }
}

impl<'a> Source<'a> {
    fn new(source: &'a SourceDrift, from: Level) -> Self {
        let SourceDrift {
            name,
            level,
            presence,
            old,
            new,
            history,
            counts,
            places,
            lost_targets,
            needs,
            installs,
            text,
            local,
            problems,
        } = source;
        Self {
            name,
            level: *level,
            presence: *presence,
            old,
            new,
            history,
            counts,
            places: places.iter().filter(|one| one.level >= from).collect(),
            lost_targets,
            needs: needs.iter().filter(|one| one.level >= from).collect(),
            installs: installs.iter().filter(|one| one.level >= from).collect(),
            text,
            local: local.iter().filter(|one| one.level >= from).collect(),
            problems,
        }
    }
}

/// Breaks lines between the object's fields, and between the elements of its lists and of its
/// sources' lists.
struct Rows {
    depth: usize,
}

impl Rows {
    fn breaks(&self) -> bool {
        self.depth <= DEEPEST && self.depth.is_multiple_of(2)
    }
}

impl Formatter for Rows {
    fn begin_object<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.depth += 1;
        to.write_all(b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.depth -= 1;
        to.write_all(if self.depth == 0 { b"\n}" } else { b"}" })
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        if !first {
            to.write_all(b",")?;
        }
        to.write_all(if self.depth == 1 { b"\n" } else { b"" })
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        to.write_all(if self.depth == 1 { b": " } else { b":" })
    }

    fn begin_array<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.depth += 1;
        to.write_all(b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.depth -= 1;
        to.write_all(b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        if !first {
            to.write_all(b",")?;
        }
        to.write_all(if self.breaks() { b"\n" } else { b"" })
    }
}
