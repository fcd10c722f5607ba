//! Reads `debian/rules`: the arguments of `dh`, and the source's build system.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::control::Control;
use super::make::{self, Makefile, Variables};
use super::switches::{self, Configure, Switch, Unread};
use super::tree_path;

/// Facts from `debian/rules`, the top Makefile and the files beside them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// The file, relative to the source; empty if there is none (debcargo crates).
    pub path: String,
    /// Whether `dh $@` drives the build. Otherwise the recipes call the programs one by one.
    pub sequencer: bool,
    /// `dh --with`: `systemd`, `bash-completion`.
    pub addons: Vec<String>,
    /// `dh --buildsystem`.
    pub build_system_option: Option<String>,
    /// The debhelper compatibility level.
    pub compat: Option<u32>,
    /// The targets that replace or surround a program of the sequence.
    pub overrides: Vec<Override>,
    /// Every command of every recipe, in order.
    pub calls: Vec<Call>,
    /// The variables that the file exports or sets, as written.
    pub variables: BTreeMap<String, String>,
    /// The build system, judged by the files in the build directory.
    pub build_system: Option<BuildSystem>,
    /// The directory that `dh` works in, relative to the source. The top Makefile often copies
    /// `src`, or a submodule, beside `debian` and builds there. By default it is the directory that
    /// contains `debian`.
    pub build_root: String,
    /// The switches that configure the source.
    pub switches: Vec<Switch>,
    /// The parts of the configuration that cannot be read.
    pub unread: Vec<Unread>,
}

/// A target that changes the sequence of `dh(1)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// The program: `dh_auto_install`.
    pub tool: String,
    /// Whether the target replaces the program, or runs before or after it.
    pub place: OverridePlace,
    /// 1-based line of the target.
    pub line: u32,
    /// Whether the recipe has no command, which switches the program off.
    pub empty: bool,
}

/// The position of an override's recipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OverridePlace {
    /// `override_`: in place of the program.
    Instead,
    /// `execute_before_`.
    Before,
    /// `execute_after_`.
    After,
}

/// A command of a recipe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The target it belongs to.
    pub target: String,
    /// 1-based line.
    pub line: u32,
    /// Its words. Parts that make or the shell would fill in stay as written.
    pub words: Vec<String>,
}

/// A build system, as debhelper detects it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BuildSystem {
    /// A plain Makefile.
    Make,
    /// `meson.build`
    Meson,
    /// `CMakeLists.txt`
    Cmake,
    /// `configure`, `configure.ac` or `configure.in`
    Autotools,
    /// `Cargo.toml` without a Makefile
    Cargo,
    /// `Makefile.PL` or `Build.PL`
    Perl,
    /// `setup.py` or `pyproject.toml`
    Python,
}

impl Rules {
    /// Returns the calls of a program.
    pub fn calls_of<'a>(&'a self, tool: &'a str) -> impl Iterator<Item = &'a Call> {
        self.calls
            .iter()
            .filter(move |call| call.words.first().is_some_and(|word| word == tool))
    }

    /// Whether an override replaces `tool`.
    pub fn overrides(&self, tool: &str) -> bool {
        self.overrides
            .iter()
            .any(|entry| entry.tool == tool && entry.place == OverridePlace::Instead)
    }

    /// Whether a build runs `tool`: `dh` does unless an override omits it, and recipes may call it.
    pub fn runs(&self, tool: &str) -> bool {
        if self.calls_of(tool).next().is_some() {
            return true;
        }
        // Without a rules file (debcargo), the plain sequence runs.
        let sequence = self.sequencer || self.path.is_empty();
        let addon = tool != "dh_bash-completion"
            || self.addons.iter().any(|addon| addon == "bash-completion");
        sequence && addon && !self.overrides(tool)
    }

    /// Returns the words after `--` in a program's calls, such as the make variables of
    /// `dh_auto_install -- LIBDIR=…`.
    pub fn passed_to<'a>(&'a self, tool: &'a str) -> Vec<&'a str> {
        let calls = self.calls_of(tool);
        calls
            .flat_map(|call| call.words.iter().skip_while(|word| *word != "--").skip(1))
            .map(String::as_str)
            .collect()
    }
}

