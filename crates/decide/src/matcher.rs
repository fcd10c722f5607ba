//! Matches the conditions of a rule against an occurrence.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use regex::Regex;
use serde::Deserialize;

use super::Context;
use scan::{Form, Kind, Language, Occurrence};

/// The `where` table of a rule. All keys must match; a list matches if one of its entries does.
/// Strings are globs (`*`, `?`, `{a,b}`; `**` crosses `/` in file names) unless stated otherwise.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Condition {
    /// The releases to which it applies, if two releases need different decisions.
    #[serde(default)]
    pub releases: Vec<String>,
    /// Sources, by name.
    #[serde(default)]
    pub sources: Vec<String>,
    /// Files, relative to the source.
    #[serde(default)]
    pub files: Vec<String>,
    /// Languages.
    #[serde(default)]
    pub languages: Vec<Language>,
    /// Kinds of occurrence.
    #[serde(default)]
    pub kinds: Vec<Kind>,
    /// Lexical forms.
    #[serde(default)]
    pub forms: Vec<Form>,
    /// Contexts (of `[[path]]` only).
    #[serde(default)]
    pub contexts: Vec<Context>,
    /// The text is exactly one of these.
    #[serde(default)]
    pub exact: Vec<String>,
    /// The text is one of these paths or lies below one.
    #[serde(default)]
    pub below: Vec<String>,
    /// The text matches this regular expression (unanchored).
    #[serde(default)]
    pub regex: Option<String>,
    /// The enclosing sub.
    #[serde(default)]
    pub subs: Vec<String>,
    /// The innermost call.
    #[serde(default)]
    pub calls: Vec<String>,
    /// The argument's index in that call.
    #[serde(default)]
    pub arguments: Vec<u32>,
    /// The static words before it in its command.
    #[serde(default)]
    pub before: Vec<String>,
    /// The variable or key that receives it.
    #[serde(default)]
    pub targets: Vec<String>,
    /// The exact configuration under which it is compiled (Rust); `test` for code that only tests
    /// compile.
    #[serde(default)]
    pub cfgs: Vec<String>,
    /// Whether it follows other text within its literal.
    #[serde(default)]
    pub joined: Option<bool>,
    /// Whether an interpolation continues it.
    #[serde(default)]
    pub open: Option<bool>,
    /// Whether it names a program, that is, lies directly in an FHS program directory.
    #[serde(default)]
    pub names_program: Option<bool>,
}

/// A compiled [`Condition`].
#[derive(Debug, Default)]
pub struct Matcher {
    releases: Option<GlobSet>,
    sources: Option<GlobSet>,
    files: Option<GlobSet>,
    languages: Vec<Language>,
    kinds: Vec<Kind>,
    forms: Vec<Form>,
    contexts: Vec<Context>,
    exact: Vec<String>,
    below: Vec<String>,
    regex: Option<Regex>,
    subs: Option<GlobSet>,
    calls: Option<GlobSet>,
    arguments: Vec<u32>,
    before: Option<GlobSet>,
    targets: Option<GlobSet>,
    cfgs: Vec<String>,
    joined: Option<bool>,
    open: Option<bool>,
    names_program: Option<bool>,
}

/// An occurrence with its surroundings, for a matcher.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The release.
    pub release: &'a str,
    /// The source.
    pub source: &'a str,
    /// The file.
    pub path: &'a str,
    /// Its language.
    pub language: Language,
    /// The place.
    pub occurrence: &'a Occurrence,
    /// Its context; `None` while that is being decided.
    pub context: Option<Context>,
}

fn globs(patterns: &[String], separate: bool) -> Result<Option<GlobSet>, String> {
    if patterns.is_empty() {
        return Ok(None);
    }
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let glob = GlobBuilder::new(pattern)
            .literal_separator(separate)
            .backslash_escape(true)
            .empty_alternates(true)
            .build();
        set.add(glob.map_err(|error| format!("bad pattern `{pattern}`: {}", error.kind()))?);
    }
    set.build().map(Some).map_err(|error| error.to_string())
}

fn within<T: PartialEq>(wanted: &[T], is: &T) -> bool {
    wanted.is_empty() || wanted.contains(is)
}

fn holds(set: Option<&GlobSet>, is: Option<&str>) -> bool {
    set.is_none_or(|set| is.is_some_and(|is| set.is_match(is)))
}

fn agrees(wanted: Option<bool>, is: bool) -> bool {
    wanted.is_none_or(|wanted| wanted == is)
}

