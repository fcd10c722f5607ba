//! What cargo builds: `crates.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Rules;
use super::reader::Reader;
use crate::{RuleId, Table};

/// `crates.toml`: what cargo builds, and what crates need beside other crates.
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

impl Rules {
    pub(super) fn read_crates(&mut self, reader: &mut Reader) {
        let name = "crates.toml";
        let Some((file, text)) = reader.file::<CrateRules>(name) else {
            return;
        };
        let kinds = [
            (Table::Program, file.program.keys().collect::<Vec<_>>()),
            (Table::Library, file.library.keys().collect()),
            (Table::Crate, file.crates.keys().collect()),
        ];
        for (table, keys) in kinds {
            for key in keys {
                let rule = RuleId::new(table, key);
                let line = Reader::line_of(&text, &rule.to_string());
                reader.claim(&rule, name, line);
            }
        }
        self.crates.rust_version = file.rust_version.or(self.crates.rust_version.take());
        self.crates.program.extend(file.program);
        self.crates.library.extend(file.library);
        self.crates.crates.extend(file.crates);
    }
}
