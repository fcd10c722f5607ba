//! Finds names that a system assigns and that are not paths: units, names on the system's D-Bus,
//! kernel parameters and modules. Each has its own kind of occurrence. PAM services are found in
//! [`super::perl::pam`].

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::{Form, Kind, Site};

/// A name within a literal: byte offsets in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// The offset of its first byte.
    pub start: usize,
    /// The offset after its last byte.
    pub end: usize,
    /// Its kind.
    pub kind: Kind,
    /// Whether an interpolation continues it.
    pub open: bool,
}

/// One static piece of a literal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Whether an interpolation, or text of the same word, directly precedes it.
    pub after: bool,
    /// Whether an interpolation, or text of the same word, directly follows it.
    pub before: bool,
}

/// Directives of units whose words are units (systemd.unit(5), systemd.resource-control(5)).
const DIRECTIVES: [&str; 17] = [
    "After",
    "Alias",
    "Also",
    "Before",
    "BindsTo",
    "Conflicts",
    "OnFailure",
    "PartOf",
    "PropagatesReloadTo",
    "ReloadPropagatedFrom",
    "RequiredBy",
    "Requires",
    "Requisite",
    "Slice",
    "Upholds",
    "WantedBy",
    "Wants",
];

fn pattern(text: &str) -> Regex {
    Regex::new(text).unwrap_or_else(|error| unreachable!("{text}: {error}"))
}

/// Matches a unit's whole name.
static UNIT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^[A-Za-z0-9][A-Za-z0-9_.:@\\*-]*\.(?:service|socket|target|timer|mount|slice|scope)$")
});
/// Matches a template that an interpolation completes with an instance: `ceph-osd@`.
static TEMPLATE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[a-z][a-z0-9_-]+\\?@$"));
/// Match a command line of systemctl or of modprobe within a string.
static SYSTEMCTL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?:^|[\s/])systemctl(?:\s+-\S+)*\s+[a-z-]+((?:\s+[A-Za-z0-9_.@\\-]+)+)")
});
static MODPROBE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?:^|[\s/])modprobe((?:\s+[A-Za-z0-9_-]+)+)"));
static WORD: LazyLock<Regex> = LazyLock::new(|| pattern(r"\S+"));
static MODULE_DIRECTORY: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"/sys/module/([A-Za-z0-9_]+)"));
/// Matches a well-known name: a reversed domain with at least three parts.
static BUS_NAME: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?:^|["'=\s])((?:org\.(?:freedesktop|qemu)|uk\.org|com\.[a-z]+)(?:\.[A-Za-z0-9_-]+)+\.?)"#,
    )
});
static PARAMETER_FILE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"/proc/sys/([a-z][A-Za-z0-9_./-]*)"));
static PARAMETER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?:^|["'\s])((?:net\.(?:ipv4|ipv6|core|bridge|netfilter|nf_conntrack)[a-z0-9_-]*|vm|kernel|fs)\.[a-z0-9_.*/-]*[a-z0-9_*])"#,
    )
});

/// Returns the names in a piece of a literal.
pub(super) fn names(text: Text, form: Form, site: &Site) -> Vec<Name> {
    if matches!(
        form,
        Form::Comment | Form::Pod | Form::Regex | Form::Shebang
    ) {
        return Vec::new();
    }
    let mut found = Vec::new();
    // An escaped newline at the end is not part of a name.
    let text = Text {
        bytes: text.bytes.strip_suffix(b"\\n").unwrap_or(text.bytes),
        ..text
    };
    if text.bytes.is_empty() {
        return found;
    }
    units(text, site, &mut found);
    modules(text, site, &mut found);
    let mut all = |pattern: &Regex, kind: Kind| {
        for name in pattern
            .captures_iter(text.bytes)
            .filter_map(|found| found.get(1))
        {
            found.push(Name {
                start: name.start(),
                end: name.end(),
                kind,
                open: text.before && name.end() == text.bytes.len(),
            });
        }
    };
    all(&BUS_NAME, Kind::BusName);
    all(&PARAMETER_FILE, Kind::SysctlKey);
    if program_before(site, "sysctl").is_some() || site.call.is_none() {
        all(&PARAMETER, Kind::SysctlKey);
    }
    found
}

/// Whether a literal is an element of a list of units, judged by its text and the variable that
/// receives the list.
pub(super) fn is_listed_unit(text: Text, site: &Site, lists: &[String]) -> bool {
    static NAME: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[A-Za-z0-9][A-Za-z0-9_.@-]*$"));
    let listed = site
        .target
        .as_ref()
        .is_some_and(|target| lists.contains(target));
    listed && !text.after && !text.before && NAME.is_match(text.bytes)
}

/// Returns the words between a program and the position in its command, or `None` if the command
/// does not run that program.
fn program_before<'s>(site: &'s Site, program: &str) -> Option<Vec<&'s str>> {
    let before = site.before.as_deref()?;
    let words: Vec<&str> = before.split(' ').collect();
    let at = words
        .iter()
        .position(|word| word.rsplit('/').next() == Some(program))?;
    Some(words[at + 1..].to_vec())
}

