//! The systemd units that a package ships, and whether its installation enables and starts them.
//!
//! `dh_installsystemd(1)` enables units with an `[Install]` section and starts them, unless
//! `debian/rules` says otherwise. Maintainer scripts may do it themselves. debhelper's generated
//! code takes effect only if a maintainer script has a `#DEBHELPER#` line for it.

use serde::{Deserialize, Serialize};
use syntax::unit::settings;

use super::install::Files;
use super::make::{Action, ActionKind};
use super::role::UNIT_SUFFIXES;
use super::rules::{Call, Rules};
use super::scripts::{Effects, UnitCall};
use super::tree_path;

/// A unit's `[Install]` section (`systemd.unit(5)`). Each list is sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Install {
    /// `WantedBy=`
    pub wanted_by: Vec<String>,
    /// `RequiredBy=`
    pub required_by: Vec<String>,
    /// `Alias=`
    pub aliases: Vec<String>,
    /// `Also=`
    pub also: Vec<String>,
}

impl Install {
    /// Takes a setting and returns whether it belongs to the section. As in any unit, an empty
    /// value resets the list.
    fn take(&mut self, key: &str, value: &str) -> bool {
        let list = match key {
            "WantedBy" => &mut self.wanted_by,
            "RequiredBy" => &mut self.required_by,
            "Alias" => &mut self.aliases,
            "Also" => &mut self.also,
            _ => return false,
        };
        if value.is_empty() {
            list.clear();
        }
        list.extend(value.split_whitespace().map(str::to_owned));
        list.sort();
        list.dedup();
        true
    }

    /// Whether another unit pulls this one in once it is enabled.
    fn is_wanted(&self) -> bool {
        !self.wanted_by.is_empty() || !self.required_by.is_empty()
    }
}

/// The effect of its package's upgrade on a running unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnUpgrade {
    /// It keeps running.
    #[default]
    None,
    /// It reloads (`ExecReload=`).
    Reload,
    /// It restarts.
    Restart,
}

/// The directories of installed units, relative to a package's root.
const DIRECTORIES: [&str; 2] = ["usr/lib/systemd/system", "lib/systemd/system"];

/// A unit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// `pveproxy.service`
    pub name: String,
    /// The binary package.
    pub package: String,
    /// The file in the source, with or without `.in`; `None` if the source does not contain it.
    pub file: Option<String>,
    /// Whether installation enables it.
    pub enable: bool,
    /// Whether installation starts it.
    pub start: bool,
    /// The effect of its package's upgrade on it.
    pub on_upgrade: OnUpgrade,
    /// Whether its file defines a reload. `None` if the source does not contain the file.
    pub reloads: Option<bool>,
    /// Its `[Install]` section.
    pub install: Install,
    /// `User=`
    pub user: Option<String>,
    /// `Group=`
    pub group: Option<String>,
}

/// Returns the unit's name if a file is a unit or a unit's template (`x.service.in`).
pub fn unit_name(path: &str) -> Option<&str> {
    let name = tree_path::file_name(path);
    let name = name.strip_suffix(".in").unwrap_or(name);
    let (stem, suffix) = name.rsplit_once('.')?;
    (!stem.is_empty() && UNIT_SUFFIXES.contains(&suffix)).then_some(name)
}

/// The facts about a package that decide about its units.
pub struct Input<'a> {
    /// The binary packages, the main one first.
    pub packages: &'a [&'a str],
    /// `debian/rules`.
    pub rules: &'a Rules,
    /// The files that `debian/` installs.
    pub files: &'a Files,
    /// The files that `make install` installs.
    pub made: &'a [Action],
    /// The effects of the maintainer scripts.
    pub effects: &'a Effects,
    /// The unit files of the source, outside of tests: path and content.
    pub candidates: &'a [(&'a str, &'a str)],
}

