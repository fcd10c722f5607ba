//! Maps the lines of a file to those of another state of it.

use imara_diff::{Algorithm, Diff, InternedInput};

/// For each line of the old state, the same line of the new one, if it exists.
pub(super) struct LineMap(Vec<Option<u32>>);

impl LineMap {
    /// Compares two states of a file.
    pub(super) fn of(old: &[u8], new: &[u8]) -> Self {
        let input = InternedInput::new(old, new);
        let mut diff = Diff::compute(Algorithm::Histogram, &input);
        diff.postprocess_lines(&input);
        let mut lines = Vec::with_capacity(input.before.len());
        let (mut before, mut after) = (0, 0);
        for hunk in diff.hunks() {
            lines.extend(
                (before..hunk.before.start)
                    .zip(after..)
                    .map(|(_, new)| Some(new + 1)),
            );
            lines.extend(hunk.before.clone().map(|_| None));
            (before, after) = (hunk.before.end, hunk.after.end);
        }
        let end = u32::try_from(input.before.len()).unwrap_or(u32::MAX);
        lines.extend((before..end).zip(after..).map(|(_, new)| Some(new + 1)));
        Self(lines)
    }

    /// Returns the new 1-based line of an old 1-based line, or `None` if it is gone.
    pub(super) fn new_line(&self, old: u32) -> Option<u32> {
        let at = usize::try_from(old.checked_sub(1)?).ok()?;
        *self.0.get(at)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_followed_through_what_came_and_went() {
        let map = LineMap::of(b"a\nb\nc\nd\n", b"x\na\nc\ny\nd\n");
        let lines: Vec<_> = (0..6).map(|line| map.new_line(line)).collect();
        assert_eq!(lines, [None, Some(2), None, Some(3), Some(5), None]);
    }
}
