//! The effects of maintainer scripts and of installed configuration on a machine.
//!
//! [`super::shell`] runs `preinst`, `postinst`, `prerm` and `postrm` (Debian Policy 6) abstractly.
//! Their known effects become data; commands that are not understood are kept for a person to
//! review.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::logrotate;
use super::make::InstallOptions;
use super::shell::{self, Command};
use super::system::{Configured, Directory, Group, Other, Setting, UdevRules, User};
use super::tree_path;

/// The maintainer scripts' names.
pub const SCRIPTS: &[&str] = &["preinst", "postinst", "prerm", "postrm"];

/// The effects of scripts and installed configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effects {
    /// The directories that they create.
    pub directories: Vec<Directory>,
    /// `chown` and `chmod`.
    pub ownerships: Vec<Ownership>,
    /// The users that they create or change.
    pub users: Vec<User>,
    /// The groups that they create.
    pub groups: Vec<Group>,
    /// Kernel parameters.
    pub sysctls: BTreeMap<String, String>,
    /// The kernel modules that they load.
    pub kernel_modules: Vec<String>,
    /// Files of configuration, and what they say.
    pub configured: Configured,
    /// The calls on units.
    pub unit_calls: Vec<UnitCall>,
    /// Whether debhelper inserts its snippets, for each package with a `postinst`.
    pub snippets: BTreeMap<String, bool>,
    /// The commands that are not understood.
    pub other: Vec<Other>,
}

/// A `chown` or `chmod` of one path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ownership {
    /// Absolute.
    pub path: String,
    /// The new owner.
    pub owner: Option<String>,
    /// The new group.
    pub group: Option<String>,
    /// The new mode, octal.
    pub mode: Option<String>,
    /// The command itself, in case the path turns out not to be a known directory.
    pub command: Other,
}

/// A call of `systemctl` and its like for one unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitCall {
    /// `enable`, `start`, `mask`.
    pub verb: String,
    /// The unit, with its suffix.
    pub unit: String,
    /// Whether the call runs only on upgrades from older versions, or when a trigger fires.
    pub upgrade: bool,
    /// Whether the call runs on removal.
    pub removal: bool,
    /// `debian/postinst:12`
    pub from: String,
}

/// Programs and builtins that only read or print.
const HARMLESS: &[&str] = &[
    ":",
    ".",
    "[",
    "[[",
    "awk",
    "basename",
    "break",
    "cat",
    "cd",
    "command",
    "continue",
    "cut",
    "date",
    "db_get",
    "dirname",
    "dpkg-query",
    "echo",
    "egrep",
    "exit",
    "export",
    "expr",
    "false",
    "fgrep",
    "getent",
    "grep",
    "head",
    "hash",
    "id",
    "local",
    "ls",
    "printf",
    "pwd",
    "read",
    "readlink",
    "return",
    "set",
    "shift",
    "sleep",
    "sort",
    "stat",
    "tail",
    "test",
    "tr",
    "trap",
    "true",
    "type",
    "uname",
    "uniq",
    "unset",
    "wait",
    "wc",
    "which",
];

/// Programs whose work NixOS does in its own way at each activation.
const ACTIVATION: &[&str] = &[
    "ldconfig",
    "systemd-tmpfiles",
    "systemd-sysusers",
    "udevadm",
    "update-initramfs",
    "depmod",
    "dpkg-maintscript-helper",
    "py3compile",
    "py3clean",
];

impl Effects {
    /// Whether debhelper's snippets take effect for a package: it has no `postinst`, or one that
    /// includes them.
    pub fn takes_snippets(&self, package: &str) -> bool {
        self.snippets.get(package).copied().unwrap_or(true)
    }

    /// Reads a maintainer script of `package`. `path` is relative to the source.
    pub fn script(&mut self, path: &str, package: &str, text: &str) {
        let name = SCRIPTS
            .iter()
            .find(|name| path.ends_with(**name))
            .copied()
            .unwrap_or_default();
        if name == "postinst" {
            self.snippets
                .insert(package.to_owned(), text.contains("#DEBHELPER#"));
        }
        let first = text.lines().next().unwrap_or_default();
        if first.starts_with("#!") && !first.contains("sh") {
            self.other.push(unread(
                path,
                1,
                &format!("a script for another interpreter: {first}"),
            ));
            return;
        }
        let run = shell::run(text);
        if let Some((line, what)) = &run.unparsed {
            self.other.push(unread(
                path,
                *line,
                &format!("does not parse as shell: {what}"),
            ));
        }
        if run.truncated {
            self.other.push(unread(
                path,
                1,
                "the script nests too deep or runs too long to be followed",
            ));
        }
        for command in &run.commands {
            self.command(
                &Place {
                    path,
                    removal: matches!(name, "prerm" | "postrm"),
                },
                command,
            );
        }
    }

