//! `system.json`: what Debian's packaging sets up on a machine, as data for NixOS modules.
//!
//! `docs/system-json.md` documents the schema. All lists are sorted, so that the same source gives
//! the same bytes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Packaging;
use super::logrotate::Rotation;
use super::make::ActionKind;
use super::tree_path;
use super::units::{Install, OnUpgrade};

/// The kinds of paths below `/etc` on NixOS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sort {
    /// The machine's state: a real file, written by code or an administrator.
    State,
    /// Written by NixOS from its configuration: a read-only link into the store.
    Nixos,
    /// A file of another Debian package, which NixOS may lack.
    Conffile,
    /// Data of this upstream alone: a real file.
    Own,
}

/// A path below `/etc` that a source reads or writes, for `system.json`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct EtcPath {
    /// The absolute path, or its start if the code completes it.
    pub path: String,
    /// Its sort.
    pub sort: Sort,
    /// Whether it must be a real, writable file instead of a link into the store.
    pub writable: bool,
}

/// Everything that a source sets up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct System {
    /// The units, by name.
    pub units: Vec<Unit>,
    /// The directories, by path.
    pub directories: Vec<Directory>,
    /// The users, by name.
    pub users: Vec<User>,
    /// The groups, by name.
    pub groups: Vec<Group>,
    /// Keys and values of `sysctl.d`.
    pub sysctls: BTreeMap<String, String>,
    /// Modules to load, sorted.
    pub kernel_modules: Vec<String>,
    /// Names of the PAM services that the code uses, sorted.
    pub pam_services: Vec<String>,
    /// Paths below `/etc` that the code reads or writes, by path.
    pub etc: Vec<EtcPath>,
    /// Absolute paths of programs that other nodes run here over ssh, as a Debian node calls them,
    /// sorted.
    pub peer_programs: Vec<String>,
    /// Names that the code asks the system for: units, D-Bus names, kernel parameters and modules,
    /// PAM services.
    pub asked: Vec<AskedName>,
    /// Files of configuration, and what they say.
    #[serde(flatten)]
    pub configured: Configured,
    /// Programs that run with their owner's or group's rights, by path.
    pub setuid: Vec<Setuid>,
    /// Parts that only a person can translate.
    pub other: Vec<Other>,
}

/// Files of configuration that packages install, and what they say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Configured {
    /// Sections of `logrotate.d`.
    pub logrotate: Vec<Rotation>,
    /// Names and drop-ins of network interfaces: files below `systemd/network`, relative to it,
    /// sorted.
    pub network_files: Vec<String>,
    /// Lines of `modprobe.d`.
    pub modprobe: Vec<Setting>,
    /// Files of udev rules, by name.
    pub udev_rules: Vec<UdevRules>,
    /// Lines of `tmpfiles.d`.
    pub tmpfiles: Vec<Setting>,
    /// Files of other packages that are moved aside: `dpkg-divert`.
    pub diversions: Vec<Setting>,
    /// `debian/triggers` and `dpkg-trigger`.
    pub triggers: Vec<Setting>,
}

impl Configured {
    /// Adds what another package has.
    fn extend(&mut self, other: &Self) {
        self.logrotate.extend_from_slice(&other.logrotate);
        self.network_files.extend_from_slice(&other.network_files);
        self.modprobe.extend_from_slice(&other.modprobe);
        self.udev_rules.extend_from_slice(&other.udev_rules);
        self.tmpfiles.extend_from_slice(&other.tmpfiles);
        self.diversions.extend_from_slice(&other.diversions);
        self.triggers.extend_from_slice(&other.triggers);
    }
}

/// A systemd unit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unit {
    /// `pveproxy.service`
    pub name: String,
    /// The binary package that ships it.
    pub package: String,
    /// The file in the source; `null` if a submodule of upstream's contains it or a build makes it.
    pub file: Option<String>,
    /// Whether installation enables it.
    pub enable: bool,
    /// Whether installation starts it.
    pub start: bool,
    /// The effect of its package's upgrade on it while it runs.
    pub on_upgrade: OnUpgrade,
    /// Its `[Install]` section; empty if the source does not contain the unit's file.
    #[serde(flatten)]
    pub install: Install,
}

