//! Perl and Python modules: `nixpkgs/perl.toml`, `nixpkgs/python.toml`.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use super::reader::Reader;
use crate::{RuleId, Table};

/// The provider of a Perl or Python module.
#[derive(Debug, Clone)]
pub enum ModuleProvider {
    /// An attribute of `perlPackages` or `python3Packages`.
    Attr(String),
    /// A nixpkgs package that contains the module.
    Package(String),
    /// A pinned source that makes the module during its build.
    Source(String),
    /// A source without a pin.
    Missing(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModuleTable {
    #[serde(default)]
    attr: Option<String>,
    #[serde(default)]
    package: Option<String>,
    modules: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MissingModules {
    modules: Vec<String>,
}

#[derive(Deserialize)]
struct ModulesFile {
    #[serde(default)]
    missing: BTreeMap<String, MissingModules>,
    #[serde(flatten)]
    tables: BTreeMap<String, ModuleTable>,
}

pub(super) fn read_modules(
    reader: &mut Reader,
    kind: Table,
    name: &str,
) -> HashMap<String, ModuleProvider> {
    let mut modules = HashMap::new();
    let Some((file, text)) = reader.file::<ModulesFile>(name) else {
        return modules;
    };
    for (attr, table) in file.tables {
        let provider = match (table.attr, table.package) {
            (Some(attr), None) => ModuleProvider::Attr(attr),
            (None, Some(package)) => ModuleProvider::Package(package),
            _ => {
                let cause = format!("`{attr}` needs exactly one of attr, package");
                let line = Reader::line_of(&text, &attr);
                reader.bad(name, line, cause);
                continue;
            }
        };
        for module in table.modules {
            reader.claim(
                &RuleId::new(kind, &module),
                name,
                Reader::line_of(&text, &module),
            );
            modules.insert(module, provider.clone());
        }
    }
    for (source, table) in file.missing {
        for module in table.modules {
            reader.claim(
                &RuleId::new(kind, &module),
                name,
                Reader::line_of(&text, &module),
            );
            modules.insert(module, ModuleProvider::Missing(source.clone()));
        }
    }
    modules
}
