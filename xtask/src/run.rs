//! What each command does: the rooms, one after the other.
//!
//! A function here takes its parsed arguments and gives the exit status. Results go to stdout through
//! [`cli::print`]; problems that stop the run are given back.

use crate::cli::{
    self, ExplainArgs, ExplainFormat, GraphArgs, LockArgs, Outcome, RegenArgs, ScanArgs, Subject,
};
use crate::problem::{self, CODES, Code, Problem, USAGE};
use crate::report::codes;

/// `cargo xtask lock`.
pub fn lock(_args: &LockArgs) -> Result<Outcome, Vec<Problem>> {
    Err(not_joined("lock"))
}

/// `cargo xtask scan`.
pub fn scan(_args: &ScanArgs) -> Result<Outcome, Vec<Problem>> {
    Err(not_joined("scan"))
}

/// `cargo xtask regen`.
pub fn regen(_args: &RegenArgs) -> Result<Outcome, Vec<Problem>> {
    Err(not_joined("regen"))
}

/// `cargo xtask graph`.
pub fn graph(_args: &GraphArgs) -> Result<Outcome, Vec<Problem>> {
    Err(not_joined("graph"))
}

/// `cargo xtask explain`.
pub fn explain(args: &ExplainArgs) -> Result<Outcome, Vec<Problem>> {
    let markdown = args.format == ExplainFormat::Markdown;
    match &args.subject {
        None if markdown => cli::print(codes::document),
        None => cli::print(codes::list),
        Some(Subject::Code(id)) => {
            let code = known(id)?;
            cli::print(|out| {
                if markdown {
                    codes::markdown(out, &[code])
                } else {
                    codes::text(out, code, cli::width())
                }
            })
        }
        Some(Subject::Place { .. }) => return Err(not_joined("explain FILE:LINE")),
    }?;
    Ok(Outcome::Clean)
}

fn known(id: &str) -> Result<&'static Code, Vec<Problem>> {
    problem::code(id).ok_or_else(|| {
        let codes = CODES
            .iter()
            .map(|code| code.id)
            .collect::<Vec<_>>()
            .join(", ");
        vec![
            Problem::new(&USAGE, format!("there is no problem code `{id}`"))
                .mend(format!("The codes are {codes}.")),
        ]
    })
}

fn not_joined(command: &str) -> Vec<Problem> {
    vec![Problem::new(
        &USAGE,
        format!("`{command}` is not joined to its rooms"),
    )]
}
