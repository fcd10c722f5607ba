//! The outcome of a run.

use problem::Problem;

/// The outcome of a run that completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Exit status 0: nothing to report.
    Clean,
    /// Exit status 1: findings, which are part of the result on stdout.
    Findings,
    /// Exit status 2: findings, one of which makes the result unusable.
    Fatal,
}

/// Returns clean, or findings.
pub fn outcome(clean: bool) -> Outcome {
    if clean {
        Outcome::Clean
    } else {
        Outcome::Findings
    }
}

/// Returns the outcome by the problems' severities.
pub fn severity(problems: &[Problem]) -> Outcome {
    let fatal = |problem: &Problem| problem.code.severity == problem::Severity::Fatal;
    match problems {
        [] => Outcome::Clean,
        problems if problems.iter().any(fatal) => Outcome::Fatal,
        _ => Outcome::Findings,
    }
}