/// A name that the code asks the system for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct AskedName {
    /// `unit-name`, `bus-name`, `sysctl-key`, `kernel-module`, `pam-service`.
    pub kind: &'static str,
    /// The name as written, without escapes, or its start if the code completes it.
    pub name: String,
    /// Whether the code completes it.
    pub open: bool,
    /// The owner of the name.
    pub reason: String,
}

/// A directory that must exist.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Directory {
    /// Absolute.
    pub path: String,
    /// Four octal digits.
    pub mode: String,
    /// A user's name.
    pub owner: String,
    /// A group's name.
    pub group: String,
    /// The place that states it.
    pub from: String,
}

/// A user that the packages create, change or rely on.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The name.
    pub name: String,
    /// The number, if the packages set it.
    pub uid: Option<u32>,
    /// The number that `base-passwd` assigns on every Debian system. On NixOS another user may have
    /// it.
    pub debian_number: Option<u32>,
    /// The primary group.
    pub group: Option<String>,
    /// Further groups of the user, sorted.
    pub extra_groups: Vec<String>,
    /// The home directory.
    pub home: Option<String>,
    /// The login shell.
    pub shell: Option<String>,
    /// `100000-165535`
    pub sub_uids: Option<String>,
    /// The subordinate group ids.
    pub sub_gids: Option<String>,
    /// Whether the packages create the user; otherwise they rely on it.
    pub created: bool,
    /// The place that states it first.
    pub from: String,
}

/// A group.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// The name.
    pub name: String,
    /// The number, if the packages set it.
    pub gid: Option<u32>,
    /// The number that `base-passwd` assigns on every Debian system.
    pub debian_number: Option<u32>,
    /// Whether the packages create the group.
    pub created: bool,
    /// The place that states it first.
    pub from: String,
}

/// One line of a configuration, with its place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Setting {
    /// The line.
    pub text: String,
    /// Its place.
    pub from: String,
}

/// A file of udev rules.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct UdevRules {
    /// `60-demo.rules`, as installed.
    pub name: String,
    /// The binary package; `null` if `make install` decides.
    pub package: Option<String>,
    /// The file in the source.
    pub file: String,
}

/// A program with the setuid or setgid bit, which the Nix store cannot hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Setuid {
    /// Absolute, as Debian installs it.
    pub path: String,
    /// The mode in octal (`4755`), or the change as written for `chmod` (`u+s`).
    pub mode: String,
    /// Its owner.
    pub owner: String,
    /// Its group.
    pub group: String,
    /// The place that states it.
    pub from: String,
}

/// A command of a maintainer script that is not understood.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Other {
    /// The script, relative to the source.
    pub path: String,
    /// 1-based line.
    pub line: u32,
    /// The command's words.
    pub command: Vec<String>,
    /// The files to which it writes its output.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub writes: Vec<String>,
    /// The `case` branches around it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub branches: Vec<String>,
    /// Whether it runs only on upgrades from older versions.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub upgrade: bool,
}

/// The users that `base-passwd` creates on every Debian system: name, number, home.
const BASE_USERS: &[(&str, u32, &str)] = &[
    ("daemon", 1, "/usr/sbin"),
    ("bin", 2, "/bin"),
    ("sys", 3, "/dev"),
    ("man", 6, "/var/cache/man"),
    ("lp", 7, "/var/spool/lpd"),
    ("mail", 8, "/var/mail"),
    ("proxy", 13, "/bin"),
    ("www-data", 33, "/var/www"),
    ("backup", 34, "/var/backups"),
    ("list", 38, "/var/list"),
    ("nobody", 65534, "/nonexistent"),
];

/// The groups of `base-passwd`.
const BASE_GROUPS: &[(&str, u32)] = &[
    ("adm", 4),
    ("tty", 5),
    ("disk", 6),
    ("kmem", 15),
    ("dialout", 20),
    ("cdrom", 24),
    ("tape", 26),
    ("sudo", 27),
    ("audio", 29),
    ("www-data", 33),
    ("backup", 34),
    ("shadow", 42),
    ("utmp", 43),
    ("video", 44),
    ("staff", 50),
    ("users", 100),
    ("nogroup", 65534),
];