/// The input of [`read`].
pub struct Input<'a> {
    /// The directory that contains `debian/`; `""` for the source's root.
    pub root: &'a str,
    /// `debian/rules`: its path relative to the source, and its text.
    pub rules: Option<(&'a str, &'a str)>,
    /// The Makefile beside `debian/`.
    pub makefile: Option<&'a str>,
    /// `debian/compat`.
    pub compat: Option<&'a str>,
    /// The version of the newest changelog entry.
    pub version: Option<&'a str>,
    /// The parsed control file.
    pub control: &'a Control,
    /// Whether the source contains a file or directory.
    pub exists: &'a dyn Fn(&str) -> bool,
}

/// Collects the facts.
pub fn read(input: &Input) -> Rules {
    let mut rules = Rules {
        compat: compat(input),
        build_root: build_root(input),
        ..Rules::default()
    };
    rules.build_system = build_system(input, &rules.build_root);
    let Some((path, text)) = input.rules else {
        return rules;
    };
    path.clone_into(&mut rules.path);
    let makefile = make::parse(text);
    let variables = variables(&makefile);
    for variable in &makefile.variables {
        let (name, value) = (variable.name.clone(), variable.value.clone());
        rules.variables.insert(name, value);
    }
    for rule in &makefile.rules {
        let commands = calls(rule, &variables);
        for target in &rule.targets {
            rules
                .overrides
                .extend(replaced(target, rule.line, commands.is_empty()));
        }
        rules.calls.extend(commands);
    }
    rules.sequence();
    let read = switches::read(
        text,
        switches::Package {
            source: &input.control.source.name,
            version: input.version,
            automatic: match rules.build_system {
                Some(BuildSystem::Meson) => Configure::Meson,
                Some(BuildSystem::Cmake) => Configure::Cmake,
                _ => Configure::Script,
            },
        },
    );
    rules.switches = read.switches;
    rules.unread = read.unread;
    rules
}

/// Parses `override_dh_x`, `execute_after_dh_x-arch` and the like.
fn replaced(target: &str, line: u32, empty: bool) -> Option<Override> {
    let places = [
        ("override_", OverridePlace::Instead),
        ("execute_before_", OverridePlace::Before),
        ("execute_after_", OverridePlace::After),
    ];
    places.into_iter().find_map(|(prefix, place)| {
        let tool = target.strip_prefix(prefix)?;
        let tool = tool
            .strip_suffix("-arch")
            .or_else(|| tool.strip_suffix("-indep"))
            .unwrap_or(tool);
        Some(Override {
            tool: tool.to_owned(),
            place,
            line,
            empty,
        })
    })
}

/// Returns the variables for expanding recipes. Those that dpkg's makefiles would set stay as
/// written.
fn variables(makefile: &Makefile) -> Variables {
    let mut variables = Variables::default();
    for name in [
        "DEB_HOST_MULTIARCH",
        "DEB_VERSION",
        "DEB_VERSION_UPSTREAM",
        "DEB_SOURCE",
        "DEB_HOST_GNU_CPU",
        "CURDIR",
        "MAKE",
    ] {
        variables.set(name, &format!("@{name}@"));
    }
    variables.assign(makefile);
    variables
}

fn calls(rule: &make::Rule, variables: &Variables) -> Vec<Call> {
    let target = rule.targets.first().cloned().unwrap_or_default();
    let mut calls = Vec::new();
    for (line, text) in &rule.recipe {
        for command in make::commands(text, variables) {
            let words = command.words.into_iter().map(|word| word.text).collect();
            calls.push(Call {
                target: target.clone(),
                line: line + command.line - 1,
                words,
            });
        }
    }
    calls
}

