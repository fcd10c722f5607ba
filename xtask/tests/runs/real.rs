//! Requirements on the real releases, with `PVE_SOURCES`, and on the demo.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use analyse::{AnalysedSource, Analysis};
use debian::install;
use decide::engine::Uses;
use decide::rules::Absent;
use decide::{Context, Decision};
use patch::edits::{Edits, edits};
use patch::file::{Header, Patch, make};
use patch::rewrite::{Theme, apply};
use release::{Entry, Mode};
use scan::{Kind, Language};

use crate::support::{DEMO, KNOWLEDGE, RELEASES, Run, real, real_sources, told};

/// Returns the demo, and the real releases if available.
fn releases() -> impl Iterator<Item = &'static Analysis> {
    std::iter::once(&*DEMO).chain(RELEASES.into_iter().filter_map(real))
}

#[test]
fn nothing_is_unknown_and_no_rule_is_stale() {
    if real_sources().is_none() {
        return;
    }
    let mut uses = Uses::default();
    for analysis in releases() {
        uses.merge(&analysis.uses);
        assert!(
            analysis.findings.is_empty(),
            "{}: {}",
            analysis.manifest.name,
            told(&analysis.findings)
        );
    }
    let stale = analyse::stale(&uses, &KNOWLEDGE);
    assert!(stale.is_empty(), "{}", told(&stale));
}

/// Returns the rules for contexts and paths that name files of sources: their names, the globs of
/// sources, those of files.
fn rules_of_files() -> Vec<(String, Vec<String>, Vec<String>)> {
    let mut found = Vec::new();
    for directory in ["rules/sources", "rules/general", "rules/nixpkgs"] {
        found.extend(rules_of_directory(
            &crate::support::project().join(directory),
        ));
    }
    found
}

fn rules_of_directory(directory: &Path) -> Vec<(String, Vec<String>, Vec<String>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("the rules") {
        let path = entry.expect("readable").path();
        let file = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let source = directory.ends_with("sources").then(|| file.clone());
        let text = fs::read_to_string(path).expect("the rules");
        let rules: toml::Table = text.parse().expect("TOML");
        let words = |value: Option<&toml::Value>| -> Vec<String> {
            let words = value.and_then(toml::Value::as_array).into_iter().flatten();
            words
                .filter_map(|one| Some(one.as_str()?.to_owned()))
                .collect()
        };
        let keys = ["context", "last-context", "path", "last-path"];
        for rule in keys.iter().filter_map(|key| rules.get(*key)?.as_array()) {
            for rule in rule {
                let nothing = toml::Value::Table(toml::Table::new());
                let condition = rule.get("where").unwrap_or(&nothing);
                let name = rule["name"].as_str().unwrap_or_default();
                let (sources, files) = (
                    source
                        .clone()
                        .map_or_else(|| words(condition.get("sources")), |name| vec![name]),
                    words(condition.get("files")),
                );
                if !sources.is_empty() && !files.is_empty() {
                    found.push((format!("{file}: {name}"), sources, files));
                }
            }
        }
    }
    found
}

fn globs(patterns: &[String]) -> globset::GlobSet {
    let mut set = globset::GlobSetBuilder::new();
    for pattern in patterns {
        let mut glob = globset::GlobBuilder::new(pattern);
        let glob = glob.literal_separator(true).empty_alternates(true);
        set.add(glob.build().expect("a glob"));
    }
    set.build().expect("globs")
}

/// If a file that a rule names moves in the next release, another rule decides it from then on, but
/// nothing becomes unknown. The manual's programs were once taken for parts of its build that way.
#[test]
fn rules_follow_files_that_move() {
    let mut moved = String::new();
    let releases: Vec<&Analysis> = releases().skip(1).collect();
    for (rule, sources, files) in rules_of_files() {
        let (sources, files) = (globs(&sources), globs(&files));
        for pair in releases.windows(2) {
            for old in pair[0]
                .sources
                .iter()
                .filter(|one| sources.is_match(&one.source.name))
            {
                let mut new = pair[1].sources.iter();
                let Some(new) = new.find(|one| one.source.name == old.source.name) else {
                    continue;
                };
                let paths = |one: &AnalysedSource| -> BTreeSet<String> {
                    let entries = one.source.tree.entries().iter();
                    entries.map(|entry| entry.path.clone()).collect()
                };
                let (before, after) = (paths(old), paths(new));
                let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
                for gone in before
                    .difference(&after)
                    .filter(|path| files.is_match(path))
                {
                    let mut same = after
                        .difference(&before)
                        .filter(|path| last(path) == last(gone));
                    if let Some(there) = same.find(|path| !files.is_match(path)) {
                        let (name, release) = (&new.source.name, &pair[1].manifest.name);
                        let _ = writeln!(moved, "{rule}: {release} has {name}/{gone} as {there}");
                    }
                }
            }
        }
    }
    assert!(moved.is_empty(), "{moved}");
}

