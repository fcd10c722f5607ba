//! Parses `debian/patches/series`, quilt's list of patches (`quilt(1)`, `dpkg-source(1)`).

use memchr::memchr;
use serde::{Deserialize, Serialize};

use super::tree_path;
use problem::{BAD_SERIES, PATH_ESCAPES, Problem};

/// A quilt series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    /// The file, relative to the source.
    pub path: String,
    /// The patches, in the order in which they apply.
    pub patches: Vec<Patch>,
}

/// One patch of a series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patch {
    /// The patch file, relative to the source.
    pub path: String,
    /// The number of leading path components to strip (`-p1`: 1).
    pub strip: u32,
    /// Whether it applies in reverse (`-R`).
    pub reverse: bool,
    /// 1-based line in the series.
    pub line: u32,
}

/// Parses a series. Problems name `path` (`debian/patches/series`), and patches are looked up
/// beside it.
///
/// # Errors
/// PNX-306 for a malformed line, PNX-303 for a patch outside of `debian/patches`.
pub fn parse(path: &str, text: &str) -> Result<Series, Vec<Problem>> {
    let mut patches = Vec::new();
    let mut problems = Vec::new();
    for (line, content) in (1..).zip(text.lines()) {
        match entry(tree_path::parent(path), content, line) {
            Ok(Some(found)) => patches.push(found),
            Ok(None) => {}
            Err(problem) => problems.push(problem.at(path, Some(line))),
        }
    }
    if problems.is_empty() {
        Ok(Series {
            path: path.to_owned(),
            patches,
        })
    } else {
        Err(problems)
    }
}

/// Parses one line: a name with options, or nothing.
fn entry(directory: &str, content: &str, line: u32) -> Result<Option<Patch>, Problem> {
    // As in quilt, `#` starts a comment at the start of a line or after a blank.
    let mut words = content
        .split_whitespace()
        .take_while(|word| !word.starts_with('#'));
    let Some(name) = words.next() else {
        return Ok(None);
    };
    let mut strip = 1;
    let mut reverse = false;
    while let Some(word) = words.next() {
        let level = match word {
            "-R" => {
                reverse = true;
                continue;
            }
            "-p" => words.next(),
            word => word.strip_prefix("-p"),
        };
        strip = match level {
            // `-pab` is quilt's notation for paths with `a/` and `b/`, which have one level.
            Some("ab") => 1,
            Some(level) => level.parse().map_err(|_| {
                Problem::new(&BAD_SERIES, format!("`-p{level}` is not a strip level"))
            })?,
            None => {
                return Err(Problem::new(
                    &BAD_SERIES,
                    format!("`{word}` is not an option of quilt's (`-pN`, `-R`)"),
                ));
            }
        };
    }
    if name.starts_with('/') {
        return Err(Problem::new(
            &PATH_ESCAPES,
            format!("the patch `{name}` is an absolute path"),
        ));
    }
    match tree_path::join(directory, name) {
        Some(path) if path != directory => Ok(Some(Patch {
            path,
            strip,
            reverse,
            line,
        })),
        Some(_) => Err(Problem::new(&BAD_SERIES, format!("`{name}` names no file"))),
        None => Err(Problem::new(
            &PATH_ESCAPES,
            format!("the patch `{name}` is outside of `{directory}`"),
        )),
    }
}

impl Series {
    /// Returns a problem for each patch that does not exist.
    pub fn missing(&self, exists: impl Fn(&str) -> bool) -> Vec<Problem> {
        let absent = self.patches.iter().filter(|patch| !exists(&patch.path));
        absent
            .map(|patch| {
                Problem::new(
                    &BAD_SERIES,
                    format!("the patch `{}` is not in the tree", patch.path),
                )
                .at(&self.path, Some(patch.line))
            })
            .collect()
    }
}

/// Checks that every path in a patch stays within the tree. `path` is the patch itself.
///
/// # Errors
/// PNX-303 at each header that leaves the tree.
pub fn check_patch(path: &str, content: &[u8], strip: u32) -> Result<(), Vec<Problem>> {
    let mut problems = Vec::new();
    let mut hunk = Hunk::default();
    let mut rest = content;
    let mut number = 0;
    while !rest.is_empty() {
        let end = memchr(b'\n', rest).unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        rest = after.get(1..).unwrap_or_default();
        number += 1;
        if hunk.takes(line) {
            continue;
        }
        if let Some(counts) = line.strip_prefix(b"@@ -") {
            hunk = Hunk::read(counts);
        } else if let Some((name, strip)) = header_path(line, strip) {
            let name = String::from_utf8_lossy(name);
            if leaves(&name, strip) {
                problems.push(
                    Problem::new(
                        &PATH_ESCAPES,
                        format!("the patch changes `{name}`, outside the tree"),
                    )
                    .at(path, Some(number)),
                );
            }
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems)
    }
}

/// The remaining lines of a hunk, which can look like headers.
#[derive(Default)]
struct Hunk {
    old: u32,
    new: u32,
}

