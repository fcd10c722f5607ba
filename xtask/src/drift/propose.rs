//! Rules that would decide a place: the one that did, where it is gone from `rules/`, else a guess.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use toml_edit::{Array, DocumentMut, Item, Table, value};

use crate::decide::matcher::Subject;
use crate::decide::rules::{Rules, program_of};
use crate::decide::{Context, Decided, Decision};
use crate::release::source_name;
use crate::scan::{Kind, Language};

use super::{Closest, Proposal};

/// How many rules that nearly match are told.
const CLOSEST: usize = 3;

/// A place that wants a rule.
pub(super) struct Wanting<'a> {
    /// Its source.
    pub(super) source: &'a str,
    /// The place in the new release.
    pub(super) new: &'a Decided,
    /// What it was in the old release.
    pub(super) old: Option<&'a Decided>,
}

/// The rule files of the two sides.
pub(super) struct Proposer<'a> {
    old: RuleFiles,
    new: RuleFiles,
    rules: &'a Rules,
    release: &'a str,
    /// What the new release decides of paths that act on the host, by path: where a guess is taken from.
    decided: BTreeMap<&'a str, &'a Decided>,
}

/// What is to be written.
enum Draft {
    /// An entry of a table's list: a program, a module, a prefix.
    Entry {
        file: &'static str,
        table: Vec<String>,
        list: &'static str,
        entry: String,
        /// The table's other keys, where it is new.
        keys: Vec<(String, String)>,
    },
    /// An element of an array of tables.
    Element {
        file: &'static str,
        toml: String,
        before: Option<String>,
    },
}

impl<'a> Proposer<'a> {
    /// For the rules in two directories, and what the new release is decided by the new ones.
    pub(super) fn new(
        (old, new): (&Path, &Path),
        rules: &'a Rules,
        release: &'a str,
        decided: impl Iterator<Item = &'a Decided>,
    ) -> Self {
        let acts = |one: &&Decided| {
            one.context == Context::Host
                && one.occurrence.kind == Kind::AbsolutePath
                && one.decision != Decision::Unknown
        };
        Self {
            old: RuleFiles::read(old),
            new: RuleFiles::read(new),
            rules,
            release,
            decided: decided
                .filter(acts)
                .map(|one| (one.occurrence.text.as_str(), one))
                .collect(),
        }
    }

    /// A proposal for each place, in their order. Those that extend one table extend it together.
    pub(super) fn propose(&self, wanting: &[Wanting]) -> Vec<Proposal> {
        let drafts: Vec<(Draft, bool)> = wanting.iter().map(|one| self.draft(one)).collect();
        let mut entries: BTreeMap<(&str, &[String]), BTreeSet<&str>> = BTreeMap::new();
        for (draft, _) in &drafts {
            if let Draft::Entry {
                file, table, entry, ..
            } = draft
            {
                entries.entry((file, table)).or_default().insert(entry);
            }
        }
        let proposal = |(draft, as_before): &(Draft, bool), one: &Wanting| {
            let (file, toml, before, replaces) = match draft {
                Draft::Element { file, toml, before } => {
                    (*file, toml.clone(), before.clone(), None)
                }
                Draft::Entry {
                    file,
                    table,
                    list,
                    keys,
                    ..
                } => {
                    let wanted = &entries[&(*file, table.as_slice())];
                    let (toml, replaces) = self.new.extended(file, table, list, keys, wanted);
                    (*file, toml, None, replaces)
                }
            };
            Proposal {
                file: format!("rules/{file}"),
                toml,
                before,
                replaces,
                as_before: *as_before,
                closest: self.closest(one),
            }
        };
        drafts
            .iter()
            .zip(wanting)
            .map(|(draft, one)| proposal(draft, one))
            .collect()
    }

    /// What is to be written for a place, and whether it gives back what the old release had.
    fn draft(&self, one: &Wanting) -> (Draft, bool) {
        let rules = one.old.into_iter().flat_map(|old| {
            // What a rule by another name says of a program, the program's own rule says.
            let program = program(old).map(|name| format!("command.{name}"));
            [old.context_rule.clone(), old.rule.clone(), program]
        });
        let gone = rules.flatten().find_map(|rule| self.restored(&rule));
        match gone {
            Some(draft) => (draft, true),
            None => (self.guess(one), false),
        }
    }

    /// A rule that the old rules have and the new ones have not.
    fn restored(&self, rule: &str) -> Option<Draft> {
        let (kind, name) = rule.split_once('.')?;
        match kind {
            "context" => self.element("contexts.toml", &["context"], name),
            "path" => self.element("paths.toml", &["path", "last"], name),
            "own" => self.entry(&["own.toml"], "below", name),
            "command" => self.entry(&["commands.toml", "programs.toml"], "programs", name),
            "perl" => self.entry(&["perl.toml"], "modules", name),
            "python" => self.entry(&["python.toml"], "modules", name),
            _ => None,
        }
    }

