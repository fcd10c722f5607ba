//! Rules: the files of `rules/` read, checked and compiled.
//!
//! | file | what it says |
//! |---|---|
//! | `sources/NAME.toml` | everything about one source |
//! | `general/*.toml` | what holds for any source |
//! | `nixpkgs/programs.toml` | `[ATTR]`: the programs of a nixpkgs package; `[wrapper]`, `[debian-only]`, `[missing.NAME]` |
//! | `nixpkgs/perl.toml`, `python.toml` | `[ATTR]`: the modules of a package; `[missing.NAME]` |
//! | `nixpkgs/debian.toml` | `[PACKAGE]`: what a Debian package is in nixpkgs |
//! | `nixpkgs/crates.toml` | `[crate.NAME]`: what a crate needs of nixpkgs |
//! | `nixpkgs/attributes.toml` | in which file nixpkgs defines each attribute |
//! | `nixpkgs/paths.toml` | where nixpkgs' packages have what Debian has elsewhere |
//!
//! Files of `sources/` and `general/` have the same tables: `[[context]]`, `[[path]]`, `[[feature]]`, `[[closure]]` …
//! (`file.rs`); in one of `sources/`, each rule is for that source.

mod closure;
mod crates;
mod debian;
mod feature;
mod file;
mod module;
mod nixpkgs;
mod package;
mod path;
mod program;
mod reader;
mod system;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use problem::{BAD_RULE, Problem};

use crate::optional::{AsideRule, Optional, PlaceRule, outside};
use crate::{RuleId, Table};
use file::{Files, RuleFile};
use module::read_modules;
use reader::Reader;

pub use closure::{Closure, Depends, Hardening, Library};
pub use crates::{CrateRule, CrateRules, LibraryRule, ProgramRule};
pub use debian::DebianPackage;
pub use feature::{DropElement, DropMethod, Feature, OnlyOn, Replace};
pub use file::NO_RULES;
pub use module::ModuleProvider;
pub use nixpkgs::Definition;
pub use package::{Over, OverValue, SwitchRule};
pub use path::{Absent, ContextRule, Example, Keep, PathRule, Ruling};
pub use program::{Provider, provider_decision};
pub use reader::RulePlace;
pub use system::ExtraDirectory;

/// Everything in `rules/`.
#[derive(Debug, Default)]
pub struct Rules {
    /// In order.
    pub contexts: Vec<ContextRule>,
    /// Tried in order, before the tables.
    pub first: Vec<PathRule>,
    /// Tried in order, after the tables.
    pub last: Vec<PathRule>,
    /// Own data paths, longest prefix first: prefix, source, target directory.
    pub own: Vec<(String, String)>,
    /// Programs by name; a Proxmox source's own come before nixpkgs'.
    pub programs: HashMap<String, Provider>,
    /// Perl modules by name.
    pub perl: HashMap<String, ModuleProvider>,
    /// Python modules by name.
    pub python: HashMap<String, ModuleProvider>,
    /// Debian packages by name.
    pub debian: BTreeMap<String, DebianPackage>,
    /// Debian packages by glob, for names without an exact key.
    pub debian_globs: Vec<(String, globset::GlobMatcher, DebianPackage)>,
    /// Features to remove.
    pub features: Vec<Feature>,
    /// Programs that code outside of the sources runs.
    pub closures: Vec<Closure>,
    /// `[[depends]]`: what Debian installs beside the code and is not on its `PATH` here.
    pub depends: Vec<Depends>,
    /// `[[hardening]]`: what of nixpkgs' compiler flags builds cannot have.
    pub hardening: Vec<Hardening>,
    /// Libraries that no packaging names.
    pub libraries: Vec<Library>,
    /// Attributes, and where nixpkgs defines them.
    pub nixpkgs: BTreeMap<String, Definition>,
    /// The nixpkgs packages that sources build on, by source.
    pub packages: BTreeMap<String, Over>,
    /// Directories beyond those of the packaging, by name.
    pub directories: Vec<ExtraDirectory>,
    /// The rules for cargo.
    pub crates: CrateRules,
    /// Optional parts, worst loss first.
    pub optional: Vec<Optional>,
    /// Directories and the programs that read them, longest first.
    pub places: Vec<PlaceRule>,
    /// Packaging files that need not be read.
    pub asides: Vec<(globset::GlobSet, AsideRule)>,
    /// The attributes of `pkgs/outside`.
    pub outside: BTreeSet<String>,
    /// Those of them that are packaged from a pin, which not every release has (`outside` in `[repository]`).
    pub by_pin: BTreeSet<String>,
    /// The place of each rule.
    pub standing: HashMap<RuleId, RulePlace>,
    /// Lines that rules say they are for.
    pub examples: Vec<Example>,
    /// Those that are written in a directory that was added.
    pub added: BTreeSet<RuleId>,
}