impl Rules {
    /// Parses `dh $@ --with=bash-completion`.
    fn sequence(&mut self) {
        let Some(call) = self
            .calls
            .iter()
            .find(|call| call.words.first().is_some_and(|word| word == "dh"))
        else {
            return;
        };
        self.sequencer = true;
        let mut words = call.words.iter().skip(1);
        while let Some(word) = words.next() {
            let (option, value) = match word.split_once('=') {
                Some((option, value)) => (option, Some(value.to_owned())),
                None => (word.as_str(), None),
            };
            match option {
                "--with" => {
                    let addons = value.or_else(|| words.next().cloned()).unwrap_or_default();
                    self.addons.extend(addons.split(',').map(str::to_owned));
                }
                "--buildsystem" | "-S" => {
                    self.build_system_option = value.or_else(|| words.next().cloned());
                }
                _ => {}
            }
        }
    }
}

/// Reads the level from `debhelper-compat (= 13)` or the file `debian/compat`.
fn compat(input: &Input) -> Option<u32> {
    let mut relations = input
        .control
        .source
        .all_build_depends()
        .flat_map(|relation| &relation.alternatives);
    let declared = relations.find(|alternative| alternative.name == "debhelper-compat");
    let text = declared
        .and_then(|alternative| alternative.version.as_deref())
        .or(input.compat)?;
    text.trim().parse().ok()
}

/// Returns the directory that the top Makefile copies into the build: `cp -a src BUILD`, `rsync -a
/// src/ debian BUILD`, `cp -a $(SRCDIR) BUILD`.
fn build_root(input: &Input) -> String {
    let default = || input.root.to_owned();
    let Some(text) = input.makefile else {
        return default();
    };
    let makefile = make::parse(text);
    let mut variables = Variables::default();
    variables.assign(&makefile);
    // Only whole directories matter. A name that does not expand to a path is not a directory of
    // the source.
    variables.set("BUILDDIR", "@BUILD@");
    variables.set("BUILDSRC", "@BUILD@");
    let copies = makefile.rules.iter().flat_map(|rule| &rule.recipe);
    for (_, line) in copies.filter(|(_, line)| line.contains("cp ") || line.contains("rsync ")) {
        for command in make::commands(&line.replace("$@", "@BUILD@"), &variables) {
            if let Some(directory) = copied_root(&command.texts())
                && let Some(directory) = tree_path::join(input.root, directory)
                && directory != input.root
                && (input.exists)(&directory)
            {
                return directory;
            }
        }
    }
    default()
}

/// Returns the directory whose content a command copies into the build directory.
fn copied_root<'a>(words: &[&'a str]) -> Option<&'a str> {
    let (program, arguments) = words.split_first()?;
    let paths: Vec<&str> = arguments
        .iter()
        .copied()
        .filter(|word| !word.starts_with('-'))
        .collect();
    if let Some(content) = paths.iter().find_map(|path| path.strip_suffix("/*"))
        && *program == "cp"
    {
        return Some(content);
    }
    let (dest, origins) = paths.split_last()?;
    let whole = dest.starts_with("@BUILD@") && !dest.contains('/');
    let first = origins.first().filter(|_| whole)?;
    let content = match *program {
        // A single directory is copied under a new name; several keep their names below it.
        "cp" => origins.len() == 1,
        "rsync" => first.ends_with('/'),
        _ => false,
    };
    (content && *first != "debian" && *first != "." && *first != "*")
        .then(|| first.trim_end_matches('/'))
}

fn build_system(input: &Input, build_root: &str) -> Option<BuildSystem> {
    let holds =
        |name: &str| tree_path::join(build_root, name).is_some_and(|path| (input.exists)(&path));
    // In debhelper's order. A Makefile beside Cargo.toml drives cargo itself.
    let order = [
        (
            BuildSystem::Autotools,
            &["configure", "configure.ac", "configure.in"][..],
        ),
        (BuildSystem::Perl, &["Makefile.PL", "Build.PL"]),
        (BuildSystem::Cmake, &["CMakeLists.txt"]),
        (BuildSystem::Meson, &["meson.build"]),
        (BuildSystem::Make, &["Makefile", "GNUmakefile", "makefile"]),
        (BuildSystem::Cargo, &["Cargo.toml"]),
        (BuildSystem::Python, &["setup.py", "pyproject.toml"]),
    ];
    let found = order
        .into_iter()
        .find(|(_, names)| names.iter().any(|name| holds(name)));
    found.map(|(system, _)| system)
}

