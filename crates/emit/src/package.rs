//! Writes one source as `package.nix`: the parts that objects, ordinary packages and packages over
//! nixpkgs' own share.

use std::collections::{BTreeMap, BTreeSet};

use super::installed::Places;
use super::meta;
use super::{object, ordinary, over, patched, pin};
use analyse::AnalysedSource;
use debian::install::GNU_CPU;
use debian::make;
use decide::rules::{self, Rules};
use decide::{Context, Decision};
use graph::{Graph, Role};
use nix::Formals;
use nix::{Binding, Expr, Operator, Part, WriteError};
use patch::edits::Edits;
use patch::file::Patch;
use problem::{BAD_SERIES, OUTPUT_FAILED, Problem};
use release::Archive;

/// Everything that a package's expression depends on besides its source.
#[derive(Clone, Copy)]
pub struct Release<'a> {
    /// Its name.
    pub name: &'a str,
    /// The first line of its generated files.
    pub head: &'a str,
    /// The release archives that sources package.
    pub archives: &'a BTreeMap<String, Archive>,
    /// The rules.
    pub rules: &'a Rules,
    /// The dependency graph.
    pub graph: &'a Graph,
    /// The role of each source.
    pub roles: &'a BTreeMap<String, Role>,
    /// The attribute of each source that has one.
    pub attributes: &'a BTreeMap<String, String>,
    /// The Debian packages of each source.
    pub binaries: &'a BTreeMap<String, Vec<String>>,
    /// The attributes of Debian packages from sources that cargo builds and that have a derivation.
    pub given: &'a BTreeMap<String, String>,
    /// The Debian packages that install a file, by source and path below the output.
    pub makers: &'a BTreeMap<(String, String), BTreeSet<String>>,
    /// The Debian packages named in the sources' `Depends`.
    pub wanted: &'a BTreeSet<String>,
    /// The pins of packages written by hand.
    pub by_hand: &'a BTreeSet<String>,
    /// The choice of such a package among several packages of the release: the first alternative,
    /// as APT chooses.
    pub chosen: &'a BTreeMap<String, BTreeSet<String>>,
}

/// A source with its edits and patches.
#[derive(Clone, Copy)]
pub struct Patched<'a> {
    /// The source.
    pub source: &'a AnalysedSource,
    /// Its edits.
    pub edits: &'a Edits,
    /// Its patch files.
    pub patches: &'a [Patch],
}

/// How serious a gap is, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Expressions that use it cannot be evaluated.
    Required,
    /// The code works without it. The number ranks the loss, 0 being the worst.
    Optional(usize),
    /// A derivation is missing, or its source cannot be fetched.
    Unbuilt,
    /// A file or place stays as it is.
    Place,
}

/// A part that a derivation lacks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lack {
    /// How serious the gap is.
    pub class: Class,
    /// The source.
    pub source: String,
    /// The part: a formal argument, a Debian package, a place.
    pub what: String,
    /// The reason.
    pub why: String,
}

/// `package.nix` of one source.
#[derive(Debug, Clone)]
pub struct Package {
    /// Its text.
    pub text: String,
    /// Its gaps.
    pub lacks: Vec<Lack>,
}

/// The kinds of packages.
enum Kind<'r> {
    Object,
    /// Over nixpkgs' own derivation.
    Over(&'r rules::Over),
    Ordinary,
}

fn kind<'r>(name: &str, release: Release<'r>) -> Kind<'r> {
    match (release.roles.get(name), release.rules.packages.get(name)) {
        (Some(Role::Object), _) => Kind::Object,
        (_, Some(base)) => Kind::Over(base),
        _ => Kind::Ordinary,
    }
}

/// Whether the patches of a source's package may change a file.
pub fn is_patched(source: &AnalysedSource, release: Release, path: &str) -> bool {
    let name = &source.source.name;
    match (release.roles.get(name), kind(name, release)) {
        (Some(Role::Package), Kind::Ordinary) => ordinary::is_patched(source, path),
        // Crates are joined with the programs that use them, whichever directory they are in.
        _ => true,
    }
}

