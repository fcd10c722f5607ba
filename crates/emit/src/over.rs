//! The expression of a package over nixpkgs' own: the same derivation with Proxmox's pinned source,
//! series, files and links.

use std::collections::BTreeMap;

use super::inputs;
use super::installed::{self, Origin, Places};
use super::needs::{Needs, Uses};
use super::package::{self, Lack, Patched, Release, lack};
use super::{meta, patched, pin};
use analyse::AnalysedSource;
use debian::install::GNU_CPU;
use debian::switches::Configure;
use decide::recipe::{self, Flag, Recipe};
use decide::rules::{Over, OverValue};
use graph::{Place, Reason, Role};
use nix::Formals;
use nix::{Binding, Expr, Name, Operator, Part, WriteError};
use patch::rewrite::Fill;

/// Names of processors that only one platform has, with nixpkgs' predicate for it.
const PROCESSORS: &[(&str, &str)] = &[
    ("x86_64", "isx86_64"),
    ("i386", "isx86_64"),
    ("aarch64", "isAarch64"),
];

/// The processor for which Debian's packaging is written. Its name replaces `{cpu}` in a link's
/// target.
const WRITTEN_FOR: &str = "x86_64";

/// Returns the expression.
///
/// # Errors
/// Nix cannot express a text or name.
pub fn over(
    whole: Patched,
    release: Release,
    rule: &Over,
    formals: &mut Formals,
    lacks: &mut Vec<Lack>,
) -> Result<Expr, WriteError> {
    let source = whole.source;
    let name = source.source.name.as_str();
    let mut shell = Shell::default();
    let places = installed::places(source).laid_out(release.rules);
    shell.places(&places, whole);
    shell.rule(rule);
    let recipe = recipe::hold(name, &source.packagings, rule).recipe;
    let body = Expr::Set(package::grouped(vec![
        package::named(name, source),
        vec![Binding::attr("src", built(source, release, formals)?)],
        series(source, rule)?,
        native_inputs(source, rule, release, formals)?,
        build_inputs(source, release, (rule, &recipe), formals, lacks)?,
        flags(rule, &recipe, formals)?,
        shell.binding(formals)?,
        vec![Binding::attr("passthru", passthru()?)],
        vec![Binding::attr("meta", described(source, release, formals)?)],
    ]));
    let base = base(rule, &recipe, formals, &mut shell.cpu)?;
    let override_attrs = Expr::Select(Box::new(base), vec!["overrideAttrs".to_owned()]);
    let function = Expr::Function(Name::new("previous")?, Box::new(body));
    let mut bindings = vec![Binding::attr(
        "packaging",
        packaging(whole, release, formals)?,
    )];
    if shell.cpu {
        formals.variable("stdenv")?;
        let platform = Expr::dotted("stdenv.hostPlatform")?;
        let debian = formals.call("debianPlatform", [platform])?;
        bindings.push(Binding::attr(
            "cpu",
            Expr::Select(Box::new(debian), vec!["cpu".to_owned()]),
        ));
    }
    lacks.extend(
        places
            .nowhere
            .iter()
            .map(|place| lack(name, format!("/{place}"), "no place in an output")),
    );
    Ok(Expr::Let(
        bindings,
        Box::new(override_attrs.apply([function])),
    ))
}

/// Returns the packaging's tree, with its patches if there are any.
fn packaging(whole: Patched, release: Release, formals: &mut Formals) -> Result<Expr, WriteError> {
    let name = &whole.source.source.name;
    let fetched = pin::source(&whole.source.source, formals)?;
    let patches = patched::patches(
        name,
        whole.edits,
        whole.patches,
        release.attributes,
        formals,
    )?;
    if patches.is_empty() {
        return Ok(fetched);
    }
    let set = Expr::Set(vec![
        Binding::attr("name", Expr::string(format!("{name}-packaging"))),
        Binding::attr("src", fetched),
        Binding::attr("patches", Expr::List(patches)),
    ]);
    formals.call("applyPatches", [set])
}

