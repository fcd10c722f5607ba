//! Writes findings as SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format"): one run
//! for each release, with the problem codes as rules and a result for each finding.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use super::{ScanReport, ScannedSource};
use problem::{CODES, Code, Problem, Severity};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: Vec<Run<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Run<'a> {
    tool: Tool,
    automation_details: AutomationDetails,
    column_kind: &'static str,
    pub original_uri_base_ids: BTreeMap<Cow<'a, str>, Base>,
    pub version_control_provenance: Vec<Provenance<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub invocations: Vec<Invocation>,
    pub results: Vec<Outcome<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<&'static str, Value>,
}

/// The state of the run, with notes on its results.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Invocation {
    pub execution_successful: bool,
    pub tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
pub(super) struct Notification {
    pub level: &'static str,
    pub message: Message<'static>,
}

#[derive(Serialize)]
struct AutomationDetails {
    id: String,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    version: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    short_description: Message<'static>,
    full_description: Message<'static>,
    help: Message<'static>,
    default_configuration: Configuration,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
pub(super) struct Message<'a> {
    pub text: Cow<'a, str>,
}

impl<'a> From<&'a str> for Message<'a> {
    fn from(text: &'a str) -> Self {
        Self { text: text.into() }
    }
}

impl From<String> for Message<'_> {
    fn from(text: String) -> Self {
        Self { text: text.into() }
    }
}

#[derive(Serialize)]
pub(super) struct Base {
    pub description: Message<'static>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Provenance<'a> {
    repository_uri: String,
    #[serde(skip_serializing_if = "Option::<_>::is_none")]
    revision_id: Option<&'a str>,
    mapped_to: Mapped<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Mapped<'a> {
    uri_base_id: Cow<'a, str>,
}

/// A result in SARIF's sense.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Outcome<'a> {
    pub rule_id: &'static str,
    #[serde(skip_serializing_if = "Option::<_>::is_none")]
    pub rule_index: Option<usize>,
    pub level: &'static str,
    pub message: Message<'a>,
    pub locations: Vec<Location<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub related_locations: Vec<Location<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub partial_fingerprints: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::<_>::is_none")]
    pub baseline_state: Option<&'static str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<&'static str, Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Location<'a> {
    pub physical_location: PhysicalLocation<'a>,
    #[serde(skip_serializing_if = "Option::<_>::is_none")]
    pub message: Option<Message<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PhysicalLocation<'a> {
    pub artifact_location: ArtifactLocation<'a>,
    #[serde(skip_serializing_if = "Option::<_>::is_none")]
    pub region: Option<Region<'a>>,
    #[serde(skip_serializing_if = "Option::<_>::is_none")]
    pub context_region: Option<Region<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ArtifactLocation<'a> {
    uri: String,
    #[serde(skip_serializing_if = "Option::<_>::is_none")]
    uri_base_id: Option<Cow<'a, str>>,
}

/// A part of a file. Columns count code points.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Region<'a> {
    pub start_line: u32,
    #[serde(skip_serializing_if = "Option::<_>::is_none")]
    pub end_line: Option<u32>,
    #[serde(skip_serializing_if = "Option::<_>::is_none")]
    pub start_column: Option<usize>,
    #[serde(skip_serializing_if = "Option::<_>::is_none")]
    pub end_column: Option<usize>,
    #[serde(skip_serializing_if = "Option::<_>::is_none")]
    pub snippet: Option<Message<'a>>,
}

/// Writes one log, with a run for each release.
pub(super) fn scan(out: &mut dyn Write, reports: &[ScanReport]) -> io::Result<()> {
    log(out, reports.iter().map(run).collect())
}

/// Writes one log with one run, for findings outside of sources.
pub(super) fn findings(out: &mut dyn Write, name: &str, problems: &[Problem]) -> io::Result<()> {
    log(out, vec![of(name, &[], problems)])
}

/// Writes one log with `runs`.
pub(super) fn log(out: &mut dyn Write, runs: Vec<Run>) -> io::Result<()> {
    let log = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs,
    };
    serde_json::to_writer_pretty(&mut *out, &log)?;
    writeln!(out)
}

fn run(report: &ScanReport) -> Run<'_> {
    of(&report.release, &report.sources, &report.problems)
}

