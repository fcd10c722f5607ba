//! Tests `debian::read_all` on invented trees and, if `PVE_SOURCES` names them, on the real
//! sources.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use debian::system::System;
use debian::{Packaging, read_all};
use problem::{BAD_TREE, Problem};
use release::{Entry, Mode, Tree};

/// A tree in memory.
struct Memory {
    entries: Vec<Entry>,
    contents: BTreeMap<String, Vec<u8>>,
}

impl Memory {
    fn of(files: &[(&str, &str)]) -> Self {
        let mut memory = Self {
            entries: Vec::new(),
            contents: BTreeMap::new(),
        };
        for (path, text) in files {
            memory.add(path, Mode::File, text.as_bytes());
        }
        memory.sorted()
    }

    fn link(mut self, path: &str, target: &str) -> Self {
        self.add(path, Mode::Symlink, target.as_bytes());
        self.sorted()
    }

    fn bytes(mut self, path: &str, bytes: &[u8]) -> Self {
        self.add(path, Mode::File, bytes);
        self.sorted()
    }

    fn add(&mut self, path: &str, mode: Mode, bytes: &[u8]) {
        let size = u64::try_from(bytes.len()).unwrap();
        self.entries.push(Entry {
            path: path.to_owned(),
            mode,
            size,
            id: path.to_owned(),
        });
        self.contents.insert(path.to_owned(), bytes.to_vec());
    }

    fn sorted(mut self) -> Self {
        self.entries.sort_by(|a, b| a.path.cmp(&b.path));
        self
    }
}

impl Tree for Memory {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn read(&self, wanted: &[&Entry]) -> Result<Vec<Vec<u8>>, Problem> {
        let content = |entry: &&Entry| self.contents.get(&entry.path).cloned();
        wanted
            .iter()
            .map(|entry| content(entry).ok_or_else(|| Problem::new(&BAD_TREE, "no such file")))
            .collect()
    }
}

const CONTROL: &str = "Source: demo\nBuild-Depends: debhelper-compat (= 13), perl\n\nPackage: demo\nArchitecture: all\nDescription: a demo\n\n\
                       Package: demo-tools\nArchitecture: any\nDescription: more\n";
const CHANGELOG: &str = "demo (1.2-3) trixie; urgency=medium\n\n  * one\n\n -- A B <a@b.example>  Mon, 01 Jan 2024 00:00:00 +0000\n";
const SERVICE: &str = "[Unit]\nDescription=x\n[Service]\nUser=demo\nExecStart=/usr/bin/demo\n[Install]\nWantedBy=multi-user.target\n";

/// Makes a source with a bit of everything.
fn demo() -> Memory {
    Memory::of(&[
        ("debian/control", CONTROL),
        ("debian/changelog", CHANGELOG),
        (
            "debian/copyright",
            "under the GNU Affero General Public License as published by the FSF, either version 3 of it, or any later version",
        ),
        (
            "debian/rules",
            "#!/usr/bin/make -f\n%:\n\tdh $@\noverride_dh_installlogrotate:\nexecute_after_dh_fixperms:\n\tchmod u+s debian/demo/usr/bin/helper\n",
        ),
        (
            "debian/demo-tools.install",
            "usr/lib/systemd/system/late.timer\nconf/50-demo.conf usr/lib/sysctl.d\n",
        ),
        ("debian/demo.service", SERVICE),
        ("debian/demo.logrotate", "x\n"),
        ("debian/demo.dirs", "var/lib/demo\nusr/share/demo\n"),
        ("debian/tmpfiles", "d /run/demo 0750 root www-data -\n"),
        ("debian/triggers", "interest-noawait demo-updates\n"),
        (
            "debian/postinst",
            "#!/bin/sh\nset -e\nadduser --system --group demo\nchown demo:demo /var/lib/demo\nfrobnicate\n#DEBHELPER#\n",
        ),
        ("debian/patches/series", "# one\na.patch\nb.patch -p0\n"),
        ("debian/patches/a.patch", "--- a/x\n+++ b/x\n"),
        ("debian/patches/b.patch", "--- x\n+++ x\n"),
        ("conf/50-demo.conf", "net.demo = 1\n"),
        (
            "Makefile",
            "install:\n\t$(MAKE) -C units install\n\tinstall -d -m 0700 -o www-data $(DESTDIR)/var/log/demo\n\tinstall -m 4755 su $(DESTDIR)/usr/libexec/\n",
        ),
        (
            "units/Makefile",
            "install:\n\tinstall -m 0644 late.timer late.service $(DESTDIR)/usr/lib/systemd/system\n",
        ),
        (
            "units/late.timer",
            "[Timer]\nOnBootSec=1\n[Install]\nWantedBy=timers.target\n",
        ),
        ("units/late.service", "[Service]\nExecStart=/x\n"),
        ("test/debian/control", "not a control file\n"),
        (
            "nested/debian/control",
            "Source: nested\n\nPackage: nested\nArchitecture: all\n",
        ),
    ])
}