/// Returns the tree to build: the release archive that the source packages, or else a directory of
/// its own tree: `"${packaging}/qemu"`.
fn built(
    source: &AnalysedSource,
    release: Release,
    formals: &mut Formals,
) -> Result<Expr, WriteError> {
    let archive = source.source.pin.archive.as_ref();
    if let Some(archive) = archive.and_then(|name| release.archives.get(name)) {
        return pin::archive(archive, formals);
    }
    let root = source
        .packagings
        .first()
        .map(|one| one.rules.build_root.as_str());
    let packaging = Expr::variable("packaging")?;
    Ok(match root.filter(|root| !root.is_empty()) {
        Some(root) => Expr::String(vec![
            Part::Interpolation(packaging),
            Part::Text(format!("/{root}")),
        ]),
        None => packaging,
    })
}

/// `previous.NAME or DEFAULT`.
fn previous(name: &str, default: Expr) -> Result<Expr, WriteError> {
    Ok(Expr::SelectOr(
        Box::new(Expr::variable("previous")?),
        vec![name.to_owned()],
        Box::new(default),
    ))
}

/// `previous.NAME or [ ] ++ more`.
fn after(name: &str, more: Expr) -> Result<Binding, WriteError> {
    let before = previous(name, Expr::List(Vec::new()))?;
    let both = Expr::Operator(Box::new(before), Operator::Concat, Box::new(more));
    Ok(Binding::attr(name, both))
}

fn series(source: &AnalysedSource, rule: &Over) -> Result<Vec<Binding>, WriteError> {
    let own = package::series(source, "packaging")?;
    Ok(match (own, rule.drop_patches) {
        (Some(own), true) => vec![Binding::attr("patches", own)],
        (None, true) => vec![Binding::attr("patches", Expr::List(Vec::new()))],
        (Some(own), false) => vec![after("patches", own)?],
        (None, false) => Vec::new(),
    })
}

/// Returns the inputs of the commands after the installation: the packaging's scripts, with the
/// Perl modules of `Build-Depends`.
fn native_inputs(
    source: &AnalysedSource,
    rule: &Over,
    release: Release,
    formals: &mut Formals,
) -> Result<Vec<Binding>, WriteError> {
    if rule.post_install.is_empty() {
        return Ok(Vec::new());
    }
    let mut list = inputs::inputs(source, release.rules).perl;
    list.add("perl");
    let scripts = list.expr(formals)?;
    scripts
        .map(|scripts| after("nativeBuildInputs", scripts))
        .into_iter()
        .collect()
}

/// Returns the libraries that `Build-Depends` names and that the switches need. Libraries from
/// crates are required, because a configuration that uses them has no switch to disable them.
fn build_inputs(
    source: &AnalysedSource,
    release: Release,
    (rule, recipe): (&Over, &Recipe),
    formals: &mut Formals,
    lacks: &mut Vec<Lack>,
) -> Result<Vec<Binding>, WriteError> {
    let name = &source.source.name;
    let mut uses = Uses::new();
    let relations = source.packagings.iter().flat_map(|packaging| {
        let control = &packaging.control;
        let relations = control.source.all_build_depends();
        relations.map(move |relation| (relation, &control.path))
    });
    for (relation, path) in relations {
        for edge in release.graph.edges.iter().filter(|edge| {
            edge.from == *name
                && edge.reason == Reason::BuildDepends
                && release.roles.get(&edge.to) == Some(&Role::Crate)
        }) {
            let made = release.binaries.get(&edge.to);
            let mut named = relation.alternatives.iter();
            let Some(made) = made.filter(|made| named.any(|one| made.contains(&one.name))) else {
                continue;
            };
            if let Some(library) = made.iter().find(|one| !one.ends_with("-dev")) {
                let place = Place {
                    path: path.clone(),
                    line: relation.line,
                };
                uses.entry(library.clone()).or_default().insert(place);
            }
        }
    }
    // nixpkgs' own derivation may lack libraries that only the series needs.
    let mut libraries = inputs::inputs(source, release.rules).build;
    for attr in &rule.without {
        libraries.remove(attr);
    }
    for attr in &recipe.inputs {
        libraries.add(attr);
    }
    let required = if uses.is_empty() {
        None
    } else {
        let given = Needs::of(source, &uses, release, lacks).required(formals)?;
        Some(Expr::List(given))
    };
    let both = match (required, libraries.expr(formals)?) {
        (Some(required), Some(libraries)) => {
            Expr::Operator(Box::new(required), Operator::Concat, Box::new(libraries))
        }
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => return Ok(Vec::new()),
    };
    Ok(vec![after("buildInputs", both)?])
}

