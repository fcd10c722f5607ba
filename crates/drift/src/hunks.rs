//! Applies text patches as GNU patch does: which hunks still apply, where, and with how much fuzz.
//!
//! The search is that of `patch` 2.7 (`locate_hunk`). It starts at the stated line, moved by the
//! offset of the previous hunk, and continues outwards in both directions. Then it repeats the
//! search without one and two lines of context at either end.

/// The default fuzz of `patch`, in lines of context.
const MAX_FUZZ: usize = 2;

/// The part of a patch for one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FilePatch {
    /// The file's path without its first component; for a renamed file, the new path.
    pub path: String,
    /// Whether it creates the file.
    pub creates: bool,
    /// Its hunks.
    pub hunks: Vec<Hunk>,
}

/// One hunk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hunk {
    /// The 1-based line of the old file at which it begins.
    pub start: usize,
    /// Its text with the `@@` line.
    pub text: Vec<u8>,
    /// The lines that it expects, without newlines.
    old: Vec<Vec<u8>>,
    /// The number of context lines at its start.
    prefix: usize,
    /// The number of context lines at its end.
    suffix: usize,
}

/// The way in which a hunk applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// At the stated line.
    Clean,
    /// At another line.
    Offset,
    /// Without some of its context.
    Fuzz,
    /// Not at all.
    Failed,
}

/// Parses a patch for any number of files. Text outside of hunks (mail headers, Git's modes) is
/// skipped.
pub fn parse(patch: &[u8]) -> Vec<FilePatch> {
    let mut files: Vec<FilePatch> = Vec::new();
    let mut lines = patch.split_inclusive(|byte| *byte == b'\n').peekable();
    let mut old_name = None;
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix(b"--- ") {
            old_name = Some(name);
        } else if let Some((name, old)) = line.strip_prefix(b"+++ ").zip(old_name.take()) {
            let (old, new) = (path(old), path(name));
            files.push(FilePatch {
                creates: old.is_none(),
                path: new.or(old).unwrap_or_default(),
                hunks: Vec::new(),
            });
        } else if let (Some(mut hunk), Some(file)) = (Counts::read(line), files.last_mut()) {
            let mut text = line.to_vec();
            let mut changed = false;
            let mut read = Hunk {
                start: hunk.start,
                ..Hunk::default()
            };
            while let Some(line) = lines.next_if(|line| hunk.takes(line)) {
                text.extend_from_slice(line);
                read.line(line, &mut changed);
            }
            read.text = text;
            file.hunks.push(read);
        }
    }
    files
}

impl Hunk {
    fn line(&mut self, line: &[u8], changed: &mut bool) {
        let content = line.strip_suffix(b"\n").unwrap_or(line);
        match content.split_first() {
            Some((b'+', _)) => (*changed, self.suffix) = (true, 0),
            Some((b'-', rest)) => {
                self.old.push(rest.to_vec());
                (*changed, self.suffix) = (true, 0);
            }
            Some((b'\\', _)) => {}
            rest => {
                self.old
                    .push(rest.map_or(Vec::new(), |(_, rest)| rest.to_vec()));
                if *changed {
                    self.suffix += 1;
                } else {
                    self.prefix += 1;
                }
            }
        }
    }
}

/// Returns the path in a `---` or `+++` line without its first component, or `None` for
/// `/dev/null`.
fn path(name: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(name);
    let name = text.split('\t').next().unwrap_or_default().trim_end();
    if name == "/dev/null" {
        return None;
    }
    Some(
        name.split_once('/')
            .map_or(name, |(_, rest)| rest)
            .to_owned(),
    )
}

/// The counts in a hunk's `@@` line, and the lines still to come.
struct Counts {
    start: usize,
    old: usize,
    new: usize,
}

impl Counts {
    fn read(line: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(line.strip_prefix(b"@@ -")?).ok();
        // The text after the second `@@` may not be UTF-8.
        let text =
            text.or_else(|| std::str::from_utf8(line[4..].split(|b| *b == b'@').next()?).ok())?;
        let (old, rest) = text.split_once(" +")?;
        let new = rest.split([' ', '@', '\n']).next()?;
        let range = |range: &str| -> Option<(usize, usize)> {
            match range.split_once(',') {
                Some((start, count)) => Some((start.parse().ok()?, count.parse().ok()?)),
                None => Some((range.parse().ok()?, 1)),
            }
        };
        let (start, old) = range(old)?;
        Some(Self {
            start,
            old,
            new: range(new)?.1,
        })
    }

    fn takes(&mut self, line: &[u8]) -> bool {
        let (old, new) = match line.first() {
            Some(b'+') => (0, 1),
            Some(b'-') => (1, 0),
            // An editor may have stripped the blank from an empty context line.
            Some(b' ' | b'\n' | b'\r') => (1, 1),
            Some(b'\\') => return true,
            _ => return false,
        };
        if self.old < old || self.new < new || (self.old == 0 && self.new == 0) {
            return false;
        }
        self.old -= old;
        self.new -= new;
        true
    }
}

