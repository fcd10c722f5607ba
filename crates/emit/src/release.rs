//! Generates the whole output of a release: patches, `package.nix`, `system.json`, `release.nix`.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::kept;
use super::meta;
use super::package::{self, Class, Lack, Package, Patched, Release, lack};
use super::program::{self, Derivation, Made};
use super::{RegenCounts, Regenerated};
use analyse::{AnalysedSource, Analysis, Knowledge};
use cargo::Program;
use cargo::crates::manifests;
use debian::make::ActionKind;
use debian::system::{AskedName, Directory, Group, System, User};
use debian::tree_path::file_name;
use debian::{Packaging, install, role};
use decide::kept::{Kept, KeptFile, NAME as KEPT};
use decide::rules::Rules;
use decide::{Context, Decision, RuleId, Table, Tally, etc};
use graph::Role;
use graph::exports::{self, Exports};
use nix::{Binding, Expr, Name, WriteError};
use output::{Difference, Output};
use patch::edits;
use patch::file::{self, Edited, Header};
use patch::rewrite::Placing;
use problem::{
    DROPPED_PATCH, OUTPUT_FAILED, Problem, REQUIRED_ABSENT, UNKNOWN_PLACE, UNREAD_PACKAGING,
};
use release::is_own_pin;
use scan::Kind;

/// The amounts that a release contains.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Patch files.
    pub patches: u64,
    /// Sources compiled alone and linked.
    pub objects: u64,
    /// Ordinary packages, those over nixpkgs' own included.
    pub packages: u64,
    /// Links.
    pub links: u64,
}

/// The generated output of a release.
#[derive(Debug, Default)]
pub struct Generated {
    /// The files below `pkgs/RELEASE/`.
    pub output: Output,
    /// The names of the release's attributes, sorted.
    pub attributes: Vec<String>,
    /// The names of its objects, sorted.
    pub objects: Vec<String>,
    /// Decisions that cannot be written, and features that match nothing.
    pub findings: Vec<Problem>,
    /// The amounts in it.
    pub counts: Counts,
    /// The gaps of derivations, by source. Crates have none of their own.
    pub lacks: Vec<Lack>,
}

impl Generated {
    /// Adds undecided places to the gaps of the result.
    pub fn leave(&mut self, undecided: &[Problem]) {
        for one in undecided {
            let source = one.place.source.clone().unwrap_or_default();
            let mut place = one.place.clone();
            place.source = None;
            let why = format!("{}, and stays as it is", one.cause);
            self.lacks.push(lack(&source, place.to_string(), why));
        }
        self.lacks.sort();
        self.lacks.dedup();
    }

    /// Makes the report of `regen`, with the files that writing changed or would change.
    pub fn report(
        &self,
        analysis: &Analysis,
        check: bool,
        differences: &[(String, Difference)],
    ) -> Regenerated {
        let counts = RegenCounts {
            patches: self.counts.patches,
            objects: self.counts.objects,
            packages: self.counts.packages,
            links: self.counts.links,
            ..counted(analysis)
        };
        Regenerated {
            counts,
            required: self.told(|class| class == Class::Required),
            lacks: self.optional(),
            unbuilt: self.told(|class| class == Class::Unbuilt),
            left_out: self.told(|class| class == Class::Place),
            ..changes(&analysis.manifest.name, &self.output, check, differences)
        }
    }
}

/// Reports the files of an output that were written or would be. `name` is the release's or the
/// plugin's.
pub fn changes(
    name: &str,
    output: &Output,
    check: bool,
    differences: &[(String, Difference)],
) -> Regenerated {
    let of = |gone: bool| {
        let wanted = differences
            .iter()
            .filter(move |(_, difference)| (*difference == Difference::Obsolete) == gone);
        wanted
            .map(|(path, _)| path.clone())
            .collect::<Vec<String>>()
    };
    let (written, removed) = (of(false), of(true));
    // The manifest is written in addition to the generated files.
    let files = output.files().len() + 1;
    Regenerated {
        release: name.to_owned(),
        check,
        unchanged: files.saturating_sub(written.len()) as u64,
        written,
        removed,
        ..Regenerated::default()
    }
}