#[cfg(test)]
mod tests {
    use super::super::control;
    use super::*;

    fn rules(text: &str, makefile: Option<&str>, files: &[&str]) -> Rules {
        let control = control::parse(
            "debian/control",
            "Source: d\nBuild-Depends: debhelper-compat (= 13)\n\nPackage: d\nArchitecture: all\n",
        )
        .unwrap();
        let exists = |path: &str| {
            files
                .iter()
                .any(|file| *file == path || tree_path::below(path, file).is_some())
        };
        read(&Input {
            root: "",
            rules: Some(("debian/rules", text)),
            makefile,
            compat: None,
            version: None,
            control: &control,
            exists: &exists,
        })
    }

    #[test]
    fn the_sequence_and_its_overrides() {
        let text = "%:\n\tdh $@ --with=bash-completion,apparmor --buildsystem meson\n\noverride_dh_installinit:\n\n\
                    override_dh_auto_install:\n\tdh_auto_install -- \\\n\t  LIBDIR=/usr/lib/$(DEB_HOST_MULTIARCH)\n\
                    execute_after_dh_install-arch:\n\trm x\n";
        let rules = rules(text, None, &[]);
        assert!(rules.sequencer && rules.compat == Some(13));
        assert_eq!(rules.addons, ["bash-completion", "apparmor"]);
        assert_eq!(rules.build_system_option.as_deref(), Some("meson"));
        assert!(
            !rules.runs("dh_installinit")
                && rules.runs("dh_auto_install")
                && rules.runs("dh_install")
        );
        assert_eq!(
            rules.passed_to("dh_auto_install"),
            ["LIBDIR=/usr/lib/@DEB_HOST_MULTIARCH@"]
        );
        let after = rules.overrides.last().unwrap();
        assert_eq!(
            (after.tool.as_str(), after.place),
            ("dh_install", OverridePlace::After)
        );
    }

    #[test]
    fn without_the_sequencer_only_what_is_called_runs() {
        let rules = rules("binary:\n\tdh_install\n#\tdh_installinit\n", None, &[]);
        assert!(rules.runs("dh_install") && !rules.runs("dh_installinit"));
    }

    #[test]
    fn the_directory_dh_works_in() {
        let of = |makefile: &str, files: &[&str]| {
            rules("%:\n\tdh $@\n", Some(makefile), files).build_root
        };
        assert_eq!(
            of(
                "$(BUILDDIR):\n\tcp -a src $@.tmp\n\tcp -a debian $@.tmp/\n",
                &["src/x"]
            ),
            "src"
        );
        assert_eq!(
            of("b:\n\trsync -a  src/ debian $(BUILDDIR)\n", &["src/x"]),
            "src"
        );
        assert_eq!(
            of("b:\n\tcp -t $(BUILDDIR).tmp -a debian src/*\n", &["src/x"]),
            "src"
        );
        assert_eq!(
            of("SRCDIR=up\nb:\n\tcp -a $(SRCDIR) $@.tmp\n", &["up"]),
            "up"
        );
        assert_eq!(
            of("b:\n\tcp -a debian src Makefile $@.tmp\n", &["src/x"]),
            ""
        );
        assert_eq!(of("b:\n\trsync -a * $@.tmp\n", &["src/x"]), "");
    }

    #[test]
    fn build_systems_by_their_files() {
        let of = |files: &[&str]| rules("%:\n\tdh $@\n", None, files).build_system;
        assert_eq!(of(&["meson.build"]), Some(BuildSystem::Meson));
        assert_eq!(of(&["Makefile", "Cargo.toml"]), Some(BuildSystem::Make));
        assert_eq!(of(&["README"]), None);
    }
}