/// Places of pve-9.2.11 that a person has judged: source, file, text, and decision.
const JUDGED: [(&str, &str, &str, &str); 11] = [
    (
        "pve-common",
        "src/PVE/LDAP.pm",
        "Net::LDAP::Util",
        "package perlPackages.perlldap",
    ),
    (
        "pve-common",
        "src/PVE/Tools.pm",
        "/usr/bin/dpkg",
        "disable debian-architecture",
    ),
    (
        "pve-manager",
        "PVE/API2/Network.pm",
        "PVE::Network::SDN::WireGuard",
        "disable older-network",
    ),
    (
        "pve-manager",
        "PVE/Ceph/Services.pm",
        "/usr/bin/ceph-",
        "package ceph bin/ceph-",
    ),
    (
        "pve-manager",
        "bin/pvebanner",
        "/etc/issue",
        "system /run/issue",
    ),
    (
        "pve-firewall",
        "src/PVE/Firewall.pm",
        "/etc/ethertypes",
        "package ebtables etc/ethertypes",
    ),
    (
        "qemu-server",
        "src/PVE/QemuServer.pm",
        "/usr/lib/",
        "package libglvnd-shim lib",
    ),
    (
        "qemu-server",
        "src/PVE/QemuServer/PCI/Mdev.pm",
        "PVE::RS::NVML",
        "disable older-nvml",
    ),
    (
        "pve-docs",
        "scripts/asciidoc-pve.in",
        "/usr/share/pve-doc-generator",
        "self share/pve-doc-generator",
    ),
    (
        "pve-docs",
        "scripts/asciidoc-pve.in",
        "xmlto",
        "command xmlto xmlto",
    ),
    (
        "pve-docs",
        "scripts/pve-docs-mediawiki-import.in",
        "HTML::Parser",
        "package perlPackages.HTMLParser",
    ),
];

#[test]
fn judged_places_of_the_newest_release_stay_decided() {
    let Some(analysis) = real("pve-9.2.11") else {
        return;
    };
    for (source, path, text, expected) in JUDGED {
        let mut sources = analysis.sources.iter();
        let found = sources.find(|one| one.source.name == source);
        let found = found.expect("a source of the release").decided.iter();
        let found: Vec<String> = found
            .filter(|one| one.path == path && one.occurrence.text == text)
            .map(|one| match &one.decision {
                Decision::Package { attr, .. } if attr.starts_with("perlPackages.") => {
                    format!("package {attr}")
                }
                Decision::Package { attr, target } => format!("package {attr} {target}"),
                Decision::Own { target } => format!("self {target}"),
                Decision::Command { attr, program, .. } => {
                    format!("command {} {program}", attr.as_deref().unwrap_or_default())
                }
                Decision::System { path } => format!("system {path}"),
                Decision::Disable { feature } => format!("disable {feature}"),
                other => format!("{other:?}"),
            })
            .collect();
        assert!(!found.is_empty(), "{source}/{path} has no {text}");
        assert!(
            found.iter().all(|one| one == expected),
            "{source}/{path}: {text}: {found:?}"
        );
    }
}

#[test]
fn crates_in_submodules_are_scanned_like_all_others() {
    for name in ["pve-9.1.4", "pve-9.1.7"] {
        let Some(analysis) = real(name) else {
            return;
        };
        let mut programs = analysis.programs.iter();
        let library = programs.find(|one| one.name == "proxmox-backup-qemu");
        let library = library.expect("it is a program of the release");
        assert_eq!(library.unresolved, None, "{name}");
        assert_eq!(
            library.place("proxmox-backup", "pbs-client"),
            "proxmox-backup-qemu/submodules/proxmox-backup/pbs-client"
        );
        let known = &library.sources["proxmox-backup"];
        let mut sources = analysis.sources.iter();
        let source = sources.find(|one| one.source.name == *known);
        let source = source.expect("the commit that the submodule names");
        let files = &source.scanned.files;
        for local in library
            .crates
            .iter()
            .filter(|one| one.source == "proxmox-backup")
        {
            let below = |path: &str| path.starts_with(&format!("{}/src/", local.path));
            let scanned = files.iter().filter(|file| below(&file.path)).count();
            assert!(scanned > 0, "{name}: {}", local.name);
        }
        let is_edited = |one: &decide::Decided| {
            one.path == "pbs-buildcfg/src/lib.rs"
                && matches!(one.decision, Decision::Sibling { .. })
        };
        assert!(source.decided.iter().any(is_edited), "{name}");
    }
}

