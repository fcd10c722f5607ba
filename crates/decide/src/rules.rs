//! Rules: `rules/*.toml` read, checked and compiled.
//!
//! | file | what its tables say |
//! |---|---|
//! | `contexts.toml` | `[[context]]`: where an occurrence acts, first match |
//! | `paths.toml` | `[[path]]`: decisions, first match; `[[last]]`: the same, asked after the tables below |
//! | `own.toml` | `[SOURCE]`: the data paths a source installs |
//! | `programs.toml` | `[SOURCE]`: the programs a source installs; `[unpinned.SOURCE]`: those of sources without a pin |
//! | `commands.toml` | `[ATTR]`: the programs of a nixpkgs package; `[wrapper]`; `[debian-only]` |
//! | `perl.toml`, `python.toml` | `[ATTR]`: the modules of a package; `[missing.SOURCE]` |
//! | `debian.toml` | `[PACKAGE]`: what a Debian package is in nixpkgs |
//! | `closure.toml` | `[[closure]]`: programs that join a source's `PATH` closure though no scanner sees them run; `[[library]]`: what its build needs though no packaging says so |
//! | `features.toml` | `[[feature]]`: what is removed |
//! | `packages.toml` | `[SOURCE]`: the nixpkgs package a source builds on; `[SOURCE.switch]`: what becomes of the switches it is configured with |
//! | `optional.toml` | `[[optional]]`: what may be absent, where the code asks for it and what that costs |
//! | `places.toml` | `[[place]]`: directories below which nothing is laid out |
//! | `system.toml` | `[[directory]]`: directories on the machine beyond those of the packaging |
//! | `crates.toml` | `[program.NAME]`, `[library.SOURCE]`: what cargo builds; `[crate.NAME]`: what a crate needs of nixpkgs |
//! | `nixpkgs.toml` | in which nixpkgs file each attribute is defined |

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Spanned;

use super::etc::{Etc, Sort};
use super::matcher::{Condition, Matcher};
use super::optional::{AsideRule, Optional, OptionalFile, PlaceRule, PlacesFile, outside};
use super::{Context, Decision, RuleId, Table};
use problem::{BAD_RULE, DUPLICATE_RULE, Problem, meant};

/// A compiled `[[context]]` rule.
#[derive(Debug)]
pub struct ContextRule {
    /// Its identity.
    pub id: RuleId,
    /// What it asks for.
    pub matcher: Matcher,
    /// What it says.
    pub context: Context,
}

/// What a `[[path]]` rule makes of a matching occurrence.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// Stays, for a reason.
    Keep(String),
    /// A file of a nixpkgs package.
    Package(String),
    /// A file of this or another Proxmox source.
    Own(String),
    /// The program's bare name.
    Bare,
    /// The computed closure.
    SearchPath,
    /// A setuid wrapper.
    Wrapper,
    /// A path that NixOS keeps for this; `{rest}` as in a target.
    System(String),
    /// Removed with a feature.
    Disable(String),
    /// What the tables say of a program's name; none is a match.
    Program,
}

/// A compiled `[[path]]` or `[[last]]` rule.
#[derive(Debug)]
pub struct PathRule {
    /// Its identity.
    pub id: RuleId,
    /// What it asks for.
    pub matcher: Matcher,
    /// What it says.
    pub verdict: Verdict,
    /// The target below the output; `{rest}` is what follows the matched `below` prefix, `{name}` the
    /// last component, `{program}` likewise; without it the path folded as the output is laid out.
    pub target: Option<String>,
    /// What the target need not lead to.
    pub absent: Option<Absent>,
    /// Of which sort the path below `/etc` is that stays.
    pub etc: Option<Etc>,
}

/// Why a target need not be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Absent {
    /// The code asks for it, and does without.
    Optional,
    /// It is the head of names that the code completes.
    Head,
}

/// Where a program comes from.
#[derive(Debug, Clone)]
pub enum Provider {
    /// A nixpkgs attribute.
    Package {
        /// Its path.
        attr: String,
        /// The directory below its output.
        dir: String,
    },
    /// A pinned Proxmox source.
    Source {
        /// Its name.
        source: String,
        /// The directory below its output.
        dir: String,
    },
    /// A Proxmox source without a pin.
    Unpinned {
        /// Its name.
        source: String,
    },
    /// A NixOS setuid wrapper.
    Wrapper,
    /// Nothing on NixOS.
    DebianOnly,
}

/// What a Perl or Python module's name resolves to.
#[derive(Debug, Clone)]
pub enum ModuleProvider {
    /// An attribute of `perlPackages` or `python3Packages`.
    Attr(String),
    /// A nixpkgs package that brings a module.
    Package(String),
    /// A pinned source that makes the module while it builds.
    Source(String),
    /// A source without a pin.
    Missing(String),
}

