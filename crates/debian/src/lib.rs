//! Reads `debian/`: packages, dependencies, installed files, units, directories, users, quilt
//! series.
//!
//! [`read_all`] takes a source's tree and returns a [`Packaging`] for each `debian/` in it.
//! [`system::System::of`] combines what all of them set up on a machine.

pub mod changelog;
pub mod control;
pub mod copyright;
pub mod given;
pub mod install;
pub mod logrotate;
pub mod make;
pub mod role;
pub mod rules;
pub mod scripts;
pub mod series;
pub mod shell;
pub mod shipped;
pub mod switches;
pub mod system;
pub mod tree_path;
pub mod units;

mod files;

use serde::{Deserialize, Serialize};

use files::{Contents, Roots};
use problem::{PATH_ESCAPES, Problem};
use release::Tree;

/// The contents of one `debian/` directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packaging {
    /// The source's name.
    pub source: String,
    /// The directory that contains `debian/`, relative to the source; `""` for its root.
    pub root: String,
    /// `debian/control`, or else `debian/control.in`.
    pub control: control::Control,
    /// `debian/changelog`.
    pub changelog: Option<changelog::Changelog>,
    /// The licence in `debian/copyright`; `None` if the file is missing or not recognised.
    pub licence: Option<copyright::Licence>,
    /// The files that `debian/` installs, without those that an override in `debian/rules` switches
    /// off.
    pub files: install::Files,
    /// The files that the Makefiles' install targets install.
    pub made: Vec<make::Action>,
    /// The systemd units, by name.
    pub units: Vec<units::Unit>,
    /// The effects of maintainer scripts and installed configuration.
    pub effects: scripts::Effects,
    /// The quilt series, if there is one.
    pub series: Option<series::Series>,
    /// `debian/rules` and the source's build system.
    pub rules: rules::Rules,
}

impl Packaging {
    /// Whether cargo builds it: `Cargo.toml` lies beside `debian`, or `Build-Depends` names cargo.
    pub fn is_built_by_cargo(&self) -> bool {
        let cargo = |relation: &control::Relation| {
            let mut names = relation.alternatives.iter().map(|one| one.name.as_str());
            names.any(|name| matches!(name, "cargo" | "dh-cargo"))
        };
        self.rules.build_system == Some(rules::BuildSystem::Cargo)
            || self.control.source.all_build_depends().any(cargo)
    }

    /// Returns the version of the newest changelog entry.
    pub fn version(&self) -> Option<&str> {
        Some(self.changelog.as_ref()?.top()?.version.as_str())
    }
}

