//! Reduces the rules to those that an older release needs, as if only it had been decided.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use globset::GlobBuilder;
use toml_edit::{Array, DocumentMut, Item, Table};

use analyse::Analysis;
use decide::matcher::is_below;
use decide::rules::{Directory, NO_RULES};
use decide::{Decided, Decision, RuleId, Table as RuleTable};
use layout::program_of;

use super::files;

/// The lists of a condition of which entries may have been added for a release.
const LISTS: [&str; 4] = ["sources", "files", "exact", "below"];

/// Writes the rules of `from` to `to`, without those that decide nothing in `old`. Returns the
/// removed rules, and the removed entries of conditions as `RULE: LIST ENTRY`.
///
/// # Errors
/// Files that cannot be read or written.
pub fn without_newer(from: &[Directory], to: &Path, old: &Analysis) -> io::Result<Vec<String>> {
    let mut out = Removed {
        old,
        programs: programs_of(old).collect(),
        names: Vec::new(),
    };
    let mut written = Vec::new();
    for directory in from {
        for path in files::below(&directory.path)? {
            let text = fs::read_to_string(directory.path.join(&path))?;
            out.programs.extend(named_programs(&text));
            let place = to.join(&directory.shown).join(&path);
            fs::create_dir_all(place.parent().unwrap_or(to))?;
            fs::write(&place, text)?;
            written.push((path, place));
        }
    }
    for (path, place) in written {
        edit(&place, |document| out.document(&path, document))?;
    }
    out.names.sort();
    Ok(out.names)
}

/// Rewrites a file if it exists.
fn edit(path: &Path, change: impl FnOnce(&mut DocumentMut)) -> io::Result<()> {
    let Ok(text) = fs::read_to_string(path) else {
        return Ok(());
    };
    let mut document: DocumentMut = text
        .parse()
        .map_err(|error| io::Error::other(format!("{}: {error}", path.display())))?;
    change(&mut document);
    fs::write(path, document.to_string())
}

/// Returns the programs that closures name, which must stay in the tables.
fn named_programs(closures: &str) -> BTreeSet<String> {
    let document: DocumentMut = closures.parse().unwrap_or_default();
    let closures = document.get("closure").and_then(Item::as_array_of_tables);
    let lists = closures
        .into_iter()
        .flatten()
        .filter_map(|one| one.get("programs")?.as_array());
    lists
        .flatten()
        .filter_map(|one| one.as_str().map(str::to_owned))
        .collect()
}

/// Returns the programs that places of the release name or run, whichever rule decides them.
fn programs_of(old: &Analysis) -> impl Iterator<Item = String> + '_ {
    let decided = old.sources.iter().flat_map(|source| &source.decided);
    decided.filter_map(|one| match &one.decision {
        Decision::Command { program, .. } => Some(program.clone()),
        Decision::Package { .. } | Decision::Sibling { .. } | Decision::Own { .. } => {
            program_of(&one.occurrence.text).map(str::to_owned)
        }
        _ => None,
    })
}

struct Removed<'a> {
    old: &'a Analysis,
    programs: BTreeSet<String>,
    names: Vec<String>,
}

