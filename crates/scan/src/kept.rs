//! Keeps the scans of files between runs, by content and path.
//!
//! Each source has one file: every string once, then the files, whose occurrences refer to strings
//! by number. The types of the scan itself omit empty fields when serialised, which only formats
//! with names can read back.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{FileScan, Form, Kind, Language, Occurrence, ParseError, RustModule, Site};
use cache::Cache;

/// Scans by content and path (the path determines the language). `None` for content in no language.
pub(super) type Found = HashMap<(String, String), Option<(Language, FileScan)>>;

/// Loads the scans of a source's files.
pub(super) fn load(cache: &Cache, source: &str) -> Found {
    let bytes = cache.read(&name(source)).unwrap_or_default();
    let kept = postcard::from_bytes::<Kept>(&bytes).ok();
    kept.and_then(|kept| kept.unpack()).unwrap_or_default()
}

/// Stores the scans of a source's files.
pub(super) fn store(cache: &Cache, source: &str, found: &Found) {
    let mut strings = Strings::default();
    let files = found
        .iter()
        .map(|((id, path), scan)| strings.file(id, path, scan.as_ref()))
        .collect();
    let strings = strings.list;
    cache.put(&name(source), &Kept { strings, files });
}

fn name(source: &str) -> String {
    format!("{source}-scan")
}

/// The index of a string in the list.
type Text = u32;

#[derive(Serialize, Deserialize)]
struct Kept<'a> {
    #[serde(borrow)]
    strings: Vec<&'a str>,
    files: Vec<KeptFile>,
}

#[derive(Serialize, Deserialize)]
struct KeptFile {
    id: Text,
    path: Text,
    scan: Option<KeptScan>,
}

#[derive(Serialize, Deserialize)]
struct KeptScan {
    language: Language,
    occurrences: Vec<KeptOccurrence>,
    declares: Vec<Text>,
    switches: Text,
    modules: Vec<KeptModule>,
    embeds: Vec<Text>,
    unparsed: Option<(u32, Text)>,
}

#[derive(Serialize, Deserialize)]
struct KeptModule {
    name: Text,
    within: Vec<Text>,
    path: Option<Text>,
    cfg: Option<Text>,
    included: bool,
}

#[derive(Serialize, Deserialize)]
struct KeptOccurrence {
    offset: usize,
    length: usize,
    line: u32,
    column: u32,
    kind: Kind,
    text: Text,
    form: Form,
    sub: Option<Text>,
    call: Option<Text>,
    argument: Option<u32>,
    word: Option<u32>,
    before: Option<Text>,
    target: Option<Text>,
    joined: bool,
    open: bool,
    cfg: Option<Text>,
}

/// Every string once.
#[derive(Default)]
struct Strings<'a> {
    list: Vec<&'a str>,
    places: HashMap<&'a str, Text>,
}

impl<'a> Strings<'a> {
    fn text(&mut self, text: &'a str) -> Text {
        *self.places.entry(text).or_insert_with(|| {
            self.list.push(text);
            // More strings would need a source of many gigabytes.
            u32::try_from(self.list.len() - 1).unwrap_or(u32::MAX)
        })
    }

    fn some(&mut self, text: Option<&'a String>) -> Option<Text> {
        text.map(|text| self.text(text))
    }

    fn all(&mut self, texts: &'a [String]) -> Vec<Text> {
        texts.iter().map(|text| self.text(text)).collect()
    }

    fn module(&mut self, one: &'a RustModule) -> KeptModule {
        KeptModule {
            name: self.text(&one.name),
            within: self.all(&one.within),
            path: self.some(one.path.as_ref()),
            cfg: self.some(one.cfg.as_ref()),
            included: one.included,
        }
    }

    fn file(
        &mut self,
        id: &'a str,
        path: &'a str,
        scan: Option<&'a (Language, FileScan)>,
    ) -> KeptFile {
        let scan = scan.map(|(language, scan)| KeptScan {
            language: *language,
            occurrences: scan
                .occurrences
                .iter()
                .map(|one| self.occurrence(one))
                .collect(),
            declares: self.all(&scan.declares),
            switches: self.text(&scan.switches),
            modules: scan.modules.iter().map(|one| self.module(one)).collect(),
            embeds: self.all(&scan.embeds),
            unparsed: scan
                .unparsed
                .as_ref()
                .map(|error| (error.line, self.text(&error.what))),
        });
        KeptFile {
            id: self.text(id),
            path: self.text(path),
            scan,
        }
    }

