//! Sources that cargo builds. Each program has a derivation, `rustPlatform.buildRustPackage { … }`
//! over the joined tree of its sources. So does each packaging beside it that cargo does not build.

mod aside;
mod env;
mod inputs;
mod install;

use patch::edits::Edits;
use patch::file::Patch;
use std::collections::{BTreeMap, BTreeSet};

use super::needs::Needs;
use super::package::{self, Class, Lack, Package, Patched, Release, lack};
use super::{meta, patched, pin};
use analyse::{AnalysedSource, Analysis};
use cargo::{Program, TargetKind, lockfile};
use debian::Packaging;
use decide::kept::KeptFile;
use decide::rules::{CrateRule, CrateRules, DebianPackage, Rules};
use graph::Role;
use install::Install;
use nix::Formals;
use nix::{Binding, Expr, WriteError};
use problem::{OUTPUT_FAILED, Problem, UNMAPPED_NATIVE};
use release::{Entry, Mode, Pin, Source, is_own_pin};

/// A derivation of a source that cargo builds.
pub struct Derivation<'a> {
    /// Its attribute: its first Debian package.
    pub attribute: String,
    /// Its directory below `pkgs/RELEASE/`.
    pub directory: String,
    /// Its Debian packages.
    pub debian: Vec<String>,
    /// The program that cargo builds; `None` for a packaging that it does not build.
    pub program: Option<&'a Program>,
    source: &'a AnalysedSource,
    pub(super) packaging: &'a Packaging,
}

/// A source's patches and the values of their placeholders.
pub struct Made {
    /// Its edits, without the files.
    pub edits: Edits,
    /// Its patch files.
    pub patches: Vec<Patch>,
}

/// Sources by the names under which the analysis knows them.
pub type Sources<'a> = BTreeMap<&'a str, (&'a AnalysedSource, &'a Made)>;

/// Returns the derivations of a release's crates, sorted by attribute, and the crates without one.
pub fn derivations<'a>(
    analysis: &'a Analysis,
    roles: &BTreeMap<String, Role>,
    rules: &'a Rules,
) -> (Vec<Derivation<'a>>, Vec<Lack>) {
    let by_name: BTreeMap<&str, &AnalysedSource> = analysis
        .sources
        .iter()
        .map(|source| (source.source.name.as_str(), source))
        .collect();
    let mut derivations = Vec::new();
    let mut lacks = Vec::new();
    for program in &analysis.programs {
        match of_program(program, &by_name, rules) {
            Ok(derivation) => derivations.push(derivation),
            // A library installs nothing.
            Err(_) if program.debian.is_empty() => {}
            Err(why) => lacks.push(Lack {
                class: Class::Unbuilt,
                ..lack(&program.source, &program.name, why)
            }),
        }
    }
    let crates = analysis
        .sources
        .iter()
        .filter(|source| roles.get(&source.source.name) == Some(&Role::Crate));
    for source in crates.filter(|source| !is_own_pin(&source.source.name)) {
        derivations.extend(aside::derivations(source, rules));
    }
    derivations.sort_by(|a, b| a.attribute.cmp(&b.attribute));
    derivations.dedup_by(|a, b| a.attribute == b.attribute);
    (derivations, lacks)
}

/// Returns a program's derivation, or the reason why it has none.
fn of_program<'a>(
    program: &'a Program,
    sources: &BTreeMap<&str, &'a AnalysedSource>,
    rules: &Rules,
) -> Result<Derivation<'a>, String> {
    if let Some(why) = &program.unresolved {
        return Err(why.clone());
    }
    if let Some(target) = &program.target {
        return Err(format!("nothing here builds for {target}"));
    }
    let own = program.sources.get(&program.source);
    let name = own.unwrap_or(&program.source).as_str();
    let source = *sources
        .get(name)
        .ok_or_else(|| format!("the source `{name}` is not here"))?;
    let packaging = source
        .packagings
        .iter()
        .find(|packaging| packaging.root == program.root)
        .ok_or("nothing says how it is installed")?;
    if let Some(why) = lacking_tool(packaging, rules) {
        return Err(why);
    }
    let mut names = program.debian.iter();
    let attribute = names
        .find(|name| !super::release::is_taken(name, rules))
        .ok_or("no Debian package is made of it")?;
    Ok(Derivation {
        attribute: attribute.clone(),
        directory: program.name.clone(),
        debian: program.debian.clone(),
        program: Some(program),
        source,
        packaging,
    })
}