fn units(text: Text, site: &Site, found: &mut Vec<Name>) {
    let whole = |open| Name {
        start: 0,
        end: text.bytes.len(),
        kind: Kind::UnitName,
        open,
    };
    let call = site.call.as_deref().unwrap_or_default();
    if DIRECTIVES.contains(&call) {
        return words(text, 0, text.bytes.len(), Kind::UnitName, found);
    }
    if let Some(given) = program_before(site, "systemctl") {
        let verb = given.iter().any(|word| !word.starts_with('-'));
        let property = matches!(given.last(), Some(&("--property" | "-p")));
        let option = text.bytes.starts_with(b"-");
        if verb && !property && !option && !text.after && !text.bytes.contains(&b' ') {
            found.push(whole(text.before));
        }
        return;
    }
    if UNIT.is_match(text.bytes) && !text.after && !text.before {
        found.push(whole(false));
    }
    // This is an account on another machine, not a unit.
    let account = text.bytes.starts_with(b"root");
    if TEMPLATE.is_match(text.bytes) && !account && !text.after && text.before {
        found.push(whole(true));
    }
    for line in SYSTEMCTL
        .captures_iter(text.bytes)
        .filter_map(|found| found.get(1))
    {
        words(text, line.start(), line.end(), Kind::UnitName, found);
    }
}

fn modules(text: Text, site: &Site, found: &mut Vec<Name>) {
    if program_before(site, "modprobe").is_some() {
        if !text.bytes.starts_with(b"-") && !text.after && !text.before {
            words(text, 0, text.bytes.len(), Kind::KernelModule, found);
        }
        return;
    }
    for line in MODPROBE
        .captures_iter(text.bytes)
        .filter_map(|found| found.get(1))
    {
        words(text, line.start(), line.end(), Kind::KernelModule, found);
    }
    for name in MODULE_DIRECTORY
        .captures_iter(text.bytes)
        .filter_map(|found| found.get(1))
    {
        found.push(Name {
            start: name.start(),
            end: name.end(),
            kind: Kind::KernelModule,
            open: false,
        });
    }
}

/// Finds the words of a range that are not options.
fn words(text: Text, start: usize, end: usize, kind: Kind, found: &mut Vec<Name>) {
    let range = text.bytes.get(start..end).unwrap_or_default();
    for word in WORD.find_iter(range) {
        if !word.as_bytes().starts_with(b"-") {
            found.push(Name {
                start: start + word.start(),
                end: start + word.end(),
                kind,
                open: text.before && start + word.end() == text.bytes.len(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, before: Option<&str>) -> Vec<(String, Kind)> {
        let site = Site {
            before: before.map(str::to_owned),
            ..Site::default()
        };
        let piece = Text {
            bytes: text.as_bytes(),
            after: false,
            before: text.ends_with('@') || text.ends_with("dnsmasq."),
        };
        let names = names(piece, Form::Literal, &site).into_iter();
        names
            .map(|one| (text[one.start..one.end].to_owned(), one.kind))
            .collect()
    }

    #[test]
    fn each_kind_of_name_is_found_and_prose_is_none() {
        let one = |text: &str, before: Option<&str>, name: &str, kind: Kind| {
            assert_eq!(found(text, before), [(name.to_owned(), kind)], "{text}");
        };
        one("frr", Some("systemctl restart"), "frr", Kind::UnitName);
        one("frr", Some("systemctl enable --now"), "frr", Kind::UnitName);
        one(
            "frr",
            Some("@$ssh -- /bin/systemctl start"),
            "frr",
            Kind::UnitName,
        );
        one("ceph-osd\\@", None, "ceph-osd\\@", Kind::UnitName);
        one(
            "pvefw-logger.service",
            None,
            "pvefw-logger.service",
            Kind::UnitName,
        );
        one("modprobe -q softdog", None, "softdog", Kind::KernelModule);
        one(
            "vfio-pci",
            Some("/sbin/modprobe"),
            "vfio-pci",
            Kind::KernelModule,
        );
        one("/sys/module/kvm/x", None, "kvm", Kind::KernelModule);
        one(
            "org.freedesktop.systemd1",
            None,
            "org.freedesktop.systemd1",
            Kind::BusName,
        );
        one(
            "uk.org.thekelleys.dnsmasq.",
            None,
            "uk.org.thekelleys.dnsmasq.",
            Kind::BusName,
        );
        one(
            "/proc/sys/net/ipv4/ip_forward",
            None,
            "net/ipv4/ip_forward",
            Kind::SysctlKey,
        );
        one(
            "net.ipv6.conf.all.forwarding",
            Some("sysctl"),
            "net.ipv6.conf.all.forwarding",
            Kind::SysctlKey,
        );
        let two = found("systemctl restart corosync pve-cluster", None);
        assert_eq!(two.len(), 2, "{two:?}");
        for prose in [
            "restart",
            "www.example.org",
            "the service",
            "kernel.",
            "a.service is",
        ] {
            assert_eq!(found(prose, None), [], "{prose}");
        }
        assert_eq!(found("restart", Some("systemctl")), []);
        assert_eq!(found("MainPID", Some("systemctl show x --property")), []);
    }
}