    fn element(&self, file: &'static str, arrays: &[&str], name: &str) -> Option<Draft> {
        arrays.iter().find_map(|array| {
            if self.new.element(file, array, name).is_some() {
                return None;
            }
            let (table, following) = self.old.element(file, array, name)?;
            let before = following
                .into_iter()
                .find(|next| self.new.element(file, array, next).is_some());
            Some(Draft::Element {
                file,
                toml: format!("[[{array}]]\n{}", table.to_string().trim()),
                before: before.map(|next| {
                    format!(
                        "{}.{next}",
                        if *array == "context" {
                            "context"
                        } else {
                            "path"
                        }
                    )
                }),
            })
        })
    }

    fn entry(&self, files: &[&'static str], list: &'static str, name: &str) -> Option<Draft> {
        files.iter().find_map(|file| {
            if self.new.listing(file, list, name).is_some() {
                return None;
            }
            let (table, keys) = self.old.listing(file, list, name)?;
            Some(Draft::Entry {
                file,
                table,
                list,
                entry: name.to_owned(),
                keys,
            })
        })
    }

    /// What one would try first.
    fn guess(&self, one: &Wanting) -> Draft {
        let text = one.new.occurrence.text.as_str();
        match one.new.occurrence.kind {
            Kind::Module if one.new.language == Language::Python => {
                module("python.toml", text, '.')
            }
            Kind::Module => module("perl.toml", text, ':'),
            Kind::BareCommand => program_table(text),
            Kind::PathAssignment => path_rule(one, "search-path = true"),
            Kind::AbsolutePath | Kind::Shebang => match program_of(text) {
                Some(name) => program_table(name),
                None => path_rule(one, &self.verdict(text, source_name(one.source))),
            },
            Kind::CrateSource | Kind::ArchitectureTriplet => path_rule(one, &keep("build")),
        }
    }

    /// What becomes of the decided path that has most of its directories in common; else what its root says.
    fn verdict(&self, text: &str, source: &str) -> String {
        const STATE: [&str; 4] = ["/etc", "/var", "/run", "/tmp"];
        const KERNEL: [&str; 3] = ["/proc", "/sys", "/dev"];
        let below = |roots: &[&str]| {
            roots
                .iter()
                .any(|root| crate::decide::matcher::is_below(text, root))
        };
        let common = |other: &str| {
            let parts = text.split('/').zip(other.split('/'));
            parts.take_while(|(a, b)| a == b).count()
        };
        let neighbours = self.decided.iter().map(|(path, one)| (common(path), one));
        // `/usr/share/x` and `/usr/share/y` have three parts in common, and nothing else.
        let near = neighbours
            .filter(|(parts, _)| *parts > 3)
            .max_by_key(|(parts, _)| *parts);
        match near.map(|(_, one)| &one.decision) {
            Some(Decision::Keep { reason }) => keep(reason),
            Some(Decision::Package { attr, .. }) => format!("package = {}", quoted(attr)),
            Some(Decision::Sibling { source, .. }) => format!("source = {}", quoted(source)),
            Some(Decision::Own { .. }) => format!("source = {}", quoted(source)),
            _ if below(&STATE) => keep("state"),
            _ if below(&KERNEL) => keep("kernel"),
            _ => format!("source = {}", quoted(source)),
        }
    }

    /// The rules of paths.toml that fail by least.
    fn closest(&self, one: &Wanting) -> Vec<Closest> {
        let subject = Subject {
            release: self.release,
            source: source_name(one.source),
            path: &one.new.path,
            language: one.new.language,
            occurrence: &one.new.occurrence,
            context: Some(one.new.context),
        };
        let all = self.rules.first.iter().chain(&self.rules.last);
        let mut ranked: Vec<(usize, usize, Closest)> = all
            .enumerate()
            .filter_map(|(place, rule)| {
                let fails = rule.matcher.fails(&subject);
                let text = ["exact", "below", "regex", "kinds"];
                let near = rule.matcher.names_text() && !fails.iter().any(|key| text.contains(key));
                (near && !fails.is_empty()).then(|| {
                    let closest = Closest {
                        rule: rule.name.clone(),
                        fails: fails.iter().map(|key| (*key).to_owned()).collect(),
                    };
                    (fails.len(), place, closest)
                })
            })
            .collect();
        ranked.sort_by_key(|(fails, place, _)| (*fails, *place));
        ranked
            .into_iter()
            .take(CLOSEST)
            .map(|(.., closest)| closest)
            .collect()
    }
}

/// The program that a place names or runs.
fn program(one: &Decided) -> Option<&str> {
    match &one.decision {
        Decision::Command { program, .. } | Decision::Wrapper { program } => Some(program),
        _ => program_of(&one.occurrence.text),
    }
}

fn keep(reason: &str) -> String {
    format!("keep = {}", quoted(reason))
}

/// A string as TOML writes it.
fn quoted(text: &str) -> String {
    value(text).to_string().trim().to_owned()
}

fn module(file: &'static str, name: &str, separator: char) -> Draft {
    let attr: String = name.split(separator).collect();
    Draft::Entry {
        file,
        table: vec![attr.clone()],
        list: "modules",
        entry: name.to_owned(),
        keys: vec![("attr".to_owned(), attr)],
    }
}

fn program_table(name: &str) -> Draft {
    Draft::Entry {
        file: "commands.toml",
        table: vec![name.to_owned()],
        list: "programs",
        entry: name.to_owned(),
        keys: Vec::new(),
    }
}

/// A rule for this literal in this file alone: no other place is decided by it.
fn path_rule(one: &Wanting, verdict: &str) -> Draft {
    let occurrence = &one.new.occurrence;
    let slug: String = occurrence
        .text
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    let slug = slug
        .split('-')
        .filter(|part| !part.is_empty())
        .take(8)
        .collect::<Vec<_>>()
        .join("-");
    let glob = globset::escape(&one.new.path);
    let conditions = [
        format!("sources = [{}]", quoted(source_name(one.source))),
        format!("files = [{}]", quoted(&glob)),
        format!("contexts = [{}]", quoted(one.new.context.name())),
        format!(
            "kinds = [{}]",
            quoted(crate::report::words::kind(occurrence.kind))
        ),
        format!("exact = [{}]", quoted(&occurrence.text)),
    ];
    let name = quoted(&format!("{}-{slug}", source_name(one.source)));
    Draft::Element {
        file: "paths.toml",
        toml: format!(
            "[[path]]\nname = {name}\nwhere = {{ {} }}\n{verdict}",
            conditions.join(", ")
        ),
        before: None,
    }
}

/// The keys of a table that are strings.
type Keys = Vec<(String, String)>;

/// The files of a `rules/` directory, as they are written.
struct RuleFiles(BTreeMap<&'static str, DocumentMut>);

impl RuleFiles {
    const NAMES: [&'static str; 7] = [
        "commands.toml",
        "contexts.toml",
        "own.toml",
        "paths.toml",
        "perl.toml",
        "programs.toml",
        "python.toml",
    ];

    /// A file that cannot be read was told when the rules were.
    fn read(dir: &Path) -> Self {
        let read = |name: &str| std::fs::read_to_string(dir.join(name)).ok()?.parse().ok();
        Self(
            Self::NAMES
                .into_iter()
                .filter_map(|name| Some((name, read(name)?)))
                .collect(),
        )
    }

    /// An element of an array of tables by its `name`, and the names of those that follow it.
    fn element(&self, file: &str, array: &str, name: &str) -> Option<(&Table, Vec<&str>)> {
        let tables = self.0.get(file)?.get(array)?.as_array_of_tables()?;
        let mut tables = tables.iter();
        let named = |table: &Table| table.get("name").and_then(Item::as_str) == Some(name);
        let found = tables.by_ref().find(|table| named(table))?;
        let following = tables
            .filter_map(|table| table.get("name")?.as_str())
            .collect();
        Some((found, following))
    }

    /// The table whose list has the entry, by its path, and its other keys that are strings.
    fn listing(&self, file: &str, list: &str, entry: &str) -> Option<(Vec<String>, Keys)> {
        let document = self.0.get(file)?;
        let has = |table: &Table| {
            let entries = table.get(list).and_then(Item::as_array);
            entries.is_some_and(|entries| entries.iter().any(|one| one.as_str() == Some(entry)))
        };
        let keys = |table: &Table| {
            let strings = table
                .iter()
                .filter_map(|(key, item)| Some((key.to_owned(), item.as_str()?.to_owned())));
            strings.collect()
        };
        for (name, item) in document.iter() {
            let Some(table) = item.as_table() else {
                continue;
            };
            if has(table) {
                return Some((vec![name.to_owned()], keys(table)));
            }
            // `[unpinned.SOURCE]`, `[missing.SOURCE]`
            for (below, item) in table {
                if let Some(table) = item.as_table().filter(|table| has(table)) {
                    return Some((vec![name.to_owned(), below.to_owned()], keys(table)));
                }
            }
        }
        None
    }

    /// The text of a table with entries more, and its header where the table is there already.
    fn extended(
        &self,
        file: &str,
        path: &[String],
        list: &str,
        keys: &[(String, String)],
        wanted: &BTreeSet<&str>,
    ) -> (String, Option<String>) {
        let header = path
            .iter()
            .map(|part| key(part))
            .collect::<Vec<_>>()
            .join(".");
        let header = format!("[{header}]");
        let mut found = self.0.get(file).map(DocumentMut::as_item);
        for part in path {
            found = found.and_then(|item| item.get(part.as_str()));
        }
        let there = found.and_then(Item::as_table);
        let mut table = there.cloned().unwrap_or_default();
        if there.is_none() {
            for (key, text) in keys {
                table.insert(key, value(text));
            }
        }
        let entries = table.entry(list).or_insert_with(|| value(Array::new()));
        if let Some(entries) = entries.as_array_mut() {
            for entry in wanted {
                entries.push(*entry);
            }
        }
        let body = table.to_string();
        (format!("{header}\n{}", body.trim()), there.map(|_| header))
    }
}

/// A part of a table's header, quoted where it has to be.
fn key(part: &str) -> String {
    toml_edit::Key::new(part).to_string()
}
