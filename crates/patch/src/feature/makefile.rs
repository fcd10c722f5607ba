//! Structural edits of a Makefile: removes the words that name a dropped file.

use std::ops::Range;

use super::Cuts;
use decide::rules::Feature;

/// Whether a feature drops a file in the Makefile's directory.
pub(super) fn is_beside(feature: &Feature, path: &str) -> bool {
    let Some(dir) = path.strip_suffix("Makefile") else {
        return false;
    };
    feature.drop_files.iter().any(|file| {
        file.strip_prefix(dir)
            .is_some_and(|rest| !rest.contains('/'))
    })
}

/// Returns the words in variable assignments that name a dropped file of this directory, or its
/// manual page.
pub(super) fn cuts(feature: &Feature, path: &str, bytes: &[u8]) -> Cuts {
    let dir = path.strip_suffix("Makefile").unwrap_or("");
    let names: Vec<&str> = feature
        .drop_files
        .iter()
        .filter_map(|file| file.strip_prefix(dir))
        .filter(|rest| !rest.contains('/'))
        .collect();
    let is_dropped = |word: &[u8]| {
        names
            .iter()
            .any(|name| match word.strip_prefix(name.as_bytes()) {
                Some([]) => true,
                Some([b'.', section]) => section.is_ascii_digit(),
                _ => false,
            })
    };
    let mut cuts = Cuts::new();
    let mut offset = 0;
    let mut in_assignment = false;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let recipe = line.starts_with(b"\t") && !in_assignment;
        let starts = !recipe && line.contains(&b'=');
        if starts || in_assignment {
            let from = if starts {
                line.iter()
                    .position(|byte| *byte == b'=')
                    .map_or(0, |at| at + 1)
            } else {
                0
            };
            cuts.extend(word_cuts(line, from, offset, is_dropped));
        }
        let continued = line.trim_ascii_end().ends_with(b"\\");
        in_assignment = (starts || in_assignment) && continued;
        offset += line.len();
    }
    cuts
}

/// Returns the dropped words of one line from column `from`, or the whole line if only a
/// continuation would remain.
fn word_cuts(line: &[u8], from: usize, offset: usize, is_dropped: impl Fn(&[u8]) -> bool) -> Cuts {
    let mut words: Vec<Range<usize>> = Vec::new();
    let mut start = None;
    for (index, byte) in line.iter().enumerate().skip(from) {
        match (byte.is_ascii_whitespace(), start) {
            (false, None) => start = Some(index),
            (true, Some(first)) => {
                words.push(first..index);
                start = None;
            }
            _ => {}
        }
    }
    words.extend(start.map(|first| first..line.len()));
    let (dropped, kept): (Vec<_>, Vec<_>) = words
        .into_iter()
        .partition(|word| is_dropped(&line[word.clone()]));
    let only_continuation = kept.iter().all(|word| &line[word.clone()] == b"\\");
    if !dropped.is_empty() && from == 0 && only_continuation && !kept.is_empty() {
        return std::iter::once(offset..offset + line.len()).collect();
    }
    let widen = |word: Range<usize>| {
        let blanks = line[..word.start]
            .iter()
            .rev()
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count();
        offset + word.start - blanks..offset + word.end
    };
    dropped.into_iter().map(widen).collect()
}