/// Returns a tool for building it that nothing provides.
fn lacking_tool(packaging: &Packaging, rules: &Rules) -> Option<String> {
    let relations = packaging.control.source.all_build_depends();
    let alternatives = relations.flat_map(|relation| &relation.alternatives);
    alternatives.into_iter().find_map(|one| {
        let (DebianPackage::Missing { name, why }, _) = rules.debian_package(&one.name)? else {
            return None;
        };
        if rules.outside.contains(name.as_ref().unwrap_or(&one.name)) {
            return None;
        }
        Some(format!("it is built with {}: {why}", one.name))
    })
}

/// Returns the sources that are part of a program with a derivation. They need no derivation of
/// their own.
pub fn members<'a>(derivations: &[Derivation<'a>]) -> BTreeSet<&'a str> {
    let programs = derivations.iter().filter_map(|one| one.program);
    let joined = programs.flat_map(|program| program.sources.values());
    let asides = derivations
        .iter()
        .map(|one| one.source.source.name.as_str());
    joined.map(String::as_str).chain(asides).collect()
}

/// Lists the texts in the registry's crates, which are not scanned, by the rules of `crates.toml`.
pub fn kept(programs: &[Program], rules: &CrateRules) -> Vec<KeptFile> {
    let names: BTreeSet<String> = programs
        .iter()
        .flat_map(|program| lockfile::names(&program.lock))
        .collect();
    let holds = |(name, rule): (&String, &CrateRule)| {
        let paths = rule.paths.iter().map(|path| (path.clone(), 1)).collect();
        let holds = !rule.paths.is_empty() && names.contains(name);
        holds.then(|| KeptFile::of_crate(name, paths))
    };
    rules.crates.iter().filter_map(holds).collect()
}

/// Reports crates that link a library which no rule maps to nixpkgs.
pub fn unmapped(programs: &[Program], rules: &CrateRules) -> Vec<Problem> {
    let problem = |program: &Program| {
        let unknown = program
            .natives
            .iter()
            .filter(|native| !rules.crates.contains_key(&native.name));
        let name = program.name.clone();
        let source = program.source.clone();
        unknown
            .map(move |native| {
                let cause = format!(
                    "`{}` {}, a crate of {name}, links `{}`, and no rule says what that is in nixpkgs",
                    native.name, native.version, native.links
                );
                Problem::new(&UNMAPPED_NATIVE, cause).in_source(&source)
            })
            .collect::<Vec<Problem>>()
    };
    programs.iter().flat_map(problem).collect()
}

/// Returns the `package.nix` of a derivation.
///
/// # Errors
/// Nix cannot express a text or name, or a source of the program is missing.
pub fn package(
    derivation: &Derivation,
    sources: &Sources,
    release: Release,
) -> Result<Package, Problem> {
    let mut formals = Formals::default();
    let mut lacks = Vec::new();
    let body = match derivation.program {
        Some(program) => whole(
            derivation,
            program,
            sources,
            release,
            &mut formals,
            &mut lacks,
        ),
        None => aside::package(derivation, sources, release, &mut formals, &mut lacks),
    };
    let failed = |error: WriteError| {
        let cause = format!("`{}/package.nix`: {error}", derivation.directory);
        Problem::new(&OUTPUT_FAILED, cause).in_source(&derivation.source.source.name)
    };
    let function = formals.function(body.map_err(failed)?);
    let file = Expr::Commented(release.head.to_owned(), Box::new(function));
    let text = nix::write(&file).map_err(failed)?;
    Ok(Package { text, lacks })
}

