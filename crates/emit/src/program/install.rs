//! Installs a program's files, as `dh` does after cargo's build.
//!
//! Upstream's own `make install` runs if there is one, unless it is only `cargo install`; then
//! cargo's programs are installed directly. The files of `debian/` are installed from the results
//! of both. `target/release` is cargo's output, whatever machine it built for.

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

/// The directory of a release build's output.
const OUTPUT: &str = "target/release";

/// The installation of a program.
pub struct Install {
    /// Whether only some of the packaging's Debian packages are wanted.
    pub partial: bool,
    /// The files that cannot be installed, with the reasons.
    pub lacks: Vec<(String, String)>,
    /// The directory of the Makefile, in the joined tree.
    directory: String,
    /// Whether `make install` runs.
    makes: bool,
    /// The arguments of the first call of make, before it installs; empty if none is necessary.
    before: Vec<String>,
    /// The arguments of make when it installs.
    flags: Vec<String>,
    places: Places,
}

impl Install {
    /// Computes the installation.
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
            // The build writes the path in the link into files, without DESTDIR before it.
            install
                .before
                .extend(flags(packaging, "dh_auto_build", linked));
        }
        install
    }

    /// Adds a file that `debian/` installs, with its directory in the joined tree.
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

    /// Adds a pattern of build products, at a directory that ends in a slash.
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
            // `make install` could install it, but would install other files too.
            match origin(packaging, &place, exists) {
                Some(path) => self.place(directory, &path),
                None => self.lacks.push((
                    format!("/{place}"),
                    "it is made with what is not built".to_owned(),
                )),
            }
        }
    }

    /// Adds a file beside the Makefile to a directory. A pattern can be matched only after the
    /// build.
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

    /// Does the work of `cargo install`: programs that nothing else installs go to `bin`, then
    /// wherever `debian/rules` moves them.
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

    /// Returns the attributes that pve-build-hook reads.
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

    /// Returns `attributes // debianInstall { … }`.
    ///
    /// # Errors
    /// Nix cannot name an attribute.
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

/// The behaviour of upstream's Makefile.
struct Upstream {
    /// Whether it has an `install` that copies cargo's output, rather than running `cargo install`.
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

/// Returns the file that `make install` would install at a place: cargo's, or one of the source,
/// relative to the Makefile. Makefiles may omit the triplet, which `debian/rules` passes to them.
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

/// Returns the program in a path of cargo's output: `hived` for
/// `target/x86_64-unknown-linux-gnu/release/hived`.
fn output_of(path: &str) -> Option<&str> {
    let (directories, name) = path.rsplit_once('/')?;
    let mut parts = directories.split('/');
    let (first, last) = (parts.next()?, parts.next_back()?);
    let triples = parts.count();
    let is_output = first == "target" && matches!(last, "release" | "debug") && triples <= 1;
    is_output.then_some(name)
}

/// Returns the moves by `mv` after `dh_auto_install` or `dh_install`, from place to place.
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

/// Returns `usr/bin/hived` for `debian/hived/usr/bin/hived`.
fn staged(path: &str) -> Option<&str> {
    let (_, place) = path.strip_prefix("debian/")?.split_once('/')?;
    Some(place)
}

/// Returns make's variables: those that `debian/rules` exports for a release build, and those that
/// it passes to `tool`.
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

/// Returns a path on Debian as a path in the link.
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
