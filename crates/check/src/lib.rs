//! Acceptance tests of a built link (`pve`, `qemu-server` …) on a machine without Proxmox.
//!
//! [`enclosure`] asks this machine for namespaces and starts this program in them again; [`inside`] makes a root there
//! ([`machine`]) and tries the points of `rules/general/check.toml` ([`points`]) on it, those that ask every module, program and
//! unit ([`every`]) and those that are steps ([`steps`]). What it finds comes back a line at a time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use problem::{BAD_LINK, Problem, USAGE};

pub mod cgroup;
pub mod command;
pub mod enclosure;
pub mod every;
pub mod inside;
mod lacking;
pub mod link;
pub mod machine;
pub mod points;
pub mod service;
pub mod start;
pub mod steps;
pub mod system;
pub mod trace;

pub use link::Link;
pub use points::{Point, Rules};
pub use system::System;

/// The request for a check.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The project's root, which contains the rules.
    pub root: &'a Path,
    /// The link.
    pub path: &'a Path,
    /// A release's directory with the `system.json` of its sources, for a link that has none of its
    /// own.
    pub systems: Option<&'a Path>,
    /// The points to try, with those that they come after. Empty for all.
    pub only: &'a [String],
    /// The points to skip.
    pub skip: &'a [String],
    /// The time limit of one program.
    pub timeout: Duration,
    /// The number of programs to run in parallel; 0 for one per processor.
    pub jobs: usize,
    /// Whether to trace every program.
    pub trace: bool,
}

/// The task of the inner half.
#[derive(Serialize, Deserialize, Clone, Debug)]
pub struct Task {
    /// A directory to mount on.
    pub scratch: PathBuf,
    /// The link.
    pub link: Link,
    /// The points to try, and the machine to make.
    pub rules: Rules,
    /// Users, groups and directories.
    pub system: System,
    /// The Perl modules that the link lacks, with the name of the missing package.
    pub lacking: BTreeMap<String, String>,
    /// The time limit of one program.
    pub timeout: Duration,
    /// The number of programs to run in parallel; 0 for one per processor.
    pub jobs: usize,
    /// Whether to trace every program.
    pub trace: bool,
    /// Whether the outer half has given the inner half a control group.
    pub control_group: bool,
}

/// An event that the inner half reports.
#[derive(Serialize, Deserialize, Clone, Debug)]
pub enum Event {
    /// A point begins.
    Begun(String),
    /// A point has ended.
    Ended(Outcome),
    /// The machine could not be made.
    NoMachine(String),
}

/// The verdict on a point, a module, a program or a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// It passed, with a remark.
    Passed(String),
    /// It failed.
    Failed {
        /// The cause, on one line.
        cause: String,
        /// The program's output.
        output: String,
    },
    /// It does not apply, for this reason.
    NotApplicable(String),
}

impl Verdict {
    /// Makes a failure with this output.
    pub fn failed(cause: String, output: String) -> Self {
        Self::Failed { cause, output }
    }
}

/// One of the many items that a point checks.
#[derive(Serialize, Deserialize, Clone, Debug)]
pub struct Item {
    /// Its path below the output, or the unit's name.
    pub name: String,
    /// Its verdict.
    pub verdict: Verdict,
}

impl Item {
    /// Makes the verdict on `name`.
    pub fn new(name: impl Into<String>, verdict: Verdict) -> Self {
        Self {
            name: name.into(),
            verdict,
        }
    }
}

/// The result of a point.
#[derive(Serialize, Deserialize, Clone, Debug)]
pub struct Outcome {
    /// The point's id.
    pub id: String,
    /// The point's title.
    pub title: String,
    /// The time that it took.
    pub took: Duration,
    /// Its verdict.
    pub verdict: Verdict,
    /// The verdicts on single modules, programs or units, if it checks those.
    pub items: Vec<Item>,
}

impl Task {
    /// Completes the words of a command. The first may be a path below the output.
    pub fn words(&self, words: impl Iterator<Item = String>) -> Vec<String> {
        let mut words: Vec<String> = words.collect();
        if let Some(program) = words
            .first_mut()
            .filter(|program| program.starts_with("bin/"))
        {
            *program = self.link.out.join(&*program).display().to_string();
        }
        words
    }