impl Matcher {
    /// Compiles the patterns.
    ///
    /// # Errors
    /// The invalid pattern, and the reason.
    pub fn new(condition: &Condition) -> Result<Self, String> {
        let regex = condition.regex.as_deref().map(Regex::new).transpose();
        Ok(Self {
            releases: globs(&condition.releases, false)?,
            sources: globs(&condition.sources, false)?,
            files: globs(&condition.files, true)?,
            languages: condition.languages.clone(),
            kinds: condition.kinds.clone(),
            forms: condition.forms.clone(),
            contexts: condition.contexts.clone(),
            exact: condition.exact.clone(),
            below: condition.below.clone(),
            regex: regex.map_err(|error| format!("bad regular expression: {error}"))?,
            subs: globs(&condition.subs, false)?,
            calls: globs(&condition.calls, false)?,
            arguments: condition.arguments.clone(),
            before: globs(&condition.before, false)?,
            targets: globs(&condition.targets, false)?,
            cfgs: condition.cfgs.clone(),
            joined: condition.joined,
            open: condition.open,
            names_program: condition.names_program,
        })
    }

    /// Returns the `below` prefix that contains the text, or an empty string if the rule has none.
    /// `None` means no match.
    pub fn matches<'a>(&'a self, subject: &Subject) -> Option<&'a str> {
        let place = subject.occurrence;
        let site = &place.site;
        let holds = within(&self.kinds, &place.kind)
            && within(&self.languages, &subject.language)
            && within(&self.forms, &place.form)
            && subject
                .context
                .is_none_or(|context| within(&self.contexts, &context))
            && (self.exact.is_empty() || self.exact.contains(&place.text))
            && agrees(self.joined, site.joined)
            && agrees(self.open, site.open)
            && agrees(
                self.names_program,
                layout::program_of(&place.text).is_some(),
            )
            && holds(self.sources.as_ref(), Some(subject.source))
            && holds(self.files.as_ref(), Some(subject.path))
            && holds(self.subs.as_ref(), site.sub.as_deref())
            && holds(self.calls.as_ref(), site.call.as_deref())
            && (self.arguments.is_empty()
                || site
                    .argument
                    .is_some_and(|index| self.arguments.contains(&index)))
            && holds(self.before.as_ref(), site.before.as_deref())
            && holds(self.targets.as_ref(), site.target.as_deref())
            && (self.cfgs.is_empty()
                || site.cfg.as_ref().is_some_and(|cfg| self.cfgs.contains(cfg)))
            && holds(self.releases.as_ref(), Some(subject.release))
            && self
                .regex
                .as_ref()
                .is_none_or(|regex| regex.is_match(&place.text));
        if !holds {
            return None;
        }
        if self.below.is_empty() {
            return Some("");
        }
        self.below
            .iter()
            .map(String::as_str)
            .find(|prefix| is_below(&place.text, prefix))
    }
}

impl Matcher {
    /// Returns the rule's keys that do not match the occurrence.
    pub fn fails(&self, subject: &Subject) -> Vec<&'static str> {
        let place = subject.occurrence;
        let site = &place.site;
        let text = place.text.as_str();
        let names_program = layout::program_of(text).is_some();
        let argument = |index: u32| self.arguments.contains(&index);
        let cfg = |cfg: &String| self.cfgs.contains(cfg);
        let keys = [
            (
                "releases",
                holds(self.releases.as_ref(), Some(subject.release)),
            ),
            (
                "sources",
                holds(self.sources.as_ref(), Some(subject.source)),
            ),
            ("files", holds(self.files.as_ref(), Some(subject.path))),
            ("languages", within(&self.languages, &subject.language)),
            ("kinds", within(&self.kinds, &place.kind)),
            ("forms", within(&self.forms, &place.form)),
            (
                "contexts",
                subject
                    .context
                    .is_none_or(|context| within(&self.contexts, &context)),
            ),
            (
                "exact",
                self.exact.is_empty() || self.exact.iter().any(|one| one == text),
            ),
            (
                "below",
                self.below.is_empty() || self.below.iter().any(|one| is_below(text, one)),
            ),
            (
                "regex",
                self.regex.as_ref().is_none_or(|regex| regex.is_match(text)),
            ),
            ("subs", holds(self.subs.as_ref(), site.sub.as_deref())),
            ("calls", holds(self.calls.as_ref(), site.call.as_deref())),
            (
                "arguments",
                self.arguments.is_empty() || site.argument.is_some_and(argument),
            ),
            (
                "before",
                holds(self.before.as_ref(), site.before.as_deref()),
            ),
            (
                "targets",
                holds(self.targets.as_ref(), site.target.as_deref()),
            ),
            (
                "cfgs",
                self.cfgs.is_empty() || site.cfg.as_ref().is_some_and(cfg),
            ),
            ("joined", agrees(self.joined, site.joined)),
            ("open", agrees(self.open, site.open)),
            ("names-program", agrees(self.names_program, names_program)),
        ];
        keys.into_iter()
            .filter_map(|(key, holds)| (!holds).then_some(key))
            .collect()
    }

    /// Whether the rule has a condition on the text itself.
    pub fn names_text(&self) -> bool {
        !self.exact.is_empty() || !self.below.is_empty() || self.regex.is_some()
    }
}

/// Whether `path` is `prefix` or below it.
pub fn is_below(path: &str, prefix: &str) -> bool {
    let prefix = prefix.trim_end_matches('/');
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
