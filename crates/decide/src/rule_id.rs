//! The identity of a rule: its table, and its name there.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// A table of `rules/`, or a fact about the sources that decides like a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Table {
    /// `[[closure]]` and `[[library]]`.
    Closure,
    /// A program of a nixpkgs package or of a source.
    Command,
    /// `[[context]]`.
    Context,
    /// `[crate.NAME]`.
    Crate,
    /// A package of `debian.toml`.
    Debian,
    /// `[[depends]]`.
    Depends,
    /// A file that the compiler reads and a source has in its tree.
    Embedded,
    /// `[[feature]]`.
    Feature,
    /// `[[hardening]]`.
    Hardening,
    /// A file that a source installs.
    Installed,
    /// `[library.SOURCE]`.
    Library,
    /// A module that a source declares or the language's core has.
    Module,
    /// `[[optional]]`.
    Optional,
    /// A path of `data` of a source.
    Own,
    /// `[nixpkgs]` of a source.
    Package,
    /// `[[path]]` and `[[last]]`.
    Path,
    /// A Perl module.
    Perl,
    /// `[[place]]`.
    Place,
    /// `[program.NAME]`.
    Program,
    /// A module of `python.toml`.
    Python,
    /// `[nixpkgs.switch]` of a source.
    Switch,
    /// `[[directory]]`.
    System,
    /// A unit that a source ships.
    Unit,
}

impl Table {
    /// Returns the word before the dot in a rule's name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Closure => "closure",
            Self::Command => "command",
            Self::Context => "context",
            Self::Crate => "crate",
            Self::Debian => "debian",
            Self::Depends => "depends",
            Self::Embedded => "embedded",
            Self::Feature => "feature",
            Self::Hardening => "hardening",
            Self::Installed => "installed",
            Self::Library => "library",
            Self::Module => "module",
            Self::Optional => "optional",
            Self::Own => "own",
            Self::Package => "package",
            Self::Path => "path",
            Self::Perl => "perl",
            Self::Place => "place",
            Self::Program => "program",
            Self::Python => "python",
            Self::Switch => "switch",
            Self::System => "system",
            Self::Unit => "unit",
        }
    }

    /// Whether its rules are computed from the sources rather than written in a file.
    pub fn is_computed(self) -> bool {
        matches!(
            self,
            Self::Embedded | Self::Installed | Self::Module | Self::Unit
        )
    }

    /// Whether each of its rules names one literal, and is thus right wherever the literal occurs.
    pub fn names_literals(self) -> bool {
        matches!(self, Self::Command | Self::Own | Self::Perl | Self::Python)
    }
}

/// A rule, identified by its table and its name there. Reports show `TABLE.NAME`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RuleId {
    table: Table,
    name: Arc<str>,
}

impl RuleId {
    /// Makes the rule `name` of `table`.
    pub fn new(table: Table, name: impl AsRef<str>) -> Self {
        Self {
            table,
            name: Arc::from(name.as_ref()),
        }
    }

    /// Makes the only rule of a table without names.
    pub fn of(table: Table) -> Self {
        Self::new(table, "")
    }

    /// Makes the rule for a switch in the configuration of `source`.
    pub fn switch(source: &str, switch: &str) -> Self {
        Self::new(Table::Switch, format!("{source}.{switch}"))
    }

    /// Returns its table.
    pub fn table(&self) -> Table {
        self.table
    }

    /// Returns its name in the table.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.table.word();
        if self.name.is_empty() {
            f.pad(word)
        } else {
            write!(f, "{word}.{}", self.name)
        }
    }
}

impl Serialize for RuleId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Ord for RuleId {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |id: &Self| id.table.word();
        key(self)
            .cmp(key(other))
            .then_with(|| self.name.cmp(&other.name))
    }
}

impl PartialOrd for RuleId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_shown_and_ordered_as_their_names() {
        let ids = [
            RuleId::new(Table::Path, "b"),
            RuleId::of(Table::Installed),
            RuleId::switch("hive-qemu", "--enable-comb"),
            RuleId::new(Table::Path, "a.c"),
        ];
        let mut shown: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let mut sorted = ids.to_vec();
        sorted.sort();
        shown.sort();
        assert_eq!(
            shown,
            [
                "installed",
                "path.a.c",
                "path.b",
                "switch.hive-qemu.--enable-comb"
            ]
        );
        assert!(sorted.iter().map(ToString::to_string).eq(shown));
    }
}