/// Existence checks whose program or directory now always exists. Each was judged: it checks for a
/// tool that runs next, or for a part of the link, never for something set up on this node.
const ALWAYS_THERE: [(&str, &str); 12] = [
    ("pve-common", "/usr/bin/proxmox-backup-client"),
    ("pve-docs", "/usr/share/pve-docs/"),
    ("pve-firewall", "/usr/libexec/proxmox/proxmox-firewall"),
    ("pve-manager", "/sbin/bridge"),
    ("pve-manager", "/usr/bin/skopeo"),
    ("pve-manager", "/usr/share/perl5/"),
    ("pve-storage", "/usr/bin/skopeo"),
    ("pve-storage", "/sbin/zpool"),
    ("pve-storage", "/usr/bin/iscsiadm"),
    ("qemu-server", "/usr/bin/nbdfuse"),
    ("qemu-server", "/usr/libexec/qemu-server/dbus-vmstate"),
    ("qemu-server", "/usr/libexec/virtiofsd"),
];

#[test]
fn a_presence_test_that_became_constant_is_judged() {
    for analysis in RELEASES.into_iter().filter_map(real) {
        for source in &analysis.sources {
            let asks = source.decided.iter().filter(|one| {
                let call = one.occurrence.site.call.as_deref();
                // A part that a link may lack does not always exist.
                let absent = one
                    .rule
                    .as_ref()
                    .and_then(|rule| KNOWLEDGE.rules.absent(rule));
                one.context == Context::Host
                    && absent != Some(Absent::Optional)
                    && matches!(call, Some("-e" | "-x" | "-f" | "-d"))
                    && matches!(
                        one.decision,
                        Decision::Package { .. } | Decision::Own { .. } | Decision::Sibling { .. }
                    )
            });
            for one in asks {
                let known = (source.source.name.as_str(), one.occurrence.text.as_str());
                assert!(
                    ALWAYS_THERE.contains(&known),
                    "{}: {}/{}:{}: `{}` is always there: what does the test ask?",
                    analysis.manifest.name,
                    known.0,
                    one.path,
                    one.occurrence.line,
                    known.1
                );
            }
        }
    }
}

/// Whether the packaging installs the file unchanged.
fn is_installed(source: &AnalysedSource, path: &str) -> bool {
    source.packagings.iter().any(|packaging| {
        let relative = match packaging.root.as_str() {
            "" => Some(path),
            root => path
                .strip_prefix(root)
                .and_then(|rest| rest.strip_prefix('/')),
        };
        let listed = |relative: &str| {
            let files = packaging.files.installed.iter();
            files
                .into_iter()
                .any(|file| install::matches(&file.origin, relative))
        };
        packaging.made.iter().any(|action| action.origin == path) || relative.is_some_and(listed)
    })
}

/// Whether nothing in the file takes effect: a test's file, an image, or Rust, which is not scanned
/// yet.
fn is_left_out(path: &str, language: Option<Language>) -> bool {
    let aside = |part: &str| matches!(part, "test" | "tests" | "t" | "examples" | "testing");
    language == Some(Language::Rust)
        || path.ends_with(".rs")
        || path.ends_with(".svg")
        || path.split('/').any(aside)
}

