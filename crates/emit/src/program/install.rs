//! Where a program's files go: what `dh` does after cargo has built.
//!
//! Upstream's own `make install` where it has one; cargo's programs where that would be `cargo install`; and what
//! `debian/` puts in place of what either left. `target/release` is cargo's output, whatever machine it built for.

use std::collections::{BTreeMap, BTreeSet};

use super::binaries;
use crate::installed::{self, Origin, Places};
use crate::package::{self, Release};
use analyse::AnalysedSource;
use cargo::{Program, below};
use debian::Packaging;
use debian::make::{self, Makefile, Variables};
use debian::tree_path;
use nix::Formals;
use nix::{Binding, Expr, WriteError};

/// Where cargo leaves what it builds, in a release build.
const OUTPUT: &str = "target/release";

/// How a program is installed.
pub struct Install {
    /// Whether only some of the packaging's Debian packages are wanted.
    pub partial: bool,
    /// What cannot be placed, and why.
    pub lacks: Vec<(String, String)>,
    /// The directory of the Makefile, in the joined tree.
    directory: String,
    /// Whether `make install` runs.
    makes: bool,
    /// What make is told before it installs; empty where it need not run.
    before: Vec<String>,
    /// What make is told when it installs.
    flags: Vec<String>,
    places: Places,
}

impl Install {
    /// Computes it.
    pub fn of(program: &Program, source: &AnalysedSource, packaging: &Packaging) -> Self {
        let all = packaging.control.binaries.iter().map(|binary| &binary.name);
        let mut all = all.filter(|name| !name.starts_with("librust-"));
        let partial = all.any(|name| !program.debian.contains(name));
        let wanted = |package: &str| !partial || program.debian.iter().any(|name| name == package);
        let makefile = Upstream::read(source, packaging);
        let found = installed::places_of(source, [packaging], wanted);
        let mut install = Self {
            partial,
            lacks: Vec::new(),
            directory: below(&program.source, &packaging.root),
            makes: makefile.installs && !partial,
            before: Vec::new(),
            flags: Vec::new(),
            places: Places::default(),
        };
        install.take(program, packaging, found, &|path| {
            let path = below(&packaging.root, path);
            let mut entries = source.source.tree.entries().iter();
            entries.any(|entry| entry.path == path)
        });
        if !install.makes && !partial {
            install.cargo_install(program, packaging);
        }
        if install.makes {
            install.flags = flags(packaging, "dh_auto_install", str::to_owned);
        }
        if !install.before.is_empty() {
            // What the build writes into files is the place in the link; DESTDIR does not stand before it.
            install
                .before
                .extend(flags(packaging, "dh_auto_build", linked));
        }
        install
    }

    /// Takes what `debian/` places, with the directory of its origins in the joined tree.
    fn take(
        &mut self,
        program: &Program,
        packaging: &Packaging,
        found: Places,
        exists: &dyn Fn(&str) -> bool,
    ) {
        for place in found.nowhere {
            self.lacks
                .push((format!("/{place}"), "no place in an output".to_owned()));
        }
        self.places.links = found.links;
        for (place, origin) in found.files {
            let path = below(&program.source, &origin.path);
            self.places.files.insert(place, Origin { path, ..origin });
        }
        for (directory, patterns) in found.built {
            for pattern in patterns {
                self.built(packaging, &directory, &pattern, exists);
            }
        }
    }

    /// One pattern of what a build leaves, at a directory that ends in a slash.
    fn built(
        &mut self,
        packaging: &Packaging,
        directory: &str,
        pattern: &str,
        exists: &dyn Fn(&str) -> bool,
    ) {
        let name = tree_path::file_name(pattern);
        let place = format!("{directory}{name}");
        if let Some(program) = output_of(pattern) {
            self.place(directory, &format!("{OUTPUT}/{program}"));
        } else if pattern.trim_start_matches('/') != place {
            self.before = vec!["all".to_owned()];
            self.place(directory, pattern);
        } else if !self.makes {
            // `make install` would make it, which makes more than is wanted.
            match origin(packaging, &place, exists) {
                Some(path) => self.place(directory, &path),
                None => self.lacks.push((
                    format!("/{place}"),
                    "it is made with what is not built".to_owned(),
                )),
            }
        }
    }