/// Counts the sources, files and occurrences.
pub fn counted(analysis: &Analysis) -> RegenCounts {
    let sources = &analysis.sources;
    RegenCounts {
        sources: sources.len() as u64,
        files: sources
            .iter()
            .map(|one| one.scanned.files.len() as u64)
            .sum(),
        bytes: sources.iter().map(|one| one.scanned.bytes).sum(),
        occurrences: Tally::of(sources.iter().flat_map(|one| &one.decided)),
        ..RegenCounts::default()
    }
}

impl Generated {
    /// Returns one problem for each required package that is absent. These do not prevent writing.
    pub fn absent(&self) -> Vec<Problem> {
        let required = |lack: &&Lack| lack.class == Class::Required;
        let lacks = self.lacks.iter().filter(required);
        lacks
            .map(|lack| {
                let cause = format!("{} is required and absent: {}", lack.what, lack.why);
                Problem::new(&REQUIRED_ABSENT, cause).in_source(&lack.source)
            })
            .collect()
    }

    /// Returns the gaps of some class, a line each.
    fn told(&self, wanted: impl Fn(Class) -> bool) -> Vec<String> {
        let lacks = self.lacks.iter().filter(|lack| wanted(lack.class));
        lacks
            .map(|lack| format!("{}: {}: {}", lack.source, lack.what, lack.why))
            .collect()
    }

    /// Returns the optional parts that are missing, grouped by their cost, worst first.
    fn optional(&self) -> Vec<String> {
        let mut told: Vec<(&str, &str, Vec<String>)> = Vec::new();
        for lack in &self.lacks {
            let (Class::Optional(_), Some((cost, place))) =
                (lack.class, lack.why.rsplit_once(" ("))
            else {
                continue;
            };
            let place = format!("{}: {}", lack.source, place.trim_end_matches(')'));
            match told.last_mut() {
                Some((what, _, places)) if *what == lack.what => places.push(place),
                _ => told.push((&lack.what, cost, vec![place])),
            }
        }
        let line = |(what, cost, places): (&str, &str, Vec<String>)| {
            format!("{cost}: {what} ({})", places.join(", "))
        };
        told.into_iter().map(line).collect()
    }
}

/// The generated output of one source.
pub struct One {
    /// Decisions that cannot be written, and features that match nothing.
    pub findings: Vec<Problem>,
    /// Its patches.
    pub made: Made,
    /// Its expression; crates have none.
    pub package: Option<Package>,
    /// The texts of Debian's that it keeps.
    pub kept: Vec<KeptFile>,
}