/// Collects the units, sorted by name.
pub fn collect(input: &Input) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    for file in &input.files.installed {
        let installed = if file.renames {
            file.dest.clone()
        } else {
            format!("{}/{}", file.dest, tree_path::file_name(&file.origin))
        };
        if let Some(name) = installed_unit(&installed) {
            let source = input.source_of(&file.origin, name);
            add(&mut units, name, Some(&file.package), source, input);
        }
    }
    for action in input
        .made
        .iter()
        .filter(|action| action.kind == ActionKind::File)
    {
        if let Some(name) = installed_unit(&action.dest) {
            let source = input.source_of(&action.origin, name);
            add(&mut units, name, input.owner(&action.dest), source, input);
        }
    }
    // Units that a build installs in a way not understood here (meson, variables of the
    // environment).
    for (path, content) in input.candidates {
        let Some(name) = unit_name(path) else {
            continue;
        };
        let is_unit = content.lines().any(|line| {
            matches!(
                line.trim(),
                "[Unit]" | "[Service]" | "[Timer]" | "[Socket]" | "[Slice]"
            )
        });
        // The unit may already be listed under another name (`debian/PACKAGE.NAME.service`).
        let there = |unit: &Unit| unit.name == name || unit.file.as_deref() == Some(*path);
        if is_unit && !units.iter().any(there) {
            add(
                &mut units,
                name,
                input.owner(&format!("usr/lib/systemd/system/{name}")),
                Some(path),
                input,
            );
        }
    }
    for call in input.rules.calls_of("dh_installsystemd") {
        let options = Options::read(call);
        for name in options
            .units
            .iter()
            .filter(|name| unit_name(name).is_some())
        {
            if !units.iter().any(|unit| unit.name == *name) {
                add(&mut units, name, options.package.as_deref(), None, input);
            }
        }
    }
    for unit in &mut units {
        input.activate(unit);
    }
    units.sort_by(|a, b| a.name.cmp(&b.name));
    units
}

/// Returns the unit's name if a path is an installed unit's.
fn installed_unit(path: &str) -> Option<&str> {
    let name = DIRECTORIES
        .iter()
        .find_map(|directory| tree_path::below(directory, path))?;
    (!name.contains('/') && !name.contains('*')).then_some(())?;
    unit_name(name)
}

fn add(
    units: &mut Vec<Unit>,
    name: &str,
    package: Option<&str>,
    file: Option<&str>,
    input: &Input,
) {
    if units.iter().any(|unit| unit.name == name) {
        return;
    }
    let content = input
        .candidates
        .iter()
        .find(|(path, _)| Some(*path) == file)
        .map_or("", |(_, content)| *content);
    let mut unit = Unit {
        name: name.to_owned(),
        package: package
            .or(input.packages.first().copied())
            .unwrap_or_default()
            .to_owned(),
        file: file.map(str::to_owned),
        reloads: file.map(|_| false),
        ..Unit::default()
    };
    for setting in settings(content.as_bytes()) {
        let value = setting.text(content.as_bytes());
        match (setting.section(), setting.key.as_str()) {
            ("Install", key) => drop(unit.install.take(key, &value)),
            ("Unit", _) => {}
            (_, "User") => {
                unit.user = Some(value).filter(|user| user != "root" && !user.contains(['%', '@']));
            }
            (_, "Group") => {
                unit.group =
                    Some(value).filter(|group| group != "root" && !group.contains(['%', '@']));
            }
            (_, "ExecReload") => unit.reloads = Some(!value.is_empty()),
            _ => {}
        }
    }
    units.push(unit);
}

impl<'a> Input<'a> {
    /// Finds the unit's file in the source: at the origin, or the only file of that name.
    fn source_of(&self, origin: &str, name: &str) -> Option<&'a str> {
        let template = format!("{origin}.in");
        let ends = |path: &str, with: &str| {
            path == with
                || path
                    .strip_suffix(with)
                    .is_some_and(|rest| rest.ends_with('/'))
        };
        let by_origin = self
            .candidates
            .iter()
            .find(|(path, _)| ends(path, origin) || ends(path, &template));
        let by_name = || {
            self.candidates
                .iter()
                .find(|(path, _)| unit_name(path) == Some(name))
        };
        by_origin.or_else(by_name).map(|(path, _)| *path)
    }

    /// Returns the package whose lists take `path` from `debian/tmp`.
    fn owner(&self, path: &str) -> Option<&'a str> {
        let short = path.strip_prefix("usr/").unwrap_or(path);
        let mut installed = self.files.installed.iter();
        let by_list = installed
            .find(|file| file.covers(path) || file.covers(short))
            .map(|file| file.package.as_str());
        let name = tree_path::file_name(path);
        let by_rules = || {
            let calls = self.rules.calls_of("dh_installsystemd").map(Options::read);
            let call = calls
                .into_iter()
                .find(|options| options.units.iter().any(|unit| unit == name))?;
            self.packages
                .iter()
                .copied()
                .find(|package| Some(*package) == call.package.as_deref())
        };
        by_list.or_else(by_rules)
    }

    /// Decides whether dh, or a maintainer script, enables and starts the unit.
    fn activate(&self, unit: &mut Unit) {
        let template = unit.name.contains("@.");
        let snippets = self.effects.takes_snippets(&unit.package);
        if snippets && !template {
            self.debhelper(unit);
        }
        for call in self
            .effects
            .unit_calls
            .iter()
            .filter(|call| call.unit == unit.name && !call.upgrade)
        {
            unit.enable |= call.enables();
            unit.start |= call.starts();
        }
        let calls = self.effects.unit_calls.iter();
        let upgraded = calls
            .filter(|call| call.unit == unit.name)
            .map(|call| call.on_upgrade(unit.reloads))
            .max();
        unit.on_upgrade = unit.on_upgrade.max(upgraded.unwrap_or_default());
    }

    fn debhelper(&self, unit: &mut Unit) {
        let calls: Vec<Options> = self
            .rules
            .calls_of("dh_installsystemd")
            .map(Options::read)
            .collect();
        let plain = [Options::default()];
        let calls = match calls.as_slice() {
            [] if self.rules.runs("dh_installsystemd") => &plain[..],
            calls => calls,
        };
        for options in calls {
            if !options.concern(unit) {
                continue;
            }
            // A unit whose file is not here was named on purpose.
            let installs = unit.install.is_wanted() || unit.file.is_none();
            unit.enable |= installs && !options.no_enable;
            let is_meant = installs || options.units.contains(&unit.name);
            unit.start |= is_meant && !options.no_start;
            // A stop before the upgrade and a start after it is a restart, too.
            let stays = options.no_restart && (options.no_stop || options.no_start);
            if is_meant && !stays {
                unit.on_upgrade = OnUpgrade::Restart;
            }
        }
    }
}