/// Reads every `debian/` of a tree, sorted by path.
///
/// # Errors
/// All problems in any of them: PNX-301, PNX-302, PNX-303, PNX-306, PNX-209, and those of the tree.
pub fn read_all(source_name: &str, tree: &dyn Tree) -> Result<Vec<Packaging>, Vec<Problem>> {
    let in_source = |problem: Problem| {
        if problem.place.source.is_none() {
            problem.in_source(source_name)
        } else {
            problem
        }
    };
    let roots = Roots::of(tree);
    if roots.is_empty() {
        return Ok(Vec::new());
    }
    let contents = Contents::read(tree, &roots).map_err(|problem| vec![in_source(problem)])?;
    let mut packagings = Vec::new();
    let mut problems = contents.problems();
    for root in roots.iter() {
        match Reader::new(source_name, root, &roots, &contents).packaging() {
            Ok(packaging) => packagings.push(packaging),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() {
        Ok(packagings)
    } else {
        Err(problems.into_iter().map(in_source).collect())
    }
}

/// Reads one `debian/`.
struct Reader<'a> {
    source: &'a str,
    root: &'a str,
    roots: &'a Roots,
    contents: &'a Contents,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    fn new(source: &'a str, root: &'a str, roots: &'a Roots, contents: &'a Contents) -> Self {
        Self {
            source,
            root,
            roots,
            contents,
            problems: Vec::new(),
        }
    }

    /// Returns the path and text of a file in this `debian/`.
    fn debian(&self, name: &str) -> Option<(&'a str, &'a str)> {
        self.contents
            .get(&files::under(self.root, &format!("debian/{name}")))
    }

    fn exists(&self, path: &str) -> bool {
        self.contents.exists(path)
    }

    /// Returns a result's value, or collects its problems.
    fn keep<T>(&mut self, result: Result<T, Vec<Problem>>) -> Option<T> {
        result
            .map_err(|problems| self.problems.extend(problems))
            .ok()
    }

    fn packaging(mut self) -> Result<Packaging, Vec<Problem>> {
        // `Roots` found one of the two.
        let (path, text) = self
            .debian("control")
            .or_else(|| self.debian("control.in"))
            .unwrap_or(("debian/control", ""));
        let control = control::parse(path, text);
        let changelog = self
            .debian("changelog")
            .map(|(path, text)| changelog::parse(path, text).map_err(|problem| vec![problem]));
        let changelog = changelog.and_then(|result| self.keep(result));
        let series = self.series();
        let Some(control) = self.keep(control) else {
            return Err(self.problems);
        };
        let version = changelog.as_ref().and_then(changelog::Changelog::top);
        let version = version.map(|entry| entry.version.clone());
        let rules = self.rules(&control, version.as_deref());
        let packages: Vec<&str> = control
            .binaries
            .iter()
            .map(|binary| binary.name.as_str())
            .collect();
        let mut effects = scripts::Effects::default();
        let files = self.installed(&packages, &rules, &mut effects);
        let made = self.made(&rules);
        self.configuration(&files, &made, &mut effects);
        let candidates = self.contents.units(self.root, self.roots);
        let units = units::collect(&units::Input {
            packages: &packages,
            rules: &rules,
            files: &files,
            made: &made,
            effects: &effects,
            candidates: &candidates,
        });
        if !self.problems.is_empty() {
            return Err(self.problems);
        }
        Ok(Packaging {
            source: self.source.to_owned(),
            root: self.root.to_owned(),
            changelog,
            licence: self
                .debian("copyright")
                .and_then(|(_, text)| copyright::parse(text)),
            files,
            made,
            units,
            effects,
            series,
            rules,
            control,
        })
    }

    fn rules(&self, control: &control::Control, version: Option<&str>) -> rules::Rules {
        rules::read(&rules::Input {
            root: self.root,
            rules: self.debian("rules"),
            makefile: self
                .contents
                .get(&files::under(self.root, "Makefile"))
                .map(|(_, text)| text),
            compat: self.debian("compat").map(|(_, text)| text),
            version,
            control,
            exists: &|path| self.exists(path),
        })
    }

    fn series(&mut self) -> Option<series::Series> {
        let (path, text) = self.debian("patches/series")?;
        let parsed = series::parse(path, text);
        let series = self.keep(parsed)?;
        self.problems
            .extend(series.missing(|path| self.exists(path)));
        for patch in &series.patches {
            if let Some(content) = self.contents.bytes(&patch.path) {
                let checked = series::check_patch(&patch.path, content, patch.strip);
                self.keep(checked);
            }
        }
        Some(series)
    }

    /// Reads the files of `debian/` that have a role. Scripts and triggers go to the effects.
    fn installed(
        &mut self,
        packages: &[&str],
        rules: &rules::Rules,
        effects: &mut scripts::Effects,
    ) -> install::Files {
        let mut files = install::Files::default();
        for (name, path, text) in self.contents.in_debian(self.root) {
            let Some(role) = role::role(name, packages) else {
                continue;
            };
            match role.suffix {
                suffix if scripts::SCRIPTS.contains(&suffix) => {
                    effects.script(path, &role.package, text);
                }
                "triggers" => effects.trigger_file(path, text),
                _ => {
                    let added = files.add(&role, path, text);
                    self.keep(added);
                }
            }
        }
        files.installed.retain(|file| rules.runs(&file.tool));
        if !rules.runs("dh_link") {
            files.links.clear();
        }
        if !rules.runs("dh_installdirs") {
            files.directories.clear();
        }
        let (root, build_root) = (self.root, rules.build_root.as_str());
        files.locate(|origin| {
            [root, build_root]
                .iter()
                .any(|base| self.contents.matches(&files::under(base, origin)))
        });
        files
    }

    fn made(&self, rules: &rules::Rules) -> Vec<make::Action> {
        // A build that replaces `dh_auto_install` without calling it may still run make itself.
        let off = rules
            .overrides
            .iter()
            .any(|entry| entry.tool == "dh_auto_install" && entry.empty);
        if off {
            return Vec::new();
        }
        make::actions(&self.contents.makefiles(self.root, self.roots), &|path| {
            self.exists(path)
        })
    }

    /// Passes every installed configuration file to the effects.
    fn configuration(
        &self,
        files: &install::Files,
        made: &[make::Action],
        effects: &mut scripts::Effects,
    ) {
        for file in &files.installed {
            let dest = if file.renames {
                file.dest.clone()
            } else {
                format!("{}/{}", file.dest, install_name(&file.origin))
            };
            if let Some((path, text)) = self.contents.get(&files::under(self.root, &file.origin)) {
                effects.configuration(&dest, Some(&file.package), path, text);
            }
        }
        for action in made
            .iter()
            .filter(|action| action.kind == make::ActionKind::File)
        {
            if let Some((path, text)) = self.contents.get(&action.origin) {
                effects.configuration(&action.dest, None, path, text);
            }
        }
    }
}

fn install_name(origin: &str) -> &str {
    tree_path::file_name(origin)
}

/// Makes the problem of a symbolic link that leaves its tree or leads in a circle.
fn stray_link(path: &str, target: &str) -> Problem {
    Problem::new(
        &PATH_ESCAPES,
        format!("the symbolic link points to `{target}`, which is not in the tree"),
    )
    .at(path, None)
}
