//! Needs of a source that no scanner sees: `closure.toml`.

use problem::{BAD_RULE, Problem};
use serde::Deserialize;

use super::Rules;
use super::reader::Reader;
use crate::{RuleId, Table};

/// `[[closure]]`: programs on a source's `PATH` that no scanner sees it run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closure {
    /// Its name.
    pub name: String,
    /// The source whose code runs them.
    pub source: String,
    /// Programs of `commands.toml` or `programs.toml`.
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
    /// The source that links it.
    pub source: String,
    /// The nixpkgs attribute.
    pub attr: String,
    /// The reason why it is needed.
    pub why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClosureFile {
    #[serde(default)]
    closure: Vec<Closure>,
    #[serde(default)]
    library: Vec<Library>,
    #[serde(default)]
    depends: Vec<Depends>,
    #[serde(default)]
    hardening: Vec<Hardening>,
}

impl Rules {
    pub(super) fn read_closures(&mut self, reader: &mut Reader) {
        let name = "closure.toml";
        let Some((file, text)) = reader.file::<ClosureFile>(name) else {
            return;
        };
        for closure in &file.closure {
            let line = Reader::line_of(&text, &closure.name);
            reader.claim(&RuleId::new(Table::Closure, &closure.name), name, line);
            for program in &closure.programs {
                // If no programs are known, the tables themselves could not be read.
                if !self.programs.is_empty() && !self.programs.contains_key(program) {
                    let cause =
                        format!("`{program}` is in neither commands.toml nor programs.toml");
                    let problem = Problem::new(&BAD_RULE, cause);
                    reader.problems.push(problem.at(reader.place(name), line));
                }
            }
        }
        for library in &file.library {
            let line = Reader::line_of(&text, &library.name);
            reader.claim(&RuleId::new(Table::Closure, &library.name), name, line);
        }
        for depends in &file.depends {
            let line = Reader::line_of(&text, &depends.name);
            reader.claim(&RuleId::new(Table::Depends, &depends.name), name, line);
            if depends.binaries.is_empty() && depends.packages.is_empty() {
                let cause = "a reason is for some of `binaries` or `packages`";
                let problem = Problem::new(&BAD_RULE, cause);
                reader.problems.push(problem.at(reader.place(name), line));
            }
        }
        for hardening in &file.hardening {
            let line = Reader::line_of(&text, &hardening.name);
            reader.claim(&RuleId::new(Table::Hardening, &hardening.name), name, line);
        }
        self.hardening.extend(file.hardening);
        self.depends.extend(file.depends);
        self.closures.extend(file.closure);
        self.libraries.extend(file.library);
    }
}