    fn command(&mut self, place: &Place, command: &Command) {
        let words = command.texts();
        let Some((program, arguments)) = words.split_first() else {
            return;
        };
        let program = tree_path::file_name(program);
        let understood = match program {
            "mkdir" => self.mkdir(place, command, arguments),
            "install" => self.install(place, command, arguments),
            "chown" | "chgrp" | "chmod" => self.ownership(place, command, program, arguments),
            "adduser" | "addgroup" | "useradd" | "groupadd" | "usermod" | "gpasswd" => {
                self.account(place, command, program, arguments)
            }
            "systemctl" | "deb-systemd-helper" | "deb-systemd-invoke" | "invoke-rc.d"
            | "service" | "update-rc.d" => self.unit(place, command, program, arguments),
            "modprobe" => self.modprobe(command, arguments),
            "sysctl" => self.sysctl(arguments),
            "dpkg-divert" => keep(&mut self.configured.diversions, place, command),
            "dpkg-trigger" => keep(&mut self.configured.triggers, place, command),
            "dpkg" => arguments.contains(&"--compare-versions") || arguments.first() == Some(&"-L"),
            "sed" => !arguments
                .iter()
                .any(|word| word.starts_with("-i") || word.starts_with("--in-place")),
            program => HARMLESS.contains(&program) || ACTIVATION.contains(&program),
        };
        if !understood || !command.writes.is_empty() {
            self.other.push(place.other(command));
        }
    }

    fn mkdir(&mut self, place: &Place, command: &Command, arguments: &[&str]) -> bool {
        // As with `install`, `-m MODE` is the only option with a value.
        let options = InstallOptions::read(arguments);
        self.directories(place, command, &options)
    }

    fn install(&mut self, place: &Place, command: &Command, arguments: &[&str]) -> bool {
        let options = InstallOptions::read(arguments);
        options.directory && self.directories(place, command, &options)
    }

    /// Adds directories. Returns whether all of them are absolute and known.
    fn directories(&mut self, place: &Place, command: &Command, options: &InstallOptions) -> bool {
        let known = options
            .paths
            .iter()
            .all(|path| path.starts_with('/') && !path.contains('$'));
        if !known || command.upgrade || place.removal {
            return false;
        }
        for path in &options.paths {
            self.directories.push(Directory {
                path: format!("/{}", tree_path::join("", path).unwrap_or_default()),
                mode: options.mode.clone().unwrap_or_default(),
                owner: options.owner.clone().unwrap_or_default(),
                group: options.group.clone().unwrap_or_default(),
                from: place.line(command),
            });
        }
        true
    }

    fn ownership(
        &mut self,
        place: &Place,
        command: &Command,
        program: &str,
        arguments: &[&str],
    ) -> bool {
        let mut words = arguments.iter().filter(|word| !word.starts_with('-'));
        let Some(value) = words.next() else {
            return false;
        };
        let paths: Vec<&&str> = words.collect();
        if command.upgrade
            || paths.is_empty()
            || paths
                .iter()
                .any(|path| !path.starts_with('/') || path.contains(['$', '*']))
        {
            return false;
        }
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let (owner, group, mode) = match program {
            "chmod" if value.bytes().all(|byte| byte.is_ascii_digit()) => (None, None, some(value)),
            "chown" => value
                .split_once([':', '.'])
                .map_or((some(value), None, None), |(owner, group)| {
                    (some(owner), some(group), None)
                }),
            "chgrp" => (None, some(value), None),
            _ => return false,
        };
        for path in paths {
            let path = format!("/{}", tree_path::join("", path).unwrap_or_default());
            let (owner, group, mode) = (owner.clone(), group.clone(), mode.clone());
            self.ownerships.push(Ownership {
                path,
                owner,
                group,
                mode,
                command: place.other(command),
            });
        }
        true
    }