/// Returns the lines of host files that name a Debian path outside of every occurrence.
fn uncovered(source: &AnalysedSource, pattern: &regex::bytes::Regex) -> (usize, Vec<String>) {
    let tree = source.source.tree.as_ref();
    let languages: BTreeMap<&str, _> = source
        .scanned
        .files
        .iter()
        .map(|file| (file.path.as_str(), file))
        .collect();
    let mut building: BTreeMap<&str, bool> = BTreeMap::new();
    for decided in &source.decided {
        let aside = matches!(decided.context, Context::Build | Context::Test);
        *building.entry(decided.path.as_str()).or_insert(true) &= aside;
    }
    let wanted: Vec<&Entry> = tree
        .entries()
        .iter()
        .filter(|entry| matches!(entry.mode, Mode::File | Mode::Executable) && !entry.is_empty())
        .filter(|entry| {
            let path = entry.path.as_str();
            let language = languages.get(path).map(|file| file.language);
            let builds = building.get(path).copied().unwrap_or(false);
            !is_left_out(path, language)
                && !builds
                && (language.is_some() || is_installed(source, path))
        })
        .collect();
    let contents = tree
        .read(&wanted)
        .unwrap_or_else(|problem| panic!("{problem}"));
    let (mut lines, mut bare) = (0, Vec::new());
    for (entry, bytes) in wanted.iter().zip(contents) {
        let occurrences = languages
            .get(entry.path.as_str())
            .map(|file| file.scan.occurrences.as_slice());
        let mut start = 0;
        for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let span = start..start + line.len();
            start = span.end + 1;
            // Each match must be covered, not just one per line.
            for found in pattern.find_iter(line) {
                lines += 1;
                let found = span.start + found.start()..span.start + found.end();
                let covered = occurrences.unwrap_or_default().iter().any(|place| {
                    place.offset < found.end && found.start < place.offset + place.length
                });
                if !covered && !bytes.contains(&0) {
                    let text = String::from_utf8_lossy(line);
                    bare.push(format!(
                        "{}/{}:{}: {}",
                        source.source.name,
                        entry.path,
                        number + 1,
                        text.trim()
                    ));
                }
            }
        }
    }
    (lines, bare)
}

#[test]
fn every_line_that_names_a_debian_path_is_covered() {
    let pattern = regex::bytes::Regex::new("(/usr)?/s?bin/|/usr/(share|lib|libexec)/|/lib/systemd")
        .expect("a pattern");
    let (mut lines, mut told) = (0, BTreeSet::new());
    for analysis in releases() {
        for source in &analysis.sources {
            let (of_source, bare) = uncovered(source, &pattern);
            lines += of_source;
            told.extend(bare);
        }
    }
    println!("{lines} places held");
    assert!(lines > 100);
    let count = told.len();
    assert!(
        told.is_empty(),
        "{count} are not covered:\n{}",
        told.into_iter().collect::<Vec<_>>().join("\n")
    );
}

/// Returns the absolute paths in an installed program of a source that were decided as if only a
/// build read them.
fn taken_for_a_builds(source: &AnalysedSource) -> Vec<String> {
    let is_program = |dest: &str| dest.starts_with("usr/bin/") || dest.starts_with("usr/sbin/");
    let programs: BTreeSet<&str> = (source.packagings.iter())
        .flat_map(|packaging| &packaging.made)
        .filter(|action| is_program(&action.dest))
        .map(|action| action.origin.as_str())
        .collect();
    let taken = source.decided.iter().filter(|decided| {
        let made_of = decided.path.strip_suffix(".in").unwrap_or(&decided.path);
        programs.contains(made_of)
            && decided.context == Context::Build
            && decided.occurrence.kind == Kind::AbsolutePath
            && matches!(decided.decision, Decision::Keep { .. })
    });
    taken
        .map(|decided| {
            let (name, line) = (&source.source.name, decided.occurrence.line);
            format!(
                "{name}/{}:{line}: {}",
                decided.path, decided.occurrence.text
            )
        })
        .collect()
}

#[test]
fn no_installed_program_is_decided_as_what_a_build_reads() {
    let sources = releases().flat_map(|analysis| &analysis.sources);
    let told: BTreeSet<String> = sources.flat_map(taken_for_a_builds).collect();
    assert!(told.is_empty(), "{told:#?}");
}

/// Returns the edits and patches of one source.
fn patches(analysis: &Analysis, source: &AnalysedSource) -> (Edits, Vec<Patch>) {
    let fail = |problems: Vec<_>| -> ! { panic!("{}", told(&problems)) };
    let release = &analysis.manifest.name;
    let roles = analysis.graph.roles();
    let edits = edits(
        source,
        &roles,
        &KNOWLEDGE.rules.features,
        &analysis.programs,
        release,
    )
    .unwrap_or_else(|problems| fail(problems));
    let header = Header {
        source: &source.source.name,
        version: "1",
        rules: &edits.rules,
    };
    let patches =
        make(&edits.files, &header, &KNOWLEDGE.calls).unwrap_or_else(|problems| fail(problems));
    (edits, patches)
}