fn read(tree: &dyn Tree) -> Vec<Packaging> {
    read_all("demo", tree).unwrap_or_else(|problems| {
        panic!(
            "{}",
            problems.iter().map(ToString::to_string).collect::<String>()
        )
    })
}

/// Returns the first problem: code, path, line.
fn problem(tree: &dyn Tree) -> (&'static str, String, Option<u32>) {
    let problems = read_all("demo", tree).unwrap_err();
    let first = &problems[0];
    assert_eq!(first.place.source.as_deref(), Some("demo"));
    (
        first.code.id,
        first.place.path.clone().unwrap_or_default(),
        first.place.line,
    )
}

#[test]
fn every_debian_directory_outside_of_tests_is_read() {
    let found = read(&demo());
    let roots: Vec<&str> = found
        .iter()
        .map(|packaging| packaging.root.as_str())
        .collect();
    assert_eq!(roots, ["", "nested"]);
    assert_eq!(found[0].version(), Some("1.2-3"));
    assert_eq!(found[0].licence.as_ref().unwrap().main, "AGPL-3.0-or-later");
    assert_eq!(found[1].version(), None);
}

#[test]
fn what_a_source_sets_up() {
    let system = System::of(&read(&demo()));
    let units: Vec<_> = system
        .units
        .iter()
        .map(|unit| {
            (
                unit.name.as_str(),
                unit.package.as_str(),
                unit.enable,
                unit.start,
            )
        })
        .collect();
    assert_eq!(
        units,
        [
            ("demo.service", "demo", true, true),
            ("late.service", "demo", false, false),
            ("late.timer", "demo-tools", true, true),
        ]
    );
    let directories: Vec<_> = system
        .directories
        .iter()
        .map(|d| {
            (
                d.path.as_str(),
                d.mode.as_str(),
                d.owner.as_str(),
                d.group.as_str(),
                d.from.as_str(),
            )
        })
        .collect();
    assert_eq!(
        directories,
        [
            ("/run/demo", "0750", "root", "www-data", "debian/tmpfiles:1"),
            (
                "/var/lib/demo",
                "0755",
                "demo",
                "demo",
                "debian/demo.dirs:1"
            ),
            ("/var/log/demo", "0700", "www-data", "root", "Makefile:3"),
        ]
    );
    let users: Vec<_> = system
        .users
        .iter()
        .map(|user| {
            (
                user.name.as_str(),
                user.uid,
                user.debian_number,
                user.created,
            )
        })
        .collect();
    assert_eq!(
        users,
        [
            ("demo", None, None, true),
            ("www-data", None, Some(33), false)
        ]
    );
    assert_eq!(
        system.sysctls.get("net.demo").map(String::as_str),
        Some("1")
    );
    let setuid: Vec<_> = system
        .setuid
        .iter()
        .map(|program| (program.path.as_str(), program.mode.as_str()))
        .collect();
    assert_eq!(
        setuid,
        [("/usr/bin/helper", "u+s"), ("/usr/libexec/su", "4755")]
    );
    assert_eq!(
        system.configured.triggers[0].text,
        "interest-noawait demo-updates"
    );
    let other: Vec<_> = system
        .other
        .iter()
        .map(|other| (other.path.as_str(), other.line, other.command.join(" ")))
        .collect();
    assert_eq!(other, [("debian/postinst", 5, "frobnicate".to_owned())]);
}