/// Generates everything of a release. The same input gives the same bytes, on any number of
/// threads.
///
/// # Errors
/// Any problem that makes output impossible: an unreadable file, a patch that does not produce the
/// edited file, an edited file that does not parse, a name that Nix cannot express.
pub fn generate(analysis: &Analysis, knowledge: &Knowledge) -> Result<Generated, Vec<Problem>> {
    let roles = analysis.graph.roles();
    let binaries = binaries(analysis);
    let attributes = attributes(analysis, &roles, &binaries, &knowledge.rules);
    let (derivations, unbuilt) = program::derivations(analysis, &roles, &knowledge.rules);
    let given = given(&derivations);
    let chosen = chosen(&derivations, &binaries);
    let makers = makers(analysis);
    let wanted = wanted(analysis, &roles, &given);
    let pins = analysis.manifest.sources.iter();
    let by_hand: BTreeSet<String> = pins
        .filter(|(_, pin)| pin.outside)
        .map(|(name, _)| name.clone())
        .collect();
    let head = package::head(&analysis.manifest.name);
    let release = Release {
        name: &analysis.manifest.name,
        head: &head,
        archives: &analysis.manifest.archives,
        rules: &knowledge.rules,
        graph: &analysis.graph,
        roles: &roles,
        makers: &makers,
        wanted: &wanted,
        by_hand: &by_hand,
        attributes: &attributes,
        binaries: &binaries,
        given: &given,
        chosen: &chosen,
    };
    let results: Vec<Result<One, Vec<Problem>>> = analysis
        .sources
        .par_iter()
        .map(|source| one(source, release, &analysis.programs, knowledge))
        .collect();
    let members = program::members(&derivations);
    let mut generated = Generated {
        findings: program::unmapped(&analysis.programs, &knowledge.rules.crates),
        lacks: unbuilt,
        ..Generated::default()
    };
    generated.lacks.extend(unread(analysis));
    let mut problems = Vec::new();
    let mut sources: BTreeMap<&str, (&AnalysedSource, Made)> = BTreeMap::new();
    let mut kept = Kept {
        release: analysis.manifest.name.clone(),
        files: program::kept(&analysis.programs, &knowledge.rules.crates),
    };
    for (source, result) in analysis.sources.iter().zip(results) {
        let added = result.and_then(|mut one| {
            kept.files.append(&mut one.kept);
            generated
                .add(source, one, release, &members)
                .map_err(|problem| vec![problem])
        });
        match added {
            Ok(made) => drop(sources.insert(&source.source.name, (source, made))),
            Err(more) => problems.extend(more),
        }
    }
    if problems.is_empty() {
        let sources = sources
            .iter()
            .map(|(name, (source, made))| (*name, (*source, made)))
            .collect();
        let added = generated.derivations(&derivations, &sources, release);
        problems.extend(added.err());
    }
    let named = exports::Attributes {
        sources: &attributes,
        binaries: &binaries,
        given: &given,
    };
    let exports = Exports::of(
        &analysis.manifest.name,
        &analysis.offered,
        &roles,
        &named,
        &by_hand,
    );
    let listed = list(analysis, &derivations, release).map_err(|error| {
        vec![Problem::new(
            &OUTPUT_FAILED,
            format!("`release.nix`: {error}"),
        )]
    })?;
    generated.counts.links = listed.links;
    generated.attributes = listed.attributes;
    generated.objects = listed.objects;
    generated
        .output
        .add("release.nix", listed.text)
        .and_then(|()| generated.output.add(KEPT, kept.text()?))
        .and_then(|()| generated.output.add(exports::NAME, exports.text()?))
        .map_err(|problem| vec![problem])?;
    // Programs share sources.
    generated.lacks.sort();
    generated.lacks.dedup();
    if problems.is_empty() {
        Ok(generated)
    } else {
        Err(problems)
    }
}

/// Returns the sources without a derivation because their tree was not available.
fn unread(analysis: &Analysis) -> impl Iterator<Item = Lack> {
    analysis.unread.iter().map(|(name, why)| {
        let why = format!("not scanned here, because it is known by its commit alone: {why}");
        Lack {
            class: Class::Unbuilt,
            ..lack(name, "a derivation", why)
        }
    })
}

/// Generates the output of one source.
///
/// # Errors
/// As [`generate`].
pub fn one(
    source: &AnalysedSource,
    release: Release,
    programs: &[Program],
    knowledge: &Knowledge,
) -> Result<One, Vec<Problem>> {
    let name = source.source.name.as_str();
    let mut edits = edits::edits(
        source,
        release.roles,
        &knowledge.rules.features,
        programs,
        release.name,
    )?;
    let (patched, dropped): (Vec<_>, Vec<_>) = std::mem::take(&mut edits.files)
        .into_iter()
        .partition(|file| package::is_patched(source, release, &file.path));
    edits.files = patched;
    edits.findings.extend(unpatched(source, &dropped));
    let pin = &source.source.pin;
    let version = pin
        .version
        .as_deref()
        .or(pin.rev.as_deref())
        .unwrap_or("without a version");
    let header = Header {
        source: name,
        version,
        rules: &edits.rules,
    };
    let patches = file::make(&edits.files, &header, &knowledge.calls)?;
    let package = match release.roles.get(name) {
        Some(Role::Crate) | None => None,
        Some(Role::Object | Role::Package) => {
            let whole = Patched {
                source,
                edits: &edits,
                patches: &patches,
            };
            Some(package::package(whole, release).map_err(|problem| vec![problem])?)
        }
    };
    if package.is_some() {
        edits
            .findings
            .extend(unknown_places(source, &knowledge.rules));
        edits
            .findings
            .extend(unread_packaging(source, &knowledge.rules));
    }
    let placing = Placing {
        source: name,
        role: release.roles.get(name).copied().unwrap_or(Role::Package),
        roles: release.roles,
    };
    let kept = kept::files(source, &edits, placing, &knowledge.rules);
    // A program's derivation needs only the placeholders' values from here on.
    edits.files.clear();
    Ok(One {
        findings: std::mem::take(&mut edits.findings),
        made: Made { edits, patches },
        package,
        kept,
    })
}

