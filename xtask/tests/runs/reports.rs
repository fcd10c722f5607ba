//! Public reports of people who run Proxmox VE outside of Debian. Each has its right outcome, in
//! the output for the real sources or in a module named here.

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use analyse::{AnalysedSource, Analysis};
use decide::{Context, Decided, Decision};
use emit::release::{Generated, generate};
use patch::edits::edits;
use patch::rewrite::{Theme, apply};
use scan::Kind;

use crate::support::{KNOWLEDGE, RELEASES, project, real, real_sources, told};

/// Report, symptom, place, right outcome, with a header line.
const REPORTS: &str = include_str!("../data/field-reports.tsv");

/// A real release, and its output.
struct World {
    analysis: &'static Analysis,
    generated: Generated,
}

/// The part that produces the right outcome.
enum Right {
    /// The output for the sources.
    Compiled(fn(&World)),
    /// A NixOS module, by its file. Its input from the sources is checked too.
    Module(&'static str, fn(&World, &str)),
}
use Right::{Compiled, Module};

/// The outcomes, by the first column of the file.
const RIGHT: [(&str, Right); 20] = [
    ("proxmox-nixos#111, #116", Compiled(swtpm_configuration)),
    ("nixpkgs#537295", Compiled(swtpm_authority)),
    (
        "proxmox-nixos#241, #252; nixpkgs#220557",
        Compiled(passwords),
    ),
    (
        "proxmox-nixos#217, #225; pxvirt#218, #246",
        Compiled(padding),
    ),
    ("nixpkgs#514045", Compiled(rbd)),
    ("proxmox-ve-anti-detection#26", Compiled(subprojects)),
    ("proxmox-nixos#142, #192", Compiled(seccomp)),
    ("nixpkgs#262169", Compiled(exec)),
    ("nixpkgs#112891", Compiled(mounts)),
    ("nixpkgs#242152; proxmox-nixos#106", Compiled(ceph_daemons)),
    ("proxmox-nixos#240", Compiled(login)),
    ("proxmox-nixos#230", Module("access.nix", bus_policy)),
    ("proxmox-nixos#25", Module("cluster.nix", graphs)),
    ("pxvirt#179, #234", Module("node.nix", watchdog)),
    ("proxmox-nixos#200, #201", Module("peers.nix", peers)),
    ("proxmox-nixos#65, #132", Module("networkd.nix", bridges)),
    ("proxmox-nixos#216", Module("peers.nix", consoles)),
    ("pxvirt#14", Compiled(opengl)),
    ("proxmox-nixos#122", Module("units.nix", pools)),
    ("proxmox-nixos#256", Compiled(padding)),
];

#[test]
fn every_report_of_the_file_has_a_test() {
    let rows: Vec<Vec<&str>> = REPORTS
        .lines()
        .skip(1)
        .map(|line| line.split('\t').collect())
        .collect();
    assert!(rows.iter().all(|row| row.len() == 4), "{rows:#?}");
    let reported: BTreeSet<&str> = rows.iter().map(|row| row[0]).collect();
    assert_eq!(reported.len(), rows.len(), "a report stands there twice");
    let tested: BTreeSet<&str> = RIGHT.iter().map(|(report, _)| *report).collect();
    assert_eq!(reported, tested);
    for (report, right) in &RIGHT {
        if let Module(file, _) = right {
            let module = project().join("nix/modules").join(file);
            assert!(module.is_file(), "{report}: there is no nix/modules/{file}");
        }
    }
}

#[test]
fn every_report_has_its_right_outcome() {
    if real_sources().is_none() {
        return;
    }
    let mut wrong = Vec::new();
    // 8.4.1 is scanned, but nothing is generated from it.
    for analysis in RELEASES.into_iter().skip(1).filter_map(real) {
        let generated =
            generate(analysis, &KNOWLEDGE).unwrap_or_else(|problems| panic!("{}", told(&problems)));
        let findings = &generated.findings;
        assert!(findings.is_empty(), "{}", told(findings));
        let world = World {
            analysis,
            generated,
        };
        for (report, right) in &RIGHT {
            let holds = || match right {
                Compiled(holds) => holds(&world),
                Module(file, holds) => {
                    let module = project().join("nix/modules").join(file);
                    holds(&world, &fs::read_to_string(module).expect("the module"));
                }
            };
            // The panic's message shows the failure. The other reports are checked all the same.
            if catch_unwind(AssertUnwindSafe(holds)).is_err() {
                wrong.push(format!("{}: {report}", analysis.manifest.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

impl World {
    fn source(&self, name: &str) -> &AnalysedSource {
        let mut sources = self.analysis.sources.iter();
        let found = sources.find(|one| one.source.name == name);
        found.unwrap_or_else(|| panic!("{} has no {name}", self.analysis.manifest.name))
    }

    /// Returns the places of a source with this text that take effect. There must be some.
    fn places(&self, source: &str, text: &str) -> Vec<&Decided> {
        let all = self.source(source).decided.iter();
        let acts = |one: &&Decided| matches!(one.context, Context::Host | Context::Remote);
        let places: Vec<&Decided> = all
            .filter(acts)
            .filter(|one| one.occurrence.text == text)
            .collect();
        assert!(!places.is_empty(), "{source} has no `{text}`");
        places
    }

    /// Returns a generated file.
    fn file(&self, path: &str) -> String {
        let files = self.generated.output.files();
        let bytes = files.get(path).unwrap_or_else(|| panic!("no {path}"));
        String::from_utf8(bytes.clone()).expect("UTF-8")
    }

    fn system(&self, source: &str) -> serde_json::Value {
        serde_json::from_str(&self.file(&format!("{source}/system.json"))).expect("JSON")
    }

    /// Returns a file of a source as it is built, by the end of its path.
    fn built(&self, source: &str, end: &str) -> String {
        let source = self.source(source);
        let release = &self.analysis.manifest.name;
        let roles = self.analysis.graph.roles();
        let features = &KNOWLEDGE.rules.features;
        let edits = edits(source, &roles, features, &self.analysis.programs, release)
            .unwrap_or_else(|problems| panic!("{}", told(&problems)));
        let mut files = edits.files.iter();
        let file = files.find(|file| file.path == end || file.path.ends_with(&format!("/{end}")));
        let file = file.unwrap_or_else(|| panic!("{} has no edited {end}", source.source.name));
        let bytes = apply(&file.original, &file.edits, Theme::Crates);
        String::from_utf8(bytes).expect("UTF-8")
    }
}

/// Expects each of the places to become that file of a package.
fn all_of(places: &[&Decided], attr: &str, target: &str) {
    let wanted = Decision::Package {
        attr: attr.to_owned(),
        target: target.to_owned(),
    };
    for one in places {
        assert_eq!(one.decision, wanted, "{}", one.path);
    }
}

fn swtpm_configuration(world: &World) {
    let places = world.places("qemu-server", "/etc/swtpm_setup.conf");
    all_of(&places, "swtpm", "etc/swtpm_setup.conf");
}

fn swtpm_authority(world: &World) {
    let system = world.system("qemu-server");
    let mut directories = system["directories"].as_array().expect("a list").iter();
    let found = directories.find(|one| one["path"] == "/var/lib/swtpm-localca");
    assert_eq!(found.expect("a directory")["mode"], "0750");
}

/// The hashes are still upstream's, and the build of a link's interpreter is tested with each of
/// them.
fn passwords(world: &World) {
    let differences: toml::Table =
        fs::read_to_string(project().join("rules/nixpkgs/differences.toml"))
            .expect("rules")
            .parse()
            .expect("TOML");
    let libxcrypt = &differences["libxcrypt"];
    let vector = &libxcrypt["vector"]["sha256"];
    assert_eq!(vector["scheme"].as_str(), Some("5"));
    let mended = libxcrypt["mend"].as_array().expect("a list");
    let mut mended = mended.iter().filter_map(toml::Value::as_str);
    assert!(mended.any(|one| one == "pkgs/build-support/pve-perl"));
    let points = libxcrypt["point"].as_array().expect("a list");
    let check = fs::read_to_string(project().join("rules/general/check.toml")).expect("rules");
    for point in points.iter().filter_map(toml::Value::as_str) {
        assert!(check.contains(&format!("id = \"{point}\"")), "{point}");
    }
    let link = fs::read_to_string(project().join("pkgs/build-support/link-pve/default.nix"));
    assert!(link.expect("the link").contains("hostPerl = pve-perl;"));
    // PAM is the system's, which supports yescrypt.
    let pam = world.built("pve-access-control", "PVE/Auth/PAM.pm");
    assert!(pam.contains("encrypt_pw($password, 'y')"), "{pam}");
    let tools = world.built("pve-common", "PVE/Tools.pm");
    assert!(tools.contains("sub encrypt_pw"), "encrypt_pw has moved");
}

fn padding(world: &World) {
    let tickets = world.built("pve-access-control", "PVE/AccessControl.pm");
    for key in ["new_public_key($pem)", "new_private_key($pem)"] {
        let line = tickets.lines().find(|line| line.contains(key));
        let line = line.unwrap_or_else(|| panic!("AccessControl.pm has no {key}"));
        assert!(line.contains("use_pkcs1_padding()"), "{line}");
        assert!(line.contains("use_sha1_hash()"), "{line}");
    }
    let signed = world.built("pve-common", "PVE/Ticket.pm");
    for call in ["$rsa_priv->sign(", "$rsa_pub->verify("] {
        let line = signed.lines().find(|line| line.contains(call));
        let line = line.unwrap_or_else(|| panic!("Ticket.pm has no {call}"));
        assert!(line.contains("ERR_clear_error"), "{line}");
    }
    assert!(KNOWLEDGE.rules.outside.contains("Crypt-OpenSSL-RSA"));
}

fn rbd(world: &World) {
    let package = world.file("pve-qemu/package.nix");
    assert!(package.contains("cephSupport = true;"), "{package}");
}

fn subprojects(world: &World) {
    let archives = &world.analysis.manifest.archives;
    let archive = archives.get("qemu").expect("QEMU's own archive");
    let package = world.file("pve-qemu/package.nix");
    assert!(package.contains(&archive.url), "{package}");
    assert!(package.contains(&archive.hash), "{package}");
}

/// The directory contains lxc's, pve-container's and the link's files.
fn seccomp(world: &World) {
    let own = Decision::Own {
        target: "share/lxc/config".to_owned(),
    };
    for one in world.places("pve-container", "/usr/share/lxc/config") {
        assert_eq!(one.decision, own, "{}:{}", one.path, one.occurrence.line);
    }
    let packagings = &world.source("pve-container").packagings;
    let mut made = packagings.iter().flat_map(|one| &one.made);
    let there = made.any(|one| one.dest == "usr/share/lxc/config/pve-userns.seccomp");
    assert!(there, "pve-container installs no pve-userns.seccomp");
    assert!(KNOWLEDGE.rules.packages["lxc"].laid);
    let package = world.file("pve-container/package.nix");
    let extras = package.lines().find(|line| line.contains("extras"));
    assert!(extras.is_some(), "{package}");
    assert!(package.contains("lxc"), "{package}");
}

fn exec(world: &World) {
    let mut programs = 0;
    for source in &world.analysis.sources {
        for one in &source.decided {
            let site = &one.occurrence.site;
            let call = site.call.as_deref().unwrap_or_default();
            let starts = call.starts_with("Exec") && site.word == Some(0);
            if one.language != scan::Language::Unit || !starts {
                continue;
            }
            programs += 1;
            let is_bare = matches!(one.decision, Decision::Command { .. });
            assert!(!is_bare, "{}:{}", one.path, one.occurrence.line);
        }
    }
    assert!(programs > 20, "{programs}");
}

fn mounts(world: &World) {
    let module = world.built("pve-storage", "PVE/API2/Disks/Directory.pm");
    assert!(
        !module.contains("/etc/systemd/system/") && !module.contains("'/etc/systemd/system'"),
        "a mount's unit is written into the store"
    );
    assert!(!module.contains("'systemctl', 'enable'"), "it is enabled");
    assert!(module.contains("/etc/systemd/system.attached/multi-user.target.wants"));
    let system = world.system("pve-storage");
    let mut directories = system["directories"].as_array().expect("a list").iter();
    assert!(directories.any(|one| one["path"] == "/etc/systemd/system.attached"));
}

fn ceph_daemons(world: &World) {
    let services = world.built("pve-manager", "PVE/Ceph/Services.pm");
    assert!(services.contains("/etc/systemd/system.attached/$1.target.wants"));
    let mut code = services
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    let left = code.find(|line| line.contains("/etc/systemd/system/"));
    assert_eq!(left, None);
}

/// login reads /etc/pam.d/login, which NixOS writes for its own login.
fn login(world: &World) {
    let places = world.places("pve-manager", "/bin/login");
    let here: Vec<&Decided> = places
        .into_iter()
        .filter(|one| one.context == Context::Host)
        .collect();
    all_of(&here, "shadow", "bin/login");
    assert!(!here.is_empty(), "login is run on no host");
}

fn bus_policy(world: &World, module: &str) {
    let source = world.source("qemu-server");
    let made = source.packagings.iter().flat_map(|one| &one.made);
    let policies: BTreeSet<&str> = made
        .map(|one| one.dest.as_str())
        .filter(|dest| dest.starts_with("usr/share/dbus-1/system.d/"))
        .collect();
    assert_eq!(
        policies,
        ["usr/share/dbus-1/system.d/org.qemu.VMState1.conf"].into()
    );
    assert!(module.contains("services.dbus.packages = [ cfg.package ];"));
}

fn graphs(world: &World, module: &str) {
    let places = world.places("pve-cluster", "/var/run/rrdcached.sock");
    let state = |one: &&Decided| matches!(one.decision, Decision::Keep { .. });
    assert!(places.iter().all(state));
    assert!(module.contains("-l unix:/run/rrdcached.sock"), "{module}");
    world.places("pve-cluster", "/var/lib/rrdcached/db");
    assert!(module.contains("state = \"/var/lib/rrdcached\";"));
    assert!(module.contains("-b ${state}/db/"), "{module}");
}

fn watchdog(world: &World, module: &str) {
    // It loads softdog itself, unless another module is configured.
    let places = world.places("pve-ha-manager", "modprobe");
    assert!(
        places
            .iter()
            .any(|one| one.path.ends_with("watchdog-mux.c"))
    );
    assert!(module.contains("config.systemd.watchdog.runtimeTime or null == null;"));
}

/// A program that a Debian node runs here by ssh is at Debian's path.
fn peers(world: &World, module: &str) {
    let mut asked = BTreeSet::new();
    for source in &world.analysis.sources {
        let system = world.generated.output.files();
        let system = system.get(&format!("{}/system.json", source.source.name));
        let Some(system) = system else { continue };
        let system: serde_json::Value = serde_json::from_slice(system).expect("JSON");
        let programs = system["peerPrograms"].as_array().expect("a list");
        let programs: BTreeSet<&str> = programs.iter().filter_map(|one| one.as_str()).collect();
        for one in source.decided.iter().filter(|one| {
            one.context == Context::Remote
                && one.occurrence.kind == Kind::AbsolutePath
                && matches!(one.decision, Decision::Command { .. })
        }) {
            let text = one.occurrence.text.as_str();
            assert!(programs.contains(text), "{}: {text}", source.source.name);
            asked.insert(text);
        }
    }
    for program in ["/bin/true", "/usr/sbin/qm", "/usr/sbin/pvesm"] {
        assert!(asked.contains(program), "nobody runs {program} any more");
    }
    assert!(module.contains("facts.system.peerPrograms"), "{module}");
}

/// A console's ticket reaches the other node in the environment, which Debian's ssh passes on.
fn consoles(world: &World, module: &str) {
    let places = world.places("qemu-server", "/usr/sbin/qm");
    let mut api = places
        .iter()
        .filter(|one| one.path.ends_with("PVE/API2/Qemu.pm"));
    assert!(api.any(|one| one.context == Context::Remote));
    assert!(api.all(|one| one.context == Context::Remote));
    let qm = world.built("qemu-server", "PVE/API2/Qemu.pm");
    assert!(qm.contains("$ENV{LC_PVE_TICKET} ="), "it goes another way");
    for line in ["AcceptEnv LC_PVE_TICKET", "SendEnv LC_PVE_TICKET"] {
        assert!(module.contains(line), "{line}");
    }
}

fn bridges(world: &World, module: &str) {
    world.places("pve-common", "/etc/network/interfaces");
    assert!(module.contains("environment.etc.\"network/interfaces\".text ="));
    // The description uses the options' names.
    let options = fs::read_to_string(project().join("nix/modules/network.nix"));
    assert!(options.expect("the options").contains("bridge-ports"));
}

fn opengl(world: &World) {
    let all = world.source("qemu-server").decided.iter();
    let triplets: Vec<&Decided> = all
        .filter(|one| one.context == Context::Host && one.occurrence.text.starts_with("/usr/lib/"))
        .filter(|one| one.occurrence.site.target.as_deref() == Some("base"))
        .collect();
    assert!(!triplets.is_empty(), "no libraries by triplet");
    for one in triplets {
        let Decision::Package { attr, .. } = &one.decision else {
            panic!("{}: {:?}", one.path, one.decision);
        };
        assert!(attr.starts_with("libglvnd"), "{attr}");
    }
}

fn pools(world: &World, module: &str) {
    let system = world.system("pve-manager");
    let mut units = system["units"].as_array().expect("a list").iter();
    assert!(units.any(|one| one["name"] == "pve-guests.service"));
    let line = "\"pve-guests.service\" = [ \"zfs-import.target\" ];";
    assert!(module.contains(line), "{module}");
}