    /// What is beside the Makefile to a directory; a pattern needs the build to find out what it matches.
    fn place(&mut self, directory: &str, path: &str) {
        let from = below(&self.directory, path);
        if path.contains(['*', '?', '[']) {
            let patterns = self.places.built.entry(directory.to_owned()).or_default();
            patterns.insert(from);
        } else {
            let place = format!("{directory}{}", tree_path::file_name(path));
            self.program(place, from);
        }
    }

    fn program(&mut self, place: String, path: String) {
        let origin = Origin {
            path,
            directory: false,
            executable: true,
        };
        self.places.files.insert(place, origin);
    }

    /// `cargo install`: the programs that nothing else has placed go to `bin`, then where `debian/rules` moves them.
    fn cargo_install(&mut self, program: &Program, packaging: &Packaging) {
        let moves = moves(packaging);
        for name in binaries(program) {
            let path = below(&self.directory, &format!("{OUTPUT}/{name}"));
            if self.places.files.values().any(|origin| origin.path == path) {
                continue;
            }
            let place = format!("usr/bin/{name}");
            let place = moves.get(&place).cloned().unwrap_or(place);
            self.program(place, path);
        }
    }

    /// The attributes that pve-build-hook reads.
    pub fn bindings(&self) -> Vec<Binding> {
        let mut bindings = Vec::new();
        if self.makes || !self.before.is_empty() {
            bindings.push(Binding::attr(
                "makeDirectory",
                Expr::string(&self.directory),
            ));
        }
        for (name, flags) in [
            ("makeBuildFlags", &self.before),
            ("installFlags", &self.flags),
        ] {
            if !flags.is_empty() {
                bindings.push(Binding::attr(name, Expr::strings(flags.iter().cloned())));
            }
        }
        if !self.makes {
            bindings.push(Binding::attr("dontMakeInstall", Expr::Bool(true)));
        }
        bindings
    }

    /// `attributes // debianInstall { … }`.
    ///
    /// # Errors
    /// An attribute that Nix cannot name.
    pub fn with_places(
        &self,
        body: Expr,
        source: &str,
        release: Release,
        formals: &mut Formals,
    ) -> Result<Expr, WriteError> {
        package::placed(body, (&self.places, true), source, release, formals)
    }
}

/// What upstream's Makefile does.
struct Upstream {
    /// It has an `install` that copies what cargo built, rather than running `cargo install`.
    installs: bool,
}

impl Upstream {
    fn read(source: &AnalysedSource, packaging: &Packaging) -> Self {
        let text = package::text(source, &below(&packaging.root, "Makefile"));
        let makefile = make::parse(&text.unwrap_or_default());
        let switched_off = packaging
            .rules
            .overrides
            .iter()
            .any(|one| one.tool == "dh_auto_install" && one.empty);
        Self {
            installs: !switched_off && copies(&makefile),
        }
    }
}

fn copies(makefile: &Makefile) -> bool {
    let mut variables = Variables::default();
    variables.assign(makefile);
    let mut rules = makefile
        .rules
        .iter()
        .filter(|rule| rule.targets.iter().any(|target| target == "install"))
        .peekable();
    let there = rules.peek().is_some();
    let cargo = rules.flat_map(|rule| &rule.recipe).any(|(_, line)| {
        let commands = make::commands(line, &variables);
        commands.iter().any(|command| {
            let words = command.texts();
            matches!(words.as_slice(), [cargo, "install", ..] if tree_path::file_name(cargo) == "cargo")
        })
    });
    there && !cargo
}

/// What `make install` would put at a place: cargo's, or a file of the source; beside the Makefile. Makefiles may
/// leave out the triplet, which `debian/rules` hands them.
fn origin(packaging: &Packaging, place: &str, exists: &dyn Fn(&str) -> bool) -> Option<String> {
    let folded = |place: &str| layout::fold(&format!("/{}", place.trim_start_matches('/')));
    let wanted = folded(place);
    let mut made = packaging.made.iter();
    let action = made.find(|action| folded(&action.dest) == wanted)?;
    let own = action
        .origin
        .strip_prefix(&below(&packaging.root, ""))
        .unwrap_or(&action.origin);
    let own = own.trim_start_matches('/');
    match output_of(own) {
        Some(program) => Some(format!("{OUTPUT}/{program}")),
        None => exists(own).then(|| own.to_owned()),
    }
}