#[test]
fn only_what_was_decided_is_edited() {
    for analysis in releases() {
        for source in &analysis.sources {
            let (edits, _) = patches(analysis, source);
            assert!(edits.findings.is_empty(), "{}", told(&edits.findings));
            let decided: BTreeMap<_, _> = source
                .decided
                .iter()
                .map(|one| {
                    (
                        (
                            one.path.as_str(),
                            one.occurrence.offset,
                            one.occurrence.length,
                        ),
                        one,
                    )
                })
                .collect();
            for file in edits.files.iter().filter(|file| !file.deleted) {
                let mut end = 0;
                for edit in &file.edits {
                    let place = format!("{}/{} at {:?}", source.source.name, file.path, edit.range);
                    // The edits for cargo, and those that restrict an instruction to its processor,
                    // may insert text without removing any.
                    let puts_in = matches!(edit.theme, Theme::Features | Theme::Crates);
                    let is_empty = edit.range.is_empty() && !puts_in;
                    assert!(end <= edit.range.start && !is_empty, "{place}: overlaps");
                    end = edit.range.end;
                    if matches!(edit.theme, Theme::Features | Theme::Crates) {
                        continue;
                    }
                    let path = file.path.as_str();
                    // A Rust literal is replaced as a whole; the decided text is inside.
                    let one = if file.language == Some(Language::Rust) {
                        let literal = (path, edit.range.start, 0)..(path, edit.range.end, 0);
                        let mut within = decided.range(literal).map(|(_, one)| one);
                        within.find(|one| !matches!(one.decision, Decision::Keep { .. }))
                    } else {
                        decided.get(&(path, edit.range.start, edit.range.len()))
                    };
                    let one = one.unwrap_or_else(|| panic!("{place}: nothing is decided there"));
                    let acts = matches!(
                        one.context,
                        Context::Host | Context::Remote | Context::Build
                    );
                    let kept = matches!(one.decision, Decision::Keep { .. } | Decision::Unknown);
                    assert!(acts && !kept, "{place}: {one:?}");
                }
            }
        }
    }
}

fn succeeds(command: &mut Command, what: &str) {
    let run = Run::of(command.stdin(Stdio::null()));
    assert_eq!(run.code, Some(0), "{what}: {}{}", run.stdout, run.stderr);
}

/// Applies the patches of a source, in order, with Git's tool and the POSIX one, to the files that
/// they name.
fn apply_patches(analysis: &Analysis, source: &AnalysedSource) -> usize {
    let (edits, patches) = patches(analysis, source);
    let dir = tempfile::tempdir().expect("a directory");
    let tree = dir.path().join("tree");
    for file in &edits.files {
        let path = tree.join(&file.path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
        fs::write(&path, &file.original).expect("written");
        if file.executable {
            fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755))
                .expect("executable");
        }
    }
    for patch in &patches {
        let file = dir.path().join(&patch.name);
        fs::write(&file, &patch.bytes).expect("written");
        let mut what = String::new();
        let _ = write!(
            what,
            "{} {} {}",
            analysis.manifest.name, source.source.name, patch.name
        );
        let git = |arguments: &[&str]| {
            let mut command = Command::new("git");
            command
                .current_dir(&tree)
                .args(["apply", "--whitespace=nowarn"])
                .args(arguments)
                .arg(&file);
            // Ignore any repository above the directory.
            command
                .env("GIT_CEILING_DIRECTORIES", dir.path())
                .env("GIT_CONFIG_GLOBAL", "/dev/null");
            command
        };
        succeeds(&mut git(&["--check"]), &what);
        let mut posix = Command::new("patch");
        posix
            .current_dir(&tree)
            .args(["-p1", "--dry-run", "--force", "--fuzz=0", "-i"])
            .arg(&file);
        succeeds(&mut posix, &what);
        succeeds(&mut git(&[]), &what);
    }
    for file in &edits.files {
        let after = fs::read(tree.join(&file.path)).ok();
        let wanted = (!file.deleted).then(|| apply(&file.original, &file.edits, Theme::Crates));
        assert!(after == wanted, "{}/{}", source.source.name, file.path);
    }
    assert!(Path::new(&tree).exists() || patches.is_empty());
    patches.len()
}

#[test]
fn patches_apply_with_git_and_with_patch() {
    let mut applied = 0;
    for analysis in releases() {
        for source in &analysis.sources {
            applied += apply_patches(analysis, source);
        }
    }
    assert!(applied >= 8, "{applied}");
}
