//! Needs of a source that no scanner sees.

use problem::{BAD_RULE, Problem};
use serde::Deserialize;

use super::Rules;
use super::file::RuleFile;
use super::reader::Reader;
use crate::{RuleId, Table};

/// `[[closure]]`: programs on a source's `PATH` that no scanner sees it run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closure {
    /// Its name.
    pub name: String,
    /// The source whose code runs them.
    #[serde(default)]
    pub source: String,
    /// Programs of `nixpkgs/programs.toml` or of a source.
    pub programs: Vec<String>,
    /// The code that runs them.
    pub why: String,
}

/// `[[depends]]`: a package that Debian installs beside the code and that is not on its `PATH`
/// here.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Depends {
    /// Its name, `depends.NAME`.
    pub name: String,
    /// Sources whose `debian/control` it applies to; empty for all.
    #[serde(default)]
    pub sources: Vec<String>,
    /// Debian packages that depend on it; empty for all.
    #[serde(default)]
    pub binaries: Vec<String>,
    /// Debian packages that they depend on; empty for all.
    #[serde(default)]
    pub packages: Vec<String>,
    /// The provider, or the reason why nothing needs it.
    pub why: String,
}

/// `[[hardening]]`: compiler flags that nixpkgs adds to every program and that break a source's
/// build.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hardening {
    /// Its name, `hardening.NAME`.
    pub name: String,
    /// The source.
    #[serde(default)]
    pub source: String,
    /// Names of flags, as nixpkgs' `hardeningDisable` takes them.
    pub disable: Vec<String>,
    /// The reason.
    pub why: String,
}

/// `[[library]]`: a library of Debian's build essentials that a source's build uses and no
/// `Build-Depends` names.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Library {
    /// Its name, `closure.NAME`.
    pub name: String,
    /// The source that is linked with it.
    #[serde(default)]
    pub source: String,
    /// The nixpkgs attribute.
    pub attr: String,
    /// The reason why it is needed.
    pub why: String,
}

impl Rules {
    pub(super) fn add_closures(
        &mut self,
        reader: &mut Reader,
        name: &str,
        text: &str,
        file: &mut RuleFile,
    ) {
        let arrays = [
            (
                Table::Closure,
                "closure",
                file.closure.iter().map(|one| &one.name).collect::<Vec<_>>(),
            ),
            (
                Table::Closure,
                "library",
                file.library.iter().map(|one| &one.name).collect(),
            ),
            (
                Table::Depends,
                "depends",
                file.depends.iter().map(|one| &one.name).collect(),
            ),
            (
                Table::Hardening,
                "hardening",
                file.hardening.iter().map(|one| &one.name).collect(),
            ),
        ];
        for (table, array, names) in arrays {
            for rule in names {
                let line = Reader::line_of_element(text, array, rule);
                reader.claim(&RuleId::new(table, rule), name, line);
            }
        }
        for depends in &file.depends {
            if depends.binaries.is_empty() && depends.packages.is_empty() {
                let line = Reader::line_of_element(text, "depends", &depends.name);
                reader.bad(
                    name,
                    line,
                    "a reason is for some of `binaries` or `packages`",
                );
            }
        }
        self.hardening.append(&mut file.hardening);
        self.depends.append(&mut file.depends);
        self.closures.append(&mut file.closure);
        self.libraries.append(&mut file.library);
    }

    /// The programs of closures that no table has. Without any program the tables themselves could not be read.
    pub(super) fn unknown_programs(&self, reader: &mut Reader) {
        if self.programs.is_empty() {
            return;
        }
        for closure in &self.closures {
            let mut programs = closure.programs.iter();
            let Some(program) = programs.find(|program| !self.programs.contains_key(*program))
            else {
                continue;
            };
            let cause = format!(
                "`{program}` is neither in nixpkgs/programs.toml nor among the `programs` of a source"
            );
            let problem = Problem::new(&BAD_RULE, cause);
            let place = reader
                .names
                .get(&RuleId::new(Table::Closure, &closure.name));
            reader.problems.push(match place {
                Some(place) => problem.at(&place.file, place.line),
                None => problem,
            });
        }
    }
}