/// Reports rewritten places that act on a machine, in files that the package's patches cannot
/// change.
fn unpatched(source: &AnalysedSource, dropped: &[Edited]) -> Vec<Problem> {
    let dropped: BTreeSet<&str> = dropped.iter().map(|file| file.path.as_str()).collect();
    let places = source.decided.iter().filter(|one| {
        matches!(one.context, Context::Host | Context::Remote)
            && !matches!(one.decision, Decision::Keep { .. } | Decision::Unknown)
            && dropped.contains(one.path.as_str())
    });
    places
        .map(|one| {
            let (text, rule) = (&one.occurrence.text, one.rule_name());
            let cause = format!(
                "`{text}` is decided by `{rule}`, and no patch of the package has the file"
            );
            Problem::new(&DROPPED_PATCH, cause)
                .in_source(&source.source.name)
                .at(&one.path, Some(one.occurrence.line))
        })
        .collect()
}

/// Reports files installed below a directory for which no rule names a reader.
fn unknown_places(source: &AnalysedSource, rules: &Rules) -> Vec<Problem> {
    let name = source.source.name.as_str();
    let mut problems = Vec::new();
    for packaging in &source.packagings {
        let made = packaging.made.iter();
        let made = made.filter(|one| one.kind != ActionKind::Directory);
        let made = made.map(|one| (one.dest.clone(), &one.path, one.line));
        let files = packaging.files.installed.iter().map(|one| {
            let dest = if one.renames {
                one.dest.clone()
            } else {
                // A directory, by its own name, counts too.
                format!("{}/{}/", one.dest, file_name(&one.origin))
            };
            (dest, &one.path, one.line)
        });
        // An entry for a whole root covers files from `make install`, which the Makefile lists.
        let files = files.filter(|(dest, ..)| {
            !matches!(dest.as_str(), "/etc/" | "usr/share/" | "usr/lib/" | "etc/")
        });
        let mut told = BTreeSet::new();
        for (dest, path, line) in made.chain(files) {
            let is_known = rules.place(&dest).is_some() || is_own(name, packaging, &dest);
            let directory = dest.rsplit_once('/').map_or("", |(directory, _)| directory);
            let dest = dest.trim_end_matches('/').to_owned();
            if !is_known && told.insert(directory.to_owned()) {
                let cause =
                    format!("`/{dest}` is installed, and no rule says who reads what is there");
                problems.push(
                    Problem::new(&UNKNOWN_PLACE, cause)
                        .in_source(name)
                        .at(path, Some(line)),
                );
            }
        }
    }
    problems
}

/// Whether a place is below a directory named after the source or one of its packages.
fn is_own(source: &str, packaging: &Packaging, dest: &str) -> bool {
    const ABOVE: [&str; 5] = [
        "usr/share/doc/",
        "usr/share/javascript/",
        "usr/share/",
        "usr/libexec/",
        "usr/lib/",
    ];
    let below = ABOVE.iter().find_map(|above| dest.strip_prefix(above));
    let first = below.and_then(|below| below.split('/').next());
    first.is_some_and(|first| {
        first == source
            || packaging
                .control
                .binaries
                .iter()
                .any(|one| one.name == first)
    })
}