/// Applies each hunk to `content`, which is `None` if the file does not exist.
pub fn apply(patch: &FilePatch, content: Option<&[u8]>) -> Vec<Fit> {
    let Some(content) = content else {
        let fit = if patch.creates {
            Fit::Clean
        } else {
            Fit::Failed
        };
        return vec![fit; patch.hunks.len()];
    };
    if patch.creates {
        return vec![Fit::Failed; patch.hunks.len()];
    }
    let mut target = Target {
        lines: lines(content),
        offset: 0,
        frozen: 0,
    };
    patch.hunks.iter().map(|hunk| target.place(hunk)).collect()
}

/// Splits a file into lines, without newlines.
fn lines(content: &[u8]) -> Vec<&[u8]> {
    let mut lines: Vec<&[u8]> = content.split(|byte| *byte == b'\n').collect();
    // The text after the last newline is not a line.
    if lines.last().is_some_and(|last| last.is_empty()) {
        lines.pop();
    }
    lines
}

/// A file to which hunks are applied, from its first line to its last.
struct Target<'a> {
    lines: Vec<&'a [u8]>,
    /// The offset of the last hunk.
    offset: isize,
    /// The last 1-based line that no further hunk may match.
    frozen: isize,
}

impl Target<'_> {
    fn place(&mut self, hunk: &Hunk) -> Fit {
        let context = hunk.prefix.max(hunk.suffix);
        for fuzz in 0..=MAX_FUZZ.min(context) {
            let Some(at) = self.locate(hunk, fuzz, context) else {
                continue;
            };
            // The lines after the last change may be part of the next hunk's context.
            self.frozen = at + signed(hunk.old.len() - hunk.suffix) - 1;
            return match (fuzz, self.offset) {
                (0, 0) => Fit::Clean,
                (0, _) => Fit::Offset,
                _ => Fit::Fuzz,
            };
        }
        Fit::Failed
    }

    /// Returns the 1-based line at which the hunk applies, and remembers its offset.
    fn locate(&mut self, hunk: &Hunk, fuzz: usize, context: usize) -> Option<isize> {
        // A hunk without old lines states the line before it.
        let told = signed(hunk.start) + isize::from(hunk.old.is_empty());
        let guess = told + self.offset;
        let (count, size) = (signed(hunk.old.len()), signed(self.lines.len()));
        let prefix = signed(fuzz + hunk.prefix) - signed(context);
        let suffix = signed(fuzz + hunk.suffix) - signed(context);
        if count == 0 {
            return (guess <= size + 1).then_some(guess);
        }
        let lowest = (self.frozen + 1).max(1);
        let highest = size - (count - suffix.max(0)) + 1;
        let at = if prefix < 0 {
            let whole = suffix >= 0 || count == size;
            (whole && self.frozen <= 0 && self.agrees(hunk, 1, 0, suffix.max(0))).then_some(1)
        } else if suffix < 0 {
            let end = size - count + 1;
            (end >= lowest && self.agrees(hunk, end, prefix, 0)).then_some(end)
        } else {
            outward(guess, lowest, highest).find(|at| self.agrees(hunk, *at, prefix, suffix))
        }?;
        self.offset = at - told;
        Some(at)
    }

    /// Whether the hunk's lines, without some at either end, match the file from a 1-based line on.
    fn agrees(&self, hunk: &Hunk, at: isize, prefix: isize, suffix: isize) -> bool {
        let (skip, left_out) = (unsigned(prefix), unsigned(suffix));
        let count = hunk.old.len().saturating_sub(skip + left_out);
        let from = at - 1 + prefix;
        if from < 0 {
            return false;
        }
        let there = self.lines.get(unsigned(from)..).unwrap_or_default();
        let expected = &hunk.old[skip.min(hunk.old.len())..];
        there.len() >= count
            && there
                .iter()
                .zip(expected)
                .take(count)
                .all(|(a, b)| *a == b.as_slice())
    }
}

/// Returns `guess`, then the lines around it with growing distance, the later one first.
fn outward(guess: isize, lowest: isize, highest: isize) -> impl Iterator<Item = isize> {
    let farthest = (highest - guess).max(guess - lowest).max(0);
    let around = (0..=farthest).flat_map(move |offset| {
        let before = (offset > 0).then_some(guess - offset);
        std::iter::once(guess + offset).chain(before)
    });
    around.filter(move |at| (lowest..=highest).contains(at))
}

fn signed(number: usize) -> isize {
    isize::try_from(number).unwrap_or(isize::MAX)
}

