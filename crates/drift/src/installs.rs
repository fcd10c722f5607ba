//! Compares what a source installs and sets up on a machine.

use analyse::AnalysedSource;
use debian::make::ActionKind;
use debian::system::{Setting, System};
use debian::units::OnUpgrade;

use super::needs::{Named, changes};
use super::{Install, InstallKind, Level};

/// Returns the differences of one source.
pub(super) fn installs(old: Option<&AnalysedSource>, new: Option<&AnalysedSource>) -> Vec<Install> {
    let (old, new) = (
        old.map(SetUp::of).unwrap_or_default(),
        new.map(SetUp::of).unwrap_or_default(),
    );
    let mut installs = Vec::new();
    for (kind, of) in SetUp::LISTS {
        for (name, before, after) in changes(of(&old), of(&new)) {
            let level = level(kind, before.is_some(), after.is_some());
            installs.push(Install {
                kind,
                name,
                level,
                old: before,
                new: after,
            });
        }
    }
    installs.sort_by(|a, b| (b.level, a.kind, &a.name).cmp(&(a.level, b.kind, &b.name)));
    installs
}

/// Returns the level of a difference. Files are placed by the packaging; a module's author must
/// review everything that runs, its users, and requirements on the machine.
fn level(kind: InstallKind, was: bool, is: bool) -> Level {
    match kind {
        InstallKind::File => Level::Moved,
        InstallKind::Directory | InstallKind::Setting | InstallKind::Script if was && !is => {
            Level::Moved
        }
        _ => Level::Review,
    }
}

/// Everything that a source installs and sets up.
#[derive(Default)]
struct SetUp {
    files: Named,
    units: Named,
    directories: Named,
    users: Named,
    groups: Named,
    settings: Named,
    scripts: Named,
}

/// Accesses one of the lists.
type List = fn(&SetUp) -> &Named;

impl SetUp {
    const LISTS: [(InstallKind, List); 7] = [
        (InstallKind::File, |one| &one.files),
        (InstallKind::Unit, |one| &one.units),
        (InstallKind::Directory, |one| &one.directories),
        (InstallKind::User, |one| &one.users),
        (InstallKind::Group, |one| &one.groups),
        (InstallKind::Setting, |one| &one.settings),
        (InstallKind::Script, |one| &one.scripts),
    ];

    fn of(source: &AnalysedSource) -> Self {
        let system = System::of(&source.packagings);
        let flag = |set: bool, word: &'static str| if set { word } else { "" };
        let mut set_up = Self {
            files: files(source),
            ..Self::default()
        };
        set_up.units.extend(system.units.iter().map(|one| {
            let upgrade = match one.on_upgrade {
                OnUpgrade::None => "",
                OnUpgrade::Reload => "reloaded on upgrades",
                OnUpgrade::Restart => "restarted on upgrades",
            };
            let said = [
                flag(one.enable, "enabled"),
                flag(one.start, "started"),
                upgrade,
            ];
            (one.name.clone(), words(said))
        }));
        set_up
            .directories
            .extend(system.directories.iter().map(|one| {
                (
                    one.path.clone(),
                    format!("{} {}:{}", one.mode, one.owner, one.group),
                )
            }));
        set_up.users.extend(system.users.iter().map(|one| {
            let uid = one.uid.or(one.debian_number);
            let uid = uid.map(|uid| format!("uid {uid}")).unwrap_or_default();
            let said = [
                uid.as_str(),
                one.group.as_deref().unwrap_or_default(),
                one.home.as_deref().unwrap_or_default(),
                flag(one.created, "created"),
            ];
            (one.name.clone(), words(said))
        }));
        set_up.groups.extend(system.groups.iter().map(|one| {
            let gid = one.gid.or(one.debian_number);
            let gid = gid.map(|gid| format!("gid {gid}")).unwrap_or_default();
            (
                one.name.clone(),
                words([gid.as_str(), flag(one.created, "created")]),
            )
        }));
        set_up.settings = settings(&system);
        let commands = system.other.iter();
        set_up
            .scripts
            .extend(commands.map(|one| (one.command.join(" "), String::new())));
        set_up
    }
}

fn words<const COUNT: usize>(words: [&str; COUNT]) -> String {
    let said: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    said.join(", ")
}

fn texts(settings: &[Setting]) -> Vec<&str> {
    settings
        .iter()
        .map(|setting| setting.text.as_str())
        .collect()
}

/// Kernel settings and the like, each named by what it is.
fn settings(system: &System) -> Named {
    let mut named = Named::new();
    named.extend(
        system
            .sysctls
            .iter()
            .map(|(key, value)| (format!("sysctl {key}"), value.clone())),
    );
    let mut lines = |what: &str, lines: Vec<&str>| {
        named.extend(
            lines
                .into_iter()
                .map(|line| (format!("{what} {line}"), String::new())),
        );
    };
    lines(
        "kernel module",
        system.kernel_modules.iter().map(String::as_str).collect(),
    );
    let configured = &system.configured;
    lines("modprobe", texts(&configured.modprobe));
    let rules = configured.udev_rules.iter();
    lines("udev rules", rules.map(|one| one.name.as_str()).collect());
    lines("tmpfiles", texts(&configured.tmpfiles));
    lines("diversion", texts(&configured.diversions));
    lines("trigger", texts(&configured.triggers));
    named.extend(system.setuid.iter().map(|one| {
        (
            format!("setuid {}", one.path),
            format!("{} {}:{}", one.mode, one.owner, one.group),
        )
    }));
    named
}

/// Returns files and links by their path on Debian.
fn files(source: &AnalysedSource) -> Named {
    let mut files = Named::new();
    let place = |path: &str| format!("/{}", path.trim_start_matches('/'));
    for packaging in &source.packagings {
        let made = packaging
            .made
            .iter()
            .filter(|made| made.kind != ActionKind::Directory);
        files.extend(made.map(|made| {
            let link = made.kind == ActionKind::Link;
            let to = if link {
                format!("link to {}", made.origin)
            } else {
                String::new()
            };
            (place(&made.dest), to)
        }));
        let links = packaging.files.links.iter();
        files.extend(links.map(|link| (place(&link.link), format!("link to {}", link.target))));
        files.extend(packaging.files.installed.iter().map(|file| {
            let name = file.origin.rsplit('/').next().unwrap_or(&file.origin);
            let path = if file.renames {
                file.dest.clone()
            } else {
                format!("{}/{name}", file.dest)
            };
            (place(&path), String::new())
        }));
    }
    files
}