/// A directory of rules.
#[derive(Debug, Clone)]
pub struct Directory {
    /// Where it is.
    pub path: PathBuf,
    /// How problems and reports name it.
    pub shown: String,
}

impl Directory {
    /// The directory `shown` of the project at `root`.
    pub fn of_project(root: &Path, shown: &str) -> Self {
        Self {
            path: root.join(shown),
            shown: shown.to_owned(),
        }
    }

    /// A directory as it was given.
    pub fn given(path: &Path) -> Self {
        Self {
            path: path.to_path_buf(),
            shown: path.display().to_string(),
        }
    }
}

/// The rules that are asked in their order, of one directory.
#[derive(Default)]
struct Ordered {
    contexts: Vec<ContextRule>,
    last_contexts: Vec<ContextRule>,
    first: Vec<PathRule>,
    last: Vec<PathRule>,
}

impl Rules {
    /// Reads every rule file below `dir`, which is shown as `rules`.
    ///
    /// # Errors
    /// All problems, with file and line: unknown keys, invalid patterns, two rules with one name.
    pub fn read(dir: &Path) -> Result<Self, Vec<Problem>> {
        let own = Directory {
            path: dir.to_path_buf(),
            shown: "rules".to_owned(),
        };
        Self::read_with(&[own], &[])
    }