/// Collects every key of a value, except the names of sysctls.
fn keys(value: &serde_json::Value, found: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(map) => {
            for (key, value) in map {
                if !key.contains('.') {
                    found.push(key.clone());
                }
                keys(value, found);
            }
        }
        serde_json::Value::Array(list) => list.iter().for_each(|value| keys(value, found)),
        _ => {}
    }
}

#[test]
fn system_json_has_the_documented_keys() {
    let json = serde_json::to_value(System::of(&read(&demo()))).unwrap();
    let documentation = include_str!("../../docs/system-json.md");
    let mut found = Vec::new();
    keys(&json, &mut found);
    assert!(found.len() > 20);
    for key in found {
        assert!(
            documentation.contains(&format!("`{key}`")),
            "docs/system-json.md does not say what `{key}` is"
        );
    }
}

#[test]
fn overrides_switch_files_off() {
    let found = read(&demo());
    let tools: Vec<&str> = found[0]
        .files
        .installed
        .iter()
        .map(|file| file.tool.as_ref())
        .collect();
    assert!(!tools.contains(&"dh_installlogrotate"));
    assert!(tools.contains(&"dh_installtmpfiles") && tools.contains(&"dh_installsystemd"));
}

#[test]
fn series_levels() {
    let series = read(&demo())[0].series.clone().unwrap();
    let patches: Vec<_> = series
        .patches
        .iter()
        .map(|patch| (patch.path.as_str(), patch.strip))
        .collect();
    assert_eq!(
        patches,
        [("debian/patches/a.patch", 1), ("debian/patches/b.patch", 0)]
    );
}

#[test]
fn each_bad_file_is_named_with_its_line() {
    let with = |path: &str, text: &str| {
        let mut tree = Memory::of(&[("debian/control", CONTROL), ("debian/changelog", CHANGELOG)]);
        tree.entries.retain(|entry| entry.path != path);
        tree.add(path, Mode::File, text.as_bytes());
        problem(&tree.sorted())
    };
    let at = |code, path: &str, line| (code, path.to_owned(), Some(line));
    assert_eq!(
        with("debian/control", "Source: demo\nnonsense\n"),
        at("PNX-301", "debian/control", 2)
    );
    assert_eq!(
        with("debian/changelog", "\nnonsense\n"),
        at("PNX-302", "debian/changelog", 2)
    );
    assert_eq!(
        with("debian/install", "ok usr/bin\n../../etc/passwd etc\n"),
        at("PNX-303", "debian/install", 2)
    );
    assert_eq!(
        with("debian/demo.links", "a ../../b\n"),
        at("PNX-303", "debian/demo.links", 1)
    );
    assert_eq!(
        with("debian/patches/series", "gone.patch\n"),
        at("PNX-306", "debian/patches/series", 1)
    );
    assert_eq!(
        with("debian/patches/series", "\n../../../x.patch\n"),
        at("PNX-303", "debian/patches/series", 2)
    );
}

#[test]
fn a_patch_that_leaves_the_tree_is_named() {
    let tree = Memory::of(&[
        ("debian/control", CONTROL),
        ("debian/patches/series", "a.patch\n"),
        ("debian/patches/a.patch", "--- a/x\n+++ b/../x\n"),
    ]);
    assert_eq!(
        problem(&tree),
        ("PNX-303", "debian/patches/a.patch".to_owned(), Some(2))
    );
}

#[test]
fn symbolic_links_are_followed_within_the_tree() {
    let files = [
        ("debian/control", CONTROL),
        ("CHANGES", "x"),
        ("common/history", CHANGELOG),
    ];
    let tree = Memory::of(&files).link("debian/changelog", "../common/history");
    assert_eq!(read(&tree)[0].version(), Some("1.2-3"));
    let circle = Memory::of(&files)
        .link("debian/changelog", "copyright")
        .link("debian/copyright", "changelog");
    assert_eq!(problem(&circle).0, "PNX-303");
}