/// Reports files in `debian/` that nothing reads or installs and no rule excuses.
fn unread_packaging(source: &AnalysedSource, rules: &Rules) -> Vec<Problem> {
    let mut problems = Vec::new();
    for packaging in &source.packagings {
        let binaries = &packaging.control.binaries;
        let packages: Vec<&str> = binaries.iter().map(|one| one.name.as_str()).collect();
        let directory = match packaging.root.as_str() {
            "" => "debian/".to_owned(),
            root => format!("{root}/debian/"),
        };
        let installed = |path: &str, name: &str| {
            let relative = format!("debian/{name}");
            let mut files = packaging.files.installed.iter();
            packaging.made.iter().any(|one| one.origin == path)
                || files.any(|one| install::matches(&one.origin, &relative))
        };
        for entry in source.source.tree.entries() {
            let Some(name) = entry.path.strip_prefix(&directory) else {
                continue;
            };
            let is_read = name.contains('/')
                || role::role(name, &packages).is_some()
                || rules.aside(name).is_some()
                || installed(&entry.path, name);
            if !is_read {
                let problem = Problem::new(&UNREAD_PACKAGING, "nothing reads or installs it");
                problems.push(problem.in_source(&source.source.name).at(&entry.path, None));
            }
        }
    }
    problems
}

/// Adds a directory's owner, because another Debian package creates it.
fn owners(system: &mut System, owner: &str, group: &str, from: &str) {
    const EVERYWHERE: &str = "root";
    if group != EVERYWHERE && !system.groups.iter().any(|there| there.name == group) {
        system.groups.push(Group {
            name: group.to_owned(),
            from: from.to_owned(),
            ..Group::default()
        });
        system.groups.sort();
    }
    if owner != EVERYWHERE && !system.users.iter().any(|there| there.name == owner) {
        system.users.push(User {
            name: owner.to_owned(),
            group: Some(group.to_owned()),
            from: from.to_owned(),
            ..User::default()
        });
        system.users.sort();
    }
}

/// Collects what a source sets up, with the directories that rules add.
///
/// # Errors
/// A file cannot be read or parsed.
pub fn system(source: &AnalysedSource, rules: &Rules) -> System {
    let mut system = System::of(&source.packagings);
    for extra in rules
        .directories
        .iter()
        .filter(|extra| extra.source == source.source.name)
    {
        if system
            .directories
            .iter()
            .any(|there| there.path == extra.path)
        {
            continue;
        }
        let from = RuleId::new(Table::System, &extra.name).to_string();
        owners(&mut system, &extra.owner, &extra.group, &from);
        system.directories.push(Directory {
            path: extra.path.clone(),
            mode: extra.mode.clone(),
            owner: extra.owner.clone(),
            group: extra.group.clone(),
            from,
        });
    }
    system.directories.sort();
    system.asked = asked(source);
    let services = system.asked.iter().filter(|one| one.kind == "pam-service");
    system.pam_services = services.map(|one| one.name.clone()).collect();
    system.peer_programs = peer_programs(source);
    system.etc = etc::paths(&source.decided);
    system
}

/// Returns the programs that the code runs on other nodes by an absolute path. A Debian node runs
/// them on this machine by the same path.
fn peer_programs(source: &AnalysedSource) -> Vec<String> {
    let remote = source.decided.iter().filter(|one| {
        one.context == Context::Remote
            && one.occurrence.kind == Kind::AbsolutePath
            && matches!(one.decision, Decision::Command { .. })
    });
    let programs: BTreeSet<&String> = remote.map(|one| &one.occurrence.text).collect();
    programs.into_iter().cloned().collect()
}

/// Returns the names that a source's code asks the system for, by kind and name.
fn asked(source: &AnalysedSource) -> Vec<AskedName> {
    let host = source
        .decided
        .iter()
        .filter(|one| one.context == Context::Host && one.occurrence.kind.is_name());
    let names: BTreeSet<AskedName> = host
        .filter_map(|one| {
            let Decision::Keep { reason } = &one.decision else {
                return None;
            };
            let name = one.occurrence.text.replace("\\@", "@");
            Some(AskedName {
                kind: one.occurrence.kind.word(),
                name,
                open: one.occurrence.site.open,
                reason: reason.clone(),
            })
        })
        .collect();
    names.into_iter().collect()
}

/// Returns the text of a `system.json`.
///
/// # Errors
/// PNX-405.
pub fn told(system: &System) -> Result<String, Problem> {
    let mut text = serde_json::to_string_pretty(system)
        .map_err(|error| Problem::new(&OUTPUT_FAILED, format!("`system.json`: {error}")))?;
    text.push('\n');
    Ok(text)
}