    /// Reads users and groups from calls of `adduser(8)`, `useradd(8)`, `usermod(8)` and the like.
    fn account(
        &mut self,
        place: &Place,
        command: &Command,
        program: &str,
        arguments: &[&str],
    ) -> bool {
        if place.removal || command.upgrade || command.words.iter().any(|word| !word.known) {
            return false;
        }
        let account = Account::read(program, arguments);
        let from = place.line(command);
        match (program, account.names.as_slice()) {
            ("addgroup" | "groupadd", [name]) => self.groups.push(Group {
                name: name.clone(),
                gid: account.number(account.gid.as_ref()),
                debian_number: None,
                created: true,
                from,
            }),
            ("adduser", [name]) if account.is_group => {
                self.groups.push(Group {
                    name: name.clone(),
                    gid: account.number(account.gid.as_ref()),
                    debian_number: None,
                    created: true,
                    from,
                });
            }
            ("adduser" | "addgroup", [name, group]) => {
                self.users.push(User {
                    name: name.clone(),
                    extra_groups: vec![group.clone()],
                    from,
                    ..User::default()
                });
            }
            ("gpasswd", [group]) if account.member.is_some() => {
                let name = account.member.unwrap_or_default();
                self.users.push(User {
                    name,
                    extra_groups: vec![group.clone()],
                    from,
                    ..User::default()
                });
            }
            ("adduser" | "useradd" | "usermod", [name]) => {
                let user = account.user(name, program != "usermod", from);
                if account.is_group || user.created && account.own_group {
                    self.groups.push(Group {
                        name: name.clone(),
                        gid: None,
                        debian_number: None,
                        created: true,
                        from: user.from.clone(),
                    });
                }
                self.users.push(user);
            }
            _ => return false,
        }
        true
    }

    fn unit(
        &mut self,
        place: &Place,
        command: &Command,
        program: &str,
        arguments: &[&str],
    ) -> bool {
        let mut words: Vec<&str> = arguments
            .iter()
            .copied()
            .filter(|word| !word.starts_with('-'))
            .collect();
        // In `service NAME start` and `update-rc.d NAME defaults` the verb comes second.
        if matches!(program, "service" | "invoke-rc.d" | "update-rc.d") && words.len() > 1 {
            words.swap(0, 1);
        }
        let Some((verb, units)) = words.split_first() else {
            return false;
        };
        let verb = match (program, *verb) {
            (
                _,
                "daemon-reload" | "daemon-reexec" | "is-active" | "is-enabled" | "was-enabled"
                | "is-system-running" | "show",
            ) => return true,
            ("update-rc.d", "defaults") => "enable",
            (_, verb) => verb,
        };
        let triggered = command.branches.iter().any(|branch| branch == "triggered");
        let unknown = units.iter().any(|unit| unit.contains('$')) || verb.contains('$');
        if unknown || units.is_empty() {
            return false;
        }
        for unit in units {
            let unit = if unit.contains('.') {
                (*unit).to_owned()
            } else {
                format!("{unit}.service")
            };
            let upgrade = command.upgrade || triggered;
            self.unit_calls.push(UnitCall {
                verb: verb.to_owned(),
                unit,
                upgrade,
                removal: place.removal,
                from: place.line(command),
            });
        }
        true
    }

    fn modprobe(&mut self, command: &Command, arguments: &[&str]) -> bool {
        if arguments
            .iter()
            .any(|word| word.starts_with("-r") || *word == "--remove")
            || command.words.iter().any(|word| !word.known)
        {
            return false;
        }
        let mut modules = arguments.iter().filter(|word| !word.starts_with('-'));
        self.kernel_modules
            .extend(modules.next().map(|module| (*module).to_owned()));
        true
    }

    fn sysctl(&mut self, arguments: &[&str]) -> bool {
        let mut understood = true;
        for word in arguments.iter().filter(|word| !word.starts_with('-')) {
            match word.split_once('=') {
                Some((key, value)) if !word.contains('$') => {
                    self.sysctls.insert(key.to_owned(), value.to_owned());
                }
                _ => understood = false,
            }
        }
        understood
    }

