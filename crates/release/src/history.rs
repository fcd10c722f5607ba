//! The commits between two commits of one repository: their relation, and the lines that each of
//! them changed.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::git;
use super::manifest::is_rev;
use problem::Problem;

/// The relation of two commits.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Relation {
    /// Commits that only the old one has.
    pub only_old: u64,
    /// Commits that only the new one has.
    pub only_new: u64,
    /// The last commit that both have. Set only if each has commits of its own.
    pub base: Option<String>,
}

/// A commit, with the lines that it removed from files and added to them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Revision {
    /// Its name, forty hex digits.
    pub rev: String,
    /// Its committer date, `YYYY-MM-DD`, in the committer's own time zone.
    pub date: String,
    /// Its subject, lossily decoded.
    pub subject: String,
    /// The changed lines by path.
    pub files: HashMap<String, Lines>,
}

/// The lines that a commit changed in one file, each with its newline.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines {
    /// The removed lines.
    pub removed: Vec<u8>,
    /// The added lines.
    pub added: Vec<u8>,
}

/// Returns the relation of `old` and `new`.
///
/// # Errors
/// `PNX-203`: Git cannot determine it.
pub fn relation(source: &str, git_dir: &Path, old: &str, new: &str) -> Result<Relation, Problem> {
    let range = format!("{old}...{new}");
    let counted = git::run(
        source,
        git_dir,
        &["rev-list", "--left-right", "--count", &range, "--"],
    )?;
    let text = String::from_utf8_lossy(&counted);
    let mut counts = text
        .split_ascii_whitespace()
        .map(|count| count.parse().unwrap_or(0));
    let (only_old, only_new) = (counts.next().unwrap_or(0), counts.next().unwrap_or(0));
    let base = if only_old > 0 && only_new > 0 {
        // Git exits with 1 silently if there is none.
        let output = git::command(git_dir)
            .args(["merge-base", old, new])
            .output();
        let output = output.map_err(|error| git::no_git(source, &error))?;
        let base = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        is_rev(&base).then_some(base)
    } else {
        None
    };
    Ok(Relation {
        only_old,
        only_new,
        base,
    })
}

/// Returns the commits that only `new` has, newest first, with the lines that they changed in
/// `paths`. Merges change none. If `new` is an ancestor of `old`, the commits between them are
/// undone.
///
/// # Errors
/// `PNX-203`: Git cannot list them.
pub fn between(
    source: &str,
    git_dir: &Path,
    old: &str,
    new: &str,
    paths: &BTreeSet<&str>,
) -> Result<Vec<Revision>, Problem> {
    let range = format!("{old}..{new}");
    let mut arguments = vec![
        "-c",
        "core.quotePath=false",
        "log",
        "-z",
        "--format=%x01%H%x02%cs%x02%s%x03",
        "-p",
        "-U0",
        "--no-color",
        "--no-ext-diff",
        "--no-textconv",
        "--no-renames",
        "--full-index",
        "--src-prefix=a/",
        "--dst-prefix=b/",
        &range,
        "--",
    ];
    let literal: Vec<String> = paths
        .iter()
        .map(|path| format!(":(top,literal){path}"))
        .collect();
    // A command line is limited to two megabytes. If more paths changed, ask for all files.
    if literal.iter().map(String::len).sum::<usize>() < 500_000 {
        arguments.extend(literal.iter().map(String::as_str));
    }
    Ok(parse(&git::run(source, git_dir, &arguments)?, paths))
}

/// Parses the output of the command above: for each commit `\x01REV\x02DATE\x02SUBJECT\x03`, then
/// its diff.
pub fn parse(log: &[u8], paths: &BTreeSet<&str>) -> Vec<Revision> {
    let mut revisions: Vec<Revision> = Vec::new();
    let mut file: Option<&str> = None;
    let mut in_hunk = Hunk::default();
    for line in log.split_inclusive(|byte| *byte == b'\n') {
        if in_hunk.takes(line) {
            if let (Some(path), Some(revision)) = (file, revisions.last_mut()) {
                let lines = revision.files.entry(path.to_owned()).or_default();
                match line.split_first() {
                    Some((b'+', rest)) => lines.added.extend_from_slice(rest),
                    Some((b'-', rest)) => lines.removed.extend_from_slice(rest),
                    _ => {}
                }
            }
            continue;
        }
        let mut line = line;
        // A commit's header is on the line on which the previous diff ends.
        if let Some(at) = memchr::memchr(1, line)
            && let Some((revision, rest)) = head(&line[at + 1..])
        {
            revisions.push(revision);
            file = None;
            line = rest;
        }
        // A NUL ends a commit.
        let line = &line[line.iter().take_while(|byte| **byte == 0).count()..];
        if let Some(path) = line
            .strip_prefix(b"--- a/")
            .or_else(|| line.strip_prefix(b"+++ b/"))
        {
            file = known(path, paths).or(file);
        } else if line.starts_with(b"diff --git ") {
            file = None;
        } else if let Some(hunk) = Hunk::begun(line) {
            in_hunk = hunk;
        }
    }
    revisions
}

/// The remaining lines of a hunk.
#[derive(Default)]
struct Hunk {
    removed: u64,
    added: u64,
}

impl Hunk {
    /// Parses `@@ -12,3 +12 @@`. A missing count is one.
    fn begun(line: &[u8]) -> Option<Self> {
        let text =
            std::str::from_utf8(line.strip_prefix(b"@@ -")?.split(|b| *b == b'@').next()?).ok()?;
        let mut counts = text
            .split([' ', '+'])
            .filter(|part| !part.is_empty())
            .map(|part| {
                part.split_once(',')
                    .map_or(Some(1), |(_, count)| count.parse().ok())
            });
        Some(Self {
            removed: counts.next()??,
            added: counts.next()??,
        })
    }