/// What a Debian package is in nixpkgs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DebianPackage {
    /// A nixpkgs attribute.
    Attr(String),
    /// An attribute of `perlPackages`.
    Perl(String),
    /// Nothing is needed; the reason.
    None(String),
    /// Made by a pinned source.
    Source(String),
    /// Neither nixpkgs nor a pin has it.
    Missing {
        /// What code calls it, where that is another name.
        name: Option<String>,
        /// Why.
        why: String,
    },
}

/// `[[feature]]`: something Debian-only that is taken out of a source by structural edits.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Feature {
    /// Its name.
    pub name: String,
    /// Why.
    pub why: String,
    /// The source it is in.
    pub source: String,
    /// The Perl modules that go: their `use` lines, the `register_method` that mounts them, the index
    /// entry of that path, and statements that call them.
    #[serde(default)]
    pub drop_modules: Vec<String>,
    /// Files that go, with the Makefile words that name them. Missing ones are no error while one is there.
    #[serde(default)]
    pub drop_files: Vec<String>,
    /// Methods that go: `register_method` by name, in `file`, with the command that runs it.
    #[serde(default)]
    pub drop_methods: Vec<DropMethod>,
    /// Elements of lists that go: what still leads to what is removed.
    #[serde(default)]
    pub drop_elements: Vec<DropElement>,
    /// Expressions that another takes the place of: what is there on one processor alone, say.
    #[serde(default)]
    pub replace: Vec<Replace>,
    /// Instructions of C that only one processor has.
    #[serde(default)]
    pub only_on: Vec<OnlyOn>,
    /// The releases it is for, globs; all without.
    #[serde(default)]
    pub releases: Vec<String>,
}

/// `[[closure]]`: programs that join a source's `PATH` closure though no scanner sees them run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closure {
    /// Its name.
    pub name: String,
    /// The source whose code runs them.
    pub source: String,
    /// Programs of `commands.toml` or `programs.toml`.
    pub programs: Vec<String>,
    /// Who runs them.
    pub why: String,
}

/// `[[depends]]`: a package that Debian installs beside the code and that is no program on its `PATH` here.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Depends {
    /// Its name, `depends.NAME`.
    pub name: String,
    /// Sources whose `debian/control` it is for; all where there are none.
    #[serde(default)]
    pub sources: Vec<String>,
    /// Debian packages that depend on it; all where there are none.
    #[serde(default)]
    pub binaries: Vec<String>,
    /// Debian packages that are depended on; all where there are none.
    #[serde(default)]
    pub packages: Vec<String>,
    /// Who brings it, or why it is not needed.
    pub why: String,
}

/// `[[hardening]]`: what nixpkgs' compiler adds for every program, and a source's build cannot have.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hardening {
    /// Its name, `hardening.NAME`.
    pub name: String,
    /// The source.
    pub source: String,
    /// Names of flags, as nixpkgs' `hardeningDisable` takes them.
    pub disable: Vec<String>,
    /// Why.
    pub why: String,
}

/// `[[library]]`: what a source's build takes from Debian's build essentials, which no `Build-Depends` names.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Library {
    /// Its name, `closure.NAME`.
    pub name: String,
    /// The source that is linked with it.
    pub source: String,
    /// The nixpkgs attribute.
    pub attr: String,
    /// Why it is needed.
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

/// A method to remove.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DropMethod {
    /// The file, relative to the source.
    pub file: String,
    /// The `name` it is registered with.
    pub name: String,
}

/// One entry of `replace`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replace {
    /// The file, relative to the source.
    pub file: String,
    /// A whole expression of it, as written: a name, a call.
    pub text: String,
    /// What stands there instead.
    pub with: String,
    /// How often it is there: one more may mean something else.
    #[serde(default = "once")]
    pub times: usize,
}

fn once() -> usize {
    1
}

/// One entry of `only-on`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnlyOn {
    /// The file of C, relative to the source.
    pub file: String,
    /// The macro that a compiler for that processor defines, `__x86_64__`.
    #[serde(rename = "macro")]
    pub macro_name: String,
    /// The whole code of the assembly statements that are for it.
    pub instruction: String,
}

/// One entry of `drop-elements`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DropElement {
    /// The file, relative to the source.
    pub file: String,
    /// A string of a list: before `=>` it goes with its value.
    pub text: String,
}

