//! Rules that are tried in order: `contexts.toml`, `paths.toml`.

use problem::{BAD_RULE, Problem};
use serde::Deserialize;
use toml::Spanned;

use super::Rules;
use super::reader::{Reader, line_at};
use crate::etc::{Etc, Sort};
use crate::matcher::{Condition, Matcher};
use crate::{Context, RuleId, Table};

/// A compiled `[[context]]` rule.
#[derive(Debug)]
pub struct ContextRule {
    /// Its identity.
    pub id: RuleId,
    /// Its conditions.
    pub matcher: Matcher,
    /// The context that it assigns.
    pub context: Context,
}

/// The effect of a `[[path]]` rule on a matching occurrence.
#[derive(Debug, Clone)]
pub enum Ruling {
    /// The text stays, for a reason.
    Keep(String),
    /// A file of a nixpkgs package.
    Package(String),
    /// A file of this or another Proxmox source.
    Own(String),
    /// The program's bare name.
    Bare,
    /// The computed `PATH`.
    SearchPath,
    /// A setuid wrapper.
    Wrapper,
    /// A path that NixOS provides. `{rest}` as in a target.
    System(String),
    /// Removed with a feature.
    Disable(String),
    /// The decision of the tables for a program's name. Without one, the rule does not match.
    Program,
}

/// A compiled `[[path]]` or `[[last]]` rule.
#[derive(Debug)]
pub struct PathRule {
    /// Its identity.
    pub id: RuleId,
    /// Its conditions.
    pub matcher: Matcher,
    /// Its effect.
    pub ruling: Ruling,
    /// The target below the output. `{rest}` is the text after the matched `below` prefix, `{name}`
    /// or `{program}` the last component. By default it is the path as the output lays it out.
    pub target: Option<String>,
    /// The reason why the target may be missing.
    pub absent: Option<Absent>,
    /// The sort of a path below `/etc` that stays.
    pub etc: Option<Etc>,
}

/// The reason why a target may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Absent {
    /// The code checks for it, and works without it.
    Optional,
    /// It is the start of names that the code completes.
    Head,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ContextsFile {
    #[serde(default)]
    context: Vec<RawContext>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawContext {
    name: Spanned<String>,
    context: Context,
    #[serde(rename = "where", default)]
    condition: Condition,
    #[serde(default)]
    #[allow(dead_code, reason = "for the reader of the rule")]
    why: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PathsFile {
    #[serde(default)]
    path: Vec<RawPath>,
    #[serde(default)]
    last: Vec<RawPath>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawPath {
    name: Spanned<String>,
    #[serde(rename = "where", default)]
    condition: Condition,
    #[serde(default)]
    keep: Option<String>,
    #[serde(default)]
    package: Option<String>,
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    bare: bool,
    #[serde(default)]
    search_path: bool,
    #[serde(default)]
    wrapper: bool,
    #[serde(default)]
    program: bool,
    #[serde(default)]
    system: Option<String>,
    #[serde(default)]
    disable: Option<String>,
    #[serde(default)]
    target: Option<String>,
    #[serde(default)]
    absent: Option<Absent>,
    #[serde(default)]
    etc: Option<Sort>,
    #[serde(default)]
    written: Option<String>,
    #[serde(default)]
    #[allow(dead_code, reason = "for the reader of the rule")]
    why: Option<String>,
}

/// Returns the fault in a rule's keys about `/etc`.
fn etc_fault(raw: &RawPath) -> Option<String> {
    let name = raw.name.get_ref();
    let stays = raw.keep.is_some() || raw.system.is_some();
    let each = !raw.condition.sources.is_empty() && !raw.condition.files.is_empty();
    match raw.etc {
        Some(_) if !stays => Some(format!(
            "`{name}` has `etc`, which only goes with keep or system"
        )),
        Some(Sort::Nixos) if !each => Some(format!(
            "`{name}`: what NixOS links is decided place by place, with sources and files"
        )),
        Some(Sort::Nixos) => None,
        _ => raw
            .written
            .is_some()
            .then(|| format!("`{name}` has `written`, which only goes with etc = \"nixos\"")),
    }
}

fn ruling(raw: &RawPath) -> Result<Ruling, String> {
    let choices = [
        raw.keep.clone().map(Ruling::Keep),
        raw.package.clone().map(Ruling::Package),
        raw.source.clone().map(Ruling::Own),
        raw.system.clone().map(Ruling::System),
        raw.disable.clone().map(Ruling::Disable),
        raw.bare.then_some(Ruling::Bare),
        raw.search_path.then_some(Ruling::SearchPath),
        raw.wrapper.then_some(Ruling::Wrapper),
        raw.program.then_some(Ruling::Program),
    ];
    let mut choices = choices.into_iter().flatten();
    match (choices.next(), choices.next()) {
        (Some(ruling), None) => Ok(ruling),
        _ => Err(format!(
            "`{}` needs exactly one of keep, package, source, bare, search-path, wrapper, system, program, disable",
            raw.name.get_ref()
        )),
    }
}

impl Rules {
    /// Returns a path rule's statement about its target's absence.
    pub fn absent(&self, rule: &RuleId) -> Option<Absent> {
        let mut rules = self.first.iter().chain(&self.last);
        rules.find(|one| one.id == *rule)?.absent
    }

    /// Returns a rule's statement about a path below `/etc`.
    pub fn etc(&self, rule: &RuleId) -> Option<Etc> {
        let mut rules = self.first.iter().chain(&self.last);
        rules.find(|one| one.id == *rule)?.etc
    }

    pub(super) fn read_contexts(&mut self, reader: &mut Reader) {
        let name = "contexts.toml";
        let Some((file, text)) = reader.file::<ContextsFile>(name) else {
            return;
        };
        let mut read = Vec::new();
        for raw in file.context {
            let line = Some(line_at(&text, raw.name.span().start));
            let rule = RuleId::new(Table::Context, raw.name.get_ref());
            reader.claim(&rule, name, line);
            let matcher = reader.matcher(&raw.condition, name, line);
            read.push(ContextRule {
                id: rule,
                matcher,
                context: raw.context,
            });
        }
        // Added rules are tried first.
        self.contexts.splice(0..0, read);
    }

    pub(super) fn read_paths(&mut self, reader: &mut Reader) {
        let name = "paths.toml";
        let Some((file, text)) = reader.file::<PathsFile>(name) else {
            return;
        };
        for (raws, into) in [(file.path, &mut self.first), (file.last, &mut self.last)] {
            let mut read = Vec::new();
            for raw in raws {
                let line = Some(line_at(&text, raw.name.span().start));
                let rule = RuleId::new(Table::Path, raw.name.get_ref());
                reader.claim(&rule, name, line);
                let matcher = reader.matcher(&raw.condition, name, line);
                if let Some(cause) = etc_fault(&raw) {
                    let problem = Problem::new(&BAD_RULE, cause);
                    reader.problems.push(problem.at(reader.place(name), line));
                }
                let etc = raw.etc.map(|sort| Etc {
                    sort,
                    written: raw.written.is_some(),
                });
                match ruling(&raw) {
                    Ok(ruling) => read.push(PathRule {
                        id: rule,
                        matcher,
                        ruling,
                        target: raw.target,
                        absent: raw.absent,
                        etc,
                    }),
                    Err(cause) => reader
                        .problems
                        .push(Problem::new(&BAD_RULE, cause).at(reader.place(name), line)),
                }
            }
            into.splice(0..0, read);
        }
    }
}
