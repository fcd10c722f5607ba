//! A line of a source's file and its fate: the answer to `explain FILE:LINE`.

use std::ops::Range;

use crate::edits;
use analyse::{AnalysedSource, Analysis, Knowledge};
use problem::number::count;
use problem::{Problem, USAGE, meant};

/// The fate of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Becomes {
    /// It does not change.
    Same,
    /// It becomes this text, which is empty if the line goes.
    Text(String),
    /// The whole file is deleted.
    FileGone,
}

/// One line of a source's file.
pub struct Line<'a> {
    source: &'a AnalysedSource,
    path: &'a str,
    number: u32,
    content: Vec<u8>,
    range: Range<usize>,
}

impl<'a> Line<'a> {
    /// Finds line `line` of the file `path` of a source.
    ///
    /// # Errors
    /// The file is missing, unreadable or shorter.
    pub fn find(
        source: &'a AnalysedSource,
        path: &'a str,
        line: u32,
        release: &str,
    ) -> Result<Self, Vec<Problem>> {
        let (tree, name) = (&source.source.tree, &source.source.name);
        let wrong = |cause: String| vec![Problem::new(&USAGE, cause)];
        let mut entries = tree.entries().iter();
        let Some(entry) = entries.find(|entry| entry.path == path) else {
            let mut problems = wrong(format!("{name} has no file `{path}` in {release}"));
            let known = tree.entries().iter().map(|entry| entry.path.as_str());
            if let (Some(meant), Some(problem)) = (meant::file(path, known), problems.pop()) {
                let cause = format!("Did you mean `{name}/{meant}:{line}`?");
                problems.push(problem.mend(cause));
            }
            return Err(problems);
        };
        let content = tree.read(&[entry]).map_err(|problem| vec![problem])?;
        let content = content.into_iter().next().unwrap_or_default();
        let ends = memchr::memchr_iter(b'\n', &content).map(|at| at + 1);
        let mut starts: Vec<usize> = [0].into_iter().chain(ends).collect();
        if starts.last() == Some(&content.len()) {
            starts.pop();
        }
        let at = line as usize - 1;
        let Some(start) = starts.get(at).copied() else {
            let lines = count(starts.len() as u64, "line", "lines");
            let cause = format!("{name}/{path} has {lines} in {release}: there is no line {line}");
            return Err(wrong(cause));
        };
        let end = starts.get(at + 1).copied().unwrap_or(content.len());
        Ok(Self {
            source,
            path,
            number: line,
            content,
            range: start..end,
        })
    }

    /// Returns the line as it is at the pin.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.content[self.range.clone()]).into_owned()
    }

    /// Computes the fate of the line.
    pub fn becomes(&self, analysis: &Analysis, knowledge: &Knowledge) -> Becomes {
        let roles = analysis.graph.roles();
        let features = &knowledge.rules.features;
        let (programs, release) = (&analysis.programs, &analysis.manifest.name);
        // Findings report the edits that cannot be written.
        let edits = edits::edits(self.source, &roles, features, programs, release);
        let files = edits.map(|edits| edits.files).unwrap_or_default();
        let Some(file) = files.iter().find(|file| file.path == self.path) else {
            return Becomes::Same;
        };
        if file.deleted {
            return Becomes::FileGone;
        }
        let part = file.part(&self.range);
        part.map_or(Becomes::Same, |part| {
            Becomes::Text(String::from_utf8_lossy(&part).into_owned())
        })
    }

    /// Whether a finding is about this line, or about its file as a whole.
    pub fn is_named(&self, finding: &Problem) -> bool {
        let place = &finding.place;
        place.source.as_deref() == Some(self.source.source.name.as_str())
            && place.path.as_deref() == Some(self.path)
            && place.line.is_none_or(|line| line == self.number)
    }
}