/// `[SOURCE]` of `packages.toml`: nixpkgs builds the same upstream, and its derivation is taken with the source,
/// the series and the places Proxmox has.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Over {
    /// The nixpkgs attribute.
    pub over: String,
    /// Why, where it is not plain.
    #[serde(default)]
    pub why: Option<String>,
    /// nixpkgs' own patches are for another version.
    #[serde(default)]
    pub drop_patches: bool,
    /// Arguments of the attribute's function; `{cpu}` in a string is the platform's GNU name (`x86_64`).
    #[serde(default, rename = "override")]
    pub arguments: BTreeMap<String, OverValue>,
    /// More `configureFlags`.
    #[serde(default)]
    pub configure_flags: Vec<String>,
    /// More `mesonFlags`.
    #[serde(default)]
    pub meson_flags: Vec<String>,
    /// More shell lines for `postInstall`, by GNU processor or `any`; `{cpu}` as above, `{packaging}` the
    /// packaging's tree.
    #[serde(default)]
    pub post_install: BTreeMap<String, Vec<String>>,
    /// What becomes of each switch that the packaging configures the source with: `--enable-rbd`, or with its value,
    /// `-Dman=true`.
    #[serde(default)]
    pub switch: BTreeMap<String, SwitchRule>,
    /// Attributes that `Build-Depends` name and that are not added to nixpkgs' inputs.
    #[serde(default)]
    pub without: Vec<String>,
    /// The files of nixpkgs that were read for it.
    #[serde(default)]
    pub evidence: Vec<String>,
    /// The objects that use it lay its files beside their own in a link, which closes what it leaves open.
    #[serde(default)]
    pub laid: bool,
    /// nixpkgs attributes that are laid in with it.
    #[serde(default)]
    pub beside: Vec<String>,
}

/// `[SOURCE.switch."--NAME"]` of `packages.toml`: exactly one of `override`, `flag`, `default`, `drop`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SwitchRule {
    /// Arguments of the attribute's function. `{value}` in a string is the switch's value; a list of this alone is the
    /// value split at its commas.
    #[serde(default, rename = "override")]
    pub arguments: BTreeMap<String, OverValue>,
    /// It is handed on as it is written.
    #[serde(default)]
    pub flag: bool,
    /// nixpkgs attributes that it needs.
    #[serde(default)]
    pub inputs: Vec<String>,
    /// nixpkgs has it so: by what.
    #[serde(default)]
    pub default: Option<String>,
    /// It is not wanted: why.
    #[serde(default)]
    pub drop: Option<String>,
    /// Why.
    #[serde(default)]
    #[allow(dead_code, reason = "for the reader of the rule")]
    pub why: Option<String>,
}

impl SwitchRule {
    /// What is wrong with it.
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
    /// A list of strings, in which the same is kept once.
    List(Vec<String>),
}

/// `[[directory]]` of `system.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtraDirectory {
    /// Its name, `system.NAME`.
    pub name: String,
    /// The source in whose `system.json` it goes.
    pub source: String,
    /// Absolute.
    pub path: String,
    /// Four octal digits.
    pub mode: String,
    /// A user's name.
    pub owner: String,
    /// A group's name.
    pub group: String,
    /// Why it is needed.
    pub why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SystemFile {
    #[serde(default)]
    directory: Vec<ExtraDirectory>,
}

/// Everything in `rules/`.
#[derive(Debug, Default)]
pub struct Rules {
    /// In order.
    pub contexts: Vec<ContextRule>,
    /// In order, before the tables.
    pub first: Vec<PathRule>,
    /// In order, after the tables.
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
    /// Debian packages by glob, where the name is in no exact key.
    pub debian_globs: Vec<(String, globset::GlobMatcher, DebianPackage)>,
    /// Features to remove.
    pub features: Vec<Feature>,
    /// Programs run out of sight.
    pub closures: Vec<Closure>,
    /// `closure.toml`: what Debian installs beside the code and is not on its `PATH` here.
    pub depends: Vec<Depends>,
    /// `closure.toml`: what of nixpkgs' compiler flags builds cannot have.
    pub hardening: Vec<Hardening>,
    /// Libraries no packaging names.
    pub libraries: Vec<Library>,
    /// Attributes and where nixpkgs defines them.
    pub nixpkgs: BTreeMap<String, Definition>,
    /// The nixpkgs packages that sources build on, by source.
    pub packages: BTreeMap<String, Over>,
    /// Directories beyond those of the packaging, by name.
    pub directories: Vec<ExtraDirectory>,
    /// What cargo builds.
    pub crates: CrateRules,
    /// What may be absent, the most painful first.
    pub optional: Vec<Optional>,
    /// Directories whose owner NixOS has not, or is; the longest first.
    pub places: Vec<PlaceRule>,
    /// Files of packagings that nobody has to read.
    pub asides: Vec<(globset::GlobSet, AsideRule)>,
    /// The attributes of `pkgs/outside`.
    pub outside: BTreeSet<String>,
    /// Those of them that are packaged from a pin, which not every release has (`outside` in `sources.toml`).
    pub by_pin: BTreeSet<String>,
    /// Where each rule is written.
    pub standing: HashMap<RuleId, RulePlace>,
    /// Those that are written in a directory that was added.
    pub added: BTreeSet<RuleId>,
}

