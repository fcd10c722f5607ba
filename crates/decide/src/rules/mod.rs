//! Reads, checks and compiles the rules in `rules/*.toml`.
//!
//! | file | contents of its tables |
//! |---|---|
//! | `contexts.toml` | `[[context]]`: where an occurrence takes effect; the first match decides |
//! | `paths.toml` | `[[path]]`: decisions, the first match decides; `[[last]]`: the same, tried after the tables below |
//! | `own.toml` | `[SOURCE]`: the data paths a source installs |
//! | `programs.toml` | `[SOURCE]`: the programs a source installs; `[unpinned.SOURCE]`: those of sources without a pin |
//! | `commands.toml` | `[ATTR]`: the programs of a nixpkgs package; `[wrapper]`; `[debian-only]` |
//! | `perl.toml`, `python.toml` | `[ATTR]`: the modules of a package; `[missing.SOURCE]` |
//! | `debian.toml` | `[PACKAGE]`: the nixpkgs counterpart of a Debian package |
//! | `closure.toml` | `[[closure]]`: programs on a source's `PATH` that no scanner sees it run; `[[library]]`: libraries that its build needs and no packaging names |
//! | `features.toml` | `[[feature]]`: parts to remove |
//! | `packages.toml` | `[SOURCE]`: the nixpkgs package that a source builds on; `[SOURCE.switch]`: the treatment of the switches in its configuration |
//! | `optional.toml` | `[[optional]]`: parts that may be absent, the places where the code checks for them, and the loss without them |
//! | `places.toml` | `[[place]]`: directories and the programs that read them |
//! | `system.toml` | `[[directory]]`: directories on the machine beyond those of the packaging |
//! | `crates.toml` | `[program.NAME]`, `[library.SOURCE]`: programs and libraries that cargo builds; `[crate.NAME]`: the needs of a crate in nixpkgs |
//! | `nixpkgs.toml` | the nixpkgs file that defines each attribute |

mod closure;
mod crates;
mod debian;
mod feature;
mod module;
mod nixpkgs;
mod package;
mod path;
mod program;
mod reader;
mod system;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use problem::Problem;

use crate::optional::{AsideRule, Optional, OptionalFile, PlaceRule, outside};
use crate::{RuleId, Table};
use feature::FeaturesFile;
use module::read_modules;
use nixpkgs::SourcesFile;
use reader::{Reader, not_added};

pub use closure::{Closure, Depends, Hardening, Library};
pub use crates::{CrateRule, CrateRules, LibraryRule, ProgramRule};
pub use debian::DebianPackage;
pub use feature::{DropElement, DropMethod, Feature, OnlyOn, Replace};
pub use module::ModuleProvider;
pub use nixpkgs::Definition;
pub use package::{Over, OverValue, SwitchRule};
pub use path::{Absent, ContextRule, PathRule, Ruling};
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
    /// `closure.toml`: packages that Debian installs beside the code and that are not on its `PATH`
    /// here.
    pub depends: Vec<Depends>,
    /// `closure.toml`: compiler flags of nixpkgs' that break builds.
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
    /// Those of them that are packaged from a pin, which not every release has (`outside` in
    /// `sources.toml`).
    pub by_pin: BTreeSet<String>,
    /// The place of each rule.
    pub standing: HashMap<RuleId, RulePlace>,
    /// The rules of added directories.
    pub added: BTreeSet<RuleId>,
}

impl Rules {
    /// Reads every rule file in `dir`.
    ///
    /// # Errors
    /// All problems, with file and line: unknown keys, invalid patterns, two rules with one name.
    pub fn read(dir: &Path) -> Result<Self, Vec<Problem>> {
        Self::read_with(dir, &[])
    }

    /// As [`Self::read`], with the rules of other directories. An added rule joins the others of
    /// its file; added contexts and path rules are tried first.
    ///
    /// # Errors
    /// As [`Self::read`]; an added directory without a rule file, or with a file that cannot be
    /// added to.
    pub fn read_with(dir: &Path, added: &[PathBuf]) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader {
            dir,
            adds: false,
            problems: Vec::new(),
            names: HashMap::new(),
            added: BTreeSet::new(),
            texts: HashMap::new(),
        };
        let mut rules = Self::default();
        rules.read_directory(&mut reader);
        reader.adds = true;
        for one in added {
            reader.dir = one;
            reader.texts.clear();
            reader.problems.extend(not_added(one));
            rules.read_directory(&mut reader);
        }
        rules.outside = outside(dir.parent().unwrap_or(dir));
        rules.standing = std::mem::take(&mut reader.names);
        rules.added = std::mem::take(&mut reader.added);
        if reader.problems.is_empty() {
            Ok(rules)
        } else {
            Err(reader.problems)
        }
    }

    /// Adds the rules of the reader's directory.
    fn read_directory(&mut self, reader: &mut Reader) {
        self.read_contexts(reader);
        self.read_paths(reader);
        self.read_own(reader);
        self.read_programs(reader);
        self.perl
            .extend(read_modules(reader, Table::Perl, "perl.toml"));
        self.python
            .extend(read_modules(reader, Table::Python, "python.toml"));
        self.read_debian(reader);
        if let Some((file, text)) = reader.file::<FeaturesFile>("features.toml") {
            for feature in &file.feature {
                reader.claim(
                    &RuleId::new(Table::Feature, &feature.name),
                    "features.toml",
                    Reader::line_of(&text, &feature.name),
                );
            }
            self.features.extend(file.feature);
        }
        self.read_closures(reader);
        if let Some((file, _)) = reader.file::<BTreeMap<_, _>>("nixpkgs.toml") {
            self.nixpkgs.extend(file);
        }
        self.read_packages(reader);
        self.read_system(reader);
        self.read_crates(reader);
        self.read_optional(reader);
        self.read_places(reader);
        if let Some((file, _)) = reader.file::<SourcesFile>("sources.toml") {
            let sources = file.source.into_iter();
            self.by_pin.extend(
                sources
                    .filter(|(_, source)| source.outside)
                    .map(|(name, _)| name),
            );
        }
    }

    fn read_optional(&mut self, reader: &mut Reader) {
        let name = "optional.toml";
        let Some((file, text)) = reader.file::<OptionalFile>(name) else {
            return;
        };
        for one in file.optional {
            let line = Reader::line_of(&text, &one.name);
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