fn unsigned(number: isize) -> usize {
    usize::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PATCH: &str = "--- a/x\n+++ b/x\n@@ -2,5 +2,5 @@ sub\n 2\n 3\n-4\n+four\n 5\n 6\n";

    fn fits(patch: &str, content: &str) -> Vec<Fit> {
        let files = parse(patch.as_bytes());
        assert_eq!(files.len(), 1);
        apply(&files[0], Some(content.as_bytes()))
    }

    #[test]
    fn a_hunk_applies_where_it_says_elsewhere_without_context_or_not() {
        assert_eq!(fits(PATCH, "1\n2\n3\n4\n5\n6\n7\n"), [Fit::Clean]);
        assert_eq!(fits(PATCH, "0\n1\n2\n3\n4\n5\n6\n7\n"), [Fit::Offset]);
        assert_eq!(fits(PATCH, "1\nx\n3\n4\n5\n6\n7\n"), [Fit::Fuzz]);
        assert_eq!(fits(PATCH, "1\n2\n3\n4x\n5\n6\n7\n"), [Fit::Failed]);
        assert_eq!(fits(PATCH, ""), [Fit::Failed]);
    }

    #[test]
    fn a_missing_file_and_one_that_is_there_already() {
        let made = "--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+1\n";
        let file = &parse(made.as_bytes())[0];
        assert!(file.creates);
        assert_eq!(apply(file, None), [Fit::Clean]);
        assert_eq!(apply(file, Some(b"1\n")), [Fit::Failed]);
        assert_eq!(apply(&parse(PATCH.as_bytes())[0], None), [Fit::Failed]);
    }

    #[test]
    fn later_hunks_take_the_offset_of_earlier_ones() {
        let two =
            "--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n@@ -5,3 +5,3 @@\n e\n-f\n+F\n g\n";
        assert_eq!(
            fits(two, "0\na\nb\nc\nd\ne\nf\ng\n"),
            [Fit::Offset, Fit::Offset]
        );
        assert_eq!(fits(two, "a\nb\nc\nd\ne\nf\ng\n"), [Fit::Clean, Fit::Clean]);
    }

    /// Runs GNU patch and returns its result for each hunk.
    fn by_patch(patch: &str, content: &str) -> Vec<Fit> {
        let dir = tempfile::tempdir().expect("a directory");
        let write = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).expect("written");
        };
        write("x", content);
        write("x.patch", patch);
        let run = std::process::Command::new("patch")
            .args(["--dry-run", "--force", "--verbose", "-p1", "-i", "x.patch"])
            .current_dir(dir.path())
            .env("LC_ALL", "C")
            .output()
            .expect("patch is installed");
        let said = String::from_utf8(run.stdout).expect("text");
        let hunks = said.lines().filter(|line| line.starts_with("Hunk #"));
        let fit = |line: &str| match () {
            () if line.contains("FAILED") => Fit::Failed,
            () if line.contains("fuzz") => Fit::Fuzz,
            () if line.contains("offset") => Fit::Offset,
            () => Fit::Clean,
        };
        hunks.map(fit).collect()
    }

    /// Generates a file with few distinct lines, and two later states of it.
    fn states() -> impl Strategy<Value = [Vec<u8>; 3]> {
        let change = (
            0usize..40,
            0usize..3,
            proptest::collection::vec(b'a'..b'f', 0..3),
        );
        let lines = proptest::collection::vec(b'a'..b'f', 1..40);
        let changes = || proptest::collection::vec(change.clone(), 0..4);
        (lines, changes(), changes()).prop_map(|(lines, ours, theirs)| {
            let changed = |changes: Vec<(usize, usize, Vec<u8>)>| {
                let mut lines = lines.clone();
                for (at, gone, come) in changes {
                    let at = at.min(lines.len());
                    let end = (at + gone).min(lines.len());
                    lines.splice(at..end, come);
                }
                lines
            };
            [lines.clone(), changed(ours), changed(theirs)]
        })
    }

    fn file(lines: &[u8]) -> String {
        lines
            .iter()
            .flat_map(|line| [char::from(*line), '\n'])
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn hunks_apply_as_gnu_patch_applies_them([old, ours, theirs] in states()) {
            let (old, ours, theirs) = (file(&old), file(&ours), file(&theirs));
            // `patch` makes no patch of an empty file.
            if old == ours || ours.is_empty() || theirs.is_empty() {
                return Ok(());
            }
            let mut options = diffy::DiffOptions::new();
            options.set_original_filename("a/x").set_modified_filename("b/x");
            let patch = options.create_patch(&old, &ours).to_string();
            prop_assert_eq!(fits(&patch, &theirs), by_patch(&patch, &theirs), "{}{}", patch, theirs);
        }

        #[test]
        fn any_bytes_are_read(patch: Vec<u8>, content: Vec<u8>) {
            for file in parse(&patch) {
                prop_assert_eq!(apply(&file, Some(&content)).len(), file.hunks.len());
            }
        }
    }

    #[test]
    fn a_patch_of_several_files_is_divided() {
        let files = parse(b"From: x\n\ndiff --git a/p/x b/p/x\n--- a/p/x\n+++ b/p/x\n@@ -1 +1 @@\n--- a/y\n+++ b/y\n--- a/q\t2026\n+++ b/q\n@@ -1 +0,0 @@\n-z\n");
        assert_eq!(files.len(), 2);
        assert_eq!((files[0].path.as_str(), files[0].hunks.len()), ("p/x", 1));
        assert_eq!(files[0].hunks[0].old, [b"-- a/y".to_vec()]);
        assert_eq!(files[1].path, "q");
    }
}
