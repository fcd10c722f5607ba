//! Rules that are asked in their order: `[[context]]`, `[[path]]`.

use problem::{BAD_RULE, Problem, meant};
use scan::Form;
use serde::Deserialize;
use toml::{Spanned, Value};

use super::Rules;
use super::reader::{Reader, RulePlace, line_at};
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

/// Why a place stays: the words that `keep` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Text for people.
    Doc,
    /// Upstream's tests.
    Test,
    /// Inside a guest.
    Guest,
    /// On another machine.
    Remote,
    /// While the source is built.
    Build,
    /// The kernel's.
    Kernel,
    /// State of the machine, which has the same name on NixOS.
    State,
    /// NixOS has it by this name.
    Nixos,
    /// NixOS has it not, and the code asks for it first or does without.
    Absent,
    /// Nothing that runs here acts on it.
    Unused,
    /// It only looks like a path, a program or a name.
    Lookalike,
    /// Another edit takes its place.
    Patched,
}

impl Keep {
    /// Every word.
    pub const ALL: [Self; 12] = [
        Self::Doc,
        Self::Test,
        Self::Guest,
        Self::Remote,
        Self::Build,
        Self::Kernel,
        Self::State,
        Self::Nixos,
        Self::Absent,
        Self::Unused,
        Self::Lookalike,
        Self::Patched,
    ];

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Doc => "doc",
            Self::Test => "test",
            Self::Guest => "guest",
            Self::Remote => "remote",
            Self::Build => "build",
            Self::Kernel => "kernel",
            Self::State => "state",
            Self::Nixos => "nixos",
            Self::Absent => "absent",
            Self::Unused => "unused",
            Self::Lookalike => "lookalike",
            Self::Patched => "patched",
        }
    }

    /// The word that is written `text`.
    pub fn of(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == text)
    }

    /// Whether reports show the word; of the others, why.
    pub fn says_all(self) -> bool {
        !matches!(
            self,
            Self::Nixos | Self::Absent | Self::Unused | Self::Lookalike | Self::Patched
        )
    }
}

/// A line that a rule is for, in a file that would have it: `example = "FILE: LINE"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The rule.
    pub rule: RuleId,
    /// Where it is written.
    pub place: RulePlace,
    /// A source that the rule is for.
    pub source: String,
    /// A release that it is for.
    pub release: String,
    /// The file, relative to the source.
    pub file: String,
    /// The line.
    pub line: String,
}

/// The decision of a `[[path]]` rule about a matching occurrence.
#[derive(Debug, Clone)]
pub enum Ruling {
    /// Stays: the word, and the reason that reports show.
    Keep(Keep, String),
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

/// A compiled `[[path]]` or `[[last-path]]` rule.
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

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawContext {
    pub(super) name: Spanned<String>,
    context: Context,
    #[serde(rename = "where", default)]
    pub(super) condition: Condition,
    #[serde(default)]
    why: Option<String>,
    #[serde(default)]
    example: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawPath {
    pub(super) name: Spanned<String>,
    #[serde(rename = "where", default)]
    pub(super) condition: Condition,
    decide: Spanned<Value>,
    #[serde(default)]
    written: Option<String>,
    #[serde(default)]
    why: Option<String>,
    #[serde(default)]
    example: Option<Spanned<String>>,
}

/// `decide`, where it is a table.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Verdict {
    keep: Option<String>,
    package: Option<String>,
    source: Option<String>,
    system: Option<String>,
    disable: Option<String>,
    target: Option<String>,
    absent: Option<Absent>,
    etc: Option<Sort>,
}

/// The words that `decide` may be.
const WORDS: [(&str, Ruling); 4] = [
    ("bare", Ruling::Bare),
    ("program", Ruling::Program),
    ("search-path", Ruling::SearchPath),
    ("wrapper", Ruling::Wrapper),
];

/// An error in a rule, and its remedy.
type Fault = (String, Option<String>);

fn fault(cause: impl Into<String>) -> Fault {
    (cause.into(), None)
}

impl RawPath {
    /// Returns the rule's decision.
    fn verdict(&self) -> Result<(Ruling, Verdict), Fault> {
        let name = self.name.get_ref();
        let verdict = match self.decide.get_ref() {
            Value::String(word) => {
                let mut words = WORDS.into_iter();
                let Some((_, ruling)) = words.find(|(one, _)| one == word) else {
                    let remedy = meant::remedy(word, WORDS.map(|(word, _)| word));
                    return Err((
                        format!("`{name}`: `decide` has no word `{word}`"),
                        Some(remedy),
                    ));
                };
                return Ok((ruling, Verdict::default()));
            }
            table => Verdict::deserialize(table.clone())
                .map_err(|error| fault(format!("`{name}`: `decide`: {}", error.message())))?,
        };
        let keep = verdict.keep.as_deref().map(|word| self.keep(word));
        let choices = [
            keep.transpose()?,
            verdict.package.clone().map(Ruling::Package),
            verdict.source.clone().map(Ruling::Own),
            verdict.system.clone().map(Ruling::System),
            verdict.disable.clone().map(Ruling::Disable),
        ];
        let mut choices = choices.into_iter().flatten();
        let (Some(ruling), None) = (choices.next(), choices.next()) else {
            return Err(fault(format!(
                "`{name}`: `decide` needs exactly one of keep, package, source, system, disable"
            )));
        };
        self.beside(&ruling, &verdict)?;
        Ok((ruling, verdict))
    }

