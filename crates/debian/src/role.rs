//! The role that debhelper gives a file in `debian/`, judged by its name.

/// The files of `debian/` that debhelper renames on installation: suffix, program, directory, text
/// before the name, text after it, mode.
pub(super) const COPIED: &[(&str, &str, &str, &str, &str, u32)] = &[
    (
        "udev",
        "dh_installudev",
        "usr/lib/udev/rules.d",
        "60-",
        ".rules",
        0o644,
    ),
    (
        "tmpfiles",
        "dh_installtmpfiles",
        "usr/lib/tmpfiles.d",
        "",
        ".conf",
        0o644,
    ),
    (
        "tmpfile",
        "dh_installtmpfiles",
        "usr/lib/tmpfiles.d",
        "",
        ".conf",
        0o644,
    ),
    (
        "sysusers",
        "dh_installsysusers",
        "usr/lib/sysusers.d",
        "",
        ".conf",
        0o644,
    ),
    (
        "modprobe",
        "dh_installmodules",
        "etc/modprobe.d",
        "",
        ".conf",
        0o644,
    ),
    (
        "logrotate",
        "dh_installlogrotate",
        "etc/logrotate.d",
        "",
        "",
        0o644,
    ),
    ("pam", "dh_installpam", "etc/pam.d", "", "", 0o644),
    ("default", "dh_installinit", "etc/default", "", "", 0o644),
    ("init", "dh_installinit", "etc/init.d", "", "", 0o755),
    ("cron.d", "dh_installcron", "etc/cron.d", "", "", 0o644),
    (
        "cron.hourly",
        "dh_installcron",
        "etc/cron.hourly",
        "",
        "",
        0o755,
    ),
    (
        "cron.daily",
        "dh_installcron",
        "etc/cron.daily",
        "",
        "",
        0o755,
    ),
    (
        "cron.weekly",
        "dh_installcron",
        "etc/cron.weekly",
        "",
        "",
        0o755,
    ),
    (
        "cron.monthly",
        "dh_installcron",
        "etc/cron.monthly",
        "",
        "",
        0o755,
    ),
    (
        "if-up",
        "dh_installifupdown",
        "etc/network/if-up.d",
        "",
        "",
        0o755,
    ),
    (
        "if-down",
        "dh_installifupdown",
        "etc/network/if-down.d",
        "",
        "",
        0o755,
    ),
    (
        "if-pre-up",
        "dh_installifupdown",
        "etc/network/if-pre-up.d",
        "",
        "",
        0o755,
    ),
    (
        "if-post-down",
        "dh_installifupdown",
        "etc/network/if-post-down.d",
        "",
        "",
        0o755,
    ),
];

/// The suffixes of systemd units.
pub const UNIT_SUFFIXES: &[&str] = &[
    "service", "timer", "target", "socket", "path", "mount", "slice",
];

/// The suffixes of lists and scripts, which other modules parse.
const LISTS: &[&str] = &[
    "install",
    "links",
    "dirs",
    "docs",
    "examples",
    "manpages",
    "info",
    "bash-completion",
    "maintscript",
    "conffiles",
    "triggers",
    "preinst",
    "postinst",
    "prerm",
    "postrm",
];

/// Whether a file directly in `debian/` may have a role, judged by its name alone.
pub(super) fn has_role(name: &str) -> bool {
    let mut suffixes = LISTS
        .iter()
        .chain(UNIT_SUFFIXES)
        .copied()
        .chain(COPIED.iter().map(|row| row.0));
    suffixes.any(|suffix| {
        name.strip_suffix(suffix)
            .is_some_and(|stem| stem.is_empty() || stem.ends_with('.'))
    })
}

/// The role that debhelper gives a file directly in `debian/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its binary package.
    pub package: String,
    /// Whether its name includes the package; otherwise it belongs to the first one.
    pub prefixed: bool,
    /// The part between package and suffix (`debian/PACKAGE.NAME.service`).
    pub name: Option<String>,
    /// `install`, `service`, `postinst`.
    pub suffix: &'static str,
    /// Whether it is a template unit: `PACKAGE@.service`.
    pub template: bool,
}

impl Role {
    /// Returns the base name of the installed file: `NAME` or the package.
    pub(super) fn stem(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.package)
    }

    /// Returns the unit's file name.
    pub fn unit(&self) -> String {
        format!(
            "{}{}.{}",
            self.stem(),
            if self.template { "@" } else { "" },
            self.suffix
        )
    }
}

/// Determines the role of `debian/NAME`. `packages` lists the binary packages, the main one first.
pub fn role(name: &str, packages: &[&str]) -> Option<Role> {
    let main = packages.first()?;
    let suffixes = LISTS
        .iter()
        .chain(UNIT_SUFFIXES)
        .copied()
        .chain(COPIED.iter().map(|row| row.0));
    // The longer suffix wins, such as `cron.d` over `d`.
    let suffix = suffixes
        .filter(|suffix| {
            name.strip_suffix(suffix)
                .is_some_and(|stem| stem.is_empty() || stem.ends_with('.'))
        })
        .max_by_key(|suffix| suffix.len())?;
    let stem = name.strip_suffix(suffix)?.trim_end_matches('.');
    let (stem, template) = stem
        .strip_suffix('@')
        .map_or((stem, false), |stem| (stem, true));
    let role = |package: &str, prefixed, name: Option<&str>| Role {
        package: package.to_owned(),
        prefixed,
        name: name.map(str::to_owned),
        suffix,
        template,
    };
    if stem.is_empty() {
        return (!UNIT_SUFFIXES.contains(&suffix)).then(|| role(main, false, None));
    }
    let own = packages.iter().filter(|package| {
        stem == **package
            || stem
                .strip_prefix(**package)
                .is_some_and(|rest| rest.starts_with('.'))
    });
    if let Some(package) = own.max_by_key(|package| package.len()) {
        let name = stem
            .strip_prefix(package)
            .and_then(|rest| rest.strip_prefix('.'));
        return Some(role(package, true, name));
    }
    // A file with a name but without a package's belongs to the main package (`--name`).
    let named = UNIT_SUFFIXES.contains(&suffix) || COPIED.iter().any(|row| row.0 == suffix);
    named.then(|| role(main, false, Some(stem)))
}