/// Returns the rule's flags, and the switches to pass on.
fn flags(rule: &Over, recipe: &Recipe, formals: &mut Formals) -> Result<Vec<Binding>, WriteError> {
    let mut bindings = Vec::new();
    for (name, system, own) in [
        (
            "configureFlags",
            Configure::Script,
            rule.configure_flags.as_slice(),
        ),
        ("mesonFlags", Configure::Meson, &rule.meson_flags),
        ("cmakeFlags", Configure::Cmake, &[]),
    ] {
        let handed = recipe.flags.iter().filter(|flag| flag.system == system);
        let (everywhere, only): (Vec<&Flag>, Vec<&Flag>) =
            handed.partition(|flag| flag.on.is_none());
        let texts = everywhere.iter().map(|flag| &flag.text);
        let mut items = Vec::new();
        for text in own.iter().chain(texts) {
            items.push(Expr::string(text));
        }
        let mut list = (!items.is_empty()).then_some(Expr::List(items));
        for flag in only {
            let condition = is_cpu(flag.on.as_deref().unwrap_or_default(), formals)?;
            let one = formals.call("lib.optional", [condition, Expr::string(&flag.text)])?;
            list = Some(match list {
                Some(list) => Expr::Operator(Box::new(list), Operator::Concat, Box::new(one)),
                None => one,
            });
        }
        if let Some(list) = list {
            bindings.push(after(name, list)?);
        }
    }
    Ok(bindings)
}

/// Returns a condition such as `stdenv.hostPlatform.isx86_64`.
fn is_cpu(cpu: &str, formals: &mut Formals) -> Result<Expr, WriteError> {
    formals.variable("stdenv")?;
    let found = PROCESSORS.iter().find(|(name, _)| *name == cpu);
    let predicate = found.map_or("isLinux", |(_, predicate)| predicate);
    Expr::dotted(&format!("stdenv.hostPlatform.{predicate}"))
}

fn passthru() -> Result<Expr, WriteError> {
    let none = Expr::Set(Vec::new());
    let own = Expr::Set(vec![Binding::Inherit(vec![Name::new("packaging")?])]);
    let before = previous("passthru", none)?;
    Ok(Expr::Operator(
        Box::new(before),
        Operator::Update,
        Box::new(own),
    ))
}

fn described(
    source: &AnalysedSource,
    release: Release,
    formals: &mut Formals,
) -> Result<Expr, WriteError> {
    let mut bindings = meta::meta(source, release, formals)?;
    bindings.push(Binding::attr("platforms", meta::platforms(source)));
    let before = previous("meta", Expr::Set(Vec::new()))?;
    Ok(Expr::Operator(
        Box::new(before),
        Operator::Update,
        Box::new(Expr::Set(bindings)),
    ))
}

/// Returns nixpkgs' package, with the arguments of the rules and those of its user.
fn base(
    rule: &Over,
    recipe: &Recipe,
    formals: &mut Formals,
    cpu: &mut bool,
) -> Result<Expr, WriteError> {
    let package = formals.dotted(&rule.over)?;
    let function = Expr::Select(Box::new(package), vec!["override".to_owned()]);
    let name = rule.over.rsplit('.').next().unwrap_or(&rule.over);
    let own = formals.optional(&format!("{name}Arguments"), Expr::Set(Vec::new()))?;
    let mut all = rule.arguments.clone();
    all.extend(recipe.arguments.clone());
    let mut sets = Vec::new();
    if !all.is_empty() {
        sets.push(arguments(&all, formals, cpu)?);
    }
    for (processor, only) in &recipe.only {
        let condition = is_cpu(processor, formals)?;
        let only = arguments(only, formals, cpu)?;
        sets.push(formals.call("lib.optionalAttrs", [condition, only])?);
    }
    sets.push(own);
    let joined = sets
        .into_iter()
        .reduce(|before, next| Expr::Operator(Box::new(before), Operator::Update, Box::new(next)));
    Ok(function.apply(joined))
}

