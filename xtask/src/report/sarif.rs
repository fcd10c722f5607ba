//! The findings as SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format"): one run for each
//! release, the problem codes as rules, a result for each finding.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::{ScanReport, ScannedSource};
use crate::problem::{CODES, Code, Problem, Severity};

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
struct Run<'a> {
    tool: Tool,
    automation_details: AutomationDetails,
    column_kind: &'static str,
    original_uri_base_ids: BTreeMap<&'a str, Base>,
    version_control_provenance: Vec<Provenance<'a>>,
    results: Vec<Outcome<'a>>,
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
struct Message<'a> {
    text: &'a str,
}

#[derive(Serialize)]
struct Base {
    description: Described,
}

#[derive(Serialize)]
struct Described {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Provenance<'a> {
    repository_uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision_id: Option<&'a str>,
    mapped_to: Mapped<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Mapped<'a> {
    uri_base_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'a> {
    rule_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'static str,
    message: Message<'a>,
    locations: Vec<Location<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'a> {
    physical_location: PhysicalLocation<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation<'a> {
    artifact_location: ArtifactLocation<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactLocation<'a> {
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_base_id: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
}

/// Writes one log with a run for each release.
pub(super) fn scan(out: &mut dyn Write, reports: &[ScanReport]) -> io::Result<()> {
    log(out, reports.iter().map(run).collect())
}

/// Writes one log with one run, whose findings are in no source.
pub(super) fn findings(out: &mut dyn Write, name: &str, problems: &[Problem]) -> io::Result<()> {
    log(out, vec![of(name, &[], problems)])
}

fn log(out: &mut dyn Write, runs: Vec<Run>) -> io::Result<()> {
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
        original_uri_base_ids: sources.iter().map(|s| (s.name.as_str(), base(s))).collect(),
        version_control_provenance: sources.iter().filter_map(provenance).collect(),
        results: problems.iter().map(outcome).collect(),
    }
}

fn rule(code: &Code) -> Rule {
    Rule {
        id: code.id,
        short_description: Message { text: code.title },
        full_description: Message {
            text: code.explanation,
        },
        help: Message { text: code.remedy },
        default_configuration: Configuration {
            level: level(code.severity),
        },
    }
}

/// A source's root, which stands wherever its reader has checked it out.
fn base(source: &ScannedSource) -> Base {
    let at = source.version.as_deref().or(source.rev.as_deref());
    let text = match at {
        Some(at) => format!("the root of {} at {at}", source.name),
        None => format!("the root of {}", source.name),
    };
    Base {
        description: Described { text },
    }
}

fn provenance(source: &ScannedSource) -> Option<Provenance<'_>> {
    Some(Provenance {
        repository_uri: percent_encoded(source.url.as_deref()?, b":/?#[]@!$&'()*+,;=%"),
        revision_id: source.rev.as_deref(),
        mapped_to: Mapped {
            uri_base_id: &source.name,
        },
    })
}

fn outcome(problem: &Problem) -> Outcome<'_> {
    let location = |path: &String| Location {
        physical_location: PhysicalLocation {
            artifact_location: ArtifactLocation {
                uri: percent_encoded(path, b"/"),
                uri_base_id: problem.place.source.as_deref(),
            },
            region: problem
                .place
                .line
                .filter(|line| *line > 0)
                .map(|start_line| Region { start_line }),
        },
    };
    Outcome {
        rule_id: problem.code.id,
        rule_index: CODES.iter().position(|code| code.id == problem.code.id),
        level: level(problem.code.severity),
        message: Message {
            text: &problem.cause,
        },
        locations: problem.place.path.iter().map(location).collect(),
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Finding => "warning",
        Severity::Fatal => "error",
    }
}

/// `text` as part of a URI (RFC 3986): all bytes but the unreserved ones and those of `also` in percent form.
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