impl Generated {
    /// Adds the output of one source. Returns its patches, for the programs that are built from it.
    fn add(
        &mut self,
        source: &AnalysedSource,
        one: One,
        release: Release,
        members: &BTreeSet<&str>,
    ) -> Result<Made, Problem> {
        let name = &source.source.name;
        self.findings.extend(one.findings);
        if !is_own_pin(name) {
            let text = told(&system(source, release.rules))?;
            self.output.add(format!("{name}/system.json"), text)?;
        }
        for patch in &one.made.patches {
            self.counts.patches += 1;
            self.output.add(
                format!("patches/{name}/{}", patch.name),
                patch.bytes.clone(),
            )?;
        }
        let Some(package) = one.package else {
            // Crates are part of programs, and the report on a program says why it has no
            // derivation.
            let is_crate = !manifests(source.source.tree.as_ref()).is_empty();
            if !is_crate && !members.contains(name.as_str()) {
                self.lacks.push(Lack {
                    class: Class::Unbuilt,
                    ..lack(name, "a derivation", "it has no packaging")
                });
            }
            return Ok(one.made);
        };
        if release.roles.get(name) == Some(&Role::Object) {
            self.counts.objects += 1;
        } else {
            self.counts.packages += 1;
            self.lacks.extend(open(source, release));
        }
        self.lacks.extend(package.lacks);
        self.output
            .add(format!("{name}/package.nix"), package.text)?;
        if release.roles.get(name) == Some(&Role::Package)
            && let Some(attribute) = release.attributes.get(name)
        {
            self.facts(attribute, &system(source, release.rules))?;
        }
        Ok(one.made)
    }

    /// Adds the derivations of sources that cargo builds: `package.nix` and, for a program, its
    /// lock.
    fn derivations(
        &mut self,
        derivations: &[Derivation],
        sources: &program::Sources,
        release: Release,
    ) -> Result<(), Problem> {
        for derivation in derivations {
            let package = program::package(derivation, sources, release)?;
            let directory = &derivation.directory;
            self.output
                .add(format!("{directory}/package.nix"), package.text)?;
            if let Some(program) = derivation.program {
                self.output
                    .add(format!("{directory}/Cargo.lock"), program.lock.clone())?;
            }
            self.counts.packages += 1;
            self.lacks.extend(package.lacks);
            let packaging = std::slice::from_ref(derivation.packaging);
            let facts = System::of(packaging).only(derivation.packaging, &derivation.debian);
            self.facts(&derivation.attribute, &facts)?;
        }
        Ok(())
    }

    /// Adds `system/ATTRIBUTE.json`, the facts of a package that is not an object, unless they are
    /// empty.
    fn facts(&mut self, attribute: &str, facts: &System) -> Result<(), Problem> {
        if *facts == System::default() {
            return Ok(());
        }
        let path = format!("system/{attribute}.json");
        self.output.add(path, told(facts)?)
    }
}

/// Returns places of an ordinary package that name files of a source without a derivation. They
/// stay as they are.
fn open(source: &AnalysedSource, release: Release) -> BTreeSet<Lack> {
    let host = source
        .decided
        .iter()
        .filter(|one| one.context == Context::Host);
    host.filter_map(|one| match &one.decision {
        Decision::Sibling { source: other, .. }
            if release.roles.get(other) != Some(&Role::Package) =>
        {
            let why = format!(
                "`{}` at {}:{} stays",
                one.occurrence.text, one.path, one.occurrence.line
            );
            Some(lack(&source.source.name, other, why))
        }
        _ => None,
    })
    .collect()
}

/// Returns the attribute of each Debian package from sources that cargo builds; of two derivations,
/// the first by name.
fn given(derivations: &[Derivation]) -> BTreeMap<String, String> {
    let mut given = BTreeMap::new();
    for one in derivations {
        for name in &one.debian {
            given
                .entry(name.clone())
                .or_insert_with(|| one.attribute.clone());
        }
    }
    given
}

