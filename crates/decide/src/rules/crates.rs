//! Cargo's builds: `nixpkgs/crates.toml`, `[cargo]` of a source.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Rules;
use super::reader::Reader;
use crate::{RuleId, Table};

/// `nixpkgs/crates.toml`: what cargo builds, and what crates need beside other crates.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CrateRules {
    /// The version of rustc in nixpkgs. cargo selects no crate that needs a newer one.
    #[serde(default)]
    pub rust_version: Option<String>,
    /// Exceptions for programs, by name.
    #[serde(default)]
    pub program: BTreeMap<String, ProgramRule>,
    /// Sources of crates that have a lock of their own, although nothing of them is installed.
    #[serde(default)]
    pub library: BTreeMap<String, LibraryRule>,
    /// The needs of a crate beyond other crates, by name.
    #[serde(default, rename = "crate")]
    pub crates: BTreeMap<String, CrateRule>,
}

/// `[program.NAME]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ProgramRule {
    /// The Cargo packages to build; by default those of the root.
    #[serde(default)]
    pub packages: Vec<String>,
    /// The Debian packages that Proxmox VE has of it; by default all except crates.
    #[serde(default)]
    pub debian: Vec<String>,
    /// The target triple, if it is not the machine's own.
    #[serde(default)]
    pub target: Option<String>,
    /// Whether the other sources are taken as of the day of its own commit, because versions alone
    /// do not show which fit together.
    #[serde(default)]
    pub of_its_day: bool,
    /// The program through which its Makefile runs cargo.
    #[serde(default)]
    pub made_by: Option<String>,
    /// The reason why it is not part of Proxmox VE.
    #[serde(default)]
    pub skip: Option<String>,
    /// The reason.
    #[serde(default)]
    pub why: Option<String>,
}

/// `[library.SOURCE]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LibraryRule {
    /// The reason.
    pub why: String,
}

/// `[crate.NAME]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrateRule {
    /// nixpkgs attributes that it links.
    #[serde(default)]
    pub libraries: Vec<String>,
    /// nixpkgs attributes that it runs during its build.
    #[serde(default)]
    pub tools: Vec<String>,
    /// The reason why it needs nothing although it has `links`.
    #[serde(default)]
    pub none: Option<String>,
    /// A variable from which it reads its source's commit during compilation.
    #[serde(default)]
    pub commit: Option<String>,
    /// Paths of Debian's that stay in a crate whose source is not scanned.
    #[serde(default)]
    pub paths: Vec<String>,
    /// The reason why they stay.
    #[serde(default)]
    pub why: Option<String>,
    /// The source to take it from, if several define it.
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
    /// Exceptions for its programs.
    #[serde(default)]
    program: BTreeMap<String, ProgramRule>,
    /// Needs of its crates beside other crates.
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