/// Makes the `package.nix` of a source that cargo does not build.
///
/// # Errors
/// Nix cannot express a text or name, `patches` cannot express a series, or the build is unknown.
pub fn package(whole: Patched, release: Release) -> Result<Package, Problem> {
    let name = &whole.source.source.name;
    let mut formals = Formals::default();
    let mut lacks = Vec::from_iter(pin::lacking(&whole.source.source));
    check_series(whole.source)?;
    let body = match kind(name, release) {
        Kind::Object => object::object(whole, release, &mut formals, &mut lacks),
        Kind::Over(base) => over::over(whole, release, base, &mut formals, &mut lacks),
        Kind::Ordinary => ordinary::ordinary(whole, release, &mut formals, &mut lacks),
    };
    let failed = |error: WriteError| {
        Problem::new(&OUTPUT_FAILED, format!("`package.nix`: {error}")).in_source(name)
    };
    let file = Expr::Commented(
        release.head.to_owned(),
        Box::new(formals.function(body.map_err(failed)?)),
    );
    let text = nix::write(&file).map_err(failed)?;
    Ok(Package { text, lacks })
}

/// Returns the first line of every file that a release generates.
pub fn head(release: &str) -> String {
    format!("Made by pve-nix for {release}; `cargo xtask regen {release}` makes it again.")
}

/// Makes a [`Lack`] of a file or place.
pub fn lack(source: &str, what: impl Into<String>, why: impl Into<String>) -> Lack {
    Lack {
        class: Class::Place,
        source: source.to_owned(),
        what: what.into(),
        why: why.into(),
    }
}

/// Rejects a series that stdenv cannot apply: it applies every patch forward and strips one
/// component.
fn check_series(source: &AnalysedSource) -> Result<(), Problem> {
    let all = source
        .packagings
        .iter()
        .filter_map(|packaging| packaging.series.as_ref());
    for series in all {
        if let Some(patch) = series
            .patches
            .iter()
            .find(|patch| patch.strip != 1 || patch.reverse)
        {
            let cause = format!(
                "`{}` is applied in reverse or not with -p1, which the derivation cannot",
                patch.path
            );
            return Err(Problem::new(&BAD_SERIES, cause)
                .in_source(&source.source.name)
                .at(&series.path, Some(patch.line)));
        }
    }
    Ok(())
}

/// Returns the series as patches of the variable `tree`: `map (name:
/// "${tree}/debian/patches/${name}") [ … ]`.
///
/// # Errors
/// A text cannot be a Nix string.
pub fn series(source: &AnalysedSource, tree: &str) -> Result<Option<Expr>, WriteError> {
    const DIRECTORY: &str = "debian/patches/";
    let all = source
        .packagings
        .iter()
        .filter_map(|packaging| packaging.series.as_ref());
    let names: Vec<&str> = all
        .flat_map(|series| &series.patches)
        .map(|patch| patch.path.strip_prefix(DIRECTORY).unwrap_or(&patch.path))
        .collect();
    if names.is_empty() {
        return Ok(None);
    }
    let path = Expr::String(vec![
        Part::Interpolation(Expr::variable(tree)?),
        Part::Text(format!("/{DIRECTORY}")),
        Part::Interpolation(Expr::variable("name")?),
    ]);
    let function = Expr::Function(nix::Name::new("name")?, Box::new(path));
    Ok(Some(
        Expr::variable("map")?.apply([function, Expr::strings(names)]),
    ))
}

/// Returns `pname`, `version` and `debianVersion`.
pub fn named(name: &str, source: &AnalysedSource) -> Vec<Binding> {
    let version = meta::version(source);
    let mut bindings = vec![
        Binding::attr("pname", Expr::string(name)),
        Binding::attr("version", Expr::string(version.name)),
    ];
    if let Some(debian) = version.debian {
        bindings.push(Binding::attr("debianVersion", Expr::string(debian)));
    }
    bindings
}

/// Returns the series and then the generated patches, in the order of Debian's build.
///
/// # Errors
/// A text cannot be a Nix string.
pub fn all_patches(
    whole: Patched,
    release: Release,
    formals: &mut Formals,
) -> Result<Option<Expr>, WriteError> {
    let name = &whole.source.source.name;
    let own = patched::patches(
        name,
        whole.edits,
        whole.patches,
        release.attributes,
        formals,
    )?;
    let series = series(whole.source, "src")?;
    Ok(match (series, own.is_empty()) {
        (None, true) => None,
        (None, false) => Some(Expr::List(own)),
        (Some(series), true) => Some(series),
        (Some(series), false) => Some(Expr::Operator(
            Box::new(series),
            Operator::Concat,
            Box::new(Expr::List(own)),
        )),
    })
}