/// Returns the Debian packages in the `Depends` of everything that has a derivation.
fn wanted(
    analysis: &Analysis,
    roles: &BTreeMap<String, Role>,
    given: &BTreeMap<String, String>,
) -> BTreeSet<String> {
    let binaries = analysis.sources.iter().flat_map(|one| {
        let is_crate = roles.get(&one.source.name) == Some(&Role::Crate);
        let all = one.packagings.iter();
        let all = all.flat_map(|packaging| &packaging.control.binaries);
        all.filter(move |binary| !is_crate || given.contains_key(&binary.name))
    });
    let relations = binaries.flat_map(|binary| binary.pre_depends.iter().chain(&binary.depends));
    let names = relations.flat_map(|relation| &relation.alternatives);
    names.map(|one| one.name.clone()).collect()
}

/// Returns the Debian packages that install each file, by source and path below the output.
fn makers(analysis: &Analysis) -> BTreeMap<(String, String), BTreeSet<String>> {
    let mut makers: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for source in &analysis.sources {
        let installed = source
            .packagings
            .iter()
            .flat_map(|packaging| &packaging.files.installed);
        for one in installed {
            let dest = if one.renames {
                one.dest.clone()
            } else {
                format!("{}/{}", one.dest, file_name(&one.origin))
            };
            let key = (
                source.source.name.clone(),
                layout::fold(&format!("/{dest}")),
            );
            makers.entry(key).or_default().insert(one.package.clone());
        }
    }
    makers
}

/// Names, each with the packages chosen for it.
type Choices = BTreeMap<String, BTreeSet<String>>;

/// For each Debian package from sources that cargo builds, returns the first of several packages of
/// the release that satisfy it.
fn chosen(derivations: &[Derivation], binaries: &BTreeMap<String, Vec<String>>) -> Choices {
    let ours: BTreeSet<&String> = binaries.values().flatten().collect();
    let mut chosen = Choices::new();
    for (name, first) in derivations.iter().flat_map(Derivation::choices) {
        if ours.contains(first) {
            chosen
                .entry(name.clone())
                .or_default()
                .insert(first.clone());
        }
    }
    chosen
}

/// Returns the Debian packages of each source that contain something to run, so no crates.
fn binaries(analysis: &Analysis) -> BTreeMap<String, Vec<String>> {
    let of = |source: &AnalysedSource| {
        let all = source
            .packagings
            .iter()
            .flat_map(|packaging| &packaging.control.binaries);
        let names = all.map(|binary| binary.name.clone());
        let names: Vec<String> = names.filter(|name| !name.starts_with("librust-")).collect();
        (source.source.name.clone(), names)
    };
    let sources = analysis.sources.iter();
    let sources = sources.filter(|source| !is_own_pin(&source.source.name));
    sources.map(of).collect()
}

/// Returns the attribute of each source with a derivation: its own name, or its first Debian
/// package if nixpkgs has that name.
fn attributes(
    analysis: &Analysis,
    roles: &BTreeMap<String, Role>,
    binaries: &BTreeMap<String, Vec<String>>,
    rules: &Rules,
) -> BTreeMap<String, String> {
    let mut attributes = BTreeMap::new();
    for source in &analysis.sources {
        let name = &source.source.name;
        if roles.get(name) == Some(&Role::Crate) {
            continue;
        }
        let attribute = if is_taken(name, rules) {
            let mut others = binaries.get(name).into_iter().flatten();
            others.find(|other| !is_taken(other, rules))
        } else {
            None
        };
        attributes.insert(name.clone(), attribute.unwrap_or(name).clone());
    }
    attributes
}

/// Whether generated files use the attribute `name` of nixpkgs.
pub fn is_taken(name: &str, rules: &Rules) -> bool {
    rules.nixpkgs.contains_key(name) || rules.packages.values().any(|rule| rule.over == name)
}

/// The contents of `release.nix`.
struct Listed {
    text: String,
    attributes: Vec<String>,
    objects: Vec<String>,
    links: u64,
}