    /// Reads directories of a project, and those that were added: there, ordered rules are asked before all others.
    ///
    /// # Errors
    /// As [`Self::read`]; an added directory without a rule file, or with a file of rules that cannot be added to.
    pub fn read_with(own: &[Directory], added: &[PathBuf]) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader {
            dir: Path::new(""),
            shown: String::new(),
            adds: false,
            problems: Vec::new(),
            names: HashMap::new(),
            added: BTreeSet::new(),
            examples: Vec::new(),
            texts: HashMap::new(),
        };
        let mut rules = Self::default();
        let added: Vec<Directory> = added.iter().map(|dir| Directory::given(dir)).collect();
        let (mut last_contexts, mut own_count) = (Vec::new(), own.len());
        for directory in own.iter().chain(&added) {
            reader.dir = &directory.path;
            reader.shown.clone_from(&directory.shown);
            reader.adds = own_count == 0;
            own_count = own_count.saturating_sub(1);
            reader.texts.clear();
            let ordered = rules.read_directory(&mut reader);
            rules.contexts.splice(0..0, ordered.contexts);
            last_contexts.splice(0..0, ordered.last_contexts);
            rules.first.splice(0..0, ordered.first);
            rules.last.splice(0..0, ordered.last);
        }
        rules.contexts.append(&mut last_contexts);
        rules.unknown_programs(&mut reader);
        let root = own.first().and_then(|dir| dir.path.parent());
        rules.outside = outside(root.unwrap_or(Path::new("")));
        rules.standing = std::mem::take(&mut reader.names);
        rules.added = std::mem::take(&mut reader.added);
        rules.examples = std::mem::take(&mut reader.examples);
        if reader.problems.is_empty() {
            Ok(rules)
        } else {
            Err(reader.problems)
        }
    }

    /// Adds what the reader's directory has; the rules that are asked in their order are given back.
    fn read_directory(&mut self, reader: &mut Reader) -> Ordered {
        let (files, mut problems) = Files::of(reader.dir, &reader.shown, reader.adds);
        reader.problems.append(&mut problems);
        let mut ordered = Ordered::default();
        for (source, name) in &files.sources {
            self.read_file(reader, name, Some(source), &mut ordered);
        }
        for name in &files.general {
            self.read_file(reader, name, None, &mut ordered);
        }
        self.read_programs(reader);
        self.perl
            .extend(read_modules(reader, Table::Perl, "nixpkgs/perl.toml"));
        self.python
            .extend(read_modules(reader, Table::Python, "nixpkgs/python.toml"));
        self.read_debian(reader);
        if let Some((file, _)) = reader.file::<BTreeMap<_, _>>("nixpkgs/attributes.toml") {
            self.nixpkgs.extend(file);
        }
        self.read_crates(reader);
        ordered
    }

    /// Reads a file of `sources/` or `general/`.
    fn read_file(
        &mut self,
        reader: &mut Reader,
        name: &str,
        source: Option<&str>,
        ordered: &mut Ordered,
    ) {
        let Some((mut file, text)) = reader.file::<RuleFile>(name) else {
            return;
        };
        for fault in file.faults(source, &text) {
            let problem = Problem::new(&BAD_RULE, fault.cause);
            let problem = problem.at(reader.place(name), fault.line);
            reader.problems.push(problem.mend(fault.remedy));
        }
        if let Some(source) = source {
            file.imply(source, reader, (name, &text));
            self.add_installed(reader, (name, &text), source, &mut file);
            if let Some(over) = file.nixpkgs.take() {
                self.add_package(reader, (name, &text), source, over);
            }
            if let Some(cargo) = file.cargo.take() {
                self.add_crates(reader, (name, &text), "cargo.", cargo.of(source));
            }
            if file.repository.as_ref().is_some_and(|one| one.outside) {
                self.by_pin.insert(source.to_owned());
            }
        }
        let place = (name, text.as_str());
        ordered
            .contexts
            .extend(reader.contexts(place, std::mem::take(&mut file.context)));
        ordered
            .last_contexts
            .extend(reader.contexts(place, std::mem::take(&mut file.last_context)));
        ordered
            .first
            .extend(reader.paths(place, std::mem::take(&mut file.path)));
        ordered
            .last
            .extend(reader.paths(place, std::mem::take(&mut file.last_path)));
        for feature in &file.feature {
            let line = Reader::line_of_element(&text, "feature", &feature.name);
            reader.claim(&RuleId::new(Table::Feature, &feature.name), name, line);
        }
        self.features.append(&mut file.feature);
        self.add_closures(reader, name, &text, &mut file);
        self.add_directories(reader, place, std::mem::take(&mut file.directory));
        self.add_places(
            reader,
            place,
            std::mem::take(&mut file.place),
            std::mem::take(&mut file.aside),
        );
        for one in file.optional {
            let line = Reader::line_of_element(&text, "optional", &one.name);
            reader.claim(&RuleId::new(Table::Optional, &one.name), name, line);
            self.optional.push(one);
        }
    }

    /// Returns the rule for an optional part, with its rank: 0 is the worst loss.
    pub fn optional(&self, name: &str) -> Option<(usize, &Optional)> {
        let mut all = self.optional.iter().enumerate();
        all.find(|(_, one)| one.name == name)
    }

    /// Returns every rule that can become stale, sorted.
    pub fn ids(&self) -> Vec<RuleId> {
        fn of<N: AsRef<str>>(table: Table, names: impl IntoIterator<Item = N>) -> Vec<RuleId> {
            let names = names.into_iter();
            names.map(|name| RuleId::new(table, name)).collect()
        }
        let contexts = self.contexts.iter().map(|one| one.id.clone());
        let paths = self.first.iter().chain(&self.last);
        let paths = paths.map(|one| one.id.clone());
        let switches = self.packages.iter().flat_map(|(source, over)| {
            let switches = over.switch.keys();
            switches.map(|switch| RuleId::switch(source, switch))
        });
        let crates = &self.crates;
        let tables = [
            of(Table::Own, self.own.iter().map(|(prefix, _)| prefix)),
            of(Table::Command, self.programs.keys()),
            of(Table::Perl, self.perl.keys()),
            of(Table::Python, self.python.keys()),
            of(Table::Debian, self.debian.keys()),
            of(Table::Debian, self.debian_globs.iter().map(|one| &one.0)),
            of(Table::Feature, self.features.iter().map(|one| &one.name)),
            of(Table::Closure, self.closures.iter().map(|one| &one.name)),
            of(Table::Hardening, self.hardening.iter().map(|one| &one.name)),
            of(Table::Depends, self.depends.iter().map(|one| &one.name)),
            of(Table::Program, crates.program.keys()),
            of(Table::Library, crates.library.keys()),
            of(Table::Crate, crates.crates.keys()),
            of(Table::Optional, self.optional.iter().map(|one| &one.name)),
            of(Table::Package, self.packages.keys()),
            of(Table::System, self.directories.iter().map(|one| &one.name)),
        ];
        let tables = tables.into_iter().flatten();
        let mut ids: Vec<RuleId> = contexts
            .chain(paths)
            .chain(switches)
            .chain(tables)
            .collect();
        ids.sort();
        ids
    }
}
