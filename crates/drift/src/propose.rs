//! Proposes rules for a place: the rule that decided it before, if `rules/` no longer has it, or
//! else a rule based on evidence. Without evidence it proposes nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use toml_edit::value;

use analyse::{AnalysedSource, Analysis};
use decide::matcher::Subject;
use decide::rules::{Directory, Keep, ModuleProvider, Provider, Rules, Ruling};
use decide::{Context, Decided, Decision, RuleId, Table as RuleTable};
use layout::program_of;
use release::{Entry, is_own_pin, source_name};
use scan::{Kind, Language};

use super::files::RuleFiles;
use super::{Closest, Proposal};

/// The number of similar rules to list.
const CLOSEST: usize = 3;

/// A place that needs a rule.
pub(super) struct Wanting<'a> {
    /// Its source.
    pub(super) source: &'a str,
    /// The place in the new release.
    pub(super) new: &'a Decided,
    /// The place in the old release.
    pub(super) old: Option<&'a Decided>,
}

/// The rule files of both releases.
pub(super) struct Proposer<'a> {
    old: RuleFiles,
    new: RuleFiles,
    rules: &'a Rules,
    release: &'a str,
    /// The new release's decisions about paths that act on the host, by path.
    decided: BTreeMap<&'a str, &'a Decided>,
    /// The sources of the new release that contain a file of a name, by that name.
    files: HashMap<&'a str, BTreeSet<&'a str>>,
    /// The sources of the new release.
    sources: &'a [AnalysedSource],
    /// In which files of which sources a literal of a kind and a context wants a rule.
    spread: HashMap<Asked<'a>, BTreeSet<(&'a str, &'a str)>>,
}

/// The key of a rule for a literal, independent of its place.
type Asked<'a> = (Kind, Context, &'a str);

fn asked<'a>(one: &Wanting<'a>) -> Asked<'a> {
    let place = &one.new.occurrence;
    (place.kind, one.new.context, place.text.as_str())
}

/// CPAN modules that are not part of the distribution that their name suggests.
const APART: &str = include_str!("perl_apart.txt");
/// The programs of Debian's packages, one a line, after the package's name.
const PROGRAMS: &str = include_str!("debian_programs.txt");
/// The number of literals in one directory from which on a rule covers the directory.
const MANY: usize = 3;

/// A rule to be written.
enum Draft {
    /// An entry in a table's list: a program, a module, a prefix.
    Entry {
        file: String,
        /// Its header; none of a list of the file itself.
        table: Vec<String>,
        list: &'static str,
        entry: String,
        /// The table's other keys, if it is new.
        keys: Vec<(String, String)>,
    },
    /// An element of an array of tables.
    Element {
        file: String,
        toml: String,
        before: Option<RuleId>,
    },
    /// Another file in an element's condition.
    Files {
        file: String,
        array: &'static str,
        name: String,
        /// The file's new name, as a glob.
        path: String,
    },
}

impl<'a> Proposer<'a> {
    /// Reads the rules in two directories. `rules` are the new ones, parsed.
    pub(super) fn new(
        (old, new): (&[Directory], &[Directory]),
        rules: &'a Rules,
        new_release: &'a Analysis,
        files: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let sources = &new_release.sources;
        let decided = sources.iter().flat_map(|source| &source.decided);
        let mut named: HashMap<&str, BTreeSet<&str>> = HashMap::new();
        for (source, path) in files {
            named.entry(file_name(path)).or_default().insert(source);
        }
        let acts = |one: &&Decided| {
            one.context == Context::Host
                && one.occurrence.kind == Kind::AbsolutePath
                && one.decision != Decision::Unknown
        };
        Self {
            old: RuleFiles::read(old),
            new: RuleFiles::read(new),
            rules,
            release: &new_release.manifest.name,
            spread: HashMap::new(),
            files: named,
            sources,
            decided: decided
                .filter(acts)
                .map(|one| (one.occurrence.text.as_str(), one))
                .collect(),
        }
    }