impl Hunk {
    /// Parses the text after `@@ -`: `12,3 +14 @@`.
    fn read(counts: &[u8]) -> Self {
        let text = String::from_utf8_lossy(counts.get(..counts.len().min(64)).unwrap_or_default());
        let mut ranges = text.split_ascii_whitespace();
        let mut count = || {
            let range = ranges.next().unwrap_or_default();
            range
                .split_once(',')
                .map_or(1, |(_, count)| count.parse().unwrap_or(0))
        };
        Self {
            old: count(),
            new: count(),
        }
    }

    /// Whether `line` belongs to the hunk. If so, counts it.
    fn takes(&mut self, line: &[u8]) -> bool {
        if self.old == 0 && self.new == 0 {
            return false;
        }
        let (old, new) = match line.first() {
            Some(b'+') => (0, 1),
            Some(b'-') => (1, 0),
            // Some mailers strip the blank of an empty context line.
            Some(b' ') | None => (1, 1),
            Some(b'\\') => (0, 0),
            // This line cannot be part of a hunk, so the counts were wrong. The caller reads it
            // again as a header.
            Some(_) => {
                *self = Self::default();
                return false;
            }
        };
        self.old = self.old.saturating_sub(old);
        self.new = self.new.saturating_sub(new);
        true
    }
}

/// Returns the path of a header line, and the number of components to strip.
fn header_path(line: &[u8], strip: u32) -> Option<(&[u8], u32)> {
    let until_tab = |text| memchr(b'\t', text).map_or(text, |end| &text[..end]);
    for prefix in [&b"--- "[..], b"+++ "] {
        if let Some(name) = line.strip_prefix(prefix) {
            return Some((until_tab(name).trim_ascii(), strip));
        }
    }
    // Git's extended headers have no `a/` and `b/`.
    for prefix in [
        &b"rename from "[..],
        b"rename to ",
        b"copy from ",
        b"copy to ",
    ] {
        if let Some(name) = line.strip_prefix(prefix) {
            return Some((name.trim_ascii(), 0));
        }
    }
    None
}

/// Whether a path leaves the tree once its first `strip` components are gone.
fn leaves(name: &str, strip: u32) -> bool {
    let name = name.trim_matches('"');
    if name == "/dev/null" {
        return false;
    }
    let mut rest = name;
    for _ in 0..strip {
        match rest.split_once('/') {
            Some((_, after)) => rest = after.trim_start_matches('/'),
            None => break,
        }
    }
    rest.starts_with('/') || name.split('/').any(|part| part == "..")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn code(text: &str) -> (&'static str, u32) {
        let problems = parse("debian/patches/series", text).unwrap_err();
        (problems[0].code.id, problems[0].place.line.unwrap())
    }

    #[test]
    fn names_options_comments() {
        let text =
            "# first\n\nfix/one.patch\ntwo.diff -p0 # why\nthree.patch -p 2 -R\nfour.patch -pab\n";
        let series = parse("debian/patches/series", text).unwrap();
        let seen: Vec<_> = series
            .patches
            .iter()
            .map(|p| (p.path.as_str(), p.strip, p.reverse, p.line))
            .collect();
        assert_eq!(
            seen,
            [
                ("debian/patches/fix/one.patch", 1, false, 3),
                ("debian/patches/two.diff", 0, false, 4),
                ("debian/patches/three.patch", 2, true, 5),
                ("debian/patches/four.patch", 1, false, 6),
            ]
        );
    }

    #[test]
    fn bad_lines_are_named() {
        assert_eq!(code("a.patch\nb.patch -x\n"), ("PNX-306", 2));
        assert_eq!(code("a.patch -pmany\n"), ("PNX-306", 1));
        assert_eq!(code(".\n"), ("PNX-306", 1));
        assert_eq!(code("../../etc/x.patch\n"), ("PNX-303", 1));
        assert_eq!(code("\n/etc/x.patch\n"), ("PNX-303", 2));
    }

    #[test]
    fn a_missing_patch_is_named_with_its_line() {
        let series = parse("debian/patches/series", "a.patch\nb.patch\n").unwrap();
        let problems = series.missing(|path| path.ends_with("a.patch"));
        assert_eq!(problems.len(), 1);
        assert_eq!(
            (problems[0].code.id, problems[0].place.line),
            ("PNX-306", Some(2))
        );
    }

    #[test]
    fn patches_stay_in_their_tree() {
        let lines = |content: &str, strip| match check_patch("p", content.as_bytes(), strip) {
            Ok(()) => Vec::new(),
            Err(problems) => problems
                .into_iter()
                .map(|problem| problem.place.line.unwrap())
                .collect(),
        };
        assert!(lines("--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+++ ../y\n", 1).is_empty());
        assert_eq!(lines("--- a/x\n+++ b/../x\t2025\n", 1), [2]);
        assert_eq!(lines("--- /etc/x\n", 0), [1]);
        assert!(lines("--- a/x\n", 1).is_empty());
        assert_eq!(lines("rename to ../x\nrename from /x\n", 1), [1, 2]);
        assert_eq!(lines("@@ -1,2 +1,2 @@\n x\n x\n+++ ../y\n", 1), [4]);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*|([a-z0-9/. #pR\n-]{0,120})") {
            let _ = parse("debian/patches/series", &text);
        }

        #[test]
        fn any_patch_is_read(content in proptest::collection::vec(any::<u8>(), 0..200), strip in 0..4u32) {
            let _ = check_patch("p", &content, strip);
        }
    }
}
