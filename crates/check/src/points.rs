//! `rules/general/check.toml`: what a built link is asked, and of what kind the machine is that it is asked on.
//!
//! `docs/check.md` says how points are written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use regex::Regex;
use serde::{Deserialize, Serialize};

use problem::{BAD_RULE, DUPLICATE_RULE, Problem};

/// Everything in `rules/general/check.toml`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rules {
    /// The machine that is made for the link.
    #[serde(default)]
    pub machine: Machine,
    /// The programs that upstream runs in taint mode, as globs of paths below the output.
    #[serde(default)]
    pub tainted: Vec<String>,
    /// Programs and modules that the checks of each one treat differently or skip.
    #[serde(default, rename = "file")]
    pub files: Vec<FileRule>,
    /// Perl modules that a link has not when it lacks what is named, beside those of `[missing.NAME]` in `rules/nixpkgs/perl.toml`.
    #[serde(default)]
    pub lacking: BTreeMap<String, Vec<String>>,
    /// The paths below Debian's directories that programs may access.
    #[serde(default, rename = "trace")]
    pub traces: Vec<TraceRule>,
    /// The points, in order.
    #[serde(default, rename = "point")]
    pub points: Vec<Point>,
}

/// The machine that is made for the link.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Machine {
    /// Its name.
    #[serde(default)]
    pub host_name: String,
    /// The address of its name; not a loopback address.
    #[serde(default)]
    pub address: String,
    /// Devices below `/dev` to take from this machine, if it has them.
    #[serde(default)]
    pub devices: Vec<String>,
    /// Directories of this machine to hide, because they would belong to an installed Proxmox VE.
    #[serde(default)]
    pub hide: Vec<String>,
    /// Files and directories of this machine's `/etc` to add if the link relies on this machine's
    /// `/usr`.
    #[serde(default)]
    pub etc: Vec<String>,
    /// Setuid programs that NixOS wraps in `/run/wrappers/bin`. The machine has those in the link's
    /// `PATH`.
    #[serde(default)]
    pub wrappers: Vec<String>,
    /// Programs that services run before they start and that only act on the kernel. The kernel is
    /// this machine's, so they are not run.
    #[serde(default)]
    pub not_run: Vec<String>,
    /// Programs of this machine to copy to `/run/check` if they are statically linked. Guests are
    /// made of them.
    #[serde(default)]
    pub static_programs: Vec<String>,
    /// Files to write, by path.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// Users of every system, which no source's `system.json` needs to list: name to uid.
    #[serde(default)]
    pub users: BTreeMap<String, u32>,
}

/// A program that does not answer `--help` or `help`, or a module that does not compile by itself.
#[derive(Serialize, Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FileRule {
    /// Its path below the output. `*` matches any characters but `/`.
    pub place: String,
    /// The arguments to use in place of `--help`.
    pub run: Option<Vec<String>>,
    /// A pattern for its output, whatever its exit status.
    pub expect: Option<String>,
    /// Whether to skip it.
    #[serde(default)]
    pub skip: bool,
    /// The reason.
    pub why: String,
}

/// Paths that a traced program may ask for.
#[derive(Serialize, Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TraceRule {
    /// Globs.
    pub paths: Vec<String>,
    /// Whether the rule applies only if the link relies on this machine's `/usr`.
    #[serde(default)]
    pub leaning: bool,
    /// The only programs that may access the paths. Empty for any program.
    #[serde(default)]
    pub by: Vec<String>,
    /// The program that accesses them, and why that is right on NixOS.
    pub why: String,
}

/// A check in code of every module, program or unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Every {
    /// Every Perl module of the link's own compiles.
    Module,
    /// Every program answers.
    Program,
    /// Every Perl program runs in taint mode if upstream's does.
    Taint,
    /// Every unit's programs exist.
    Unit,
    /// Traced programs access only paths that NixOS has.
    Trace,
}

