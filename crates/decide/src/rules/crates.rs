//! What cargo builds: `nixpkgs/crates.toml`, `[cargo]` of a source.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Rules;
use super::reader::Reader;
use crate::{RuleId, Table};

/// `nixpkgs/crates.toml`: what cargo builds, and what crates need beside other crates.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CrateRules {
    /// The version of rustc in nixpkgs: cargo takes no newer crate than it can compile.
    #[serde(default)]
    pub rust_version: Option<String>,
    /// What is different of a program, by its name.
    #[serde(default)]
    pub program: BTreeMap<String, ProgramRule>,
    /// Sources of crates that are locked for themselves, though nothing of them is installed.
    #[serde(default)]
    pub library: BTreeMap<String, LibraryRule>,
    /// What a crate needs beside other crates, by its name.
    #[serde(default, rename = "crate")]
    pub crates: BTreeMap<String, CrateRule>,
}

/// `[program.NAME]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ProgramRule {
    /// The Cargo packages to build; without it those of the root.
    #[serde(default)]
    pub packages: Vec<String>,
    /// The Debian packages that Proxmox VE has of it; without it all that are no crates.
    #[serde(default)]
    pub debian: Vec<String>,
    /// The target triple, where it is not the machine's own.
    #[serde(default)]
    pub target: Option<String>,
    /// Whether the other sources are those of the day of its own commit: versions alone do not tell which fit together.
    #[serde(default)]
    pub of_its_day: bool,
    /// The program by which its Makefile runs cargo.
    #[serde(default)]
    pub made_by: Option<String>,
    /// It is no part of Proxmox VE: the reason.
    #[serde(default)]
    pub skip: Option<String>,
    /// Why.
    #[serde(default)]
    pub why: Option<String>,
}

/// `[library.SOURCE]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LibraryRule {
    /// Why.
    pub why: String,
}

/// `[crate.NAME]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrateRule {
    /// nixpkgs attributes it links.
    #[serde(default)]
    pub libraries: Vec<String>,
    /// nixpkgs attributes it runs while it is built.
    #[serde(default)]
    pub tools: Vec<String>,
    /// It needs nothing although it `links`: the reason.
    #[serde(default)]
    pub none: Option<String>,
    /// A variable from which it takes its source's commit while it is compiled.
    #[serde(default)]
    pub commit: Option<String>,
    /// Paths of Debian's that it holds and that stay, of a crate whose source is not scanned.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Why they stay.
    #[serde(default)]
    pub why: Option<String>,
    /// The source it comes from, where several define it.
    #[serde(default)]
    pub prefer: Option<String>,
}

/// `[cargo]` of a source.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceCrates {
    /// Its crates are locked for themselves, though nothing of them is installed: why.
    #[serde(default)]
    locked: Option<String>,
    /// What is different of its programs.
    #[serde(default)]
    program: BTreeMap<String, ProgramRule>,
    /// What its crates need beside other crates.
    #[serde(default, rename = "crate")]
    crates: BTreeMap<String, CrateRule>,
}

impl SourceCrates {
    /// As rules of `source`.
    pub(super) fn of(self, source: &str) -> CrateRules {
        let locked = self.locked.into_iter();
        CrateRules {
            rust_version: None,
            program: self.program,
            library: locked
                .map(|why| (source.to_owned(), LibraryRule { why }))
                .collect(),
            crates: self.crates,
        }
    }
}

impl Rules {
    pub(super) fn read_crates(&mut self, reader: &mut Reader) {
        let name = "nixpkgs/crates.toml";
        if let Some((file, text)) = reader.file::<CrateRules>(name) {
            self.add_crates(reader, (name, &text), "", file);
        }
    }

    /// Adds rules whose tables are written below `within`.
    pub(super) fn add_crates(
        &mut self,
        reader: &mut Reader,
        (name, text): (&str, &str),
        within: &str,
        rules: CrateRules,
    ) {
        let kinds = [
            (Table::Program, rules.program.keys().collect::<Vec<_>>()),
            (Table::Library, rules.library.keys().collect()),
            (Table::Crate, rules.crates.keys().collect()),
        ];
        for (table, keys) in kinds {
            for key in keys {
                let rule = RuleId::new(table, key);
                let line = Reader::line_of(text, &format!("{within}{rule}"));
                let line = line.or_else(|| Reader::line_of(text, within.trim_end_matches('.')));
                reader.claim(&rule, name, line);
            }
        }
        self.crates.rust_version = rules.rust_version.or(self.crates.rust_version.take());
        self.crates.program.extend(rules.program);
        self.crates.library.extend(rules.library);
        self.crates.crates.extend(rules.crates);
    }
}