    /// A word of `keep`.
    fn keep(&self, word: &str) -> Result<Ruling, Fault> {
        let name = self.name.get_ref();
        let Some(keep) = Keep::of(word) else {
            let remedy = meant::remedy(word, Keep::ALL.map(Keep::word));
            let remedy = format!("{remedy} A sentence goes into `why`.");
            return Err((
                format!("`{name}`: `keep` has no word `{word}`"),
                Some(remedy),
            ));
        };
        let why = self.why.clone().unwrap_or_default();
        let reason = if keep.says_all() {
            word.to_owned()
        } else {
            why
        };
        Ok(Ruling::Keep(keep, reason))
    }

    /// Checks the keys beside the choice.
    fn beside(&self, ruling: &Ruling, verdict: &Verdict) -> Result<(), Fault> {
        let name = self.name.get_ref();
        let leads = matches!(ruling, Ruling::Package(_) | Ruling::Own(_));
        let stays = matches!(ruling, Ruling::Keep(..) | Ruling::System(_));
        let each = !self.condition.sources.is_empty() && !self.condition.files.is_empty();
        let nixos = verdict.etc == Some(Sort::Nixos);
        let cause = if verdict.target.is_some() && !leads {
            "`target` only goes with package or source"
        } else if verdict.absent.is_some() && !leads {
            "`absent` only goes with package or source"
        } else if verdict.etc.is_some() && !stays {
            "`etc` only goes with keep or system"
        } else if nixos && !each {
            "what NixOS links is decided place by place, with sources and files"
        } else if self.written.is_some() && !nixos {
            "`written` only goes with etc = \"nixos\""
        } else {
            return Ok(());
        };
        Err(fault(format!("`{name}`: {cause}")))
    }

    /// Whether nobody would agree without a sentence.
    fn wants_why(&self, ruling: &Ruling, verdict: &Verdict) -> bool {
        let plain = match ruling {
            Ruling::Keep(keep, _) => keep.says_all() && *keep != Keep::State,
            Ruling::Package(_) | Ruling::Own(_) => {
                verdict.target.is_none() && verdict.absent.is_none()
            }
            Ruling::Program => true,
            _ => false,
        };
        !plain && is_blank(self.why.as_deref())
    }
}

/// Whether there is no sentence.
pub(super) fn is_blank(text: Option<&str>) -> bool {
    text.is_none_or(|text| text.trim().is_empty())
}

/// The forms of code: a rule is for comments only where it says so.
const CODE: [Form; 9] = [
    Form::Literal,
    Form::Interpolated,
    Form::Word,
    Form::Heredoc,
    Form::Command,
    Form::Regex,
    Form::Bare,
    Form::Shebang,
    Form::Define,
];

impl Rules {
    fn path_rule(&self, rule: &RuleId) -> Option<&PathRule> {
        let mut rules = self.first.iter().chain(&self.last);
        rules.find(|one| one.id == *rule)
    }

    /// Returns a path rule's `absent`.
    pub fn absent(&self, rule: &RuleId) -> Option<Absent> {
        self.path_rule(rule)?.absent
    }