/// Returns the program's expression.
fn whole(
    derivation: &Derivation,
    program: &Program,
    sources: &Sources,
    release: Release,
    formals: &mut Formals,
    lacks: &mut Vec<Lack>,
) -> Result<Expr, WriteError> {
    let install = Install::of(program, derivation.source, derivation.packaging);
    let name = &derivation.source.source.name;
    lacks.extend(
        install
            .lacks
            .iter()
            .map(|(what, why)| lack(name, what, why.clone())),
    );
    for (directory, name) in &program.sources {
        let Some((source, _)) = sources.get(name.as_str()) else {
            continue;
        };
        let pin = fetched(program, directory, &source.source);
        lacks.extend(pin::lacking(&source.source).filter(|_| pin.nar_hash.is_none()));
    }
    let body = Expr::Set(package::grouped(vec![
        derivation.named(),
        vec![Binding::attr(
            "src",
            joined(derivation, program, sources, release, formals)?,
        )],
        cargo(program, release, formals)?,
        env::bindings(program, sources, &release.rules.crates, formals)?,
        inputs::bindings(derivation, program, &install, release, formals)?,
        checks(),
        install.bindings(),
        inputs::commands(derivation, program, sources, formals)?,
        may_lack((derivation, program), sources, release, formals, lacks)?,
        vec![Binding::attr(
            "meta",
            Expr::Set(described(derivation, program, release, formals)?),
        )],
    ]));
    let attributes = install.with_places(body, name, release, formals)?;
    let built = formals.call("rustPlatform.buildRustPackage", [attributes])?;
    derivation.as_module(built, formals)
}

impl Derivation<'_> {
    /// Returns the first alternative of each choice in the `Depends` of its Debian packages.
    pub fn choices(&self) -> impl Iterator<Item = (&String, &String)> {
        let binaries = self.packaging.control.binaries.iter();
        let mine = binaries.filter(|binary| self.debian.contains(&binary.name));
        mine.flat_map(|binary| {
            let several = binary
                .depends
                .iter()
                .filter(|relation| relation.alternatives.len() > 1);
            several.filter_map(move |relation| {
                Some((&binary.name, &relation.alternatives.first()?.name))
            })
        })
    }

    /// Returns `pname`, `version` and `debianVersion`.
    fn named(&self) -> Vec<Binding> {
        let version = meta::version_of(self.source, self.packaging);
        let mut bindings = vec![
            Binding::attr("pname", Expr::string(&self.attribute)),
            Binding::attr("version", Expr::string(version.name)),
        ];
        bindings.extend(
            version
                .debian
                .map(|debian| Binding::attr("debianVersion", Expr::string(debian))),
        );
        bindings
    }

    /// Whether it installs Perl modules, judged by Debian's policy for the names of such packages.
    pub fn has_modules(&self) -> bool {
        let is_module = |name: &String| name.starts_with("lib") && name.ends_with("-perl");
        self.debian.iter().any(is_module)
    }

    /// Marks it as a Perl module if it contains some, so that links find them.
    fn as_module(&self, built: Expr, formals: &mut Formals) -> Result<Expr, WriteError> {
        if self.has_modules() {
            formals.call("perl.pkgs.toPerlModule", [built])
        } else {
            Ok(built)
        }
    }
}

/// Returns `joinCrates { … }`.
fn joined(
    derivation: &Derivation,
    program: &Program,
    sources: &Sources,
    release: Release,
    formals: &mut Formals,
) -> Result<Expr, WriteError> {
    let mut trees = Vec::new();
    for (directory, name) in &program.sources {
        let Some((source, made)) = sources.get(name.as_str()) else {
            continue;
        };
        let mut tree = vec![Binding::attr(
            "src",
            pin::at(
                &source.source,
                &fetched(program, directory, &source.source),
                formals,
            )?,
        )];
        let patches = patched::patches(
            name,
            &made.edits,
            &made.patches,
            release.attributes,
            formals,
        )?;
        if !patches.is_empty() {
            tree.push(Binding::attr("patches", Expr::List(patches)));
        }
        trees.push((program.place(directory, ""), Expr::Set(tree)));
    }
    let set = vec![
        Binding::attr("name", Expr::string(&derivation.attribute)),
        Binding::attr("root", Expr::string(program.directory())),
        Binding::attr("lock", Expr::Path("Cargo.lock".to_owned())),
        package::set_binding("sources", Expr::sorted_set(trees)),
    ];
    formals.call("joinCrates", [Expr::Set(set)])
}