    /// Whether the line is part of the hunk.
    fn takes(&mut self, line: &[u8]) -> bool {
        let left = match line.first() {
            Some(b'-') => &mut self.removed,
            Some(b'+') => &mut self.added,
            _ => return false,
        };
        let takes = *left > 0;
        *left = left.saturating_sub(1);
        takes
    }
}

/// Parses `REV\x02DATE\x02SUBJECT\x03`. Returns the rest of the line too.
fn head(text: &[u8]) -> Option<(Revision, &[u8])> {
    let end = memchr::memchr(3, text)?;
    let mut parts = text[..end]
        .splitn(3, |byte| *byte == 2)
        .map(String::from_utf8_lossy);
    let (rev, date, subject) = (parts.next()?, parts.next()?, parts.next()?);
    let revision = Revision {
        rev: is_rev(&rev).then(|| rev.into_owned())?,
        date: date.into_owned(),
        subject: subject.into_owned(),
        files: HashMap::new(),
    };
    Some((revision, &text[end + 1..]))
}

/// Returns the path of a `---` or `+++` line if it is a requested one. Git quotes paths that are
/// not plain ASCII; their lines are attributed to no commit rather than to a wrong one.
fn known<'p>(line: &[u8], paths: &BTreeSet<&'p str>) -> Option<&'p str> {
    let path = std::str::from_utf8(line)
        .ok()?
        .trim_end_matches(['\n', '\t']);
    paths.get(path).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_read_by_commit_and_file() {
        let rev = "0123456789012345678901234567890123456789";
        let log = format!(
            "\x01{rev}\x022026-01-02\x02two: things\x03\n\0diff --git a/x b/x\nindex 1..2 100644\n--- a/x\n+++ b/x\n\
             @@ -1 +1,2 @@ sub\n--- a/y\n+one\n+++ b/y\n@@ -9,0 +12 @@\n+three\n\0\x01{rev}\x022026-01-01\x02one\x03\n\0\
             diff --git a/y b/y\n--- a/y\n+++ /dev/null\n@@ -1 +0,0 @@\n-gone\n"
        );
        let found = parse(log.as_bytes(), &BTreeSet::from(["x", "y"]));
        assert_eq!(found.len(), 2);
        assert_eq!(
            (found[0].subject.as_str(), found[0].date.as_str()),
            ("two: things", "2026-01-02")
        );
        let lines = &found[0].files["x"];
        assert_eq!(lines.removed, b"-- a/y\n");
        assert_eq!(lines.added, b"one\n++ b/y\nthree\n");
        assert_eq!(found[1].files["y"].removed, b"gone\n");
        assert!(!found[0].files.contains_key("y"));
    }
}

/// The commit from which on a repository has a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Since {
    /// The commit that added it.
    pub rev: String,
    /// Its committer date.
    pub date: String,
    /// The version of the first release after it, from the packaging nearest to the file; `None` if
    /// there was no release yet.
    pub version: Option<String>,
}

/// Returns the first commit of any branch, outside of the history of `pin`, that adds one of
/// `texts`. Returns `None` if there is none or Git fails.
pub fn since(source: &str, git_dir: &Path, pin: &str, texts: &[String]) -> Option<Since> {
    if !is_rev(pin) {
        return None;
    }
    let run = |arguments: &[&str]| {
        let told = git::run(source, git_dir, arguments).ok()?;
        Some(String::from_utf8_lossy(&told).trim().to_owned())
    };
    let brought = texts.iter().find_map(|text| {
        let pick = format!("-S{text}");
        let log = run(&[
            "log",
            "--all",
            "--reverse",
            "--format=%H %cs",
            &pick,
            "--not",
            pin,
            "--",
        ])?;
        let (rev, date) = log.lines().next()?.split_once(' ')?;
        Some((rev.to_owned(), date.to_owned()))
    });
    let (rev, date) = brought?;
    let contains = format!("--contains={rev}");
    let refs = ["refs/heads", "refs/remotes"];
    let tip = run(&[
        "for-each-ref",
        "--count=1",
        "--format=%(refname)",
        &contains,
        refs[0],
        refs[1],
    ])?;
    let files = run(&["show", "--name-only", "--format=", &rev, "--"])?;
    let version = changelog(&files, &tip, &run).and_then(|changelog| {
        let range = format!("{rev}..{tip}");
        let bumps = run(&[
            "log",
            "--reverse",
            "--ancestry-path",
            "--format=%H",
            &range,
            "--",
            &changelog,
        ])?;
        let bump = bumps.lines().next()?;
        let text = run(&["show", &format!("{bump}:{changelog}")])?;
        let (_, rest) = text.lines().next()?.split_once('(')?;
        Some(rest.split_once(')')?.0.to_owned())
    });
    Some(Since { rev, date, version })
}

/// Returns the changelog of the packaging nearest to the first of `files`.
fn changelog(files: &str, tip: &str, run: &impl Fn(&[&str]) -> Option<String>) -> Option<String> {
    let mut directory = files.lines().next()?;
    loop {
        let (shorter, _) = directory.rsplit_once('/').unwrap_or(("", directory));
        directory = shorter;
        let path = format!("{directory}/debian/changelog");
        let path = path.trim_start_matches('/').to_owned();
        if run(&["cat-file", "-e", &format!("{tip}:{path}")]).is_some() {
            return Some(path);
        }
        if directory.is_empty() {
            return None;
        }
    }
}