impl System {
    /// Combines everything that the packages of a source set up.
    pub fn of(packagings: &[Packaging]) -> Self {
        let mut system = Self::default();
        for packaging in packagings {
            system.add(packaging);
        }
        system.rely();
        system.sort();
        system
    }

    /// Reduces the result to some of the binary packages: their units, and the effects of their own
    /// scripts and lists. A script without a package's name belongs to the first package. Files
    /// that `make install` places belong to their owner.
    #[must_use]
    pub fn only(mut self, packaging: &Packaging, packages: &[String]) -> Self {
        let binaries: Vec<&str> = packaging
            .control
            .binaries
            .iter()
            .map(|binary| binary.name.as_str())
            .collect();
        let made = |name: &str| packages.iter().any(|package| package == name);
        let said = |from: &str| {
            let owner = origin(from, &binaries).or(binaries.first().copied());
            owner.is_some_and(made)
        };
        self.units.retain(|unit| made(&unit.package));
        self.directories.retain(|one| said(&one.from));
        self.users.retain(|one| said(&one.from));
        self.groups.retain(|one| said(&one.from));
        self.configured
            .udev_rules
            .retain(|one| one.package.as_deref().map_or_else(|| said(&one.file), made));
        for settings in [
            &mut self.configured.modprobe,
            &mut self.configured.tmpfiles,
            &mut self.configured.diversions,
            &mut self.configured.triggers,
        ] {
            settings.retain(|one| said(&one.from));
        }
        self.setuid.retain(|one| {
            let path = one.path.trim_start_matches('/');
            let mut installed = packaging.files.installed.iter();
            let owner = installed.find(|file| file.covers(path));
            owner.map_or_else(|| said(&one.from), |file| made(&file.package))
        });
        self.configured.logrotate.retain(|one| said(&one.from));
        self.other.retain(|one| said(&one.path));
        self
    }

    fn add(&mut self, packaging: &Packaging) {
        self.units.extend(packaging.units.iter().map(|unit| Unit {
            name: unit.name.clone(),
            package: unit.package.clone(),
            file: unit.file.clone(),
            enable: unit.enable,
            start: unit.start,
            on_upgrade: unit.on_upgrade,
            install: unit.install.clone(),
        }));
        self.made(packaging);
        self.setuid(packaging);
        let effects = &packaging.effects;
        for directory in &effects.directories {
            self.directory(directory.clone());
        }
        self.own(packaging);
        for user in &effects.users {
            self.user(user.clone());
        }
        for unit in &packaging.units {
            self.runs_as(unit);
        }
        self.groups.extend(effects.groups.iter().cloned());
        self.sysctls.extend(
            effects
                .sysctls
                .iter()
                .map(|(key, value)| (key.clone(), value.clone())),
        );
        self.kernel_modules
            .extend(effects.kernel_modules.iter().cloned());
        self.configured.extend(&effects.configured);
        self.other.extend(effects.other.iter().cloned());
    }

    /// Adds directories from `debian/dirs` and `install -d` that a package's own output cannot
    /// contain.
    fn made(&mut self, packaging: &Packaging) {
        for made in &packaging.files.directories {
            let from = format!("{}:{}", made.path, made.line);
            self.directory(Directory {
                path: format!("/{}", made.directory),
                from,
                ..Directory::default()
            });
        }
        for action in packaging
            .made
            .iter()
            .filter(|action| action.kind == ActionKind::Directory)
        {
            self.directory(Directory {
                path: format!("/{}", action.dest),
                mode: action.mode.clone().unwrap_or_default(),
                owner: action.owner.clone().unwrap_or_default(),
                group: action.group.clone().unwrap_or_default(),
                from: format!("{}:{}", action.path, action.line),
            });
        }
    }