/// The options of a call of `dh_installsystemd`.
#[derive(Debug, Default)]
struct Options {
    package: Option<String>,
    name: Option<String>,
    no_enable: bool,
    no_start: bool,
    no_restart: bool,
    no_stop: bool,
    units: Vec<String>,
}

impl Options {
    fn read(call: &Call) -> Self {
        let mut options = Self::default();
        let mut words = call.words.iter().skip(1).map(String::as_str);
        while let Some(word) = words.next() {
            let owned = |value: Option<&str>| value.map(str::to_owned);
            match word
                .split_once('=')
                .map_or((word, None), |(option, value)| (option, Some(value)))
            {
                ("--no-enable", _) => options.no_enable = true,
                ("--no-start", _) => options.no_start = true,
                ("--no-restart-after-upgrade", _) => options.no_restart = true,
                ("-r" | "--no-stop-on-upgrade" | "--no-restart-on-upgrade", _) => {
                    options.no_stop = true;
                }
                ("--name", value) => options.name = owned(value.or_else(|| words.next())),
                ("-p" | "--package", value) => {
                    options.package = owned(value.or_else(|| words.next()));
                }
                (option, _) if option.starts_with("-p") => options.package = owned(word.get(2..)),
                (option, _) if option.starts_with('-') => {}
                _ => options.units.push(word.to_owned()),
            }
        }
        options
    }

    fn concern(&self, unit: &Unit) -> bool {
        if self
            .package
            .as_ref()
            .is_some_and(|package| *package != unit.package)
        {
            return false;
        }
        if !self.units.is_empty() {
            return self.units.contains(&unit.name);
        }
        let stem = unit.name.rsplit_once('.').map_or("", |(stem, _)| stem);
        self.name.as_ref().is_none_or(|name| name == stem)
    }
}

impl UnitCall {
    /// Whether the call enables its unit.
    pub fn enables(&self) -> bool {
        matches!(self.verb.as_str(), "enable" | "reenable")
    }

    /// Whether the call starts its unit on a new installation.
    pub fn starts(&self) -> bool {
        matches!(
            self.verb.as_str(),
            "start" | "restart" | "reload-or-restart"
        ) && !self.removal
    }