    /// Formats a command for display: the link's own programs without the output's path.
    pub fn shown(&self, words: &[String]) -> String {
        let prefix = format!("{}/bin/", self.link.out.display());
        words.join(" ").replace(&prefix, "")
    }

    /// Makes a failure, unless its cause is a Perl module that the link lacks by its own list.
    pub fn judged(&self, cause: String, output: &str) -> Verdict {
        match lacking::missing_module(output) {
            Some(module) if self.lacking.contains_key(&module) => Verdict::NotApplicable(format!(
                "needs {module}, which the link lacks ({})",
                self.lacking[&module]
            )),
            _ => Verdict::failed(cause, output.to_owned()),
        }
    }
}

/// Makes the task of a request. `scratch` is an empty directory.
///
/// # Errors
/// The link cannot be read, the rules are invalid, or a point does not exist.
pub fn prepare(request: &Request<'_>, scratch: &Path) -> Result<Task, Vec<Problem>> {
    let mut rules = Rules::read(request.root)?;
    rules.points = chosen(&rules.points, request.only, request.skip)?;
    let shown = request.path.display().to_string();
    let unread = |cause: String| vec![Problem::new(&BAD_LINK, cause).at(&shown, None)];
    let mut link = Link::read(request.path).map_err(|error| unread(error.to_string()))?;
    if link.programs.is_empty() && link.modules.is_empty() && link.services.is_empty() {
        return Err(unread(
            "it has no program in bin, no Perl module and no service".to_owned(),
        ));
    }
    if link.systems.is_empty()
        && let Some(directory) = request.systems
    {
        link.systems = link::systems(directory).map_err(|error| {
            let cause = format!("--system {}: {error}", directory.display());
            vec![Problem::new(&USAGE, cause)]
        })?;
    }
    let users = &rules.machine.users;
    let system = System::new(&link.systems, &link.services, users).map_err(unread)?;
    let lacking = lacking::modules(request.root, &link, &rules)?;
    Ok(Task {
        scratch: scratch.to_path_buf(),
        link,
        rules,
        system,
        lacking,
        timeout: request.timeout,
        jobs: request.jobs,
        trace: request.trace,
        control_group: false,
    })
}

/// Returns the requested points, with those that they come after.
fn chosen(points: &[Point], only: &[String], skip: &[String]) -> Result<Vec<Point>, Vec<Problem>> {
    for id in only.iter().chain(skip) {
        if !points.iter().any(|point| point.id == *id) {
            let ids: Vec<&str> = points.iter().map(|point| point.id.as_str()).collect();
            let problem = Problem::new(&USAGE, format!("there is no point `{id}`"));
            return Err(vec![
                problem.mend(format!("The points are {}.", ids.join(", "))),
            ]);
        }
    }
    let mut wanted: Vec<&str> = Vec::new();
    // A point is listed after those it comes after, so one pass from the end is enough.
    for point in points.iter().rev() {
        let asked = only.is_empty() || only.contains(&point.id);
        if (asked && !skip.contains(&point.id)) || wanted.contains(&point.id.as_str()) {
            wanted.push(&point.id);
            let earlier = point.after.iter().map(String::as_str);
            wanted.extend(earlier.filter(|id| !skip.iter().any(|skipped| skipped == id)));
        }
    }
    let wanted = points
        .iter()
        .filter(|point| wanted.contains(&point.id.as_str()));
    Ok(wanted.cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_brings_those_it_comes_after() {
        let text = "\
[[point]]
id = \"a\"
title = \"A\"
every = \"unit\"
[[point]]
id = \"b\"
title = \"B\"
after = [\"a\"]
every = \"unit\"
[[point]]
id = \"c\"
title = \"C\"
every = \"unit\"
";
        let points = Rules::parse(text, "check.toml").unwrap().points;
        let ids = |only: &[&str], skip: &[&str]| -> String {
            let owned = |ids: &[&str]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
            let chosen = chosen(&points, &owned(only), &owned(skip)).unwrap();
            chosen.iter().map(|point| point.id.as_str()).collect()
        };
        assert_eq!(ids(&[], &[]), "abc");
        assert_eq!(ids(&["b"], &[]), "ab");
        assert_eq!(ids(&[], &["a"]), "bc");
        assert_eq!(ids(&["b", "c"], &["c"]), "ab");
        assert!(chosen(&points, &["x".to_owned()], &[]).is_err());
    }
}