fn list(
    analysis: &Analysis,
    derivations: &[Derivation],
    release: Release,
) -> Result<Listed, WriteError> {
    let mut objects = BTreeMap::new();
    let mut entries: BTreeMap<String, Expr> = BTreeMap::new();
    let mut links = 1;
    for source in &analysis.sources {
        let name = &source.source.name;
        let Some(attribute) = release.attributes.get(name) else {
            continue;
        };
        let path = Expr::Path(format!("{name}/package.nix"));
        let called = Expr::dotted("self.callPackage")?.apply([path, Expr::Set(Vec::new())]);
        if release.roles.get(name) == Some(&Role::Object) {
            objects.insert(name.clone(), called);
            let version = meta::version(source).name;
            entries.insert(
                attribute.clone(),
                link(attribute, &version, &[name], Vec::new())?,
            );
            links += 1;
        } else {
            entries.insert(attribute.clone(), called);
        }
    }
    let mut extras = Vec::new();
    for one in derivations {
        let path = Expr::Path(format!("{}/package.nix", one.directory));
        let called = Expr::dotted("self.callPackage")?.apply([path, Expr::Set(Vec::new())]);
        entries.insert(one.attribute.clone(), called);
        // A link that uses a Perl module contains it.
        if one.program.is_some() && !one.has_modules() {
            extras.push(own(&one.attribute)?);
        }
    }
    aliases(release, &mut entries)?;
    let roots: Vec<&String> = objects.keys().collect();
    let version = analysis.manifest.version.as_deref().unwrap_or(release.name);
    let mut everything = link("pve", version, &roots, extras)?;
    if let Expr::Apply(_, arguments) = &mut everything
        && let [Expr::Set(set)] = arguments.as_mut_slice()
    {
        let text = format!("Everything of {}, linked into one output", release.name);
        let path = vec!["meta".to_owned(), "description".to_owned()];
        set.push(Binding::Attr(path, Expr::string(text)));
    }
    let names = objects.keys().cloned().collect();
    let objects = Expr::sorted_set(objects);
    let own = ["pve", "pveObjects"].map(str::to_owned);
    let mut attributes: Vec<String> = entries.keys().cloned().chain(own).collect();
    attributes.sort();
    let mut bindings = vec![Binding::attr("pveObjects", objects), Binding::Blank];
    bindings.extend(
        entries
            .into_iter()
            .map(|(name, value)| Binding::attr(name, value)),
    );
    bindings.push(Binding::Blank);
    bindings.push(Binding::Comment("Everything.".to_owned()));
    bindings.push(Binding::attr("pve", everything));
    let function = Expr::Function(Name::new("self")?, Box::new(Expr::Set(bindings)));
    let file = Expr::Commented(release.head.to_owned(), Box::new(function));
    Ok(Listed {
        text: nix::write(&file)?,
        attributes,
        objects: names,
        links,
    })
}

/// Adds aliases by Debian's package names if no attribute has that name; of two sources, the first
/// by name.
fn aliases(release: Release, entries: &mut BTreeMap<String, Expr>) -> Result<(), WriteError> {
    for (source, attribute) in release.attributes {
        for binary in release.binaries.get(source).into_iter().flatten() {
            let free = !entries.contains_key(binary)
                && !matches!(binary.as_str(), "pve" | "pveObjects")
                && !is_taken(binary, release.rules);
            if free {
                entries.insert(binary.clone(), own(attribute)?);
            }
        }
    }
    for (binary, attribute) in release.given {
        if !entries.contains_key(binary) && !is_taken(binary, release.rules) {
            entries.insert(binary.clone(), own(attribute)?);
        }
    }
    Ok(())
}

/// Returns `self.NAME`.
fn own(attribute: &str) -> Result<Expr, WriteError> {
    let path = vec![attribute.to_owned()];
    Ok(Expr::Select(Box::new(Expr::variable("self")?), path))
}

/// Returns `self.linkPve { … }`.
fn link(
    name: &str,
    version: &str,
    roots: &[&String],
    extras: Vec<Expr>,
) -> Result<Expr, WriteError> {
    let mut set = vec![
        Binding::attr("pname", Expr::string(name)),
        Binding::attr("version", Expr::string(version)),
        Binding::attr(
            "roots",
            Expr::strings(roots.iter().map(|root| (*root).clone())),
        ),
    ];
    if !extras.is_empty() {
        set.push(Binding::attr("extras", Expr::List(extras)));
    }
    Ok(Expr::dotted("self.linkPve")?.apply([Expr::Set(set)]))
}