/// Wraps the body in `let src = …; in` if it names the source's tree in strings.
///
/// # Errors
/// A text cannot be a Nix string.
pub fn with_source(fetched: Expr, inner: bool, body: Expr) -> Expr {
    if inner {
        Expr::Let(vec![Binding::attr("src", fetched)], Box::new(body))
    } else {
        body
    }
}

/// Turns dotted paths into a list of attributes.
///
/// # Errors
/// Nix cannot name an attribute.
pub fn attributes<'a>(
    paths: impl IntoIterator<Item = &'a str>,
    formals: &mut Formals,
) -> Result<Vec<Expr>, WriteError> {
    paths.into_iter().map(|path| formals.dotted(path)).collect()
}

/// Returns the directory in which `make install` runs, relative to the source, or `None` if no
/// Makefile has the target.
pub fn make_directory(source: &AnalysedSource) -> Option<String> {
    let packaging = source.packagings.first()?;
    let mut directories = vec![packaging.root.clone(), packaging.rules.build_root.clone()];
    directories.push(if packaging.root.is_empty() {
        "src".to_owned()
    } else {
        format!("{}/src", packaging.root)
    });
    directories.into_iter().find(|directory| {
        let path = if directory.is_empty() {
            "Makefile".to_owned()
        } else {
            format!("{directory}/Makefile")
        };
        has_install(source, &path)
    })
}

/// Returns the text of a file in the source, if it exists.
pub fn text(source: &AnalysedSource, path: &str) -> Option<String> {
    let tree = &source.source.tree;
    let entry = tree.entries().iter().find(|entry| entry.path == path)?;
    let contents = tree.read(&[entry]).ok()?;
    let bytes = contents.first()?;
    Some(String::from_utf8_lossy(bytes).into_owned())
}

/// Whether a Makefile has the target `install`.
pub fn has_install(source: &AnalysedSource, path: &str) -> bool {
    let makefile = make::parse(&text(source, path).unwrap_or_default());
    let mut targets = makefile.rules.iter().flat_map(|rule| &rule.targets);
    targets.any(|target| target == "install")
}

/// Returns the packages of scripts' interpreters, other than Perl and the shell.
pub fn interpreters(source: &AnalysedSource) -> BTreeSet<&str> {
    let shebangs = source
        .decided
        .iter()
        .filter(|one| one.context == Context::Host && one.occurrence.kind == scan::Kind::Shebang);
    shebangs
        .filter_map(|one| match &one.decision {
            Decision::Package { attr, .. } if !matches!(attr.as_str(), "perl" | "bash") => {
                Some(attr.as_str())
            }
            _ => None,
        })
        .collect()
}

/// Returns Perl and the shell if scripts use them as interpreters. Build scripts count too, because
/// some are installed.
pub fn common_interpreters(source: &AnalysedSource) -> BTreeSet<&'static str> {
    let shebangs = source
        .decided
        .iter()
        .filter(|one| one.context != Context::Test && one.occurrence.kind == scan::Kind::Shebang);
    shebangs
        .filter_map(|one| match one.occurrence.text.rsplit('/').next() {
            Some("perl") => Some("perl"),
            Some("sh" | "bash") => Some("bash"),
            _ => None,
        })
        .collect()
}

/// Returns `files` as a set. Products of the build are a list of patterns under a path that ends in
/// a slash.
pub fn files(places: &Places, built: bool) -> Option<Expr> {
    let mut files: Vec<(String, Expr)> = places
        .files
        .iter()
        .map(|(place, origin)| (place.clone(), Expr::string(&origin.path)))
        .collect();
    if built {
        files.extend(
            places
                .built
                .iter()
                .map(|(place, patterns)| (place.clone(), Expr::strings(patterns.iter().cloned()))),
        );
    }
    (!files.is_empty()).then(|| Expr::sorted_set(files))
}

/// Writes a path in which debhelper inserts the processor's GNU name.
fn on_this_processor(path: &str, formals: &mut Formals) -> Result<Expr, WriteError> {
    let mut parts = Vec::new();
    for text in path.split(GNU_CPU) {
        if !parts.is_empty() {
            let name = formals.dotted("stdenv.hostPlatform.parsed.cpu.name")?;
            parts.push(Part::Interpolation(name));
        }
        parts.push(Part::Text(text.to_owned()));
    }
    Ok(Expr::String(parts))
}