/// One point of the acceptance.
#[derive(Serialize, Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Point {
    /// `pmxcfs`
    pub id: String,
    /// The title, which states what passing proves.
    pub title: String,
    /// The items to check; without it, `steps` apply.
    pub every: Option<Every>,
    /// Paths below the output, or absolute paths of the machine, without which the point does not
    /// apply.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Parts that the link may lack (`passthru.lacks`). If it lacks one, the point does not apply.
    #[serde(default)]
    pub unless_lacking: Vec<String>,
    /// Points that must have passed.
    #[serde(default)]
    pub after: Vec<String>,
    /// The steps, in order.
    #[serde(default, rename = "step")]
    pub steps: Vec<Step>,
}

/// One step. It has exactly one of `run`, `unit`, `get`, `browse`, `read`, `write`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Step {
    /// A program with its arguments; `bin/…` is the link's.
    pub run: Option<Vec<String>>,
    /// A service of the link, which is started as systemd would.
    pub unit: Option<String>,
    /// An address to fetch.
    pub get: Option<String>,
    /// An address to open in a browser.
    pub browse: Option<String>,
    /// A file of the machine to read, once it exists.
    pub read: Option<String>,
    /// A file of the machine to write.
    pub write: Option<String>,
    /// Headers that `get` sends.
    #[serde(default)]
    pub headers: Vec<String>,
    /// Form fields that `get` sends, `name=value`.
    #[serde(default)]
    pub data: Vec<String>,
    /// The content that `write` writes.
    pub content: Option<String>,
    /// A pattern that the output, the answer or the file must match.
    pub expect: Option<String>,
    /// A pattern that it must not match.
    pub refuse: Option<String>,
    /// The program's exit status, or the answer's HTTP status if it is not 200.
    #[serde(default)]
    pub status: i32,
    /// Whether every absolute path in the output must exist.
    #[serde(default)]
    pub paths: bool,
    /// Paths in the output that may be missing, as globs: those that a guest's start creates.
    #[serde(default)]
    pub absent: Vec<String>,
}

/// The action of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed<'a> {
    /// Run a program.
    Run(&'a [String]),
    /// Start a service.
    Unit(&'a str),
    /// Fetch an address.
    Get(&'a str),
    /// Open an address in a browser.
    Browse(&'a str),
    /// Read a file.
    Read(&'a str),
    /// Write a file.
    Write(&'a str, &'a str),
}

impl Step {
    /// Returns its action, or `None` if it has none or several.
    pub fn deed(&self) -> Option<Deed<'_>> {
        let run = self.run.as_deref().filter(|words| !words.is_empty());
        let content = self.content.as_deref().unwrap_or_default();
        let deeds = [
            run.map(Deed::Run),
            self.unit.as_deref().map(Deed::Unit),
            self.get.as_deref().map(Deed::Get),
            self.browse.as_deref().map(Deed::Browse),
            self.read.as_deref().map(Deed::Read),
            self.write.as_deref().map(|path| Deed::Write(path, content)),
        ];
        let mut said = deeds.into_iter().flatten();
        said.next().filter(|_| said.next().is_none())
    }
}

impl Rules {
    /// Reads `rules/general/check.toml` below `root`.
    ///
    /// # Errors
    /// PNX-103 for an unreadable file or an invalid point, PNX-104 for two points of one name.
    pub fn read(root: &Path) -> Result<Self, Vec<Problem>> {
        let shown = "rules/general/check.toml";
        let text = std::fs::read_to_string(root.join(shown))
            .map_err(|error| vec![Problem::new(&BAD_RULE, error.to_string()).at(shown, None)])?;
        Self::parse(&text, shown)
    }

    /// Parses the file's text. Problems name `shown`.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn parse(text: &str, shown: &str) -> Result<Self, Vec<Problem>> {
        let rules: Self = toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| line_at(text, span.start));
            vec![Problem::new(&BAD_RULE, error.message().to_owned()).at(shown, line)]
        })?;
        let problems: Vec<Problem> = rules
            .faults()
            .into_iter()
            .map(|(id, code, cause)| {
                let line = text
                    .find(&format!("id = \"{id}\""))
                    .or_else(|| text.find(&format!("\"{id}\"")))
                    .map(|at| line_at(text, at));
                Problem::new(code, cause).at(shown, line)
            })
            .collect();
        if problems.is_empty() {
            Ok(rules)
        } else {
            Err(problems)
        }
    }

    /// Returns the faults: the point or program, the code, the cause.
    fn faults(&self) -> Vec<(&str, &'static problem::Code, String)> {
        let mut faults = Vec::new();
        let mut known = BTreeSet::new();
        for point in &self.points {
            let id = point.id.as_str();
            let mut bad = |cause: String| faults.push((id, &BAD_RULE, cause));
            for earlier in &point.after {
                if !known.contains(earlier.as_str()) {
                    bad(format!(
                        "{id}: no point before it is called `{earlier}`, which it comes after"
                    ));
                }
            }
            if point.every.is_some() != point.steps.is_empty() {
                bad(format!("{id}: give either `every` or steps"));
            }
            for step in &point.steps {
                if step.deed().is_none() {
                    bad(format!(
                        "{id}: a step has exactly one of run, unit, get, browse, read, write"
                    ));
                }
                let patterns = [&step.expect, &step.refuse];
                for cause in patterns.into_iter().flatten().filter_map(bad_pattern) {
                    bad(format!("{id}: {cause}"));
                }
            }
            if !known.insert(id) {
                faults.push((
                    id,
                    &DUPLICATE_RULE,
                    format!("the point `{id}` is already defined"),
                ));
            }
        }
        for rule in &self.files {
            if let Some(cause) = rule.expect.as_ref().and_then(bad_pattern) {
                faults.push((&rule.place, &BAD_RULE, format!("{}: {cause}", rule.place)));
            }
        }
        faults
    }

    /// Returns the rule for the program or module at `place`.
    pub fn file(&self, place: &str) -> Option<&FileRule> {
        self.files.iter().find(|rule| is_at(&rule.place, place))
    }

    /// Whether upstream runs the program at `place` in taint mode.
    pub fn is_tainted(&self, place: &str) -> bool {
        self.tainted.iter().any(|glob| is_at(glob, place))
    }
}