fn of<'a>(name: &str, sources: &'a [ScannedSource], problems: &'a [Problem]) -> Run<'a> {
    let based = |s: &'a ScannedSource| {
        let at = s.version.as_deref().or(s.rev.as_deref());
        (s.name.as_str().into(), base(&s.name, at))
    };
    let of_source = |s: &'a ScannedSource| {
        let url = s.url.as_deref()?;
        Some(provenance(url, s.rev.as_deref(), s.name.as_str().into()))
    };
    Run {
        original_uri_base_ids: sources.iter().map(based).collect(),
        version_control_provenance: sources.iter().filter_map(of_source).collect(),
        results: problems.iter().map(outcome).collect(),
        ..empty(name)
    }
}

/// Makes a run of `name` without results.
pub(super) fn empty<'a>(name: &str) -> Run<'a> {
    Run {
        tool: Tool {
            driver: Driver {
                name: "pve-nix",
                version: env!("CARGO_PKG_VERSION"),
                rules: CODES.iter().map(|code| rule(code)).collect(),
            },
        },
        automation_details: AutomationDetails {
            id: format!("{name}/"),
        },
        column_kind: "unicodeCodePoints",
        original_uri_base_ids: BTreeMap::new(),
        version_control_provenance: Vec::new(),
        invocations: Vec::new(),
        results: Vec::new(),
        properties: BTreeMap::new(),
    }
}

fn rule(code: &Code) -> Rule {
    Rule {
        id: code.id,
        short_description: code.title.into(),
        full_description: code.explanation.into(),
        help: code.remedy.into(),
        default_configuration: Configuration {
            level: level(code.severity),
        },
    }
}

/// Describes a source's root, which may be anywhere on the reader's machine.
pub(super) fn base(name: &str, at: Option<&str>) -> Base {
    let text = match at {
        Some(at) => format!("the root of {name} at {at}"),
        None => format!("the root of {name}"),
    };
    Base {
        description: text.into(),
    }
}

/// Returns the origin of the tree that `base` names.
pub(super) fn provenance<'a>(
    url: &str,
    rev: Option<&'a str>,
    base: Cow<'a, str>,
) -> Provenance<'a> {
    // Brackets are valid only around a numeric host, and a repository has no fragment.
    let host = url
        .find("://")
        .and_then(|at| Some(at + 3 + url[at + 3..].find('/')?));
    let (host, path) = url.split_at(host.unwrap_or(0));
    Provenance {
        repository_uri: percent_encoded(host, b":/[]@!$&'()*+,;=%")
            + &percent_encoded(path, b":/?@!$&'()*+,;=%"),
        revision_id: rev,
        mapped_to: Mapped { uri_base_id: base },
    }
}

/// Returns the file `path` below `base`.
pub(super) fn artifact<'a>(path: &str, base: Option<Cow<'a, str>>) -> ArtifactLocation<'a> {
    ArtifactLocation {
        uri: percent_encoded(path, b"/"),
        uri_base_id: base,
    }
}

/// Turns a problem into a result.
pub(super) fn outcome(problem: &Problem) -> Outcome<'_> {
    let location = |path: &String| Location {
        physical_location: PhysicalLocation {
            artifact_location: artifact(path, problem.place.source.as_deref().map(Cow::from)),
            region: problem
                .place
                .line
                .filter(|line| *line > 0)
                .map(|start_line| Region {
                    start_line,
                    ..Region::default()
                }),
            context_region: None,
        },
        message: None,
    };
    Outcome {
        level: level(problem.code.severity),
        locations: problem.place.path.iter().map(location).collect(),
        ..result(problem.code, problem.cause.as_str().into())
    }
}

/// Makes a result of `code` without a place.
pub(super) fn result<'a>(code: &'static Code, message: Message<'a>) -> Outcome<'a> {
    Outcome {
        rule_id: code.id,
        rule_index: CODES.iter().position(|one| one.id == code.id),
        level: level(code.severity),
        message,
        locations: Vec::new(),
        related_locations: Vec::new(),
        partial_fingerprints: BTreeMap::new(),
        baseline_state: None,
        properties: BTreeMap::new(),
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Finding => "warning",
        Severity::Fatal => "error",
    }
}

/// Encodes `text` as part of a URI (RFC 3986): all bytes but the unreserved ones and those of
/// `also` in percent form.
fn percent_encoded(text: &str, also: &[u8]) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut uri = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || also.contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push('%');
            uri.push(char::from(HEX[usize::from(byte >> 4)]));
            uri.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_percent_encoded() {
        assert_eq!(
            percent_encoded("src/a b/ü%:#?.pm", b"/"),
            "src/a%20b/%C3%BC%25%3A%23%3F.pm"
        );
    }
}