    /// A proposal for each place, in their order, where there is one. Those that extend one table extend it together.
    pub(super) fn propose(&mut self, wanting: &[Wanting<'a>]) -> Vec<Option<Proposal>> {
        for one in wanting {
            let places = self.spread.entry(asked(one)).or_default();
            places.insert((source_name(one.source), &one.new.path));
        }
        let this = &*self;
        this.proposals(wanting)
    }

    fn proposals(&self, wanting: &[Wanting]) -> Vec<Option<Proposal>> {
        let mut directories: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
        for one in wanting {
            if let Some(directory) = directory(one) {
                let texts = directories.entry((one.source, directory)).or_default();
                texts.insert(&one.new.occurrence.text);
            }
        }
        let drafts: Vec<Option<(Draft, bool)>> = wanting
            .iter()
            .map(|one| {
                let beside = directory(one).and_then(|dir| directories.get(&(one.source, dir)));
                self.draft(one, beside)
            })
            .collect();
        let mut entries: BTreeMap<(&str, &[String], &str), BTreeSet<&str>> = BTreeMap::new();
        for (draft, _) in drafts.iter().flatten() {
            if let Draft::Entry {
                file,
                table,
                list,
                entry,
                ..
            } = draft
            {
                entries
                    .entry((file, table, list))
                    .or_default()
                    .insert(entry);
            }
        }
        let mut moved: BTreeMap<(&str, &str, &str), BTreeSet<&str>> = BTreeMap::new();
        for (draft, _) in drafts.iter().flatten() {
            if let Draft::Files {
                file,
                array,
                name,
                path,
            } = draft
            {
                let paths = moved.entry((file, array, name)).or_default();
                paths.insert(path);
            }
        }
        let proposal = |(draft, as_before): &(Draft, bool), one: &Wanting| {
            let (file, toml, before, replaces) = match draft {
                Draft::Element { file, toml, before } => (file, toml.clone(), before.clone(), None),
                Draft::Files {
                    file, array, name, ..
                } => {
                    let wanted = &moved[&(file.as_str(), *array, name.as_str())];
                    let toml = self.new.with_files(array, name, wanted);
                    let replaces = Some(format!("[[{array}]] {name}"));
                    (file, toml.unwrap_or_default(), None, replaces)
                }
                Draft::Entry {
                    file,
                    table,
                    list,
                    keys,
                    ..
                } => {
                    let wanted = &entries[&(file.as_str(), table.as_slice(), *list)];
                    let (toml, replaces) = self.new.extended(file, table, list, keys, wanted);
                    (file, toml, None, replaces)
                }
            };
            Proposal {
                file: file.clone(),
                toml,
                before,
                replaces,
                as_before: *as_before,
                closest: self.closest(one),
            }
        };
        drafts
            .iter()
            .zip(wanting)
            .map(|(draft, one)| draft.as_ref().map(|draft| proposal(draft, one)))
            .collect()
    }

    /// Drafts a rule for a place, and says whether it restores the old decision. `beside` are the
    /// literals in its directory that need a rule, its own included.
    fn draft(&self, one: &Wanting, beside: Option<&BTreeSet<&str>>) -> Option<(Draft, bool)> {
        let rules = one.old.into_iter().flat_map(|old| {
            // If another rule decided about a program, the program's own rule covers it.
            let program = program(old).map(|name| RuleId::new(RuleTable::Command, name));
            [old.context_rule.clone(), old.rule.clone(), program]
        });
        if let Some(draft) = rules.flatten().find_map(|rule| self.restored(&rule)) {
            return Some((draft, true));
        }
        if let Some(draft) = self.followed(one) {
            return Some((draft, true));
        }
        Some((self.guess(one, beside)?, false))
    }

    /// Returns the rule that decided the place by its file name, which has changed.
    fn followed(&self, one: &Wanting) -> Option<Draft> {
        let old = one.old.filter(|old| old.path != one.new.path)?;
        let rules = [
            (old.context != one.new.context).then_some(old.context_rule.as_ref()),
            (old.decision != one.new.decision).then_some(old.rule.as_ref()),
        ];
        rules.into_iter().flatten().flatten().find_map(|rule| {
            let name = rule.name();
            ordered(rule.table())?.iter().find_map(|array| {
                let (file, table, _) = self.new.element(array, name)?;
                let condition = table.get("where")?.as_table_like()?;
                let files = condition.get("files")?.as_array()?;
                let is_named = files.iter().any(|one| one.as_str() == Some(&old.path));
                let path = globset::escape(&one.new.path);
                let is_there = files.iter().any(|one| one.as_str() == Some(&path));
                (is_named && !is_there).then(|| Draft::Files {
                    file: file.to_owned(),
                    array,
                    name: name.to_owned(),
                    path,
                })
            })
        })
    }

    /// Restores a rule that only the old rules have.
    fn restored(&self, rule: &RuleId) -> Option<Draft> {
        let name = rule.name();
        match rule.table() {
            RuleTable::Context | RuleTable::Path => self.element(rule),
            RuleTable::Own => self.entry(&["data"], name),
            RuleTable::Command => self.entry(&["programs"], name),
            RuleTable::Perl => self.entry(&["modules", "perl"], name),
            RuleTable::Python => self.entry(&["modules"], name),
            _ => None,
        }
    }

    fn element(&self, rule: &RuleId) -> Option<Draft> {
        let name = rule.name();
        ordered(rule.table())?.iter().find_map(|array| {
            if self.new.element(array, name).is_some() {
                return None;
            }
            let (file, table, following) = self.old.element(array, name)?;
            let there = |next: &&str| {
                let found = self.new.element(array, next);
                found.is_some_and(|(other, ..)| other == file)
            };
            let before = following.into_iter().find(there);
            Some(Draft::Element {
                file: file.to_owned(),
                toml: format!("[[{array}]]\n{}", table.to_string().trim()),
                before: before.map(|next| RuleId::new(rule.table(), next)),
            })
        })
    }

    fn entry(&self, lists: &[&'static str], name: &str) -> Option<Draft> {
        lists.iter().find_map(|list| {
            if self.new.listing(list, name).is_some() {
                return None;
            }
            beside(&self.old, list, name, name)
        })
    }

    /// Drafts a rule based on evidence.
    fn guess(&self, one: &Wanting, beside: Option<&BTreeSet<&str>>) -> Option<Draft> {
        let text = one.new.occurrence.text.as_str();
        match one.new.occurrence.kind {
            Kind::Module if one.new.language == Language::Python => None,
            Kind::Module => self.of_distribution(text).or_else(|| self.bound(text)),
            Kind::BareCommand => self
                .renamed(one, text)
                .or_else(|| self.of_debian(one, text)),
            Kind::PathAssignment if one.new.context == Context::Host => {
                Some(self.path_rule(one, &Said::word("search-path"), None))
            }
            Kind::AbsolutePath | Kind::Shebang => match program_of(text) {
                Some(name) => self
                    .renamed(one, name)
                    .or_else(|| self.of_debian(one, name)),
                None => self
                    .named_after(one)
                    .or_else(|| self.of_directory(one, beside)),
            },
            Kind::CrateSource | Kind::ArchitectureTriplet if one.new.context == Context::Build => {
                Some(self.path_rule(one, &Said::keep(Keep::Build, None), None))
            }
            // The text does not say whose name it is.
            Kind::PathAssignment
            | Kind::CrateSource
            | Kind::ArchitectureTriplet
            | Kind::UnitName
            | Kind::PamService
            | Kind::BusName
            | Kind::SysctlKey
            | Kind::KernelModule => None,
        }
    }

    /// Assigns a module to the distribution of the most similar known module with at least two
    /// parts. Modules named after a single word often belong to another distribution.
    fn of_distribution(&self, module: &str) -> Option<Draft> {
        let is_apart = |one: &str| module == one || module.starts_with(&format!("{one}::"));
        if APART.lines().any(is_apart) {
            return None;
        }
        let mut parent = module;
        while let Some((shorter, _)) = parent.rsplit_once("::") {
            parent = shorter;
            if !parent.contains("::") {
                return None;
            }
            if let Some((file, table, keys)) = self.new.listing("modules", parent) {
                // A missing package, or one that a source makes, is no evidence for its neighbours.
                let of_package = keys
                    .iter()
                    .any(|(key, _)| key == "attr" || key == "package");
                return of_package.then(|| Draft::Entry {
                    file,
                    table,
                    list: "modules",
                    entry: module.to_owned(),
                    keys,
                });
            }
        }
        None
    }

    /// Assigns a program that replaces one of a similar name to the same package.
    fn renamed(&self, one: &Wanting, name: &str) -> Option<Draft> {
        let before = one.old.and_then(program)?;
        let alike = name.contains(before) || before.contains(name);
        if before == name || before.len() < 3 || !alike {
            return None;
        }
        beside(&self.new, "programs", before, name)
    }

    /// Assigns a module to the source that makes similar ones from Rust during its build, if its
    /// code names the module as a package. Rules list each such module.
    fn bound(&self, module: &str) -> Option<Draft> {
        let wanted = format!("\"{module}\"");
        let mut makers = self.sources.iter().filter(|one| {
            let makes = |provider: &ModuleProvider| matches!(provider, ModuleProvider::Source(name) if *name == source_name(&one.source.name));
            self.rules.perl.values().any(makes) && declares(one, &wanted)
        });
        let maker = source_name(&makers.next()?.source.name);
        if makers.any(|other| source_name(&other.source.name) != maker) {
            return None;
        }
        let mut known = self.rules.perl.iter().filter(
            |(_, provider)| matches!(provider, ModuleProvider::Source(name) if name == maker),
        );
        let known = known.next().map(|(module, _)| module.as_str())?;
        beside(&self.new, "perl", known, module)
    }

    /// Assigns a program of one Debian package to the nixpkgs package of its other programs.
    fn of_debian(&self, one: &Wanting, name: &str) -> Option<Draft> {
        if one.new.context != Context::Host || self.rules.programs.contains_key(name) {
            return None;
        }
        let lines = PROGRAMS.lines().filter(|line| !line.starts_with('#'));
        let mut having = lines
            .filter_map(|line| line.split_once(' '))
            .map(|(_, programs)| programs.split(' '))
            .filter(|programs| programs.clone().any(|program| program == name));
        let programs = having.next().filter(|_| having.next().is_none())?;
        let known = programs.filter_map(|program| self.rules.programs.get(program));
        let attrs: BTreeSet<Option<&str>> = known
            .filter(|provider| !matches!(provider, Provider::Wrapper | Provider::DebianOnly))
            .map(|provider| match provider {
                Provider::Package { attr, dir } if dir == "bin" => Some(attr.as_str()),
                _ => None,
            })
            .collect();
        let attr = (*attrs.first().filter(|_| attrs.len() == 1)?)?;
        Some(Draft::Entry {
            file: "rules/nixpkgs/programs.toml".to_owned(),
            table: vec![attr.to_owned()],
            list: "programs",
            entry: name.to_owned(),
            keys: Vec::new(),
        })
    }

    /// Assigns a directory of `/usr/share` that is named after a package to the package's source,
    /// because Debian's packages keep their data there.
    fn named_after(&self, one: &Wanting) -> Option<Draft> {
        if one.new.context != Context::Host {
            return None;
        }
        let rest = one.new.occurrence.text.strip_prefix("/usr/share/")?;
        let name = rest.split('/').next().filter(|name| !name.is_empty())?;
        let mut makers = self.sources.iter().filter(|source| {
            let packagings = source.packagings.iter();
            let mut binaries = packagings.flat_map(|packaging| &packaging.control.binaries);
            !is_own_pin(&source.source.name) && binaries.any(|binary| binary.name == name)
        });
        let maker = makers.next().filter(|_| makers.next().is_none())?;
        Some(Draft::Entry {
            file: self.new.file_of(&maker.source.name),
            table: Vec::new(),
            list: "data",
            entry: format!("/usr/share/{name}"),
            keys: Vec::new(),
        })
    }

    /// Copies the decision of the literals in the same directory if they all agree. If several
    /// literals match the names of files in one source's tree, assigns them to that source. Several
    /// literals get one rule for the directory. A single literal says nothing about its directory.
    fn of_directory(&self, one: &Wanting, beside: Option<&BTreeSet<&str>>) -> Option<Draft> {
        const KERNEL: [&str; 3] = ["/proc", "/sys", "/dev"];
        let text = one.new.occurrence.text.as_str();
        if KERNEL
            .iter()
            .any(|root| decide::matcher::is_below(text, root))
        {
            return Some(self.path_rule(one, &Said::keep(Keep::Kernel, None), None));
        }
        let directory = directory(one)?;
        let within = format!("{directory}/");
        let mut verdicts: BTreeSet<Said> = BTreeSet::new();
        let mut neighbours = 0;
        for (path, neighbour) in self.decided.range(within.as_str()..) {
            if !path.starts_with(&within) {
                break;
            }
            if path[within.len()..].contains('/') || *path == text {
                continue;
            }
            neighbours += 1;
            verdicts.insert(match &neighbour.decision {
                Decision::Keep { .. } => self.kept_as(neighbour, directory)?,
                Decision::Package { attr, .. } => Said::table("package", attr),
                Decision::Sibling { source, .. } => Said::table("source", source),
                Decision::Own { .. } => Said::table("source", source_name(one.source)),
                _ => return None,
            });
        }
        let many = beside.filter(|beside| beside.len() >= MANY);
        let said = match (verdicts.len(), many) {
            (1, _) if neighbours > 1 => verdicts.pop_first(),
            (0, Some(beside)) => self.in_one_tree(beside),
            _ => None,
        }?;
        Some(self.path_rule(one, &said, many.map(|_| directory)))
    }

    /// The word and the reason by which a rule keeps a literal of a directory.
    fn kept_as(&self, neighbour: &Decided, directory: &str) -> Option<Said> {
        let rule = neighbour.rule.as_ref()?;
        let mut rules = self.rules.first.iter().chain(&self.rules.last);
        let Ruling::Keep(keep, reason) = &rules.find(|one| one.id == *rule)?.ruling else {
            return None;
        };
        Some(Said::keep(
            *keep,
            match keep {
                Keep::State => Some(format!("as what else is in {directory}")),
                keep if keep.says_all() => None,
                _ => Some(reason.clone()),
            },
        ))
    }

    /// The one source whose tree has a file of each of these names.
    fn in_one_tree(&self, paths: &BTreeSet<&str>) -> Option<Said> {
        let mut common: Option<BTreeSet<&str>> = None;
        for path in paths {
            let sources = self.files.get(file_name(path))?;
            common = Some(match common {
                Some(common) => common.intersection(sources).copied().collect(),
                None => sources.clone(),
            });
        }
        let common = common?;
        let source = common.first().filter(|_| common.len() == 1)?;
        Some(Said::table("source", source))
    }

    /// The narrowest rule that decides every place of the literal that wants one: in this file, in the source, or in any; or for a
    /// directory in the source.
    fn path_rule(&self, one: &Wanting, said: &Said, directory: Option<&str>) -> Draft {
        let occurrence = &one.new.occurrence;
        let source = source_name(one.source);
        let places = self.spread.get(&asked(one));
        let places = places.filter(|_| directory.is_none());
        let files = places.map_or(1, BTreeSet::len);
        let elsewhere = places.into_iter().flatten().any(|(of, _)| *of != source);
        let name = slug(directory.unwrap_or(&occurrence.text));
        let name = if elsewhere {
            name
        } else {
            format!("{source}-{name}")
        };
        let mut lines = vec![format!("name = {}", quoted(&name))];
        let mut asks = |key: &str, text: &str| {
            lines.push(format!("where.{key} = [{}]", quoted(text)));
        };
        if directory.is_none() && files == 1 {
            asks("files", &globset::escape(&one.new.path));
        }
        asks("kinds", occurrence.kind.word());
        if one.new.context != Context::Host {
            asks("contexts", one.new.context.name());
        }
        match directory {
            Some(directory) => asks("below", directory),
            None => asks("exact", &occurrence.text),
        }
        if one.new.context == Context::Host && occurrence.site.joined {
            lines.push("where.joined = true".to_owned());
        }
        lines.push(format!("decide = {}", said.decide));
        if let Some(why) = &said.why {
            lines.push(format!("why = {}", quoted(why)));
        }
        Draft::Element {
            file: if elsewhere {
                "rules/general/state.toml".to_owned()
            } else {
                self.new.file_of(source)
            },
            toml: format!("[[path]]\n{}", lines.join("\n")),
            before: None,
        }
    }

    /// The path rules that fail by least.
    fn closest(&self, one: &Wanting) -> Vec<Closest> {
        let subject = Subject {
            release: self.release,
            source: source_name(one.source),
            path: &one.new.path,
            language: one.new.language,
            occurrence: &one.new.occurrence,
            context: Some(one.new.context),
        };
        let all = self.rules.first.iter().chain(&self.rules.last);
        let mut ranked: Vec<(usize, usize, Closest)> = all
            .enumerate()
            .filter_map(|(place, rule)| {
                let fails = rule.matcher.fails(&subject);
                let text = ["exact", "below", "regex", "kinds"];
                let near = rule.matcher.names_text() && !fails.iter().any(|key| text.contains(key));
                (near && !fails.is_empty()).then(|| {
                    let closest = Closest {
                        rule: rule.id.clone(),
                        fails: fails.iter().map(|key| (*key).to_owned()).collect(),
                    };
                    (fails.len(), place, closest)
                })
            })
            .collect();
        ranked.sort_by_key(|(fails, place, _)| (*fails, *place));
        ranked
            .into_iter()
            .take(CLOSEST)
            .map(|(.., closest)| closest)
            .collect()
    }
}

/// An entry in the list that has another.
fn beside(files: &RuleFiles, list: &'static str, known: &str, entry: &str) -> Option<Draft> {
    let (file, table, keys) = files.listing(list, known)?;
    Some(Draft::Entry {
        file,
        table,
        list,
        entry: entry.to_owned(),
        keys,
    })
}

/// Whether a source's Rust code has a text, a quoted name.
fn declares(source: &AnalysedSource, wanted: &str) -> bool {
    let entries = source.source.tree.entries();
    let rust = |entry: &&Entry| {
        Path::new(&entry.path)
            .extension()
            .is_some_and(|end| end == "rs")
    };
    let files: Vec<&Entry> = entries.iter().filter(rust).collect();
    let contents = source.source.tree.read(&files).unwrap_or_default();
    contents
        .iter()
        .any(|bytes| memchr::memmem::find(bytes, wanted.as_bytes()).is_some())
}

/// Returns the program that a place names or runs.
fn program(one: &Decided) -> Option<&str> {
    match &one.decision {
        Decision::Command { program, .. } | Decision::Wrapper { program } => Some(program),
        _ => program_of(&one.occurrence.text),
    }
}

/// The content of a proposed rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Said {
    /// The value of `decide`.
    decide: String,
    why: Option<String>,
}

impl Said {
    fn word(word: &str) -> Self {
        Self {
            decide: quoted(word),
            why: Some("the code runs its programs by it".to_owned()),
        }
    }

