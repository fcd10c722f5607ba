//! `explain` explains a problem code or a place.

use std::collections::BTreeSet;
use std::path::Path;

use analyse::Knowledge;
use clap::{Args, ValueEnum};
use patch::line;
use problem::{CODES, Code, Problem, USAGE, meant};
use release::{Manifest, source_name};
use report::{PlaceReport, codes};

use crate::arguments::{SourceArgs, release_name};
use crate::outcome::Outcome;
use crate::project::{analyse, releases, root, stops, tell_missing};
use crate::terminal;

/// The arguments of `explain`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask explain PNX-101
  cargo xtask explain pve-storage/src/PVE/Storage.pm:900 --release pve-9.1.4")]
pub struct ExplainArgs {
    /// A problem code, or a place as in reports: SOURCE/PATH:LINE
    #[arg(value_name = "PNX-nnn | FILE:LINE", value_parser = subject, required_unless_present = "all")]
    pub subject: Option<Subject>,

    /// Every problem code; with `--format markdown`, the text of docs/problems.md
    #[arg(long, conflicts_with = "subject")]
    pub all: bool,

    /// The release of FILE [default: the newest in releases/]
    #[arg(long, value_parser = release_name)]
    pub release: Option<String>,

    /// The options for finding sources.
    #[command(flatten)]
    pub from: SourceArgs,

    /// The output format for problem codes
    #[arg(long, value_enum, default_value_t)]
    pub format: ExplainFormat,
}

/// The format of a problem code's explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ExplainFormat {
    /// For people; coloured on terminals only.
    #[default]
    Text,
    /// For documents.
    Markdown,
}

/// The subject to explain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A problem code, `PNX-101`.
    Code(String),
    /// A line of a source's file.
    Place {
        /// The source's name.
        source: String,
        /// The path relative to the source.
        path: String,
        /// 1-based line.
        line: u32,
    },
}

/// Parses `PNX-101`, or `SOURCE/PATH:LINE` with an optional column.
fn subject(text: &str) -> Result<Subject, String> {
    if text
        .get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("pnx-"))
        && !text.contains('/')
    {
        return Ok(Subject::Code(text.to_ascii_uppercase()));
    }
    let place = || {
        let (file, line) = text.rsplit_once(':')?;
        // Places in reports may have a column: FILE:LINE:COLUMN.
        let (file, line) = match file.rsplit_once(':') {
            Some((shorter, first)) if first.parse::<u32>().is_ok() => (shorter, first),
            _ => (file, line),
        };
        let (source, path) = file.split_once('/')?;
        let line = line.parse().ok().filter(|line| *line > 0)?;
        let whole = !source.is_empty() && !path.is_empty();
        whole.then(|| Subject::Place {
            source: source.to_owned(),
            path: path.to_owned(),
            line,
        })
    };
    place().ok_or_else(|| {
        "give a problem code (PNX-101) or a place (pve-storage/src/PVE/Storage.pm:900)".to_owned()
    })
}

/// Runs `cargo xtask explain`.
pub fn run(args: &ExplainArgs) -> Result<Outcome, Vec<Problem>> {
    let markdown = args.format == ExplainFormat::Markdown;
    match &args.subject {
        None if markdown => terminal::print(codes::document),
        None => terminal::print(codes::list),
        Some(Subject::Code(id)) => {
            let code = known(id)?;
            terminal::print(|out| {
                if markdown {
                    codes::markdown(out, &[code])
                } else {
                    codes::text(out, code, terminal::width())
                }
            })
        }
        Some(Subject::Place { source, path, line }) => explain_place(args, source, path, *line),
    }?;
    Ok(Outcome::Clean)
}

fn known(id: &str) -> Result<&'static Code, Vec<Problem>> {
    problem::code(id).ok_or_else(|| {
        let codes = CODES
            .iter()
            .map(|code| code.id)
            .collect::<Vec<_>>()
            .join(", ");
        vec![
            Problem::new(&USAGE, format!("there is no problem code `{id}`"))
                .mend(format!("The codes are {codes}.")),
        ]
    })
}

/// Returns the release in which to look up a place: the requested one, or else the newest with the
/// source.
fn release_with(root: &Path, args: &ExplainArgs, source: &str) -> Result<Manifest, Vec<Problem>> {
    if let Some(name) = &args.release {
        return Manifest::named(root, name).map_err(|problem| vec![problem]);
    }
    let all = releases(root, "all")?;
    let known: BTreeSet<String> = all
        .iter()
        .flat_map(|manifest| manifest.sources.keys().cloned())
        .collect();
    let source = source_name(source);
    let with = all
        .into_iter()
        .filter(|manifest| manifest.sources.contains_key(source));
    // Releases are sorted by version, with the demo last, which is used only for its own sources.
    // Of several, `max_by_key` returns the last.
    with.max_by_key(|manifest| manifest.version.is_some())
        .ok_or_else(|| {
            let cause = format!("no release has a source `{source}`");
            let remedy = meant::remedy(source, known.iter().map(String::as_str));
            vec![Problem::new(&USAGE, cause).mend(format!("Write SOURCE/PATH:LINE. {remedy}"))]
        })
}

/// Explains the decision about a place.
fn explain_place(
    args: &ExplainArgs,
    source: &str,
    path: &str,
    line: u32,
) -> Result<(), Vec<Problem>> {
    let root = root();
    let knowledge = Knowledge::read_with(&root, &args.from.rules)?;
    let mut manifest = release_with(&root, args, source)?;
    // Other sources matter only for what they declare and install. They are read if available.
    let from = SourceArgs {
        allow_missing: true,
        ..args.from.clone()
    };
    let is_alone = from.dir.get().is_none() && manifest.version.is_some();
    if is_alone {
        manifest
            .sources
            .retain(|name, _| name == source_name(source));
    }
    let release = manifest.name.clone();
    let analysis = analyse(&root, manifest, &from, &knowledge)?;
    let found = analysis.sources.iter();
    let Some(found) = found.into_iter().find(|one| one.source.name == source) else {
        tell_missing(&analysis);
        let cause = format!("the release {release} has no source `{source}` that can be read");
        return Err(vec![Problem::new(&USAGE, cause)]);
    };
    if is_alone {
        terminal::note([format!(
            "the other sources of {release} were not read: what they install is not known here; --sources DIR reads them"
        )]);
    }
    let place = line::Line::find(found, path, line, &release)?;
    let becomes = place.becomes(&analysis, &knowledge);
    let stops = stops(&analysis, &knowledge);
    let findings = analysis.findings.iter().chain(&stops);
    let decided = found
        .decided
        .iter()
        .filter(|one| one.path == path && one.occurrence.line == line)
        .collect();
    let report = PlaceReport {
        release: &release,
        source,
        path,
        line,
        text: &place.text(),
        becomes,
        decided,
        findings: findings.filter(|one| place.is_named(one)).collect(),
        rules: &knowledge.rules.standing,
    };
    terminal::print(|out| report.text(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_may_have_a_column_and_a_code_any_case() {
        let place = |line| Subject::Place {
            source: "a".into(),
            path: "b/c.pm".into(),
            line,
        };
        assert_eq!(subject("a/b/c.pm:12"), Ok(place(12)));
        assert_eq!(subject("a/b/c.pm:12:8"), Ok(place(12)));
        assert_eq!(subject("pnx-101"), Ok(Subject::Code("PNX-101".into())));
        for bad in [
            "", "a", "a/b", "a/b:", "a/b:0", "a/:1", "/b:1", "a:1", "a/b:-1",
        ] {
            assert!(subject(bad).is_err(), "{bad}");
        }
    }
}