    fn occurrence(&mut self, one: &'a Occurrence) -> KeptOccurrence {
        let site = &one.site;
        KeptOccurrence {
            offset: one.offset,
            length: one.length,
            line: one.line,
            column: one.column,
            kind: one.kind,
            text: self.text(&one.text),
            form: one.form,
            sub: self.some(site.sub.as_ref()),
            call: self.some(site.call.as_ref()),
            argument: site.argument,
            word: site.word,
            before: self.some(site.before.as_ref()),
            target: self.some(site.target.as_ref()),
            joined: site.joined,
            open: site.open,
            cfg: self.some(site.cfg.as_ref()),
        }
    }
}

/// The parts of a cache do not fit together.
struct Damaged;

impl Kept<'_> {
    /// Restores the scans. Returns `None` if a string is not in the list.
    fn unpack(&self) -> Option<Found> {
        let one = |file: &KeptFile| {
            let scan = match &file.scan {
                Some(scan) => Some((scan.language, self.scan(scan)?)),
                None => None,
            };
            Some(((self.text(file.id)?, self.text(file.path)?), scan))
        };
        self.files.iter().map(one).collect()
    }

    fn text(&self, at: Text) -> Option<String> {
        Some((*self.strings.get(usize::try_from(at).ok()?)?).to_owned())
    }

    /// Returns an optional string of the list, or an error if the list lacks it.
    fn some(&self, at: Option<Text>) -> Result<Option<String>, Damaged> {
        at.map(|at| self.text(at).ok_or(Damaged)).transpose()
    }

    fn scan(&self, scan: &KeptScan) -> Option<FileScan> {
        Some(FileScan {
            occurrences: scan
                .occurrences
                .iter()
                .map(|one| self.occurrence(one))
                .collect::<Option<_>>()?,
            declares: self.all(&scan.declares)?,
            switches: self.text(scan.switches)?,
            modules: scan
                .modules
                .iter()
                .map(|one| self.module(one))
                .collect::<Option<_>>()?,
            embeds: self.all(&scan.embeds)?,
            unparsed: match scan.unparsed {
                Some((line, what)) => Some(ParseError {
                    line,
                    what: self.text(what)?,
                }),
                None => None,
            },
        })
    }

    fn all(&self, texts: &[Text]) -> Option<Vec<String>> {
        texts.iter().map(|text| self.text(*text)).collect()
    }

    fn module(&self, one: &KeptModule) -> Option<RustModule> {
        Some(RustModule {
            name: self.text(one.name)?,
            within: self.all(&one.within)?,
            path: self.some(one.path).ok()?,
            cfg: self.some(one.cfg).ok()?,
            included: one.included,
        })
    }

    fn occurrence(&self, one: &KeptOccurrence) -> Option<Occurrence> {
        Some(Occurrence {
            offset: one.offset,
            length: one.length,
            line: one.line,
            column: one.column,
            kind: one.kind,
            text: self.text(one.text)?,
            form: one.form,
            site: Site {
                sub: self.some(one.sub).ok()?,
                call: self.some(one.call).ok()?,
                argument: one.argument,
                word: one.word,
                before: self.some(one.before).ok()?,
                target: self.some(one.target).ok()?,
                joined: one.joined,
                open: one.open,
                cfg: self.some(one.cfg).ok()?,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found() -> Found {
        let one = Occurrence {
            offset: 3,
            length: 10,
            line: 2,
            column: 4,
            kind: Kind::AbsolutePath,
            text: "/usr/bin/x".to_owned(),
            form: Form::Word,
            site: Site {
                call: Some("run".to_owned()),
                word: Some(0),
                cfg: Some("test".to_owned()),
                ..Site::default()
            },
        };
        let module = RustModule {
            name: "hive".to_owned(),
            within: vec!["bee".to_owned()],
            path: Some("x.rs".to_owned()),
            cfg: Some("unix".to_owned()),
            included: true,
        };
        let scan = FileScan {
            occurrences: vec![one.clone(), one],
            declares: vec!["Hive".to_owned()],
            switches: "-T".to_owned(),
            modules: vec![module, RustModule::default()],
            embeds: vec!["x.txt".to_owned()],
            unparsed: Some(ParseError {
                line: 7,
                what: "expected `;`".to_owned(),
            }),
        };
        let key = |id: &str| (id.to_owned(), "a/b".to_owned());
        Found::from([(key("1"), Some((Language::Perl, scan))), (key("2"), None)])
    }

    #[test]
    fn what_is_kept_comes_back() {
        let dir = tempfile::tempdir().expect("a directory");
        let cache = crate::cache_below(dir.path(), "calls");
        store(&cache, "s", &found());
        assert_eq!(load(&cache, "s"), found());
        assert!(load(&cache, "other").is_empty());
        assert!(load(&crate::cache_below(dir.path(), "other calls"), "s").is_empty());
    }
}