/// Where a rule stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulePlace {
    /// The file's name in `rules/`, or the path of one in a directory that was added.
    pub file: String,
    /// 1-based.
    pub line: Option<u32>,
}

impl RulePlace {
    /// The file: of `rules/` relative to the project, of an added directory as that was given.
    pub fn path(&self) -> String {
        if self.file.contains('/') {
            self.file.clone()
        } else {
            format!("rules/{}", self.file)
        }
    }
}

impl std::fmt::Display for RulePlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.path())?;
        self.line.map_or(Ok(()), |line| write!(f, ":{line}"))
    }
}

/// Where nixpkgs defines an attribute.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Definition {
    /// The file with the expression.
    pub file: String,
    /// The file that names it, where that is another.
    #[serde(default)]
    pub via: Option<String>,
    /// The package's expression in the release before, where it has moved.
    pub formerly: Option<String>,
    /// The first release that has the name, where not all do.
    pub since: Option<String>,
    /// The last release that has it.
    pub until: Option<String>,
}

/// What `sources.toml` says of packages; the rest of it is for `lock`.
#[derive(Deserialize)]
struct SourcesFile {
    #[serde(default)]
    source: BTreeMap<String, SourceTable>,
}

#[derive(Deserialize)]
struct SourceTable {
    #[serde(default)]
    outside: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ContextsFile {
    #[serde(default)]
    context: Vec<RawContext>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawContext {
    name: Spanned<String>,
    context: Context,
    #[serde(rename = "where", default)]
    condition: Condition,
    #[serde(default)]
    #[allow(dead_code, reason = "for the reader of the rule")]
    why: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PathsFile {
    #[serde(default)]
    path: Vec<RawPath>,
    #[serde(default)]
    last: Vec<RawPath>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawPath {
    name: Spanned<String>,
    #[serde(rename = "where", default)]
    condition: Condition,
    #[serde(default)]
    keep: Option<String>,
    #[serde(default)]
    package: Option<String>,
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    bare: bool,
    #[serde(default)]
    search_path: bool,
    #[serde(default)]
    wrapper: bool,
    #[serde(default)]
    program: bool,
    #[serde(default)]
    system: Option<String>,
    #[serde(default)]
    disable: Option<String>,
    #[serde(default)]
    target: Option<String>,
    #[serde(default)]
    absent: Option<Absent>,
    #[serde(default)]
    etc: Option<Sort>,
    #[serde(default)]
    written: Option<String>,
    #[serde(default)]
    #[allow(dead_code, reason = "for the reader of the rule")]
    why: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnTable {
    below: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProgramTable {
    programs: Vec<String>,
    #[serde(default)]
    dir: Option<String>,
    #[serde(default)]
    #[allow(dead_code, reason = "for the reader of the rule")]
    output: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnpinnedTable {
    programs: Vec<String>,
}

#[derive(Deserialize)]
struct ProgramsFile {
    #[serde(default)]
    unpinned: BTreeMap<String, UnpinnedTable>,
    #[serde(flatten)]
    sources: BTreeMap<String, ProgramTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModuleTable {
    #[serde(default)]
    attr: Option<String>,
    #[serde(default)]
    package: Option<String>,
    #[serde(default)]
    source: Option<String>,
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
    source: Option<String>,
    #[serde(default)]
    missing: Option<String>,
    #[serde(default)]
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FeaturesFile {
    #[serde(default)]
    feature: Vec<Feature>,
}

/// The line of a byte offset, from 1.
fn line_at(text: &str, offset: usize) -> u32 {
    let head = &text.as_bytes()[..offset.min(text.len())];
    let newlines = memchr::memchr_iter(b'\n', head).count();
    u32::try_from(newlines + 1).unwrap_or(u32::MAX)
}

/// Where the key stands that `message` calls unknown.
fn unknown_key_line(text: &str, message: &str) -> Option<u32> {
    let (key, _) = message.strip_prefix("unknown field `")?.split_once('`')?;
    let is_key = |line: &str| {
        let rest = line.trim_start().strip_prefix(key);
        rest.is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    let mut lines = (1..).zip(text.lines());
    lines
        .find(|(_, line)| is_key(line))
        .map(|(number, _)| number)
}

/// Reads rule files from one directory and collects what is wrong with them.
struct Reader<'a> {
    dir: &'a Path,
    /// Whether the directory adds to those before it.
    adds: bool,
    problems: Vec<Problem>,
    names: HashMap<RuleId, RulePlace>,
    /// The rules that were added.
    added: BTreeSet<RuleId>,
    /// What was read of the directory, by file.
    texts: HashMap<String, String>,
}

impl Reader<'_> {
    /// Parses a file; a file that is not there is empty.
    fn file<T: DeserializeOwned>(&mut self, name: &str) -> Option<(T, String)> {
        let path = self.dir.join(name);
        let shown = path.display().to_string();
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                self.problems
                    .push(Problem::new(&BAD_RULE, error.to_string()).at(shown, None));
                return None;
            }
        };
        self.texts.insert(name.to_owned(), text.clone());
        match toml::from_str(&text) {
            Ok(value) => Some((value, text)),
            Err(error) => {
                let line = error.span().map(|span| line_at(&text, span.start));
                // Tables of any name are read through a map, which forgets where its entries stood.
                let line = line.filter(|line| *line > 1);
                let line = line.or_else(|| unknown_key_line(&text, error.message()));
                self.problems
                    .push(Problem::new(&BAD_RULE, error.message().to_owned()).at(shown, line));
                None
            }
        }
    }

    fn place(&self, file: &str) -> String {
        self.dir.join(file).display().to_string()
    }

    /// Records a rule's name and complains of the second of two alike.
    fn claim(&mut self, id: &RuleId, file: &str, mut line: Option<u32>) {
        let place = RulePlace {
            file: if self.adds {
                self.place(file)
            } else {
                file.to_owned()
            },
            line,
        };
        if self.adds {
            self.added.insert(id.clone());
        }
        if let Some(other) = self.names.insert(id.clone(), place.clone()) {
            // Where the line was looked for by the name, the first of the two was found again.
            if let (true, Some(first)) = (other == place, line) {
                let text = self.texts.get(file).map_or("", String::as_str);
                line = Self::line_after(text, id.name(), first).or(line);
            }
            let problem = Problem::new(
                &DUPLICATE_RULE,
                format!("the rule `{id}` stands at {other} already"),
            );
            self.problems.push(problem.at(self.place(file), line));
        }
    }

    fn matcher(&mut self, condition: &Condition, file: &str, line: Option<u32>) -> Matcher {
        Matcher::new(condition).unwrap_or_else(|cause| {
            self.problems
                .push(Problem::new(&BAD_RULE, cause).at(self.place(file), line));
            Matcher::default()
        })
    }

    /// The line of the first table header or key that is written `name`.
    fn line_of(text: &str, name: &str) -> Option<u32> {
        Self::line_after(text, name, 0)
    }

    /// The same, among the lines that follow the 1-based line `after`.
    fn line_after(text: &str, name: &str, after: u32) -> Option<u32> {
        let lines = text.split_inclusive('\n').take(after as usize);
        let from = lines.map(str::len).sum::<usize>();
        let written = [format!("\"{name}\""), format!("[{name}]")];
        let found = written
            .iter()
            .filter_map(|written| text[from..].find(written));
        found.min().map(|offset| line_at(text, from + offset))
    }
}

impl Rules {
    /// What a path rule says of its target's absence.
    pub fn absent(&self, rule: &RuleId) -> Option<Absent> {
        let mut rules = self.first.iter().chain(&self.last);
        rules.find(|one| one.id == *rule)?.absent
    }

    /// Reads every rule file in `dir`.
    ///
    /// # Errors
    /// All that is wrong: unknown keys, bad patterns, two rules with one name; each with file and line.
    pub fn read(dir: &Path) -> Result<Self, Vec<Problem>> {
        Self::read_with(dir, &[])
    }

    /// The same with the rules of other directories: an added rule stands beside the others of its file, and contexts and path
    /// rules that are added are asked first.
    ///
    /// # Errors
    /// As [`Self::read`]; an added directory without a rule file, or with another file of rules than can be added to.
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

    /// Adds what the reader's directory has.
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

    fn read_places(&mut self, reader: &mut Reader) {
        let name = "places.toml";
        let Some((file, text)) = reader.file::<PlacesFile>(name) else {
            return;
        };
        for place in file.place {
            let line = Reader::line_of(&text, &place.below);
            reader.claim(&RuleId::new(Table::Place, &place.below), name, line);
            if place.leave_out.is_some() == place.keep.is_some() {
                let cause = format!("`{}` needs exactly one of leave-out, keep", place.below);
                let problem = Problem::new(&BAD_RULE, cause);
                reader.problems.push(problem.at(reader.place(name), line));
            }
            self.places.push(place);
        }
        for aside in file.aside {
            let mut globs = globset::GlobSetBuilder::new();
            for file in &aside.files {
                match globset::Glob::new(file) {
                    Ok(glob) => drop(globs.add(glob)),
                    Err(error) => {
                        let line = Reader::line_of(&text, file);
                        let problem = Problem::new(&BAD_RULE, error.to_string());
                        reader.problems.push(problem.at(reader.place(name), line));
                    }
                }
            }
            self.asides
                .extend(globs.build().map(|globs| (globs, aside)));
        }
        self.places
            .sort_by_key(|place| std::cmp::Reverse(place.below.len()));
    }

    /// Why nobody reads a file of a packaging, by its name in `debian/`.
    pub fn aside(&self, name: &str) -> Option<&AsideRule> {
        let found = self.asides.iter().find(|(globs, _)| globs.is_match(name));
        found.map(|(_, aside)| aside)
    }

    /// The directory that an installed place is below, by its path on Debian without a slash before it.
    pub fn place(&self, path: &str) -> Option<&PlaceRule> {
        let path = path.trim_start_matches('/');
        let below = |place: &&PlaceRule| {
            let rest = path.strip_prefix(place.below.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.places.iter().find(below)
    }

    /// The directory that an installed place is below and whose files are not laid out.
    pub fn left_out(&self, path: &str) -> Option<&PlaceRule> {
        self.place(path).filter(|place| place.leave_out.is_some())
    }

    /// What a rule says of a path below `/etc`.
    pub fn etc(&self, rule: &RuleId) -> Option<Etc> {
        let mut rules = self.first.iter().chain(&self.last);
        rules.find(|one| one.id == *rule)?.etc
    }

    /// What the rules say of something that may be absent, with its rank: 0 is the most painful.
    pub fn optional(&self, name: &str) -> Option<(usize, &Optional)> {
        let mut all = self.optional.iter().enumerate();
        all.find(|(_, one)| one.name == name)
    }

    fn read_packages(&mut self, reader: &mut Reader) {
        let name = "packages.toml";
        let Some((file, text)) = reader.file::<BTreeMap<String, Over>>(name) else {
            return;
        };
        for (source, over) in &file {
            let line = Reader::line_of(&text, source);
            reader.claim(&RuleId::new(Table::Package, source), name, line);
            let table = Reader::line_of(&text, &format!("{source}.switch")).unwrap_or(0);
            for (switch, rule) in &over.switch {
                let line = Reader::line_after(&text, switch, table);
                reader.claim(&RuleId::switch(source, switch), name, line);
                if let Some(fault) = rule.fault() {
                    let problem = Problem::new(&BAD_RULE, format!("`{switch}` {fault}"));
                    reader.problems.push(problem.at(reader.place(name), line));
                }
            }
        }
        self.packages.extend(file);
    }

    fn read_crates(&mut self, reader: &mut Reader) {
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

    fn read_contexts(&mut self, reader: &mut Reader) {
        let name = "contexts.toml";
        let Some((file, text)) = reader.file::<ContextsFile>(name) else {
            return;
        };
        let mut read = Vec::new();
        for raw in file.context {
            let line = Some(line_at(&text, raw.name.span().start));
            let rule = RuleId::new(Table::Context, raw.name.get_ref());
            reader.claim(&rule, name, line);
            let matcher = reader.matcher(&raw.condition, name, line);
            read.push(ContextRule {
                id: rule,
                matcher,
                context: raw.context,
            });
        }
        // What is added is asked first.
        self.contexts.splice(0..0, read);
    }

    fn read_paths(&mut self, reader: &mut Reader) {
        let name = "paths.toml";
        let Some((file, text)) = reader.file::<PathsFile>(name) else {
            return;
        };
        for (raws, into) in [(file.path, &mut self.first), (file.last, &mut self.last)] {
            let mut read = Vec::new();
            for raw in raws {
                let line = Some(line_at(&text, raw.name.span().start));
                let rule = RuleId::new(Table::Path, raw.name.get_ref());
                reader.claim(&rule, name, line);
                let matcher = reader.matcher(&raw.condition, name, line);
                if let Some(cause) = etc_fault(&raw) {
                    let problem = Problem::new(&BAD_RULE, cause);
                    reader.problems.push(problem.at(reader.place(name), line));
                }
                let etc = raw.etc.map(|sort| Etc {
                    sort,
                    written: raw.written.is_some(),
                });
                match verdict(&raw) {
                    Ok(verdict) => read.push(PathRule {
                        id: rule,
                        matcher,
                        verdict,
                        target: raw.target,
                        absent: raw.absent,
                        etc,
                    }),
                    Err(cause) => reader
                        .problems
                        .push(Problem::new(&BAD_RULE, cause).at(reader.place(name), line)),
                }
            }
            into.splice(0..0, read);
        }
    }

    fn read_own(&mut self, reader: &mut Reader) {
        let Some((file, text)) = reader.file::<BTreeMap<String, OwnTable>>("own.toml") else {
            return;
        };
        for (source, table) in file {
            for prefix in table.below {
                reader.claim(
                    &RuleId::new(Table::Own, &prefix),
                    "own.toml",
                    Reader::line_of(&text, &prefix),
                );
                self.own.push((prefix, source.clone()));
            }
        }
        self.own
            .sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.cmp(b)));
    }

    fn read_programs(&mut self, reader: &mut Reader) {
        if let Some((file, text)) = reader.file::<ProgramsFile>("programs.toml") {
            for (source, table) in file.sources {
                let dir = table.dir.unwrap_or_else(|| "bin".to_owned());
                for program in table.programs {
                    let provider = Provider::Source {
                        source: source.clone(),
                        dir: dir.clone(),
                    };
                    self.add_program(reader, "programs.toml", &text, program, provider);
                }
            }
            for (source, table) in file.unpinned {
                for program in table.programs {
                    let provider = Provider::Unpinned {
                        source: source.clone(),
                    };
                    self.add_program(reader, "programs.toml", &text, program, provider);
                }
            }
        }
        if let Some((file, text)) = reader.file::<BTreeMap<String, ProgramTable>>("commands.toml") {
            for (attr, table) in file {
                let dir = table.dir.unwrap_or_else(|| "bin".to_owned());
                for program in table.programs {
                    let provider = match attr.as_str() {
                        "wrapper" => Provider::Wrapper,
                        "debian-only" => Provider::DebianOnly,
                        _ => Provider::Package {
                            attr: attr.clone(),
                            dir: dir.clone(),
                        },
                    };
                    self.add_program(reader, "commands.toml", &text, program, provider);
                }
            }
        }
    }

    fn add_program(
        &mut self,
        reader: &mut Reader,
        file: &str,
        text: &str,
        program: String,
        provider: Provider,
    ) {
        reader.claim(
            &RuleId::new(Table::Command, &program),
            file,
            Reader::line_of(text, &program),
        );
        self.programs.insert(program, provider);
    }

    fn read_closures(&mut self, reader: &mut Reader) {
        let name = "closure.toml";
        let Some((file, text)) = reader.file::<ClosureFile>(name) else {
            return;
        };
        for closure in &file.closure {
            let line = Reader::line_of(&text, &closure.name);
            reader.claim(&RuleId::new(Table::Closure, &closure.name), name, line);
            for program in &closure.programs {
                // Without any program the tables themselves could not be read.
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

    fn read_debian(&mut self, reader: &mut Reader) {
        let name = "debian.toml";
        let Some((file, text)) = reader.file::<BTreeMap<String, DebianTable>>(name) else {
            return;
        };
        for (package, table) in file {
            let line = Reader::line_of(&text, &package);
            reader.claim(&RuleId::new(Table::Debian, &package), name, line);
            let DebianTable {
                attr,
                perl,
                none,
                source,
                missing,
                name: called,
            } = table;
            if called.is_some() && missing.is_none() {
                let cause = format!("`{package}` has a `name`, which only goes with `missing`");
                reader
                    .problems
                    .push(Problem::new(&BAD_RULE, cause).at(reader.place(name), line));
                continue;
            }
            let choices = [
                attr.map(DebianPackage::Attr),
                perl.map(DebianPackage::Perl),
                none.map(DebianPackage::None),
                source.map(DebianPackage::Source),
                missing.map(|why| DebianPackage::Missing { name: called, why }),
            ];
            let mut choices = choices.into_iter().flatten();
            let (Some(choice), None) = (choices.next(), choices.next()) else {
                let cause =
                    format!("`{package}` needs exactly one of attr, perl, none, source, missing");
                reader
                    .problems
                    .push(Problem::new(&BAD_RULE, cause).at(reader.place(name), line));
                continue;
            };
            if package.contains(['*', '?']) {
                match globset::Glob::new(&package) {
                    Ok(glob) => {
                        self.debian_globs
                            .push((package.clone(), glob.compile_matcher(), choice));
                    }
                    Err(error) => {
                        reader.problems.push(
                            Problem::new(&BAD_RULE, error.to_string()).at(reader.place(name), line),
                        );
                    }
                }
            } else {
                self.debian.insert(package, choice);
            }
        }
    }

    fn read_system(&mut self, reader: &mut Reader) {
        let name = "system.toml";
        let Some((file, text)) = reader.file::<SystemFile>(name) else {
            return;
        };
        for directory in file.directory {
            let line = Reader::line_of(&text, &directory.name);
            reader.claim(&RuleId::new(Table::System, &directory.name), name, line);
            let octal = directory.mode.len() == 4
                && directory
                    .mode
                    .bytes()
                    .all(|byte| matches!(byte, b'0'..=b'7'));
            if directory.path.starts_with('/') && octal {
                self.directories.push(directory);
            } else {
                let cause = "a directory has an absolute path and a mode of four octal digits";
                reader
                    .problems
                    .push(Problem::new(&BAD_RULE, cause).at(reader.place(name), line));
            }
        }
        self.directories.sort_by(|a, b| a.name.cmp(&b.name));
    }

    /// What a Debian package is in nixpkgs, with the rule that says so.
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

    /// Every rule that can be stale, sorted.
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

/// The rule files that a directory can add to.
const ADDED: [&str; 16] = [
    "closure.toml",
    "commands.toml",
    "contexts.toml",
    "crates.toml",
    "debian.toml",
    "features.toml",
    "nixpkgs.toml",
    "optional.toml",
    "own.toml",
    "packages.toml",
    "paths.toml",
    "perl.toml",
    "places.toml",
    "programs.toml",
    "python.toml",
    "system.toml",
];

/// What is wrong with an added directory as a whole: files of rules that nobody would read, or none at all.
fn not_added(dir: &Path) -> Vec<Problem> {
    let shown = dir.display().to_string();
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) => return vec![Problem::new(&BAD_RULE, error.to_string()).at(shown, None)],
    };
    let names = entries.flatten().map(|entry| entry.file_name());
    let mut names: Vec<String> = names
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| Path::new(name).extension().is_some_and(|end| end == "toml"))
        .collect();
    names.sort();
    if names.is_empty() {
        let cause = "the directory has no file of rules";
        let files = format!("Rules stand in {}.", ADDED.join(", "));
        return vec![Problem::new(&BAD_RULE, cause).at(shown, None).mend(files)];
    }
    names.retain(|name| !ADDED.contains(&name.as_str()));
    let unknown = names.iter().map(|name| {
        let problem = Problem::new(&BAD_RULE, "nothing is read of an added file of this name");
        let problem = problem.at(dir.join(name).display().to_string(), None);
        problem.mend(meant::remedy(name, ADDED))
    });
    unknown.collect()
}

fn read_modules(reader: &mut Reader, kind: Table, name: &str) -> HashMap<String, ModuleProvider> {
    let mut modules = HashMap::new();
    let Some((file, text)) = reader.file::<ModulesFile>(name) else {
        return modules;
    };
    for (attr, table) in file.tables {
        let provider = match (table.attr, table.package, table.source) {
            (Some(attr), None, None) => ModuleProvider::Attr(attr),
            (None, Some(package), None) => ModuleProvider::Package(package),
            (None, None, Some(source)) => ModuleProvider::Source(source),
            _ => {
                let cause = format!("`{attr}` needs exactly one of attr, package, source");
                let line = Reader::line_of(&text, &attr);
                reader
                    .problems
                    .push(Problem::new(&BAD_RULE, cause).at(reader.place(name), line));
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

/// What is wrong with what a rule says of `/etc`.
fn etc_fault(raw: &RawPath) -> Option<String> {
    let name = raw.name.get_ref();
    let stays = raw.keep.is_some() || raw.system.is_some();
    let each = !raw.condition.sources.is_empty() && !raw.condition.files.is_empty();
    match raw.etc {
        Some(_) if !stays => Some(format!(
            "`{name}` has `etc`, which only goes with keep or system"
        )),
        Some(Sort::Nixos) if !each => Some(format!(
            "`{name}`: what NixOS links is decided place by place, with sources and files"
        )),
        Some(Sort::Nixos) => None,
        _ => raw
            .written
            .is_some()
            .then(|| format!("`{name}` has `written`, which only goes with etc = \"nixos\"")),
    }
}

fn verdict(raw: &RawPath) -> Result<Verdict, String> {
    let choices = [
        raw.keep.clone().map(Verdict::Keep),
        raw.package.clone().map(Verdict::Package),
        raw.source.clone().map(Verdict::Own),
        raw.system.clone().map(Verdict::System),
        raw.disable.clone().map(Verdict::Disable),
        raw.bare.then_some(Verdict::Bare),
        raw.search_path.then_some(Verdict::SearchPath),
        raw.wrapper.then_some(Verdict::Wrapper),
        raw.program.then_some(Verdict::Program),
    ];
    let mut choices = choices.into_iter().flatten();
    match (choices.next(), choices.next()) {
        (Some(verdict), None) => Ok(verdict),
        _ => Err(format!(
            "`{}` needs exactly one of keep, package, source, bare, search-path, wrapper, system, program, disable",
            raw.name.get_ref()
        )),
    }
}

/// The decision a provider of a program means, for `source`'s code.
pub fn provider_decision(provider: &Provider, program: &str, source: &str) -> Decision {
    match provider {
        Provider::Package { attr, dir } => Decision::Package {
            attr: attr.clone(),
            target: format!("{dir}/{program}"),
        },
        Provider::Source { source: owner, dir } if owner == source => Decision::Own {
            target: format!("{dir}/{program}"),
        },
        Provider::Source { source: owner, dir } => Decision::Sibling {
            source: owner.clone(),
            target: format!("{dir}/{program}"),
        },
        // No pin has it: open like an object's file, and the link says that it lacks it.
        Provider::Unpinned { source } => Decision::Sibling {
            source: source.clone(),
            target: format!("bin/{program}"),
        },
        Provider::Wrapper => Decision::Wrapper {
            program: program.to_owned(),
        },
        Provider::DebianOnly => Decision::Keep {
            reason: "Debian only: absent on NixOS, and its caller copes or is removed".to_owned(),
        },
    }
}

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