    /// Reads a configuration file that is installed at `dest`, relative to the package's root.
    pub fn configuration(&mut self, dest: &str, package: Option<&str>, path: &str, text: &str) {
        let directory = tree_path::parent(dest);
        if let Some((_, name)) = dest.split_once("lib/systemd/network/") {
            self.configured.network_files.push(name.to_owned());
        }
        match directory.rsplit('/').next().unwrap_or_default() {
            "sysctl.d" => self.sysctl_file(text),
            "modules-load.d" => self
                .kernel_modules
                .extend(settings(path, text).map(|setting| setting.text)),
            "modprobe.d" => self.configured.modprobe.extend(settings(path, text)),
            "tmpfiles.d" => self.tmpfiles(path, text),
            "sysusers.d" => self.sysusers(path, text),
            "rules.d" if directory.ends_with("udev/rules.d") => {
                self.configured.udev_rules.push(UdevRules {
                    name: tree_path::file_name(dest).to_owned(),
                    package: package.map(str::to_owned),
                    file: path.to_owned(),
                });
            }
            "logrotate.d" => self
                .configured
                .logrotate
                .extend(logrotate::read(path, text)),
            _ => {}
        }
    }

    /// Parses `sysctl.d(5)`: `key = value`. A leading `-` marks keys that may be missing.
    fn sysctl_file(&mut self, text: &str) {
        for setting in settings("", text) {
            if let Some((key, value)) = setting.text.split_once('=') {
                self.sysctls.insert(
                    key.trim().trim_start_matches('-').to_owned(),
                    value.trim().to_owned(),
                );
            }
        }
    }

    /// Parses `tmpfiles.d(5)`: type, path, mode, user, group, age, argument.
    fn tmpfiles(&mut self, path: &str, text: &str) {
        for setting in settings(path, text) {
            let columns: Vec<&str> = setting.text.split_whitespace().collect();
            let column = |index: usize| {
                columns
                    .get(index)
                    .copied()
                    .filter(|value| *value != "-")
                    .unwrap_or_default()
                    .to_owned()
            };
            let makes = column(0).starts_with(['d', 'D', 'v', 'q', 'Q']);
            if makes && column(1).starts_with('/') {
                let (mode, owner, group) = (column(2), column(3), column(4));
                let mode = mode.trim_start_matches([':', '~']).to_owned();
                self.directories.push(Directory {
                    path: column(1),
                    mode,
                    owner,
                    group,
                    from: setting.from.clone(),
                });
            }
            self.configured.tmpfiles.push(setting);
        }
    }

    /// Parses `sysusers.d(5)`: `u name id comment home shell`, `g name id`, `m user group`.
    fn sysusers(&mut self, path: &str, text: &str) {
        for setting in settings(path, text) {
            let columns = quoted_columns(&setting.text);
            let column = |index: usize| columns.get(index).cloned().filter(|value| value != "-");
            let (Some(kind), Some(name)) = (column(0), column(1)) else {
                continue;
            };
            let from = setting.from;
            match kind.trim_end_matches('!') {
                "u" => self.users.push(User {
                    uid: column(2)
                        .and_then(|id| id.split(':').next().and_then(|uid| uid.parse().ok())),
                    group: Some(name.clone()),
                    home: column(4),
                    shell: column(5),
                    created: true,
                    from,
                    name,
                    ..User::default()
                }),
                "g" => self.groups.push(Group {
                    gid: column(2).and_then(|id| id.parse().ok()),
                    debian_number: None,
                    created: true,
                    from,
                    name,
                }),
                "m" => self.users.push(User {
                    extra_groups: column(2).into_iter().collect(),
                    from,
                    name,
                    ..User::default()
                }),
                _ => {}
            }
        }
    }

    /// Parses a `debian/triggers`.
    pub fn trigger_file(&mut self, path: &str, text: &str) {
        self.configured.triggers.extend(settings(path, text));
    }
}

/// The place of a command.
struct Place<'a> {
    path: &'a str,
    removal: bool,
}

impl Place<'_> {
    fn line(&self, command: &Command) -> String {
        format!("{}:{}", self.path, command.line)
    }

    fn other(&self, command: &Command) -> Other {
        Other {
            path: self.path.to_owned(),
            line: command.line,
            command: command.words.iter().map(|word| word.text.clone()).collect(),
            writes: command.writes.clone(),
            branches: command.branches.clone(),
            upgrade: command.upgrade,
        }
    }
}