fn arguments(
    arguments: &BTreeMap<String, OverValue>,
    formals: &mut Formals,
    cpu: &mut bool,
) -> Result<Expr, WriteError> {
    let mut set = Vec::new();
    for (name, value) in arguments {
        let value = match value {
            OverValue::Bool(value) => Expr::Bool(*value),
            OverValue::Text(text) => Expr::String(parts(text, cpu)?),
            OverValue::List(texts) => {
                let items: Result<Vec<Expr>, WriteError> = texts
                    .iter()
                    .map(|text| Ok(Expr::String(parts(text, cpu)?)))
                    .collect();
                formals.call("lib.unique", [Expr::List(items?)])?
            }
        };
        set.push((name.clone(), value));
    }
    Ok(Expr::sorted_set(set))
}

/// Splits a text at `{cpu}` and `{packaging}`, which become interpolations.
fn parts(text: &str, cpu: &mut bool) -> Result<Vec<Part>, WriteError> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let next = ["cpu", "packaging"]
            .iter()
            .filter_map(|name| Some((rest.find(&format!("{{{name}}}"))?, *name)))
            .min();
        let Some((at, name)) = next else {
            parts.push(Part::Text(rest.to_owned()));
            return Ok(parts);
        };
        parts.push(Part::Text(rest[..at].to_owned()));
        parts.push(Part::Interpolation(Expr::variable(name)?));
        *cpu |= name == "cpu";
        rest = &rest[at + name.len() + 2..];
    }
}

/// The lines of `postInstall`, for every platform and for single ones.
#[derive(Default)]
struct Shell {
    /// The platform predicate (empty for all) and the line, in which `{cpu}` and `{packaging}` are
    /// variables.
    lines: Vec<(&'static str, String)>,
    cpu: bool,
}

impl Shell {
    fn places(&mut self, places: &Places, whole: Patched) {
        let own = whole
            .edits
            .placeholders
            .values()
            .any(|fill| *fill == Fill::Own);
        for (place, origin) in &places.files {
            self.file(place, origin, own);
        }
        for (link, target) in &places.links {
            // nixpkgs compresses manual pages and moves them to another output.
            if !link.starts_with("usr/share/man/") {
                self.link(link, target);
            }
        }
    }

    fn file(&mut self, place: &str, origin: &Origin, own: bool) {
        let to = layout::fold(&format!("/{place}"));
        let condition = only_on(place);
        let line = if origin.directory {
            format!(
                "mkdir -p \"$out/{to}\"\ncp -rT \"{{packaging}}/{}\" \"$out/{to}\"",
                origin.path
            )
        } else {
            let mode = if origin.executable { "755" } else { "644" };
            format!(
                "install -Dm{mode} \"{{packaging}}/{}\" \"$out/{to}\"",
                origin.path
            )
        };
        self.lines.push((condition, line));
        if own && !origin.directory {
            self.lines.push((
                condition,
                format!("substituteInPlace \"$out/{to}\" --subst-var out"),
            ));
        }
    }

    /// Adds a link. A neutral name leads to the program of the build's platform. A name with a
    /// processor exists only on that platform.
    fn link(&mut self, link: &str, target: &str) {
        let (link, target) = (
            link.replace(GNU_CPU, "{cpu}"),
            target.replace(GNU_CPU, "{cpu}"),
        );
        let (link, target) = (link.as_str(), target.as_str());
        let condition = if only_on(target).is_empty() {
            ""
        } else {
            only_on(link)
        };
        let mut to = layout::fold(&format!("/{target}"));
        if condition.is_empty() && only_on(link).is_empty() && to.contains(WRITTEN_FOR) {
            to = to.replace(WRITTEN_FOR, "{cpu}");
        }
        let link = layout::fold(&format!("/{link}"));
        let directory = debian::tree_path::parent(&link);
        let shell = format!("mkdir -p \"$out/{directory}\"\nln -sfr \"$out/{to}\" \"$out/{link}\"");
        self.lines.push((condition, shell));
    }