/// The program within cargo's output: `hived` of `target/x86_64-unknown-linux-gnu/release/hived`.
fn output_of(path: &str) -> Option<&str> {
    let (directories, name) = path.rsplit_once('/')?;
    let mut parts = directories.split('/');
    let (first, last) = (parts.next()?, parts.next_back()?);
    let triples = parts.count();
    let is_output = first == "target" && matches!(last, "release" | "debug") && triples <= 1;
    is_output.then_some(name)
}

/// `mv` after `dh_auto_install` or `dh_install`: from and to, as places.
fn moves(packaging: &Packaging) -> BTreeMap<String, String> {
    let after = |target: &str| target.contains("dh_auto_install") || target.contains("dh_install");
    let calls = packaging.rules.calls_of("mv");
    let mut moves = BTreeMap::new();
    for call in calls.filter(|call| after(&call.target)) {
        let [_, from, to] = call.words.as_slice() else {
            continue;
        };
        if let (Some(from), Some(to)) = (staged(from), staged(to)) {
            let to = if to.ends_with('/') {
                format!("{to}{}", tree_path::file_name(from))
            } else {
                to.to_owned()
            };
            moves.insert(from.to_owned(), to);
        }
    }
    moves
}

/// `usr/bin/hived` of `debian/hived/usr/bin/hived`.
fn staged(path: &str) -> Option<&str> {
    let (_, place) = path.strip_prefix("debian/")?.split_once('/')?;
    Some(place)
}

/// Make's variables: what `debian/rules` exports for a release build, and what it hands to `tool`.
fn flags(packaging: &Packaging, tool: &str, value: impl Fn(&str) -> String) -> Vec<String> {
    let mode = packaging.rules.variables.get("BUILD_MODE");
    let exported = mode.map(|mode| format!("BUILD_MODE={mode}"));
    let handed = packaging.rules.passed_to(tool).into_iter();
    let handed = handed.filter_map(|word| {
        let (name, given) = word.split_once('=')?;
        Some(format!(
            "{name}={}",
            value(&given.replace("@DEB_HOST_MULTIARCH@", "$(DEB_HOST_MULTIARCH)"))
        ))
    });
    let all: BTreeSet<String> = exported.into_iter().chain(handed).collect();
    all.into_iter().collect()
}

/// A path on Debian as one in the link.
fn linked(value: &str) -> String {
    if value.starts_with('/') {
        let native = value.replace("$(DEB_HOST_MULTIARCH)", "x86_64-linux-gnu");
        format!("@pve@/{}", layout::fold(&native))
    } else {
        value.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargos_output_is_known_by_any_triple() {
        assert_eq!(
            output_of("target/x86_64-unknown-linux-gnu/release/hived"),
            Some("hived")
        );
        assert_eq!(output_of("target/debug/hived"), Some("hived"));
        assert_eq!(output_of("target/release/a/b/hived"), None);
        assert_eq!(output_of("release/hived"), None);
        assert_eq!(output_of("hived"), None);
    }

    #[test]
    fn an_install_that_is_cargos_copies_nothing() {
        let copies = |text: &str| copies(&make::parse(text));
        assert!(copies(
            "install: hived\n\tinstall -m755 target/release/hived $(BINDIR)/\n"
        ));
        assert!(!copies(
            "CARGO ?= cargo\ninstall: hived\n\t$(CARGO) install\n"
        ));
        assert!(!copies("all:\n\tcargo build\n"));
    }

    #[test]
    fn places_in_the_link_are_folded() {
        assert_eq!(linked("/usr/lib/$(DEB_HOST_MULTIARCH)"), "@pve@/lib");
        assert_eq!(linked("backup"), "backup");
        assert_eq!(staged("debian/hived/usr/bin/hived"), Some("usr/bin/hived"));
        assert_eq!(staged("/usr/bin/hived"), None);
    }
}