fn unread(path: &str, line: u32, why: &str) -> Other {
    Other {
        path: path.to_owned(),
        line,
        command: vec![why.to_owned()],
        writes: Vec::new(),
        branches: Vec::new(),
        upgrade: false,
    }
}

/// Records a whole command as a setting.
fn keep(list: &mut Vec<Setting>, place: &Place, command: &Command) -> bool {
    list.push(Setting {
        text: command.texts().join(" "),
        from: place.line(command),
    });
    true
}

/// Returns the lines of a configuration file, without comments.
fn settings<'a>(path: &'a str, text: &'a str) -> impl Iterator<Item = Setting> + 'a {
    (1..)
        .zip(text.lines())
        .filter_map(move |(line, content): (u32, &str)| {
            let content = content.trim();
            let comment = content.is_empty() || content.starts_with(['#', ';']);
            (!comment).then(|| Setting {
                text: content.to_owned(),
                from: format!("{path}:{line}"),
            })
        })
}

/// Splits columns at blanks. Double quotes protect blanks.
fn quoted_columns(text: &str) -> Vec<String> {
    let mut columns = Vec::new();
    let mut column = String::new();
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => {
                if !column.is_empty() {
                    columns.push(std::mem::take(&mut column));
                }
            }
            c => column.push(c),
        }
    }
    if !column.is_empty() {
        columns.push(column);
    }
    columns
}

/// The arguments of `adduser` and its like.
#[derive(Debug, Default)]
struct Account {
    names: Vec<String>,
    is_group: bool,
    own_group: bool,
    uid: Option<String>,
    gid: Option<String>,
    group: Option<String>,
    extra_groups: Vec<String>,
    member: Option<String>,
    home: Option<String>,
    shell: Option<String>,
    sub_uids: Option<String>,
    sub_gids: Option<String>,
}

impl Account {
    fn read(program: &str, arguments: &[&str]) -> Self {
        let mut account = Self::default();
        let mut words = arguments.iter().copied();
        while let Some(word) = words.next() {
            if !word.starts_with('-') || word == "-" {
                account.names.push(word.to_owned());
                continue;
            }
            let (option, attached) = word
                .split_once('=')
                .map_or((word, None), |(option, value)| (option, Some(value)));
            let mut value = || attached.or_else(|| words.next()).map(str::to_owned);
            match (program, option) {
                (_, "--group") if program == "adduser" => {
                    account.is_group = true;
                    account.own_group = true;
                }
                (_, "--user-group" | "-U") => account.own_group = true,
                ("groupadd" | "addgroup", "-g" | "--gid") | ("adduser", "--gid") => {
                    account.gid = value();
                }
                (_, "--uid" | "-u") => account.uid = value(),
                (_, "--ingroup" | "-g" | "--gid") => account.group = value(),
                ("gpasswd", "-a" | "--add") => account.member = value(),
                ("useradd" | "usermod", "-G" | "--groups") | ("usermod", "-aG") => {
                    account.extra_groups = value()
                        .unwrap_or_default()
                        .split(',')
                        .map(str::to_owned)
                        .collect();
                }
                ("usermod", "-v" | "--add-subuids") => account.sub_uids = value(),
                ("usermod", "-w" | "--add-subgids") => account.sub_gids = value(),
                (_, "--home" | "--home-dir" | "-d") => account.home = value(),
                (_, "--shell" | "-s") => account.shell = value(),
                (
                    _,
                    "--gecos" | "--comment" | "-c" | "--firstuid" | "--lastuid" | "--key" | "-K"
                    | "-k" | "--skel" | "-b" | "--base-dir",
                ) => {
                    value();
                }
                _ => {}
            }
        }
        // `adduser --system --group NAME` makes a user and its group. Without `--system` it makes a
        // group.
        if program == "adduser" && account.is_group && arguments.contains(&"--system") {
            account.is_group = false;
        }
        account
    }