    /// Returns the call's effect on its unit during an upgrade. `reloads` says whether the unit
    /// defines a reload, if known.
    pub fn on_upgrade(&self, reloads: Option<bool>) -> OnUpgrade {
        match self.verb.as_str() {
            _ if self.removal => OnUpgrade::None,
            "restart" | "try-restart" | "condrestart" => OnUpgrade::Restart,
            "reload" | "force-reload" => OnUpgrade::Reload,
            "reload-or-restart" | "reload-or-try-restart" | "try-reload-or-restart" => {
                if reloads == Some(false) {
                    OnUpgrade::Restart
                } else {
                    OnUpgrade::Reload
                }
            }
            _ => OnUpgrade::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{install, make, rules, scripts};
    use super::*;

    const INSTALLED: &str = "[Unit]\nDescription=x\n[Service]\nUser=web\nExecStart=/x\n[Install]\nWantedBy=multi-user.target\n";
    const STATIC: &str = "[Unit]\nDescription=x\n[Service]\nExecStart=/x\n";

    fn units(
        rules_text: &str,
        scripts: &[(&str, &str)],
        candidates: &[(&str, &str)],
    ) -> Vec<(String, bool, bool)> {
        collected(rules_text, scripts, candidates)
            .into_iter()
            .map(|unit| (unit.name, unit.enable, unit.start))
            .collect()
    }

    fn collected(
        rules_text: &str,
        scripts: &[(&str, &str)],
        candidates: &[(&str, &str)],
    ) -> Vec<Unit> {
        let control = super::super::control::parse(
            "debian/control",
            "Source: d\n\nPackage: d\nArchitecture: all\n",
        )
        .unwrap();
        let rules = rules::read(&rules::Input {
            root: "",
            rules: Some(("debian/rules", rules_text)),
            makefile: None,
            compat: None,
            version: None,
            control: &control,
            exists: &|_| true,
        });
        let mut files = install::Files::default();
        let mut effects = scripts::Effects::default();
        for (path, text) in candidates
            .iter()
            .filter(|(path, _)| path.starts_with("debian/"))
        {
            let role = crate::role::role(tree_path::file_name(path), &["d"]).unwrap();
            files.add(&role, path, text).unwrap();
        }
        for (name, text) in scripts {
            effects.script(&format!("debian/{name}"), "d", text);
        }
        let makefile = "install:\n\tinstall -m644 a.service /usr/lib/systemd/system\n";
        let made = make::actions(
            &[make::File {
                path: "Makefile",
                text: makefile,
            }],
            &|_| true,
        );
        let input = Input {
            packages: &["d"],
            rules: &rules,
            files: &files,
            made: &made,
            effects: &effects,
            candidates,
        };
        collect(&input)
    }

    fn unit(name: &str, enable: bool, start: bool) -> (String, bool, bool) {
        (name.to_owned(), enable, start)
    }

    #[test]
    fn the_plain_sequence_enables_what_has_an_install_section() {
        let found = units(
            "%:\n\tdh $@\n",
            &[],
            &[
                ("a.service", INSTALLED),
                ("debian/d.service", STATIC),
                ("x/t@.service", INSTALLED),
            ],
        );
        assert_eq!(
            found,
            [
                unit("a.service", true, true),
                unit("d.service", false, false),
                unit("t@.service", false, false)
            ]
        );
    }

    #[test]
    fn options_are_heeded() {
        let rules = "%:\n\tdh $@\noverride_dh_installsystemd:\n\tdh_installsystemd -pd --no-start a.service\n\tdh_installsystemd --name d --no-enable\n";
        let found = units(
            rules,
            &[],
            &[("a.service", INSTALLED), ("debian/d.service", INSTALLED)],
        );
        assert_eq!(
            found,
            [
                unit("a.service", true, false),
                unit("d.service", false, true)
            ]
        );
        let off = "%:\n\tdh $@\noverride_dh_installsystemd:\n";
        assert_eq!(
            units(off, &[], &[("a.service", INSTALLED)]),
            [unit("a.service", false, false)]
        );
    }

    #[test]
    fn scripts_without_the_token_do_it_themselves() {
        let rules = "%:\n\tdh $@\n";
        let script = "#!/bin/sh\nU=\"a.service\"\nfor u in $U; do\n deb-systemd-helper enable \"$u\"\ndone\n";
        let found = units(
            rules,
            &[("postinst", script)],
            &[("a.service", INSTALLED), ("debian/d.service", INSTALLED)],
        );
        assert_eq!(
            found,
            [
                unit("a.service", true, false),
                unit("d.service", false, false)
            ]
        );
    }

    #[test]
    fn calls_for_another_packages_trigger_do_not_count() {
        let script = "#!/bin/sh\ncase \"$1\" in\n triggered)\n  systemctl enable a.service\n  systemctl start a.service\n ;;\nesac\n";
        let configure = script.replace("triggered", "configure");
        for (script, counts) in [(script, false), (configure.as_str(), true)] {
            let scripts = [("postinst", script)];
            let found = units("%:\n\tdh $@\n", &scripts, &[("a.service", INSTALLED)]);
            assert_eq!(found, [unit("a.service", counts, counts)], "{script}");
        }
    }

    #[test]
    fn settings_count_in_their_section_alone_and_continue_on_the_next_line() {
        let text = "[Unit]\nUser=ant\n[Service]\nUser=bee\nWantedBy=x.target\n[Install]\nWantedBy=y.target \\\n  z.target\nExecReload=/x\n";
        let found = collected("%:\n\tdh $@\n", &[], &[("a.service", text)]);
        assert_eq!(found[0].user.as_deref(), Some("bee"));
        assert_eq!(found[0].install.wanted_by, ["y.target", "z.target"]);
        assert_eq!(found[0].reloads, Some(false));
    }

    /// Returns the effect of an upgrade on `a.service`.
    fn upgraded(rules: &str, script: &str, text: &str) -> OnUpgrade {
        let scripts = [("postinst", script)];
        let scripts = if script.is_empty() { &[][..] } else { &scripts };
        let found = collected(rules, scripts, &[("a.service", text)]);
        let unit = found.iter().find(|unit| unit.name == "a.service").unwrap();
        unit.on_upgrade
    }

    #[test]
    fn an_upgrade_restarts_unless_the_rules_say_otherwise() {
        let rules = |options: &str| {
            format!("%:\n\tdh $@\noverride_dh_installsystemd:\n\tdh_installsystemd {options}\n")
        };
        let cases = [
            ("", INSTALLED, OnUpgrade::Restart),
            ("", STATIC, OnUpgrade::None),
            ("a.service", STATIC, OnUpgrade::Restart),
            ("-r", INSTALLED, OnUpgrade::Restart),
            ("--no-start", INSTALLED, OnUpgrade::Restart),
            ("--no-restart-after-upgrade", INSTALLED, OnUpgrade::Restart),
            ("-r --no-restart-after-upgrade", INSTALLED, OnUpgrade::None),
            (
                "--no-stop-on-upgrade --no-restart-after-upgrade a.service",
                INSTALLED,
                OnUpgrade::None,
            ),
            (
                "--no-start --no-restart-after-upgrade",
                INSTALLED,
                OnUpgrade::None,
            ),
            ("b.service", INSTALLED, OnUpgrade::None),
        ];
        for (options, text, wanted) in cases {
            assert_eq!(upgraded(&rules(options), "", text), wanted, "{options}");
        }
    }

    #[test]
    fn an_upgrade_does_what_the_scripts_say() {
        let reloads = format!("{INSTALLED}[Service]\nExecReload=/x reload\n");
        let script = "#!/bin/sh\nif [ -n \"$2\" ]; then\n act=reload-or-restart\nelse\n act=start\nfi\ndeb-systemd-invoke $act a.service\n";
        let off = "%:\n\tdh $@\noverride_dh_installsystemd:\n";
        assert_eq!(upgraded(off, script, &reloads), OnUpgrade::Reload);
        // The unit defines no reload, so systemd restarts it.
        assert_eq!(upgraded(off, script, INSTALLED), OnUpgrade::Restart);
        let start = "#!/bin/sh\ndeb-systemd-invoke start a.service\n";
        assert_eq!(upgraded(off, start, INSTALLED), OnUpgrade::None);
        // A call on another package's upgrade yields to the call on the package's own.
        let both = "#!/bin/sh\n#DEBHELPER#\n[ \"$1\" = triggered ] && deb-systemd-invoke reload-or-try-restart a.service\n";
        assert_eq!(
            upgraded("%:\n\tdh $@\n", both, &reloads),
            OnUpgrade::Restart
        );
    }

    #[test]
    fn a_unit_that_only_the_rules_name_has_no_file() {
        let rules = "x:\n\tdh_installsystemd -pd upstream.service\n";
        let found = units(rules, &[], &[]);
        assert!(
            found.contains(&unit("upstream.service", true, true)),
            "{found:?}"
        );
    }

    #[test]
    fn an_install_section_is_kept() {
        let mut install = Install::default();
        for (key, value) in [
            ("WantedBy", "forgotten.target"),
            ("WantedBy", ""),
            ("WantedBy", "multi-user.target  graphical.target"),
            ("WantedBy", "graphical.target"),
            ("RequiredBy", "x.service"),
            ("Alias", "y.service"),
            ("Also", "z.socket"),
        ] {
            assert!(install.take(key, value), "{key}");
        }
        assert!(!install.take("ExecStart", "/x"));
        assert_eq!(
            install,
            Install {
                wanted_by: vec![
                    "graphical.target".to_owned(),
                    "multi-user.target".to_owned()
                ],
                required_by: vec!["x.service".to_owned()],
                aliases: vec!["y.service".to_owned()],
                also: vec!["z.socket".to_owned()],
            }
        );
        assert!(install.is_wanted());
    }

    #[test]
    fn names() {
        assert_eq!(unit_name("etc/x.service.in"), Some("x.service"));
        assert_eq!(
            unit_name("a/system-x\\x2dy.slice"),
            Some("system-x\\x2dy.slice")
        );
        assert_eq!(unit_name(".path"), None);
        assert_eq!(unit_name("x.rs"), None);
    }
}