#[test]
fn bytes_that_are_not_utf8_do_no_harm() {
    let tree = Memory::of(&[("debian/control", CONTROL)])
        .bytes(
            "debian/changelog",
            &CHANGELOG
                .as_bytes()
                .iter()
                .copied()
                .map(|byte| if byte == b'B' { 0xe9 } else { byte })
                .collect::<Vec<_>>(),
        )
        .bytes("debian/postinst", b"#!/bin/sh\nmkdir /var/lib/\xff\n");
    assert_eq!(read(&tree)[0].version(), Some("1.2-3"));
}

#[test]
fn a_control_in_alone_will_do() {
    let tree = Memory::of(&[("debian/control.in", CONTROL)]);
    assert_eq!(read(&tree)[0].control.path, "debian/control.in");
}

#[test]
fn a_tree_without_packaging_has_none() {
    assert!(read(&Memory::of(&[("README", "x")])).is_empty());
}

/// A commit's tree, read with plain `git` commands.
struct Commit {
    repository: PathBuf,
    entries: Vec<Entry>,
}

impl Commit {
    fn open(repository: &Path, rev: &str) -> Self {
        let output = Command::new("git")
            .arg("-C")
            .arg(repository)
            .args(["ls-tree", "-r", "-l", "-z", rev])
            .output()
            .unwrap();
        assert!(output.status.success(), "{} {rev}", repository.display());
        let listing = String::from_utf8(output.stdout).unwrap();
        let mut entries: Vec<Entry> = listing.split_terminator('\0').map(entry).collect();
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Self {
            repository: repository.to_owned(),
            entries,
        }
    }
}

/// Parses a line of `git ls-tree -r -l -z`.
fn entry(line: &str) -> Entry {
    let (facts, path) = line.split_once('\t').unwrap();
    let facts: Vec<&str> = facts.split_whitespace().collect();
    let mode = match facts[0] {
        "100755" => Mode::Executable,
        "120000" => Mode::Symlink,
        "160000" => Mode::Submodule,
        _ => Mode::File,
    };
    Entry {
        path: path.to_owned(),
        mode,
        size: facts[3].parse().unwrap_or(0),
        id: facts[2].to_owned(),
    }
}