impl Removed<'_> {
    /// Takes out what one file has, by its path below its directory.
    fn document(&mut self, path: &Path, document: &mut DocumentMut) {
        match path.to_str() {
            Some(path) if NO_RULES.contains(&path) => {}
            Some("nixpkgs/debian.toml") => self.tables(document),
            Some("nixpkgs/programs.toml") => {
                self.entries(document, "programs", RuleTable::Command);
            }
            Some("nixpkgs/perl.toml") => self.entries(document, "modules", RuleTable::Perl),
            Some("nixpkgs/python.toml") => self.entries(document, "modules", RuleTable::Python),
            _ => {
                for (list, kind) in [
                    ("data", RuleTable::Own),
                    ("debian", RuleTable::Debian),
                    ("perl", RuleTable::Perl),
                    ("programs", RuleTable::Command),
                ] {
                    if self.list(document, list, kind) {
                        document.remove(list);
                    }
                }
                for array in ["context", "last-context"] {
                    self.elements(document, array, RuleTable::Context);
                }
                for array in ["path", "last-path"] {
                    self.elements(document, array, RuleTable::Path);
                }
            }
        }
    }

    fn is_used(&self, rule: &RuleId) -> bool {
        self.old.uses.0.contains_key(rule)
    }

    /// Removes the tables of Debian packages that no packaging of the release names.
    fn tables(&mut self, document: &mut DocumentMut) {
        let keys: Vec<String> = document.iter().map(|(key, _)| key.to_owned()).collect();
        for key in keys {
            let rule = RuleId::new(RuleTable::Debian, &key);
            if !self.is_used(&rule) {
                document.remove(&key);
                self.names.push(rule.to_string());
            }
        }
    }

    /// Removes unused entries from every table's list, and tables whose list is then empty.
    fn entries(&mut self, document: &mut DocumentMut, list: &str, kind: RuleTable) {
        let keys: Vec<String> = document.iter().map(|(key, _)| key.to_owned()).collect();
        for key in keys {
            let Some(table) = document.get_mut(&key).and_then(Item::as_table_mut) else {
                continue;
            };
            if table.contains_key(list) {
                if self.list(table, list, kind) {
                    document.remove(&key);
                }
                continue;
            }
            // `[missing.NAME]`
            let below: Vec<String> = table.iter().map(|(key, _)| key.to_owned()).collect();
            for name in below {
                let inner = table.get_mut(&name).and_then(Item::as_table_mut);
                if inner.is_some_and(|inner| self.list(inner, list, kind)) {
                    table.remove(&name);
                }
            }
        }
    }

    /// Removes unused entries. Returns whether none remain.
    fn list(&mut self, table: &mut Table, list: &str, kind: RuleTable) -> bool {
        let Some(entries) = table.get_mut(list).and_then(Item::as_array_mut) else {
            return false;
        };
        let mut gone = Vec::new();
        entries.retain(|entry| {
            let entry = entry.as_str().unwrap_or_default();
            let rule = RuleId::new(kind, entry);
            let stays =
                self.is_used(&rule) || kind == RuleTable::Command && self.programs.contains(entry);
            if !stays {
                gone.push(rule.to_string());
            }
            stays
        });
        self.names.extend(gone);
        entries.is_empty()
    }

    /// Removes elements of an array of tables that decide nothing, and unneeded entries from the
    /// conditions of the others.
    fn elements(&mut self, document: &mut DocumentMut, array: &str, kind: RuleTable) {
        let Some(tables) = document
            .get_mut(array)
            .and_then(Item::as_array_of_tables_mut)
        else {
            return;
        };
        let name = |table: &Table| {
            let name = table.get("name").and_then(Item::as_str);
            RuleId::new(kind, name.unwrap_or_default())
        };
        let gone: Vec<RuleId> = tables.iter().map(name).collect();
        let gone = gone.into_iter().filter(|rule| !self.is_used(rule));
        let gone: Vec<RuleId> = gone.collect();
        tables.retain(|table| !gone.contains(&name(table)));
        self.names.extend(gone.iter().map(ToString::to_string));
        for table in tables.iter_mut() {
            let rule = name(table);
            let condition = table.get_mut("where").and_then(Item::as_table_like_mut);
            let Some(condition) = condition else { continue };
            for list in LISTS {
                let entries = condition.get_mut(list).and_then(Item::as_array_mut);
                if let Some(entries) = entries.filter(|entries| entries.len() > 1) {
                    let unneeded = self.unneeded(&rule, list, entries);
                    let told = unneeded.iter().map(|one| format!("{rule}: {list} {one}"));
                    self.names.extend(told);
                    entries.retain(|one| one.as_str().is_none_or(|one| !unneeded.contains(one)));
                }
            }
        }
    }

    /// Returns the entries of a list without which a rule decides the same in the release; none if
    /// all would go.
    fn unneeded(&self, rule: &RuleId, list: &str, entries: &Array) -> BTreeSet<String> {
        let entries: Vec<&str> = entries
            .iter()
            .filter_map(toml_edit::Value::as_str)
            .collect();
        let mut needed: BTreeSet<&str> = BTreeSet::new();
        for source in &self.old.sources {
            let decided = source.decided.iter().filter(|one| {
                let rules = [one.rule.as_ref(), one.context_rule.as_ref()];
                rules.contains(&Some(rule))
            });
            for one in decided {
                let name = release::source_name(&source.source.name);
                let held = entries.iter().filter(|entry| holds(list, entry, name, one));
                needed.extend(held.copied());
            }
        }
        let all = entries.iter().filter(|entry| !needed.contains(*entry));
        let all: BTreeSet<String> = all.map(|entry| (*entry).to_owned()).collect();
        if needed.is_empty() {
            BTreeSet::new()
        } else {
            all
        }
    }
}

/// Whether an entry of a list matches a place of `source`.
fn holds(list: &str, entry: &str, source: &str, one: &Decided) -> bool {
    let glob = |text: &str, separate: bool| {
        let glob = GlobBuilder::new(entry)
            .literal_separator(separate)
            .backslash_escape(true)
            .empty_alternates(true)
            .build();
        glob.is_ok_and(|glob| glob.compile_matcher().is_match(text))
    };
    match list {
        "sources" => glob(source, false),
        "files" => glob(&one.path, true),
        "exact" => one.occurrence.text == entry,
        _ => is_below(&one.occurrence.text, entry),
    }
}