    /// Returns a rule's statement about a path below `/etc`.
    pub fn etc(&self, rule: &RuleId) -> Option<Etc> {
        self.path_rule(rule)?.etc
    }
}

impl Reader<'_> {
    /// Compiles `[[context]]` rules of a file.
    pub(super) fn contexts(
        &mut self,
        (file, text): (&str, &str),
        raws: Vec<RawContext>,
    ) -> Vec<ContextRule> {
        let mut read = Vec::new();
        for mut raw in raws {
            let line = Some(line_at(text, raw.name.span().start));
            let id = RuleId::new(Table::Context, raw.name.get_ref());
            self.claim(&id, file, line);
            let acts = matches!(
                raw.context,
                Context::Host | Context::Guest | Context::Remote
            );
            if acts && is_blank(raw.why.as_deref()) {
                let cause = format!("`{}` says where code acts, and not why", id.name());
                self.unexplained(file, line, cause);
            }
            self.example(&id, &raw.condition, raw.example.as_ref(), (file, text));
            if raw.condition.forms.is_empty() {
                raw.condition.forms = CODE.to_vec();
            }
            let matcher = self.matcher(&raw.condition, file, line);
            read.push(ContextRule {
                id,
                matcher,
                context: raw.context,
            });
        }
        read
    }

    /// Compiles `[[path]]` rules of a file.
    pub(super) fn paths(
        &mut self,
        (file, text): (&str, &str),
        raws: Vec<RawPath>,
    ) -> Vec<PathRule> {
        let mut read = Vec::new();
        for mut raw in raws {
            let line = Some(line_at(text, raw.name.span().start));
            let id = RuleId::new(Table::Path, raw.name.get_ref());
            self.claim(&id, file, line);
            let (ruling, verdict) = match raw.verdict() {
                Ok(said) => said,
                Err((cause, remedy)) => {
                    let line = Some(line_at(text, raw.decide.span().start));
                    let problem = Problem::new(&BAD_RULE, cause).at(self.place(file), line);
                    self.problems.push(match remedy {
                        Some(remedy) => problem.mend(remedy),
                        None => problem,
                    });
                    continue;
                }
            };
            if raw.wants_why(&ruling, &verdict) {
                let cause = format!("`{}` does not say why", id.name());
                self.unexplained(file, line, cause);
            }
            self.example(&id, &raw.condition, raw.example.as_ref(), (file, text));
            let condition = &mut raw.condition;
            if condition.contexts.is_empty() {
                condition.contexts = vec![Context::Host];
                condition.joined.get_or_insert(false);
            }
            let matcher = self.matcher(condition, file, line);
            read.push(PathRule {
                id,
                matcher,
                ruling,
                target: verdict.target,
                absent: verdict.absent,
                etc: verdict.etc.map(|sort| Etc {
                    sort,
                    written: raw.written.is_some(),
                }),
            });
        }
        read
    }

    /// Notes the example of a rule.
    fn example(
        &mut self,
        rule: &RuleId,
        condition: &Condition,
        example: Option<&Spanned<String>>,
        (file, text): (&str, &str),
    ) {
        let Some(example) = example else { return };
        let line = Some(line_at(text, example.span().start));
        let Some((in_file, code)) = example.get_ref().split_once(": ") else {
            let cause = format!("the example of `{}` is not `FILE: LINE`", rule.name());
            return self.bad(file, line, cause);
        };
        // A name that the globs take.
        let of = |globs: &[String], other: &str| {
            let first = globs.first().map_or(other, String::as_str);
            first.replace('*', "0").replace('\\', "")
        };
        self.examples.push(Example {
            rule: rule.clone(),
            place: RulePlace {
                file: self.place(file),
                line,
            },
            source: of(&condition.sources, "example"),
            release: of(&condition.releases, "example"),
            file: in_file.to_owned(),
            line: code.to_owned(),
        });
    }

    fn unexplained(&mut self, file: &str, line: Option<u32>, cause: String) {
        let problem = Problem::new(&BAD_RULE, cause).at(self.place(file), line);
        let remedy = "Add `why`: the sentence that a reader needs to agree with the rule.";
        self.problems.push(problem.mend(remedy));
    }
}
