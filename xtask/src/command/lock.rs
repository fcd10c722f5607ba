//! `lock` resolves the pins of a release.

use std::collections::BTreeMap;
use std::path::Path;

use analyse::Knowledge;
use cargo::locked::lock_programs;
use clap::Args;
use problem::{Problem, USAGE};
use release::{At, Locked, Manifest, OpenOptions};
use report::LockReport;

use crate::arguments::{PlainFormat, SourcesDir, release_name};
use crate::outcome::{Outcome, outcome};
use crate::project::root;
use crate::terminal;

/// The arguments of `lock`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask lock pve-9.1.4 --sources ~/upstream
  cargo xtask lock pve-9.1.4 --at 2026-01-15")]
pub struct LockArgs {
    /// The release to lock: `pve-` and the version of pve-manager
    #[arg(value_parser = release_name)]
    pub release: String,

    /// Take each source as of this day (UTC) [default: the day after pve-manager's version]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = date)]
    pub at: Option<String>,

    /// The directory that contains the sources.
    #[command(flatten)]
    pub dir: SourcesDir,

    /// The output format
    #[arg(long, value_enum, default_value_t)]
    pub format: PlainFormat,
}

/// Parses a day of the Gregorian calendar, `YYYY-MM-DD`.
fn date(text: &str) -> Result<String, String> {
    let number = |range: std::ops::Range<usize>| -> Option<u32> {
        let digits = text.get(range)?;
        digits
            .bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| digits.parse().ok())?
    };
    let dashes = text.len() == 10 && [4, 7].iter().all(|at| text.as_bytes()[*at] == b'-');
    let parts = (number(0..4), number(5..7), number(8..10));
    if let (true, (Some(year), Some(month), Some(day))) = (dashes, parts) {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            2 => 28 + u32::from(leap),
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => 0,
        };
        if (1..=days).contains(&day) {
            return Ok(text.to_owned());
        }
    }
    Err("a day is written YYYY-MM-DD: 2026-01-15".to_owned())
}

/// Runs `cargo xtask lock`.
pub fn run(args: &LockArgs) -> Result<Outcome, Vec<Problem>> {
    let root = root();
    let path = root.join("releases").join(format!("{}.toml", args.release));
    let at = args.at.as_deref().map(str::parse::<At>).transpose();
    let at = at.map_err(|cause| vec![Problem::new(&USAGE, format!("--at: {cause}"))])?;
    let previous = if path.exists() {
        Some(Manifest::read(&path).map_err(|problem| vec![problem])?)
    } else {
        None
    };
    let options = OpenOptions {
        root,
        sources: args.dir.get().map(Path::to_path_buf),
        ..OpenOptions::default()
    };
    let knowledge = Knowledge::read(&options.root)?;
    let mut locked = pins(&args.release, at, &options, previous.as_ref())?;
    let opened = release::open(&locked.manifest, &options)?;
    if let Some(previous) = &previous {
        locked.manifest.programs.clone_from(&previous.programs);
    }
    let rules = &knowledge.rules.crates;
    let busy = terminal::Busy::new("asking cargo for the crates of each program");
    let programs = lock_programs(&locked.manifest, &opened.sources, &options, rules)?;
    drop(busy);
    locked.manifest.programs.clone_from(&programs.own);
    locked.problems.extend(programs.problems.iter().cloned());
    let report = LockReport::new(
        previous.as_ref(),
        &locked.manifest,
        &programs.programs,
        locked.problems.clone(),
        locked.ended.clone(),
    );
    output::replace(&path, locked.manifest.to_toml().as_bytes())
        .and_then(|()| programs.write(&options.root, &args.release))
        .map_err(|problem| vec![problem])?;
    match args.format {
        PlainFormat::Text => terminal::print(|out| report.text(out, terminal::width())),
        PlainFormat::Json => terminal::print_plain(|out| report.json(out)),
    }?;
    Ok(outcome(locked.problems.is_empty()))
}

/// Resolves the pins of a release. A release of directories has nothing to resolve; only its crates
/// are locked.
fn pins(
    release: &str,
    at: Option<At>,
    options: &OpenOptions,
    previous: Option<&Manifest>,
) -> Result<Locked, Vec<Problem>> {
    if let Some(previous) =
        previous.filter(|one| one.sources.values().all(|pin| pin.path.is_some()))
    {
        return Ok(Locked {
            manifest: previous.clone(),
            problems: Vec::new(),
            ended: BTreeMap::new(),
        });
    }
    let locked = release::lock(release, at, options, previous)?;
    // A tree that differs from the pinned one must not become the pin.
    let fatal = |problem: &Problem| problem.code.severity == problem::Severity::Fatal;
    if locked.problems.iter().any(fatal) {
        return Err(locked.problems);
    }
    Ok(locked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_of_the_calendar_are_dates() {
        for good in ["2026-01-15", "2024-02-29", "2000-02-29"] {
            assert!(date(good).is_ok(), "{good}");
        }
        for bad in [
            "2026-1-15",
            "2026-02-29",
            "1900-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-01-00",
            "+026-01-01",
            "2026/01/15",
            "20260115",
            "é26-01-15",
            "",
        ] {
            assert!(date(bad).is_err(), "{bad}");
        }
    }
}