    fn table(key: &str, of: &str) -> Self {
        Self {
            decide: format!("{{ {key} = {} }}", quoted(of)),
            why: None,
        }
    }

    fn keep(keep: Keep, why: Option<String>) -> Self {
        let decide = Self::table("keep", keep.word()).decide;
        Self { decide, why }
    }
}

/// The arrays of a table whose rules are asked in their order.
fn ordered(table: RuleTable) -> Option<&'static [&'static str]> {
    match table {
        RuleTable::Context => Some(&["context", "last-context"]),
        RuleTable::Path => Some(&["path", "last-path"]),
        _ => None,
    }
}

/// A name made of a path.
fn slug(text: &str) -> String {
    let letters = text.chars().map(|c| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    });
    let letters: String = letters.collect();
    let parts = letters.split('-').filter(|part| !part.is_empty());
    parts.take(8).collect::<Vec<_>>().join("-")
}

/// A string as TOML writes it.
fn quoted(text: &str) -> String {
    value(text).to_string().trim().to_owned()
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Returns the directory of a path if it says something about its contents: `/usr/share/x` or
/// below, `/etc/x`, but no program directory.
fn directory<'w>(one: &Wanting<'w>) -> Option<&'w str> {
    let place = &one.new.occurrence;
    let (directory, name) = place.text.rsplit_once('/')?;
    let depth = if directory.starts_with("/usr/") { 3 } else { 2 };
    let says = place.kind == Kind::AbsolutePath
        && !name.is_empty()
        && directory.matches('/').count() >= depth
        && program_of(&place.text).is_none();
    says.then_some(directory)
}