impl Tree for Commit {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn read(&self, wanted: &[&Entry]) -> Result<Vec<Vec<u8>>, Problem> {
        use std::io::{BufRead, BufReader, Read, Write};
        let mut git = Command::new("git")
            .arg("-C")
            .arg(&self.repository)
            .args(["cat-file", "--batch"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = git.stdin.take().unwrap();
        let ids: Vec<&str> = wanted.iter().map(|entry| entry.id.as_str()).collect();
        let ids = ids.join(
            "
",
        ) + "
";
        let writer = std::thread::spawn(move || stdin.write_all(ids.as_bytes()));
        let mut stdout = BufReader::new(git.stdout.take().unwrap());
        let mut contents = Vec::new();
        for _ in wanted {
            let mut header = String::new();
            stdout.read_line(&mut header).unwrap();
            let size: usize = header.split_whitespace().nth(2).unwrap().parse().unwrap();
            let mut content = vec![0; size + 1];
            stdout.read_exact(&mut content).unwrap();
            content.pop();
            contents.push(content);
        }
        writer.join().unwrap().unwrap();
        git.wait().unwrap();
        Ok(contents)
    }
}

/// Returns the pins of every release here, if `PVE_SOURCES` names a directory of their
/// repositories.
fn real_sources() -> Option<Vec<(String, String, Commit)>> {
    let Some(directory) = std::env::var_os("PVE_SOURCES").map(PathBuf::from) else {
        println!("skipped: PVE_SOURCES names no directory of repositories");
        return None;
    };
    let releases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../releases");
    let mut sources = Vec::new();
    let Ok(files) = std::fs::read_dir(&releases) else {
        println!("skipped: no releases here");
        return None;
    };
    for file in files {
        let file = file.unwrap().path();
        if file.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let manifest: toml::Table = std::fs::read_to_string(&file).unwrap().parse().unwrap();
        let release = file.file_stem().unwrap().to_string_lossy().into_owned();
        let pins = manifest
            .get("source")
            .and_then(|pins| pins.as_table())
            .cloned()
            .unwrap_or_default();
        for (name, pin) in pins {
            let Some(rev) = pin.get("rev").and_then(|rev| rev.as_str()) else {
                continue;
            };
            let repository = [directory.join(&name), directory.join(format!("{name}.git"))]
                .into_iter()
                .find(|path| path.exists());
            let repository =
                repository.unwrap_or_else(|| panic!("{name} is not below PVE_SOURCES"));
            sources.push((
                release.clone(),
                name.clone(),
                Commit::open(&repository, rev),
            ));
        }
    }
    sources.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
    Some(sources)
}

#[test]
fn real_packaging_is_read_without_a_problem() {
    let Some(sources) = real_sources() else {
        return;
    };
    for (release, name, tree) in &sources {
        let packagings = match read_all(name, tree) {
            Ok(packagings) => packagings,
            Err(problems) => panic!(
                "{release}: {}",
                problems
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(
                        "
"
                    )
            ),
        };
        let controls = tree.entries.iter().filter(|entry| {
            entry.path == "debian/control" || entry.path.ends_with("/debian/control")
        });
        assert_eq!(packagings.len(), controls.count(), "{release} {name}");
        for packaging in &packagings {
            assert!(
                packaging.changelog.is_some(),
                "{release} {name} {}",
                packaging.root
            );
            let copyright = format!("{}/debian/copyright", packaging.root);
            let stated = tree
                .entries
                .iter()
                .any(|entry| entry.path == copyright.trim_start_matches('/'));
            assert_eq!(
                packaging.licence.is_some(),
                stated,
                "{release} {name} {}",
                packaging.root
            );
        }
    }
}

/// Compares with facts about 9.1.4 from its packages.
#[test]
fn real_systems_hold_what_the_packages_set_up() {
    let Some(sources) = real_sources() else {
        return;
    };
    let system = |wanted: &str| {
        let source = sources
            .iter()
            .find(|(release, name, _)| release == "pve-9.1.4" && name == wanted);
        source.map(|(_, name, tree)| System::of(&read_all(name, tree).unwrap()))
    };
    let Some(manager) = system("pve-manager") else {
        return;
    };
    let directory = |path: &str| {
        manager
            .directories
            .iter()
            .find(|directory| directory.path == path)
            .unwrap()
    };
    let log = directory("/var/log/pveproxy");
    assert_eq!(
        (log.mode.as_str(), log.owner.as_str(), log.group.as_str()),
        ("0700", "www-data", "www-data")
    );
    assert_eq!(
        (
            directory("/run/pve").mode.as_str(),
            directory("/run/pve").group.as_str()
        ),
        ("0750", "www-data")
    );
    let unit = |system: &System, name: &str| {
        system
            .units
            .iter()
            .find(|unit| unit.name == name)
            .map(|unit| (unit.enable, unit.start))
            .unwrap()
    };
    assert_eq!(unit(&manager, "pveproxy.service"), (true, true));
    assert_eq!(unit(&manager, "pve-guests.service"), (true, false));
    assert_eq!(unit(&manager, "pve-storage.target"), (false, false));
    assert!(
        manager
            .users
            .iter()
            .any(|user| user.name == "www-data" && user.uid == Some(33))
    );

    let qemu = system("qemu-server").unwrap();
    assert!(qemu.kernel_modules.contains(&"vhost_net".to_owned()));
    assert_eq!(unit(&qemu, "qmeventd.service"), (true, true));
    let cluster = system("pve-cluster").unwrap();
    assert!(cluster.sysctls.contains_key("fs.aio-max-nr"));
    assert!(
        cluster
            .directories
            .iter()
            .any(|directory| directory.path == "/var/lib/pve-cluster")
    );
    let lxc = system("lxc").unwrap();
    assert_eq!(lxc.users[0].sub_uids.as_deref(), Some("100000-165535"));
    assert_eq!(unit(&lxc, "lxc.service"), (true, true));
    let container = system("pve-container").unwrap();
    assert!(
        container
            .units
            .iter()
            .any(|unit| unit.name == "pve-container@.service" && !unit.enable)
    );
    assert!(!container.sysctls.is_empty());
    let storage = system("pve-storage").unwrap();
    assert_eq!(storage.configured.udev_rules[0].name, "50-rbd-pve.rules");
}