    fn rule(&mut self, rule: &Over) {
        for (processor, lines) in &rule.post_install {
            let condition = PROCESSORS.iter().find(|(name, _)| name == processor);
            let condition = condition.map_or("", |(_, condition)| *condition);
            self.lines
                .extend(lines.iter().map(|line| (condition, line.clone())));
        }
    }

    /// `postInstall = ''${previous.postInstall or ""}…''`.
    fn binding(&mut self, formals: &mut Formals) -> Result<Vec<Binding>, WriteError> {
        if self.lines.is_empty() {
            return Ok(Vec::new());
        }
        let mut whole = vec![Part::Interpolation(previous(
            "postInstall",
            Expr::string(""),
        )?)];
        whole.push(Part::Text("\n".to_owned()));
        for wanted in ["", "isx86_64", "isAarch64"] {
            let lines = self
                .lines
                .iter()
                .filter(|(condition, _)| *condition == wanted);
            let text: String = lines.flat_map(|(_, line)| [line.as_str(), "\n"]).collect();
            if text.is_empty() {
                continue;
            }
            let inner = parts(&text, &mut self.cpu)?;
            if wanted.is_empty() {
                whole.extend(inner);
            } else {
                formals.variable("stdenv")?;
                let condition = Expr::dotted(&format!("stdenv.hostPlatform.{wanted}"))?;
                let text = formals.call("lib.optionalString", [condition, Expr::String(inner)])?;
                whole.push(Part::Interpolation(text));
                whole.push(Part::Text("\n".to_owned()));
            }
        }
        Ok(vec![Binding::attr("postInstall", Expr::String(whole))])
    }
}

/// Returns the platform predicate for a file name, or an empty text if it names no processor.
fn only_on(name: &str) -> &'static str {
    let file = debian::tree_path::file_name(name);
    // An emulator of one processor runs on any.
    let found = PROCESSORS
        .iter()
        .find(|(processor, _)| file.contains(processor));
    found.map_or("", |(processor, condition)| {
        if *processor == "aarch64" {
            ""
        } else {
            *condition
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(link: &str, target: &str) -> (&'static str, String) {
        let mut shell = Shell::default();
        shell.link(link, target);
        shell.lines.remove(0)
    }

    #[test]
    fn a_neutral_link_leads_to_this_machines_program() {
        let (condition, line) = lines("usr/bin/bee", "usr/bin/bee-x86_64");
        assert_eq!(condition, "");
        assert!(
            line.ends_with("ln -sfr \"$out/bin/bee-{cpu}\" \"$out/bin/bee\""),
            "{line}"
        );
    }

    #[test]
    fn debhelpers_variable_is_this_machines_processor() {
        let (condition, line) = lines("usr/bin/bee", "usr/bin/bee-${DEB_HOST_GNU_CPU}");
        assert_eq!(condition, "");
        assert!(
            line.ends_with("ln -sfr \"$out/bin/bee-{cpu}\" \"$out/bin/bee\""),
            "{line}"
        );
    }

    #[test]
    fn a_link_between_names_of_one_platform_is_only_there() {
        let (condition, line) = lines("usr/bin/bee-i386", "usr/bin/bee-x86_64");
        assert_eq!(condition, "isx86_64");
        assert!(line.contains("bee-x86_64"), "{line}");
        assert_eq!(lines("usr/bin/bee-arm", "usr/bin/bee-aarch64").0, "");
    }

    #[test]
    fn braces_are_interpolations() {
        let mut cpu = false;
        let parts = parts("a-{cpu}-b {packaging}/c {other}", &mut cpu).unwrap();
        assert!(cpu);
        assert_eq!(parts.len(), 5);
        assert_eq!(parts[4], Part::Text("/c {other}".to_owned()));
    }
}