/// Returns `links`. A target that another package contains becomes its path in the store. An
/// ordinary package gets no link to a target that nothing provides.
///
/// # Errors
/// Nix cannot name an attribute.
pub fn links(
    places: &Places,
    source: &str,
    release: Release,
    formals: &mut Formals,
) -> Result<Option<Expr>, WriteError> {
    let mut links = Vec::new();
    let is_object = release.roles.get(source) == Some(&Role::Object);
    for (link, target) in &places.links {
        let absolute = format!("/{target}");
        let owner = release.rules.own.iter().find(|(prefix, _)| {
            absolute == *prefix
                || absolute
                    .strip_prefix(prefix.as_str())
                    .is_some_and(|rest| rest.starts_with('/'))
        });
        let elsewhere = owner
            .map(|(_, owner)| owner)
            .filter(|owner| *owner != source && release.roles.get(*owner) == Some(&Role::Package))
            .and_then(|owner| release.attributes.get(owner));
        let value = match elsewhere {
            Some(attribute) => Expr::String(vec![
                Part::Interpolation(formals.dotted(attribute)?),
                Part::Text(format!("/{}", layout::fold(&absolute))),
            ]),
            // An ordinary package is not linked, so nothing would close such a link.
            None if owner.is_some_and(|(_, owner)| owner != source) && !is_object => continue,
            None => on_this_processor(target, formals)?,
        };
        links.push((link.clone(), value));
    }
    Ok((!links.is_empty()).then(|| Expr::sorted_set(links)))
}

/// Returns `attributes // debianInstall { … }` if there is something to install. The flag adds
/// products of the build.
///
/// # Errors
/// Nix cannot name an attribute.
pub fn placed(
    body: Expr,
    (places, built): (&Places, bool),
    source: &str,
    release: Release,
    formals: &mut Formals,
) -> Result<Expr, WriteError> {
    let files = files(places, built);
    let links = links(places, source, release, formals)?;
    let mut bindings = Vec::new();
    bindings.extend(files.map(|files| set_binding("files", files)));
    bindings.extend(links.map(|links| set_binding("links", links)));
    if !places.modules.is_empty() {
        let modules = attributes(places.modules.iter().map(String::as_str), formals)?;
        bindings.push(Binding::attr("perlModules", Expr::List(modules)));
    }
    if bindings.is_empty() {
        return Ok(body);
    }
    let install = formals.call("debianInstall", [Expr::Set(bindings)])?;
    Ok(Expr::Operator(
        Box::new(body),
        Operator::Update,
        Box::new(install),
    ))
}

/// Returns `leaveOut = [ … ]`: the directories that `make install` fills but that the output leaves
/// out.
pub fn left_out(source: &AnalysedSource, rules: &Rules) -> Vec<Binding> {
    let made = source
        .packagings
        .iter()
        .flat_map(|packaging| &packaging.made);
    let below: BTreeSet<String> = made
        .filter_map(|action| rules.left_out(&action.dest))
        .map(|place| place.below.clone())
        .collect();
    if below.is_empty() {
        return Vec::new();
    }
    vec![Binding::attr("leaveOut", Expr::strings(below))]
}

/// Writes a set with one attribute as `name.attribute = value`, as a person would.
pub fn set_binding(name: &str, set: Expr) -> Binding {
    match set {
        Expr::Set(mut bindings) if bindings.len() == 1 => match bindings.remove(0) {
            Binding::Attr(path, value) => {
                let whole = std::iter::once(name.to_owned()).chain(path).collect();
                Binding::Attr(whole, value)
            }
            other => Binding::attr(name, Expr::Set(vec![other])),
        },
        set => Binding::attr(name, set),
    }
}

/// Joins groups of bindings with empty lines between them.
pub fn grouped(groups: Vec<Vec<Binding>>) -> Vec<Binding> {
    let mut whole = Vec::new();
    for group in groups.into_iter().filter(|group| !group.is_empty()) {
        if !whole.is_empty() {
            whole.push(Binding::Blank);
        }
        whole.extend(group);
    }
    whole
}
