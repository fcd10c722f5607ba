//! The files of rules, as they are written.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use decide::rules::{Directory, NO_RULES};
use toml_edit::{Array, DocumentMut, Item, Table, value};

/// The lists of a source's file itself.
pub(super) const SOURCE_LISTS: [&str; 4] = ["data", "debian", "perl", "programs"];

/// The keys of a table that are strings.
pub(super) type Keys = Vec<(String, String)>;

/// The paths of the files below a directory of rules, relative to it, sorted.
pub(super) fn below(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(directory).sort_by_file_name() {
        let entry = entry.map_err(io::Error::other)?;
        let path = entry.path();
        if entry.file_type().is_file()
            && path.extension().is_some_and(|end| end == "toml")
            && let Ok(path) = path.strip_prefix(directory)
        {
            found.push(path.to_path_buf());
        }
    }
    Ok(found)
}

/// The files of directories of rules, by their paths in the project.
pub(super) struct RuleFiles(BTreeMap<String, DocumentMut>);

impl RuleFiles {
    /// A file that cannot be read was told when the rules were. The first directory stands in for `rules`.
    pub(super) fn read(directories: &[Directory]) -> Self {
        let mut files = BTreeMap::new();
        for (at, directory) in directories.iter().enumerate() {
            let shown = if at == 0 { "rules" } else { &directory.shown };
            for path in below(&directory.path).unwrap_or_default() {
                if NO_RULES.iter().any(|other| path == Path::new(other)) {
                    continue;
                }
                let text = fs::read_to_string(directory.path.join(&path)).ok();
                if let Some(document) = text.and_then(|text| text.parse().ok()) {
                    files.insert(format!("{shown}/{}", path.display()), document);
                }
            }
        }
        Self(files)
    }

    /// The file of a source, whether or not it is there.
    pub(super) fn file_of(&self, source: &str) -> String {
        let end = format!("/sources/{source}.toml");
        let mut there = self.0.keys();
        let found = there.find(|path| path.ends_with(&end));
        found.cloned().unwrap_or_else(|| format!("rules{end}"))
    }

    /// An element of an array of tables by its `name`: its file, itself, the names of those that follow it there.
    pub(super) fn element(&self, array: &str, name: &str) -> Option<(&str, &Table, Vec<&str>)> {
        self.0.iter().find_map(|(file, document)| {
            let mut tables = document.get(array)?.as_array_of_tables()?.iter();
            let named = |table: &Table| table.get("name").and_then(Item::as_str) == Some(name);
            let found = tables.by_ref().find(|table| named(table))?;
            let following = tables.filter_map(|table| table.get("name")?.as_str());
            Some((file.as_str(), found, following.collect()))
        })
    }

    /// The text of an element whose condition has files more.
    pub(super) fn with_files(
        &self,
        array: &str,
        name: &str,
        wanted: &BTreeSet<&str>,
    ) -> Option<String> {
        let (_, table, _) = self.element(array, name)?;
        let mut table = table.clone();
        let condition = table.get_mut("where")?.as_table_like_mut()?;
        let files = condition.get_mut("files")?.as_array_mut()?;
        for path in wanted {
            files.push(*path);
        }
        Some(format!("[[{array}]]\n{}", table.to_string().trim()))
    }

    /// The table whose list has the entry: its file, its path there, its other keys that are strings.
    pub(super) fn listing(&self, list: &str, entry: &str) -> Option<(String, Vec<String>, Keys)> {
        self.0.iter().find_map(|(file, document)| {
            let (path, keys) = listing(document, list, entry)?;
            Some((file.clone(), path, keys))
        })
    }

    /// The text of a table with entries more, and its header where the table is there already.
    pub(super) fn extended(
        &self,
        file: &str,
        path: &[String],
        list: &str,
        keys: &[(String, String)],
        wanted: &BTreeSet<&str>,
    ) -> (String, Option<String>) {
        let mut found = self.0.get(file).map(DocumentMut::as_item);
        for part in path {
            found = found.and_then(|item| item.get(part.as_str()));
        }
        let there = found.and_then(Item::as_table);
        let mut table = match path {
            [] => Table::new(),
            _ => there.cloned().unwrap_or_default(),
        };
        if there.is_none() {
            for (key, text) in keys {
                table.insert(key, value(text));
            }
        }
        let listed = there.and_then(|table| table.get(list));
        if path.is_empty()
            && let Some(listed) = listed
        {
            table.insert(list, listed.clone());
        }
        let entries = table.entry(list).or_insert_with(|| value(Array::new()));
        if let Some(entries) = entries.as_array_mut() {
            for entry in wanted {
                entries.push(*entry);
            }
        }
        let body = table.to_string();
        if path.is_empty() {
            return (body.trim().to_owned(), listed.map(|_| list.to_owned()));
        }
        let header = path.iter().map(|part| key(part)).collect::<Vec<_>>();
        let header = format!("[{}]", header.join("."));
        (format!("{header}\n{}", body.trim()), there.map(|_| header))
    }
}

/// The table of a file whose list has the entry.
fn listing(document: &DocumentMut, list: &str, entry: &str) -> Option<(Vec<String>, Keys)> {
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
    if SOURCE_LISTS.contains(&list) && has(document) {
        return Some((Vec::new(), Vec::new()));
    }
    for (name, item) in document.iter() {
        let Some(table) = item.as_table() else {
            continue;
        };
        if has(table) {
            return Some((vec![name.to_owned()], keys(table)));
        }
        // `[missing.NAME]`
        for (below, item) in table {
            if let Some(table) = item.as_table().filter(|table| has(table)) {
                return Some((vec![name.to_owned(), below.to_owned()], keys(table)));
            }
        }
    }
    None
}

/// A part of a table's header, quoted where it has to be.
fn key(part: &str) -> String {
    toml_edit::Key::new(part).to_string()
}
