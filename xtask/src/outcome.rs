//! How a run ended.

use problem::Problem;

/// How a run ended that could do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to report: exit status 0.
    Clean,
    /// Findings, which stand in the result on stdout: exit status 1.
    Findings,
    /// The same, of which one makes it impossible to go on with the result: exit status 2.
    Fatal,
}

/// Clean, or findings.
pub fn outcome(clean: bool) -> Outcome {
    if clean {
        Outcome::Clean
    } else {
        Outcome::Findings
    }
}

/// The exit status that the codes of problems have.
pub fn severity(problems: &[Problem]) -> Outcome {
    let fatal = |problem: &Problem| problem.code.severity == problem::Severity::Fatal;
    match problems {
        [] => Outcome::Clean,
        problems if problems.iter().any(fatal) => Outcome::Fatal,
        _ => Outcome::Findings,
    }
}