/// Whether a glob matches a path. Its `*` does not match `/`.
fn is_at(glob: &str, place: &str) -> bool {
    let glob = globset::GlobBuilder::new(glob)
        .literal_separator(true)
        .build();
    glob.is_ok_and(|glob| glob.compile_matcher().is_match(place))
}

#[allow(clippy::ptr_arg)] // Options of Strings are mapped with it.
fn bad_pattern(pattern: &String) -> Option<String> {
    // `{name}` is a value that is known only when the step runs.
    let names = Regex::new(r"\{[a-z]+\}").ok()?;
    Regex::new(&names.replace_all(pattern, "x"))
        .err()
        .map(|error| format!("`{pattern}` is not a regular expression: {error}"))
}

fn line_at(text: &str, offset: usize) -> u32 {
    let lines = text[..offset].matches('\n').count() + 1;
    u32::try_from(lines).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_can_be_read() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let rules = Rules::read(&root).unwrap();
        assert!(rules.points.len() > 10);
        assert!(!rules.machine.address.starts_with("127."));
        assert!(rules.files.iter().all(|rule| !rule.why.is_empty()));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let text = "\
[[point]]
id = \"a\"
title = \"A\"
after = [\"b\"]
[[point.step]]
run = [\"bin/a\"]
get = \"http://127.0.0.1/\"
[[point]]
id = \"a\"
title = \"A\"
every = \"unit\"
";
        let problems = Rules::parse(text, "check.toml").unwrap_err();
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 3, "{told:#?}");
        assert!(told[0].starts_with("PNX-103: check.toml:2: a: no point before it"));
        assert!(told[1].contains("a step has exactly one of"));
        assert!(told[2].starts_with("PNX-104: "));
        let unknown = Rules::parse("[[point]]\nid = \"a\"\nx = 1\n", "c").unwrap_err();
        assert!(unknown[0].to_string().contains("unknown field `x`"));
    }
}
