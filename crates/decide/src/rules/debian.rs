//! Debian packages: `nixpkgs/debian.toml`, and those of a source.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Rules;
use super::reader::Reader;
use crate::{RuleId, Table};

/// The counterpart of a Debian package in nixpkgs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DebianPackage {
    /// A nixpkgs attribute.
    Attr(String),
    /// An attribute of `perlPackages`.
    Perl(String),
    /// Nothing is needed, for this reason.
    None(String),
    /// A pinned source makes it.
    Source(String),
    /// Neither nixpkgs nor a pin has it.
    Missing {
        /// The name in code, if it differs.
        name: Option<String>,
        /// The reason.
        why: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DebianTable {
    #[serde(default)]
    attr: Option<String>,
    #[serde(default)]
    perl: Option<String>,
    #[serde(default)]
    none: Option<String>,
    #[serde(default)]
    missing: Option<String>,
    #[serde(default)]
    name: Option<String>,
}

impl Rules {
    pub(super) fn read_debian(&mut self, reader: &mut Reader) {
        let name = "nixpkgs/debian.toml";
        let Some((file, text)) = reader.file::<BTreeMap<String, DebianTable>>(name) else {
            return;
        };
        for (package, table) in file {
            let line = Reader::line_of(&text, &package);
            let DebianTable {
                attr,
                perl,
                none,
                missing,
                name: called,
            } = table;
            if called.is_some() && missing.is_none() {
                let cause = format!("`{package}` has a `name`, which only goes with `missing`");
                reader.bad(name, line, cause);
                continue;
            }
            let choices = [
                attr.map(DebianPackage::Attr),
                perl.map(DebianPackage::Perl),
                none.map(DebianPackage::None),
                missing.map(|why| DebianPackage::Missing { name: called, why }),
            ];
            let mut choices = choices.into_iter().flatten();
            let (Some(choice), None) = (choices.next(), choices.next()) else {
                let cause = format!("`{package}` needs exactly one of attr, perl, none, missing");
                reader.bad(name, line, cause);
                continue;
            };
            self.add_debian(reader, (name, line), package, choice);
        }
    }

    /// Adds a package by its name, or several by a glob.
    pub(super) fn add_debian(
        &mut self,
        reader: &mut Reader,
        (file, line): (&str, Option<u32>),
        package: String,
        choice: DebianPackage,
    ) {
        reader.claim(&RuleId::new(Table::Debian, &package), file, line);
        if !package.contains(['*', '?']) {
            self.debian.insert(package, choice);
            return;
        }
        match globset::Glob::new(&package) {
            Ok(glob) => self
                .debian_globs
                .push((package, glob.compile_matcher(), choice)),
            Err(error) => reader.bad(file, line, error.to_string()),
        }
    }

    /// Returns the counterpart of a Debian package in nixpkgs, with the rule that defines it.
    pub fn debian_package(&self, name: &str) -> Option<(&DebianPackage, RuleId)> {
        if let Some(package) = self.debian.get(name) {
            return Some((package, RuleId::new(Table::Debian, name)));
        }
        let found = self
            .debian_globs
            .iter()
            .find(|(_, glob, _)| glob.is_match(name));
        found.map(|(glob, _, package)| (package, RuleId::new(Table::Debian, glob)))
    }
}
