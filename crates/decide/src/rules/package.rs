//! Sources that are built over nixpkgs' own package.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Rules;
use super::reader::Reader;
use crate::{RuleId, Table};

/// `[nixpkgs]` of a source: nixpkgs builds the same upstream, and its derivation is taken with the source,
/// the series and the places Proxmox has.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Over {
    /// The nixpkgs attribute.
    pub over: String,
    /// The reason, if it is not obvious.
    #[serde(default)]
    pub why: Option<String>,
    /// Whether to drop nixpkgs' own patches, which are for another version.
    #[serde(default)]
    pub drop_patches: bool,
    /// Arguments of the attribute's function; `{cpu}` in a string is the platform's GNU name (`x86_64`).
    #[serde(default, rename = "override")]
    pub arguments: BTreeMap<String, OverValue>,
    /// Additional `configureFlags`.
    #[serde(default)]
    pub configure_flags: Vec<String>,
    /// Additional `mesonFlags`.
    #[serde(default)]
    pub meson_flags: Vec<String>,
    /// Additional shell lines for `postInstall`, by GNU processor or `any`. `{cpu}` as above;
    /// `{packaging}` is the packaging's tree.
    #[serde(default)]
    pub post_install: BTreeMap<String, Vec<String>>,
    /// The treatment of each switch in the packaging's configuration: `--enable-rbd`, or with its
    /// value, `-Dman=true`.
    #[serde(default)]
    pub switch: BTreeMap<String, SwitchRule>,
    /// Attributes in `Build-Depends` that are not added to nixpkgs' inputs.
    #[serde(default)]
    pub without: Vec<String>,
    /// The files of nixpkgs that the rule's author read.
    #[serde(default)]
    pub evidence: Vec<String>,
    /// Whether a link puts its files beside those of the objects that use it, and closes its
    /// placeholders.
    #[serde(default)]
    pub laid: bool,
    /// nixpkgs attributes that are put in with it.
    #[serde(default)]
    pub beside: Vec<String>,
}

/// `[nixpkgs.switch."--NAME"]`: exactly one of `override`, `flag`, `default`, `drop`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SwitchRule {
    /// Arguments of the attribute's function. `{value}` in a string is the switch's value; a list
    /// of this alone is the value split at commas.
    #[serde(default, rename = "override")]
    pub arguments: BTreeMap<String, OverValue>,
    /// Whether it is passed on as written.
    #[serde(default)]
    pub flag: bool,
    /// nixpkgs attributes that it needs.
    #[serde(default)]
    pub inputs: Vec<String>,
    /// The line of nixpkgs that already sets it.
    #[serde(default)]
    pub default: Option<String>,
    /// The reason why it is not wanted.
    #[serde(default)]
    pub drop: Option<String>,
    /// The reason.
    #[serde(default)]
    #[allow(dead_code, reason = "for the reader of the rule")]
    pub why: Option<String>,
}

impl SwitchRule {
    /// Returns its fault, if any.
    fn fault(&self) -> Option<&'static str> {
        let choices = [
            !self.arguments.is_empty(),
            self.flag,
            self.default.is_some(),
            self.drop.is_some(),
        ];
        if choices.into_iter().filter(|chosen| *chosen).count() != 1 {
            return Some("needs exactly one of override, flag, default, drop");
        }
        let taken = !self.arguments.is_empty() || self.flag;
        (!taken && !self.inputs.is_empty()).then_some("has inputs for what it does not take over")
    }
}

/// A value in `override`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum OverValue {
    /// `true`, `false`.
    Bool(bool),
    /// A string.
    Text(String),
    /// A list of strings without duplicates.
    List(Vec<String>),
}

impl Rules {
    pub(super) fn add_package(
        &mut self,
        reader: &mut Reader,
        (name, text): (&str, &str),
        source: &str,
        over: Over,
    ) {
        let line = Reader::line_of(text, "nixpkgs");
        reader.claim(&RuleId::new(Table::Package, source), name, line);
        let table = Reader::line_of(text, "nixpkgs.switch").unwrap_or(0);
        for (switch, rule) in &over.switch {
            let line = Reader::line_after(text, switch, table);
            reader.claim(&RuleId::switch(source, switch), name, line);
            if let Some(fault) = rule.fault() {
                reader.bad(name, line, format!("`{switch}` {fault}"));
            }
        }
        self.packages.insert(source.to_owned(), over);
    }
}