/// Returns `passthru.pveMayLack`: packages that its crates look for before use, and other optional
/// ones.
fn may_lack(
    (derivation, program): (&Derivation, &Program),
    sources: &Sources,
    release: Release,
    formals: &mut Formals,
    lacks: &mut Vec<Lack>,
) -> Result<Vec<Binding>, WriteError> {
    let mut bindings = Vec::new();
    let name = &derivation.source.source.name;
    let mut needs = Needs::default();
    for part in program.sources.values() {
        let node = release.graph.nodes.get(part);
        if let (Some(node), Some((code, _))) = (node, sources.get(part.as_str())) {
            needs.add((name, code), &node.outside, release, lacks);
        }
    }
    let path = |name: &str| vec!["passthru".to_owned(), name.to_owned()];
    let required = needs.required(formals)?;
    if !required.is_empty() {
        bindings.push(Binding::Attr(path("pveExtras"), Expr::List(required)));
    }
    let may_lack = needs.may_lack(formals)?;
    bindings.extend(may_lack.map(|set| Binding::Attr(path("pveMayLack"), set)));
    Ok(bindings)
}

/// Returns the pin by which to fetch a source: without submodules, if all of them are other trees
/// of the program.
fn fetched(program: &Program, directory: &str, source: &Source) -> Pin {
    let mut pin = source.pin.clone();
    let entries = source.tree.entries().iter();
    let mut submodules = entries.filter(|entry| entry.mode == Mode::Submodule);
    let is_laid = |entry: &Entry| {
        let place = program.place(directory, &entry.path);
        program.submodules.values().any(|one| *one == place)
    };
    if pin.submodules && submodules.all(is_laid) {
        pin.submodules = false;
        pin.nar_hash = pin.tree_hash.take();
    }
    pin
}

/// Returns the attributes that describe the tree to `buildRustPackage`.
fn cargo(
    program: &Program,
    release: Release,
    formals: &mut Formals,
) -> Result<Vec<Binding>, WriteError> {
    let directory = program.directory();
    let lock = Expr::Path("Cargo.lock".to_owned());
    let mut bindings = vec![
        Binding::attr("cargoDeps", formals.call("importCrates", [lock])?),
        Binding::attr("cargoRoot", Expr::string(&directory)),
    ];
    if made_by(program, release).is_some() {
        // `make install` runs cargo, through that program.
        bindings.push(Binding::attr("dontCargoBuild", Expr::Bool(true)));
    } else {
        let flags = program
            .packages
            .iter()
            .flat_map(|name| ["--package", name.as_str()]);
        bindings.extend([
            Binding::attr("buildAndTestSubdir", Expr::string(&directory)),
            Binding::attr("cargoBuildFlags", Expr::strings(flags)),
        ]);
    }
    bindings.push(Binding::attr("dontCargoInstall", Expr::Bool(true)));
    Ok(bindings)
}

/// Returns the program through which its Makefile runs cargo.
fn made_by<'a>(program: &Program, release: Release<'a>) -> Option<&'a str> {
    let rule = release.rules.crates.program.get(&program.name)?;
    rule.made_by.as_deref()
}

/// Disables the tests, which are upstream's to run.
fn checks() -> Vec<Binding> {
    vec![
        Binding::Comment("Upstream's tests expect Debian's files and a running system.".to_owned()),
        Binding::attr("doCheck", Expr::Bool(false)),
    ]
}

fn described(
    derivation: &Derivation,
    program: &Program,
    release: Release,
    formals: &mut Formals,
) -> Result<Vec<Binding>, WriteError> {
    let (source, packaging) = (derivation.source, derivation.packaging);
    let mut bindings = meta::meta_of(source, packaging, &derivation.attribute, release, formals)?;
    let in_browsers = made_by(program, release).is_some();
    if let ([only], false) = (binaries(program).as_slice(), in_browsers) {
        bindings.push(Binding::attr("mainProgram", Expr::string(*only)));
    }
    bindings.push(Binding::attr("platforms", meta::platforms_of([packaging])));
    Ok(bindings)
}

/// Returns the programs that cargo builds from the program's packages, sorted.
fn binaries(program: &Program) -> Vec<&str> {
    let own = program
        .crates
        .iter()
        .filter(|one| one.source == program.source && program.packages.contains(&one.name));
    let targets = own.flat_map(|one| &one.targets);
    let names: BTreeSet<&str> = targets
        .filter(|target| target.kind == TargetKind::Bin)
        .map(|target| target.name.as_str())
        .collect();
    names.into_iter().collect()
}

/// Returns the patched source of a name in the analysis.
fn patched_source<'a>(name: &str, sources: &Sources<'a>) -> Option<Patched<'a>> {
    let (source, made) = sources.get(name)?;
    Some(Patched {
        source,
        edits: &made.edits,
        patches: &made.patches,
    })
}