    /// Adds setuid programs: `install -m 4755` in Makefiles, `chmod u+s debian/PACKAGE/…` in
    /// `debian/rules`.
    fn setuid(&mut self, packaging: &Packaging) {
        for action in packaging
            .made
            .iter()
            .filter(|action| action.kind == ActionKind::File)
        {
            if let Some(mode) = action.mode.as_deref().filter(|mode| is_special(mode)) {
                let or_root =
                    |name: &Option<String>| name.clone().unwrap_or_else(|| "root".to_owned());
                self.setuid.push(Setuid {
                    path: format!("/{}", action.dest),
                    mode: mode.to_owned(),
                    owner: or_root(&action.owner),
                    group: or_root(&action.group),
                    from: format!("{}:{}", action.path, action.line),
                });
            }
        }
        for call in packaging.rules.calls_of("chmod") {
            let mut words = call
                .words
                .iter()
                .skip(1)
                .filter(|word| !word.starts_with('-'));
            let Some(mode) = words.next().filter(|mode| is_special(mode)) else {
                continue;
            };
            for path in words {
                let installed = path
                    .strip_prefix("debian/")
                    .and_then(|path| path.split_once('/'));
                self.setuid.push(Setuid {
                    path: format!(
                        "/{}",
                        installed
                            .map_or(path.as_str(), |(_, path)| path)
                            .trim_start_matches('/')
                    ),
                    mode: mode.clone(),
                    owner: "root".to_owned(),
                    group: "root".to_owned(),
                    from: format!("{}:{}", packaging.rules.path, call.line),
                });
            }
        }
    }

    /// Adds a directory. For a known one, fills in only the facts that are missing.
    fn directory(&mut self, new: Directory) {
        if !is_state(&new.path) {
            return;
        }
        let Some(known) = self
            .directories
            .iter_mut()
            .find(|known| known.path == new.path)
        else {
            self.directories.push(new);
            return;
        };
        for (known, new) in [
            (&mut known.mode, new.mode),
            (&mut known.owner, new.owner),
            (&mut known.group, new.group),
        ] {
            if known.is_empty() {
                *known = new;
            }
        }
    }

    /// Applies `chown` and `chmod` to known directories. The others are left for a person to
    /// review.
    fn own(&mut self, packaging: &Packaging) {
        for ownership in &packaging.effects.ownerships {
            match self
                .directories
                .iter_mut()
                .find(|directory| directory.path == ownership.path)
            {
                Some(directory) => {
                    for (known, new) in [
                        (&mut directory.mode, &ownership.mode),
                        (&mut directory.owner, &ownership.owner),
                        (&mut directory.group, &ownership.group),
                    ] {
                        if let Some(new) = new {
                            known.clone_from(new);
                        }
                    }
                }
                None => self.other.push(ownership.command.clone()),
            }
        }
    }

    fn user(&mut self, new: User) {
        let Some(known) = self.users.iter_mut().find(|known| known.name == new.name) else {
            self.users.push(new);
            return;
        };
        known.created |= new.created;
        known.uid = known.uid.or(new.uid);
        known.group = known.group.take().or(new.group);
        known.home = known.home.take().or(new.home);
        known.shell = known.shell.take().or(new.shell);
        known.sub_uids = known.sub_uids.take().or(new.sub_uids);
        known.sub_gids = known.sub_gids.take().or(new.sub_gids);
        known.extra_groups.extend(new.extra_groups);
    }

    /// Adds `User=` and `Group=` of a unit.
    fn runs_as(&mut self, unit: &super::units::Unit) {
        let from = unit.file.clone().unwrap_or_default();
        if let Some(name) = unit.user.clone() {
            self.user(User {
                name,
                from: from.clone(),
                ..User::default()
            });
        }
        if let Some(name) = unit.group.clone() {
            self.groups.push(Group {
                name,
                from,
                ..Group::default()
            });
        }
    }