    #[expect(
        clippy::unused_self,
        reason = "reads like the other parts of an account"
    )]
    fn number(&self, text: Option<&String>) -> Option<u32> {
        text.and_then(|text| text.parse().ok())
    }

    fn user(&self, name: &str, created: bool, from: String) -> User {
        let own = self.own_group.then(|| name.to_owned());
        User {
            name: name.to_owned(),
            uid: self.number(self.uid.as_ref()),
            debian_number: None,
            group: self.group.clone().or(own),
            extra_groups: self.extra_groups.clone(),
            home: self.home.clone(),
            shell: self.shell.clone(),
            sub_uids: self.sub_uids.clone(),
            sub_gids: self.sub_gids.clone(),
            created,
            from,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn postinst(text: &str) -> Effects {
        let mut effects = Effects::default();
        effects.script("debian/postinst", "demo", text);
        effects
    }

    fn other(effects: &Effects) -> Vec<String> {
        effects
            .other
            .iter()
            .map(|other| format!("{}: {}", other.line, other.command.join(" ")))
            .collect()
    }

    #[test]
    fn directories_and_their_owners() {
        let effects = postinst(
            "mkdir -p -m 0700 /var/lib/demo /run/demo\ninstall -d -o web -g web -m 750 /var/log/demo\nchown -R web:adm /var/lib/demo\nchmod 0711 /var/lib/demo\n",
        );
        let directories: Vec<_> = effects
            .directories
            .iter()
            .map(|d| (d.path.as_str(), d.mode.as_str(), d.owner.as_str()))
            .collect();
        assert_eq!(
            directories,
            [
                ("/var/lib/demo", "0700", ""),
                ("/run/demo", "0700", ""),
                ("/var/log/demo", "750", "web")
            ]
        );
        assert_eq!(effects.directories[2].from, "debian/postinst:2");
        assert_eq!(
            (
                effects.ownerships[0].owner.as_deref(),
                effects.ownerships[0].group.as_deref()
            ),
            (Some("web"), Some("adm"))
        );
        assert_eq!(effects.ownerships[1].mode.as_deref(), Some("0711"));
        assert!(effects.other.is_empty(), "{:?}", effects.other);
    }

    #[test]
    fn users_and_groups() {
        let script = "adduser --system --group --home /var/lib/x --shell /bin/false --uid 120 --gecos 'A B' x\naddgroup --system --gid 44 y\n\
                      usermod -a -G tape,disk backup\nusermod -v 1-2 -w 3-4 root\nadduser x y\nuseradd -r -g y -G a z\ngroupadd w\ngpasswd -a z w\n";
        let effects = postinst(script);
        assert!(effects.other.is_empty(), "{:?}", other(&effects));
        let user = &effects.users[0];
        assert_eq!(
            (
                user.name.as_str(),
                user.uid,
                user.group.as_deref(),
                user.created
            ),
            ("x", Some(120), Some("x"), true)
        );
        assert_eq!(
            (user.home.as_deref(), user.shell.as_deref()),
            (Some("/var/lib/x"), Some("/bin/false"))
        );
        assert_eq!(effects.users[1].extra_groups, ["tape", "disk"]);
        assert_eq!(
            (
                effects.users[2].sub_uids.as_deref(),
                effects.users[2].sub_gids.as_deref()
            ),
            (Some("1-2"), Some("3-4"))
        );
        let groups: Vec<&str> = effects
            .groups
            .iter()
            .map(|group| group.name.as_str())
            .collect();
        assert_eq!(groups, ["x", "y", "w"]);
        assert_eq!(effects.groups[1].gid, Some(44));
    }

    #[test]
    fn what_is_not_understood_is_kept() {
        let effects = postinst(
            "echo fine\nfrobnicate --all\necho x >> /root/.forward\nsed -i s/a/b/ /etc/x\nmkdir \"$D\"\nif x; then\n  rm -f /etc/y\nfi\n",
        );
        assert_eq!(
            other(&effects),
            [
                "2: frobnicate --all",
                "3: echo x",
                "4: sed -i s/a/b/ /etc/x",
                "5: mkdir $D",
                "6: x",
                "7: rm -f /etc/y"
            ]
        );
        assert_eq!(effects.other[1].writes, ["/root/.forward"]);
    }

    #[test]
    fn old_versions_matter_to_upgrades_only() {
        let effects =
            postinst("if dpkg --compare-versions \"$2\" lt 2; then mkdir /var/lib/old; fi\n");
        assert!(effects.directories.is_empty());
        assert!(effects.other[0].upgrade);
    }

    #[test]
    fn units_diversions_modules_sysctls() {
        let script = "systemctl --system daemon-reload || true\ndeb-systemd-invoke start a.service b >/dev/null\ninvoke-rc.d c restart\n\
                      update-rc.d d defaults\ndpkg-divert --add /x\nmodprobe -q vhost_net\nsysctl -w net.a=1\nsystemctl start \"$x\"\n";
        let effects = postinst(script);
        let calls: Vec<_> = effects
            .unit_calls
            .iter()
            .map(|call| (call.verb.as_str(), call.unit.as_str()))
            .collect();
        assert_eq!(
            calls,
            [
                ("start", "a.service"),
                ("start", "b.service"),
                ("restart", "c.service"),
                ("enable", "d.service")
            ]
        );
        assert_eq!(effects.configured.diversions[0].from, "debian/postinst:5");
        assert_eq!(effects.kernel_modules, ["vhost_net"]);
        assert_eq!(effects.sysctls.get("net.a").map(String::as_str), Some("1"));
        assert_eq!(other(&effects), ["8: systemctl start $x"]);
    }

    #[test]
    fn configuration_by_where_it_is_installed() {
        let mut effects = Effects::default();
        effects.configuration(
            "usr/lib/sysctl.d/10-x.conf",
            None,
            "s.conf",
            "# c\nnet.x = 1\n-net.y=2 3\n",
        );
        effects.configuration(
            "usr/lib/systemd/network/99-x.link.d/y.conf",
            None,
            "y",
            "[Link]\n",
        );
        assert_eq!(effects.configured.network_files, ["99-x.link.d/y.conf"]);
        effects.configuration(
            "usr/lib/modules-load.d/x.conf",
            None,
            "m.conf",
            "vhost\n;no\nmsr\n",
        );
        effects.configuration(
            "usr/lib/tmpfiles.d/x.conf",
            None,
            "t",
            "#Type\nd /run/x 0750 root web - -\nf /run/y\n",
        );
        effects.configuration(
            "usr/lib/sysusers.d/x.conf",
            None,
            "u",
            "u x 120 \"A B\" /var/lib/x\ng y -\nm x y\n",
        );
        effects.configuration("usr/lib/udev/rules.d/60-x.rules", Some("x"), "r", "");
        effects.configuration("etc/modprobe.d/x.conf", None, "p", "blacklist z\n");
        assert_eq!(
            effects.sysctls.get("net.y").map(String::as_str),
            Some("2 3")
        );
        assert_eq!(effects.kernel_modules, ["vhost", "msr"]);
        assert_eq!(
            (
                effects.directories[0].path.as_str(),
                effects.directories[0].group.as_str()
            ),
            ("/run/x", "web")
        );
        assert_eq!(effects.configured.tmpfiles.len(), 2);
        assert_eq!(
            (effects.users[0].uid, effects.users[0].home.as_deref()),
            (Some(120), Some("/var/lib/x"))
        );
        assert_eq!(effects.users[1].extra_groups, ["y"]);
        assert_eq!(effects.configured.udev_rules[0].name, "60-x.rules");
        assert_eq!(effects.configured.modprobe[0].text, "blacklist z");
    }

    #[test]
    fn other_interpreters_are_named() {
        assert_eq!(other(&postinst("#!/usr/bin/perl\nsystem('x');\n")).len(), 1);
    }

    #[test]
    fn the_token_decides_over_snippets() {
        assert!(postinst("#!/bin/sh\n#DEBHELPER#\n").takes_snippets("demo"));
        assert!(!postinst("#!/bin/sh\n").takes_snippets("demo"));
        assert!(postinst("").takes_snippets("another"));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC*|((mkdir|chown|adduser|install|systemctl|sysctl|usermod|-[a-z]|--group|/a|b|\"\\$x\"|=| |\n){0,30})") {
            let mut effects = postinst(&text);
            effects.configuration("usr/lib/tmpfiles.d/x", None, "t", &text);
            effects.configuration("usr/lib/sysusers.d/x", None, "t", &text);
            effects.configuration("usr/lib/sysctl.d/x", None, "t", &text);
        }
    }
}
