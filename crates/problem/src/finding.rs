//! The JSON form of problems.

use serde::Serialize;

use super::Problem;

/// A problem as JSON.
#[derive(Debug, Serialize)]
pub struct Finding<'a> {
    /// `PNX-101`.
    pub code: &'a str,
    /// The code's title.
    pub title: &'a str,
    /// The source's name, if the problem is in a source.
    pub source: Option<&'a str>,
    /// The file, if the problem is in a file.
    pub path: Option<&'a str>,
    /// 1-based line.
    pub line: Option<u32>,
    /// The cause.
    pub cause: &'a str,
    /// The remedy.
    pub remedy: &'a str,
}

impl<'a> From<&'a Problem> for Finding<'a> {
    fn from(problem: &'a Problem) -> Self {
        Self {
            code: problem.code.id,
            title: problem.code.title,
            source: problem.place.source.as_deref(),
            path: problem.place.path.as_deref(),
            line: problem.place.line,
            cause: &problem.cause,
            remedy: problem.remedy.as_deref().unwrap_or(problem.code.remedy),
        }
    }
}

/// Serialises problems as [`Finding`]s.
pub fn problems<S: serde::Serializer>(problems: &[Problem], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(problems.iter().map(Finding::from))
}