    /// Adds the users and groups that own directories or have members. Debian's base users get
    /// their numbers.
    fn rely(&mut self) {
        let owners: Vec<(String, String, String)> = self
            .directories
            .iter()
            .map(|directory| {
                (
                    directory.owner.clone(),
                    directory.group.clone(),
                    directory.from.clone(),
                )
            })
            .collect();
        for (owner, group, from) in owners {
            if !owner.is_empty() && owner != "root" {
                self.user(User {
                    name: owner,
                    from: from.clone(),
                    ..User::default()
                });
            }
            if !group.is_empty() && group != "root" {
                self.groups.push(Group {
                    name: group,
                    from,
                    ..Group::default()
                });
            }
        }
        for user in &mut self.users {
            if let Some((name, uid, home)) = BASE_USERS.iter().find(|(name, ..)| *name == user.name)
            {
                user.debian_number = Some(*uid);
                user.home.get_or_insert_with(|| (*home).to_owned());
                user.group.get_or_insert_with(|| (*name).to_owned());
            }
        }
        let members: Vec<(String, String)> = self
            .users
            .iter()
            .flat_map(|user| {
                user.extra_groups
                    .iter()
                    .chain(&user.group)
                    .map(|group| (group.clone(), user.from.clone()))
            })
            .collect();
        self.groups
            .extend(members.into_iter().map(|(name, from)| Group {
                name,
                from,
                ..Group::default()
            }));
        for group in &mut self.groups {
            group.debian_number = BASE_GROUPS
                .iter()
                .find(|(name, _)| *name == group.name)
                .map(|(_, gid)| *gid);
        }
    }

    fn sort(&mut self) {
        for directory in &mut self.directories {
            for (value, default) in [
                (&mut directory.mode, "0755"),
                (&mut directory.owner, "root"),
                (&mut directory.group, "root"),
            ] {
                if value.is_empty() {
                    default.clone_into(value);
                }
            }
            if directory.mode.len() == 3 {
                directory.mode.insert(0, '0');
            }
        }
        let mut groups: BTreeMap<String, Group> = BTreeMap::new();
        for group in std::mem::take(&mut self.groups) {
            let known = groups
                .entry(group.name.clone())
                .or_insert_with(|| group.clone());
            known.created |= group.created;
            known.gid = known.gid.or(group.gid);
        }
        self.groups = groups.into_values().collect();
        for user in &mut self.users {
            let groups: BTreeSet<String> =
                std::mem::take(&mut user.extra_groups).into_iter().collect();
            user.extra_groups = groups.into_iter().collect();
        }
        self.users.sort();
        self.directories.sort();
        sort(&mut self.setuid);
        sort(&mut self.units);
        sort(&mut self.kernel_modules);
        sort(&mut self.configured.logrotate);
        sort(&mut self.configured.network_files);
        sort(&mut self.configured.modprobe);
        sort(&mut self.configured.udev_rules);
        sort(&mut self.configured.tmpfiles);
        sort(&mut self.configured.diversions);
        sort(&mut self.configured.triggers);
        sort(&mut self.other);
    }
}

/// Returns the binary package in the name of a `debian/` file: `debian/PACKAGE.postinst:3`.
fn origin<'a>(from: &str, binaries: &[&'a str]) -> Option<&'a str> {
    let name = tree_path::file_name(from);
    let named = |binary: &&'a str| {
        let rest = name.strip_prefix(*binary);
        rest.is_some_and(|rest| rest.starts_with('.'))
    };
    binaries.iter().copied().find(named)
}

/// Whether a mode has the setuid or setgid bit.
fn is_special(mode: &str) -> bool {
    let digits = mode.trim_start_matches('0');
    let octal = digits.len() == 4
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && digits.starts_with(['2', '4', '6']);
    octal || mode.contains("+s")
}

fn sort<T: Ord>(list: &mut Vec<T>) {
    list.sort();
    list.dedup();
}

/// Whether a directory contains state, rather than files of the package itself, which Nix keeps in
/// the store.
pub fn is_state(path: &str) -> bool {
    let top = path.trim_start_matches('/');
    let own = ["usr", "bin", "sbin", "lib", "lib64"]
        .iter()
        .any(|root| tree_path::below(root, top).is_some() || top == *root);
    !own && !top.is_empty()
}
