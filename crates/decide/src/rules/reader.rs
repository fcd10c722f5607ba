//! Reads rule files, and records their problems and the place of each rule.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use problem::{BAD_RULE, DUPLICATE_RULE, Problem};
use serde::de::DeserializeOwned;

use super::path::Example;
use crate::RuleId;
use crate::matcher::{Condition, Matcher};

/// Where a rule is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulePlace {
    /// The file: of the project relative to it, of an added directory as that was given.
    pub file: String,
    /// 1-based.
    pub line: Option<u32>,
}

impl std::fmt::Display for RulePlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.file)?;
        self.line.map_or(Ok(()), |line| write!(f, ":{line}"))
    }
}

/// Returns the 1-based line of a byte offset.
pub(super) fn line_at(text: &str, offset: usize) -> u32 {
    let head = &text.as_bytes()[..offset.min(text.len())];
    let newlines = memchr::memchr_iter(b'\n', head).count();
    u32::try_from(newlines + 1).unwrap_or(u32::MAX)
}

/// Returns the line of the key that `message` calls unknown.
fn unknown_key_line(text: &str, message: &str) -> Option<u32> {
    let (key, _) = message.strip_prefix("unknown field `")?.split_once('`')?;
    let is_key = |line: &str| {
        let rest = line.trim_start().strip_prefix(key);
        rest.is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    let mut lines = (1..).zip(text.lines());
    lines
        .find(|(_, line)| is_key(line))
        .map(|(number, _)| number)
}

/// Reads rule files from one directory and collects their problems.
pub(super) struct Reader<'a> {
    pub(super) dir: &'a Path,
    /// How the directory is named: `rules`, or as it was given.
    pub(super) shown: String,
    /// Whether the directory adds to those before it.
    pub(super) adds: bool,
    pub(super) problems: Vec<Problem>,
    pub(super) names: HashMap<RuleId, RulePlace>,
    /// The rules that were added.
    pub(super) added: BTreeSet<RuleId>,
    /// The examples of rules.
    pub(super) examples: Vec<Example>,
    /// The texts of the directory, by file.
    pub(super) texts: HashMap<String, String>,
}

impl Reader<'_> {
    /// Parses a file. A missing file counts as empty.
    pub(super) fn file<T: DeserializeOwned>(&mut self, name: &str) -> Option<(T, String)> {
        let path = self.dir.join(name);
        let shown = self.place(name);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                self.problems
                    .push(Problem::new(&BAD_RULE, error.to_string()).at(shown, None));
                return None;
            }
        };
        self.texts.insert(name.to_owned(), text.clone());
        match toml::from_str(&text) {
            Ok(value) => Some((value, text)),
            Err(error) => {
                let line = error.span().map(|span| line_at(&text, span.start));
                // Tables of arbitrary names are read through a map, which does not record their
                // positions.
                let line = line.filter(|line| *line > 1);
                let line = line.or_else(|| unknown_key_line(&text, error.message()));
                self.problems
                    .push(Problem::new(&BAD_RULE, error.message().to_owned()).at(shown, line));
                None
            }
        }
    }

    pub(super) fn place(&self, file: &str) -> String {
        format!("{}/{file}", self.shown)
    }

    /// Complains of a rule.
    pub(super) fn bad(&mut self, file: &str, line: Option<u32>, cause: impl Into<String>) {
        let problem = Problem::new(&BAD_RULE, cause.into());
        self.problems.push(problem.at(self.place(file), line));
    }

    /// Records a rule's name, and reports the second of two equal ones.
    pub(super) fn claim(&mut self, id: &RuleId, file: &str, mut line: Option<u32>) {
        let place = RulePlace {
            file: self.place(file),
            line,
        };
        if self.adds {
            self.added.insert(id.clone());
        }
        if let Some(other) = self.names.insert(id.clone(), place.clone()) {
            // A search by name finds the first of the two again.
            if let (true, Some(first)) = (other == place, line) {
                let text = self.texts.get(file).map_or("", String::as_str);
                line = Self::line_after(text, id.name(), first).or(line);
            }
            let problem = Problem::new(
                &DUPLICATE_RULE,
                format!("the rule `{id}` is already defined at {other}"),
            );
            self.problems.push(problem.at(self.place(file), line));
        }
    }

    pub(super) fn matcher(
        &mut self,
        condition: &Condition,
        file: &str,
        line: Option<u32>,
    ) -> Matcher {
        Matcher::new(condition).unwrap_or_else(|cause| {
            self.problems
                .push(Problem::new(&BAD_RULE, cause).at(self.place(file), line));
            Matcher::default()
        })
    }

    /// The line of the name of an element `[[array]]`.
    pub(super) fn line_of_element(text: &str, array: &str, name: &str) -> Option<u32> {
        let header = format!("[[{array}]]");
        let mut within = false;
        let mut lines = (1..).zip(text.lines());
        let found = lines.find(|(_, line)| {
            let line = line.trim();
            if line.starts_with('[') {
                within = line == header;
            }
            let value = line.strip_prefix("name").map(str::trim_start);
            let value = value.and_then(|rest| rest.strip_prefix('=')).map(str::trim);
            within && value.is_some_and(|value| value.trim_matches(['"', '\'']) == name)
        });
        found.map(|(line, _)| line)
    }

    /// The line of the first table header or key that is written `name`.
    pub(super) fn line_of(text: &str, name: &str) -> Option<u32> {
        Self::line_after(text, name, 0)
    }

    /// As [`Self::line_of`], after the 1-based line `after`.
    pub(super) fn line_after(text: &str, name: &str, after: u32) -> Option<u32> {
        let lines = text.split_inclusive('\n').take(after as usize);
        let from = lines.map(str::len).sum::<usize>();
        let written = [format!("\"{name}\""), format!("[{name}]")];
        let found = written
            .iter()
            .filter_map(|written| text[from..].find(written));
        found.min().map(|offset| line_at(text, from + offset))
    }
}
