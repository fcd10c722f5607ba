//! Reports what `prefetch` added to the store.

use std::io::{self, Write};

use serde::Serialize;

use super::paint::{self, BAD, FAINT, GOOD, STRONG, one_line};
use prefetch::Prefetch;
use prefetch::archives::Fetched;
use prefetch::{Crate, State, Tree};
use problem::Finding;

/// The number of missing crates to list for people. Without a registry, all are missing.
const LISTED: usize = 20;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Whole<'a> {
    release: &'a str,
    sources: &'a [Tree],
    crates: &'a [Crate],
    archives: &'a [Fetched],
    problems: Vec<Finding<'a>>,
}

/// Writes it for programs: one JSON object on one line.
pub fn json(out: &mut dyn Write, done: &Prefetch) -> io::Result<()> {
    let whole = Whole {
        release: &done.release,
        sources: &done.sources,
        crates: &done.crates,
        archives: &done.archives,
        problems: done.problems.iter().map(Finding::from).collect(),
    };
    serde_json::to_writer(&mut *out, &whole)?;
    writeln!(out)
}

/// Writes it for people: every source, and the missing crates.
pub fn text(out: &mut dyn Write, done: &Prefetch) -> io::Result<()> {
    let sources = tally("source", done.sources.iter().map(|one| one.state));
    let crates = tally("crate", done.crates.iter().map(|one| one.state));
    let release = one_line(&done.release);
    write!(out, "{STRONG}{release}{STRONG:#}: {sources}; {crates}")?;
    if !done.archives.is_empty() {
        let archives = tally("archive", done.archives.iter().map(|one| one.state));
        write!(out, "; {archives}")?;
    }
    writeln!(out)?;
    let name = |one: &Tree| {
        let without = if one.without_submodules {
            " without submodules"
        } else {
            ""
        };
        format!("{}{without}", one.source)
    };
    let longest = done.sources.iter().map(|one| name(one).len()).max();
    let longest = longest.unwrap_or_default();
    for one in &done.sources {
        let path = one.path.as_deref().unwrap_or("");
        // A pin without a hash can be given this one.
        let hash = one.hash.as_deref().filter(|_| !one.pinned).unwrap_or("");
        row(
            out,
            one.state,
            &format!("{:longest$}  {path}  {hash}", name(one)),
        )?;
    }
    let refused = done.crates.iter();
    let refused: Vec<&Crate> = refused.filter(|one| one.state == State::Refused).collect();
    for one in refused.iter().take(LISTED) {
        let name = format!("{} {}", one.name, one.version);
        row(out, one.state, &format!("{name:longest$}  {}", one.path))?;
    }
    if let Some(more @ 1..) = refused.len().checked_sub(LISTED) {
        let more = paint::count(more as u64, "crate more", "crates more");
        row(out, State::Refused, &more)?;
    }
    for one in &done.archives {
        row(
            out,
            one.state,
            &format!("{:longest$}  {}", one.name, one.path),
        )?;
    }
    Ok(())
}

fn row(out: &mut dyn Write, state: State, rest: &str) -> io::Result<()> {
    let (style, word) = match state {
        State::Added => (GOOD, "added"),
        State::There => (FAINT, "there"),
        State::Refused => (BAD, "refused"),
    };
    let rest = one_line(rest.trim_end());
    writeln!(out, "  {style}{word:7}{style:#}  {rest}")
}

/// Returns `52 sources, 3 added, 44 already there, 5 refused`.
fn tally(what: &str, states: impl Iterator<Item = State>) -> String {
    let states: Vec<State> = states.collect();
    let all = paint::count(states.len() as u64, what, &format!("{what}s"));
    let count = |wanted| states.iter().filter(|state| **state == wanted).count();
    let mut parts = vec![all];
    for (state, word) in [
        (State::Added, "added"),
        (State::There, "already there"),
        (State::Refused, "refused"),
    ] {
        let number = count(state);
        if number > 0 {
            parts.push(format!("{number} {word}"));
        }
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done() -> Prefetch {
        let tree = |source: &str, without_submodules, state| Tree {
            source: source.to_owned(),
            rev: "0123".to_owned(),
            without_submodules,
            hash: (state != State::Refused).then(|| "sha256-x".to_owned()),
            pinned: false,
            path: (state != State::Refused).then(|| format!("/nix/store/x-{source}")),
            state,
        };
        let archive = |name: &str, state| Crate {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            path: format!("/nix/store/x-{name}"),
            state,
        };
        Prefetch {
            release: "hive-2".to_owned(),
            sources: vec![
                tree("hive-vm", false, State::Refused),
                tree("hive-vm", true, State::Added),
            ],
            crates: vec![
                archive("comb", State::There),
                archive("wax", State::Refused),
            ],
            ..Prefetch::default()
        }
    }

    #[test]
    fn every_source_is_listed_and_of_crates_those_that_are_not_there() {
        let mut out = Vec::new();
        text(&mut out, &done()).unwrap();
        let text = anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string();
        let expected = "\
hive-2: 2 sources, 1 added, 1 refused; 2 crates, 1 already there, 1 refused
  refused  hive-vm
  added    hive-vm without submodules  /nix/store/x-hive-vm  sha256-x
  refused  wax 1.0.0                   /nix/store/x-wax
";
        assert_eq!(text, expected);
    }

    #[test]
    fn where_every_crate_is_refused_not_every_one_is_a_line() {
        let mut done = done();
        let refused = done.crates.pop().unwrap();
        done.crates.extend(vec![refused; 600]);
        let mut out = Vec::new();
        text(&mut out, &done).unwrap();
        let text = anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string();
        assert!(text.lines().count() < 30, "{text}");
        assert!(text.contains("\n  refused  580 crates more\n"), "{text}");
    }

    #[test]
    fn the_json_has_every_crate() {
        let mut out = Vec::new();
        json(&mut out, &done()).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(json["crates"][0]["state"], "there");
        assert_eq!(json["sources"][1]["withoutSubmodules"], true);
    }
}
