//! A run on a modified demo reaches every problem code.

use std::fs;

use problem::CODES;

use crate::drift::Bump;
use crate::support::{Root, Run, copy, git};
use crate::{crates, prefetch};

/// Codes that no input can cause, and the reasons to keep them.
const GUARDS: [(&str, &str); 1] = [(
    "PNX-401",
    "every patch is applied in memory before it is written; that one does not apply is a fault of the tool",
)];

/// A cause for each code, sorted by code.
const CAUSES: &[(&str, fn(&Root) -> Run)] = &[
    ("PNX-101", |root| {
        root.append(
            "demo/hive-common/src/Hive/Tools.pm",
            "\nsystem('/usr/sbin/nobody-has-it');\n1;\n",
        );
        root.run(&["scan", "demo"])
    }),
    ("PNX-102", |root| {
        let rule = "\n[[path]]\nname = \"of-no-use\"\nwhere.exact = [\"/nowhere\"]\ndecide = { keep = \"kernel\" }\n";
        root.append("rules/general/state.toml", rule);
        let run = root.run(&["scan", "all"]);
        assert!(run.stdout.contains("path.of-no-use"), "{}", run.stdout);
        run
    }),
    ("PNX-103", |root| {
        root.append(
            "rules/general/state.toml",
            "\n[[path]]\nname = \"x\"\nwhere.regex = \"(\"\ndecide = { keep = \"kernel\" }\n",
        );
        root.run(&["scan", "demo"])
    }),
    ("PNX-104", |root| {
        let rule =
            "\n[[path]]\nname = \"x\"\nwhere.exact = [\"/x\"]\ndecide = { keep = \"kernel\" }\n";
        root.append("rules/general/state.toml", &rule.repeat(2));
        root.run(&["scan", "demo"])
    }),
    ("PNX-105", |root| {
        root.write(
            "demo/hive-common/src/Hive/Bad.pm",
            "my $x = ( '/sbin/vgs';\n",
        );
        root.run(&["scan", "demo"])
    }),
    ("PNX-106", |root| {
        // The feature's edits do not reach the place that is to go with it.
        let rule = "\n[[path]]\nname = \"odd\"\nwhere.exact = [\"/sbin/odd\"]\ndecide = { disable = \"demo-apt\" }\nwhy = \"a test\"\n";
        root.append("rules/general/state.toml", rule);
        root.write(
            "demo/hive-common/src/Hive/Bad.pm",
            "package Hive::Bad;\nmy $x = '/sbin/odd';\n1;\n",
        );
        root.regen(&[])
    }),
    ("PNX-107", |root| {
        root.edit(
            "rules/nixpkgs/programs.toml",
            "\n[zstd]\n",
            "\n[zstd-guessed]\n",
        );
        root.run(&["scan", "demo"])
    }),
    ("PNX-108", |root| {
        root.edit(
            "demo/rules/sources/hive-qemu.toml",
            "/usr/local/share/hive-emu\"]",
            "/usr/local/share/hive-emus\"]",
        );
        root.run(&["scan", "demo"])
    }),
    ("PNX-201", |root| {
        root.pin("hive-common", &"1".repeat(40));
        root.run(&["scan", "demo", "--sources", "upstream"])
    }),
    ("PNX-202", |root| {
        let rev = root.in_git("hive-common");
        root.edit("releases/demo.toml", &rev, &"1".repeat(40));
        root.run(&["scan", "demo", "--sources", "upstream"])
    }),
    ("PNX-203", |root| {
        root.in_git("hive-common");
        fs::remove_file(root.join("upstream/hive-common/.git/HEAD")).expect("removed");
        root.run(&["scan", "demo", "--sources", "upstream"])
    }),
    ("PNX-204", |root| {
        root.in_git("hive-common");
        fs::remove_file(root.object("hive-common", "src/Hive/CLI.pm")).expect("removed");
        root.run(&["scan", "demo", "--sources", "upstream"])
    }),
    ("PNX-205", |root| {
        locked(root, "Depends: pve-manager (>= 2)")
    }),
    ("PNX-206", |root| {
        let run = locked(root, "Depends: pve-manager (>= 1)");
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let text = root.text("releases/pve-1.0.toml");
        let line = text
            .lines()
            .find(|line| line.starts_with("nar-hash"))
            .expect("a hash");
        let wrong = "nar-hash = \"sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"";
        root.edit("releases/pve-1.0.toml", line, wrong);
        root.run(&["lock", "pve-1.0", "--sources", "upstream"])
    }),
    ("PNX-207", |root| {
        root.edit("releases/demo.toml", "version = ", "colour = ");
        root.run(&["scan", "demo"])
    }),
    ("PNX-208", |root| {
        root.edit(
            "releases/demo.toml",
            "path = \"demo/hive-common\"",
            "url = \"-x\"\nrev = \"1111111111111111111111111111111111111111\"",
        );
        root.run(&["scan", "demo"])
    }),
    ("PNX-209", |root| {
        std::os::unix::fs::symlink("x", root.join("demo/hive-common/x")).expect("a link");
        root.run(&["scan", "demo"])
    }),
    ("PNX-211", |root| {
        fs::remove_file(root.join("releases/demo/cargo/hive-rs.lock")).expect("removed");
        root.run(&["scan", "demo"])
    }),
    ("PNX-212", |root| {
        root.edit(
            "demo/hive-rs/hive-types/Cargo.toml",
            "[features]",
            "[features",
        );
        root.run(&["scan", "demo"])
    }),
    ("PNX-213", |root| {
        root.edit("demo/hive-rs/Cargo.toml", "itoa = \"1.0\"\n", "");
        root.run(&["scan", "demo"])
    }),
    ("PNX-214", |root| {
        root.edit(
            "demo/hive-rs/hive-term/Cargo.toml",
            "hive-types.workspace = true",
            "hive-types = \"0.9\"",
        );
        root.run(&["lock", "demo"])
    }),
    ("PNX-215", |root| {
        crates::by_name(root);
        crates::second_types(root, "0.3.1");
        root.run(&["lock", "demo"])
    }),
    ("PNX-216", |root| {
        crates::circle(root);
        root.run(&["lock", "demo"])
    }),
    ("PNX-217", |root| {
        root.edit("demo/hive-rs/Cargo.toml", "itoa = \"1.0\"", "itoa = \"2\"");
        root.run(&["scan", "demo"])
    }),
    ("PNX-218", |root| {
        Run::of(crates::cut_off(root, &mut root.command(&["lock", "demo"])))
    }),
    ("PNX-219", |root| {
        crates::without_registry(root);
        root.write(
            "demo/hive-rs/hive-types/debian/patches/series",
            "relax-dep.patch\n",
        );
        Run::of(crates::cut_off(root, &mut root.command(&["lock", "demo"])))
    }),
    ("PNX-220", |root| {
        root.append("demo/hive-rs/hive-types/src/lib.rs", "\npub mod comb;\n");
        root.run(&["scan", "demo"])
    }),
    ("PNX-221", |root| {
        let before = root.in_git("hive-common");
        let source = root.join("upstream/hive-common");
        let link = format!("160000,{},comb", "1".repeat(40));
        git(&source, &["update-index", "--add", "--cacheinfo", &link]);
        git(&source, &["commit", "-q", "-m", "two"]);
        let rev = git(&source, &["rev-parse", "HEAD"]);
        let pinned = format!("{rev}\"\nsubmodules = true #");
        root.edit("releases/demo.toml", &before, &pinned);
        fs::remove_dir_all(root.join("releases/demo")).expect("removed");
        Run::of(&mut prefetch::command(root, &[]))
    }),
    ("PNX-222", |root| {
        let checksum = "checksum = \"";
        root.edit(
            "releases/demo/cargo/hive-rs.lock",
            checksum,
            "checksum = \"0000",
        );
        let text = root.text("releases/demo/cargo/hive-rs.lock");
        let (head, rest) = text.split_once("\"0000").expect("a checksum");
        let (digest, tail) = rest.split_once('"').expect("its end");
        let changed = format!("{head}\"0000{}\"{tail}", &digest[4..]);
        root.write("releases/demo/cargo/hive-rs.lock", changed);
        Run::of(&mut prefetch::command(root, &[]))
    }),
    ("PNX-223", |root| {
        let archives = "\n[[archive]]\nversion = \"2.0\"\nurl = \"https://hive.example/vm-2.0.tar.xz\"\nhash = \"sha256-lTpNXoP5/xBhjQEpEwOYevAaWEQfdNxx8hl3jS/62Qo=\"\nwhy = \"x\"\n";
        locked_with(
            root,
            "Depends: perl",
            &format!("archive = \"vm\"\n{archives}"),
        )
    }),
    ("PNX-224", |root| {
        root.append("releases/demo.toml", &archive(root, "vm-1.0.tar.xz"));
        Run::of(&mut prefetch::command(root, &[]))
    }),
    ("PNX-225", |root| {
        with_submodule(root);
        locked(root, "Depends: perl")
    }),
    ("PNX-226", |root| {
        root.write(
            "pkgs/outside/comb.nix",
            "{ fetchurl }: fetchurl { url = comb; hash = comb; }\n",
        );
        Run::of(&mut prefetch::command(root, &[]))
    }),
    ("PNX-227", |root| {
        let rev = with_submodule(root);
        let known = format!(
            "\n[[repository.known]]\nversion = \"0.9\"\nrev = \"{rev}\"\ndate = \"2020-01-01\"\nsubmodules = true\nhash = \"sha256-lTpNXoP5/xBhjQEpEwOYevAaWEQfdNxx8hl3jS/62Qo=\"\n"
        );
        locked_with(root, "Depends: perl", &known)
    }),
    ("PNX-228", |root| {
        root.run(&["plugin", "demo", "demo/plugins/hive-tape", "--out", "out"])
    }),
    ("PNX-301", |root| {
        root.edit(
            "demo/hive-common/debian/control",
            "Architecture:",
            "Architecture",
        );
        root.run(&["scan", "demo"])
    }),
    ("PNX-302", |root| {
        root.edit("demo/hive-common/debian/changelog", "(", "");
        root.run(&["scan", "demo"])
    }),
    ("PNX-303", |root| {
        root.append(
            "demo/hive-cluster/debian/hive-cluster.install",
            "../x usr/share\n",
        );
        root.run(&["scan", "demo"])
    }),
    ("PNX-304", |root| {
        root.edit(
            "demo/hive-common/debian/control",
            "Depends: libnet-dns-perl",
            "Depends: nobody-has-it",
        );
        root.run(&["scan", "demo"])
    }),
    ("PNX-305", |root| {
        root.write(
            "demo/hive-common/src/Hive/Bad.pm",
            "package Hive::Bad;\nuse Nobody::Has::It;\n1;\n",
        );
        root.run(&["scan", "demo"])
    }),
    ("PNX-306", |root| {
        root.append(
            "demo/hive-qemu/debian/patches/series",
            "hive/not-there.patch\n",
        );
        root.run(&["scan", "demo"])
    }),
    ("PNX-307", |root| {
        root.append("releases/demo/cargo/hive-rs.toml", crates::NATIVE);
        root.regen(&[])
    }),
    ("PNX-308", |root| {
        root.append(
            "demo/rules/sources/hive-qemu.toml",
            "\n[nixpkgs]\nover = \"qemu\"\nwhy = \"a test\"\n",
        );
        root.append(
            "demo/hive-qemu/debian/rules",
            "\nconfigure:\n\t./configure --enable-comb\n",
        );
        root.run(&["scan", "demo"])
    }),
    ("PNX-309", |root| {
        root.edit(
            "demo/hive-manager/Makefile",
            "$(DESTDIR)/etc/cron.d/hive",
            "$(DESTDIR)/etc/odd/hive",
        );
        root.regen(&[])
    }),
    ("PNX-310", |root| {
        // The guests' backups run no smoker, and no rule says who does.
        root.append("rules/nixpkgs/debian.toml", "\n[smoker]\nattr = \"tmux\"\n");
        root.edit(
            "demo/hive-guests/debian/control",
            " uidmap,",
            " uidmap,\n         smoker,",
        );
        root.run(&["scan", "demo"])
    }),
    ("PNX-311", |root| {
        root.append(
            "demo/hive-common/src/Hive/Tools.pm",
            "\nour $odd = '/etc/odd/hive';\n1;\n",
        );
        root.append(
            "rules/general/state.toml",
            "\n[[last-path]]\nname = \"odd\"\nwhere.below = [\"/etc/odd\"]\ndecide = { keep = \"state\" }\nwhy = \"a test\"\n",
        );
        root.run(&["scan", "demo"])
    }),
    ("PNX-312", |root| {
        root.append(
            "demo/hive-common/src/Hive/Tools.pm",
            "\nmy $odd = '/etc/odd/hive';\nunlink($odd);\n1;\n",
        );
        root.append(
            "rules/general/state.toml",
            "\n[[last-path]]\nname = \"odd\"\nwhere.sources = [\"hive-common\"]\nwhere.files = [\"**\"]\nwhere.below = [\"/etc/odd\"]\n\
             decide = { keep = \"nixos\", etc = \"nixos\" }\nwhy = \"odd\"\n",
        );
        root.run(&["scan", "demo"])
    }),
    ("PNX-313", |root| {
        root.write(
            "demo/hive-manager/debian/hive-manager.apport",
            "import apport\n",
        );
        root.regen(&[])
    }),
    ("PNX-402", |root| {
        // Every store path contains the delimiter.
        root.write(
            "demo/hive-common/src/Hive/Bad.pm",
            "package Hive::Bad;\nmy $x = q-/sbin/vgs-;\n1;\n",
        );
        root.regen(&[])
    }),
    ("PNX-403", |root| root.regen(&["--check"])),
    ("PNX-404", |root| {
        root.edit(
            "demo/rules/sources/hive-manager.toml",
            "drop-modules = [\"Hive::API::APT\"]",
            "drop-modules = [\"Hive::API::Gone\"]",
        );
        root.edit(
            "demo/rules/sources/hive-manager.toml",
            "drop-files = [\"Hive/API/APT.pm\"]",
            "drop-files = []",
        );
        root.regen(&[])
    }),
    ("PNX-405", |root| {
        root.write("file", "no directory\n");
        root.regen(&["--out", "file"])
    }),
    ("PNX-406", |root| {
        // Git is missing from this PATH too, but the store is used first.
        Run::of(prefetch::command(root, &[]).env("PATH", root.path()))
    }),
    ("PNX-407", |root| {
        root.append(
            "rules/nixpkgs/perl.toml",
            "\n[missing.hive-honey]\nmodules = [\"Hive::Honey\"]\n",
        );
        root.edit(
            "demo/hive-manager/Hive/API.pm",
            "use Hive::Guest;\n",
            "use Hive::Honey;\n",
        );
        root.regen(&[])
    }),
    ("PNX-408", crates::dropped),
    ("PNX-409", |root| {
        root.regen(&[]);
        root.edit(
            "demo/plugins/hive-tape/Makefile",
            "Hive/Tape/Drive.pm $(PERLDIR)/Hive/Tape/Drive.pm",
            "Hive/Tape/Drive.pm $(PERLDIR)/Hive/Storage/Disk.pm",
        );
        root.run(&["plugin", "demo", "demo/plugins/hive-tape", "--out", "out"])
    }),
    ("PNX-501", |root| root.run(&["scan", "pve-0.1"])),
    ("PNX-701", |root| {
        root.write(
            "link/lib/systemd/system/x.service",
            "[Service]\nExecStart=/gone\n",
        );
        root.run(&["check", "link", "--only", "units"])
    }),
    ("PNX-702", |root| {
        root.write(
            "link/lib/systemd/system/x.service",
            "[Service]\nExecStart=/gone\n",
        );
        let mut command = root.command(&["check", "link"]);
        Run::of(command.env("PATH", root.join("no-programs")))
    }),
    ("PNX-703", |root| root.run(&["check", "nowhere"])),
    ("PNX-601", |root| {
        audited(root, "share/x.sh", "/usr/sbin/x\n")
    }),
    ("PNX-602", |root| {
        audited(root, "share/x.sh", &format!("{STORE}/{HASH}-gone/bin/x\n"))
    }),
    ("PNX-603", |root| {
        let text = format!("{STORE}/{HASH}-there/bin/x\n");
        root.write(&format!("store/{HASH}-there/bin/y"), "");
        let text = text.replace(STORE, &root.join("store").display().to_string());
        audited(root, "share/x.sh", &text)
    }),
    ("PNX-604", |root| {
        let path = root.join("store").join(format!("{HASH}-there/bin"));
        let unit = format!("[Service]\nEnvironment=PATH={}\n", path.display());
        root.write("out/lib/systemd/system/x.service", unit);
        audited(root, "share/x.sh", "lvs\n")
    }),
    ("PNX-605", |root| {
        root.write("out/file", "");
        std::os::unix::fs::symlink("nowhere", root.join("out/link")).expect("a link");
        audited(root, "file", "")
    }),
    ("PNX-606", |root| {
        audited(root, "share/x.sh", "# /build/x/y\n")
    }),
    ("PNX-607", |root| {
        audited(root, "file", "");
        // The kernel reports a size of 0 for it, but it has content.
        root.run(&["audit", "/proc/version", "--kept", "kept.json"])
    }),
    ("PNX-608", |root| {
        root.write("out/file", "");
        std::os::unix::net::UnixListener::bind(root.join("out/s")).expect("a socket");
        audited(root, "file", "")
    }),
    ("PNX-609", |root| {
        audited(root, "bin/x", "\u{7f}ELF\u{2}\u{1}")
    }),
    ("PNX-610", |root| {
        root.run(&["audit", "demo", "--release", "pve-0.1"])
    }),
    ("PNX-801", |_| {
        let bump = Bump::of("hive-guests");
        let place = "    my $log = '/var/log/hive-volumes.log';\n    return $group;\n";
        bump.edit("src/Hive/Storage/LVM.pm", "    return $group;\n", place);
        bump.commit();
        bump.run(&[])
    }),
    ("PNX-802", |root| {
        copy(&root.join("rules"), &root.join("before"));
        root.edit(
            "rules/general/acting.toml",
            "keep = \"guest\"",
            "keep = \"remote\"",
        );
        root.run(&["drift", "demo", "demo", "--old-rules", "before"])
    }),
    ("PNX-803", |_| {
        let bump = Bump::of("hive-guests");
        bump.edit("src/Hive/Guest/Backup.pm", "['pigz', ", "['gzip', ");
        bump.commit();
        bump.run(&[])
    }),
    ("PNX-804", |_| {
        let bump = Bump::of("hive-cluster");
        bump.edit(
            "debian/hive-cluster.dirs",
            "/etc/hive\n",
            "/etc/hive\n/var/lib/hive-bees\n",
        );
        bump.commit();
        bump.run(&[])
    }),
    ("PNX-805", |_| {
        let bump = Bump::of("hive-manager");
        let patch =
            "--- a/Hive/Report.pm\n+++ b/Hive/Report.pm\n@@ -1,1 +1,1 @@\n-nowhere\n+here\n";
        bump.root.write("patches/local/hive-manager/x.patch", patch);
        bump.release();
        bump.run(&[])
    }),
    ("PNX-806", |_| {
        let bump = Bump::of("hive-common");
        bump.release();
        bump.root.append(
            "releases/after.toml",
            "\n[source.hive-other]\npath = \"demo/hive-common\"\n",
        );
        bump.run(&[])
    }),
    ("PNX-807", |_| {
        let bump = Bump::of("hive-common");
        bump.commit_as(&["--amend"]);
        bump.run(&[])
    }),
    ("PNX-808", |_| {
        let bump = Bump::of("hive-manager");
        bump.edit(
            "Hive/API/Nodes.pm",
            "use Hive::API::APT;",
            "use Hive::API::Apt;",
        );
        bump.edit(
            "Hive/API/Nodes.pm",
            "\"Hive::API::APT\"",
            "\"Hive::API::Apt\"",
        );
        bump.commit();
        bump.run(&[])
    }),
];

const STORE: &str = "/nix/store";
const HASH: &str = "0123456789abcdfghijklmnpqrsvwxyz";

/// Audits a directory in which a file contains `text`.
fn audited(root: &Root, place: &str, text: &str) -> Run {
    root.write("kept.json", "{\"release\":\"r\",\"files\":[]}");
    root.write(&format!("out/{place}"), text);
    let more = text.contains(STORE);
    let store = if more {
        STORE.to_owned()
    } else {
        root.join("store").display().to_string()
    };
    root.run(&[
        "audit",
        "out",
        "--kept",
        "kept.json",
        "--store",
        &store,
        "--no-closure",
    ])
}

/// Returns `[archive.vm]` with a URL to a file below the root.
fn archive(root: &Root, name: &str) -> String {
    let url = format!("file://{}", root.join(name).display());
    format!(
        "\n[archive.vm]\nversion = \"1.0\"\nurl = \"{url}\"\nhash = \"sha256-lTpNXoP5/xBhjQEpEwOYevAaWEQfdNxx8hl3jS/62Qo=\"\n"
    )
}

/// Locks a history of one commit.
pub fn locked(root: &Root, field: &str) -> Run {
    locked_with(root, field, "")
}

/// Makes a repository of pve-manager with a missing submodule. Returns its commit.
fn with_submodule(root: &Root) -> String {
    let repository = root.join("upstream/pve-manager");
    fs::create_dir_all(&repository).expect("made");
    git(&repository, &["init", "-q", "-b", "master"]);
    let link = format!("160000,{},comb", "1".repeat(40));
    git(
        &repository,
        &["update-index", "--add", "--cacheinfo", &link],
    );
    git(&repository, &["commit", "-q", "-m", "one"]);
    // Without a directory, Git has no reason to remove the submodule.
    fs::create_dir_all(repository.join("comb")).expect("made");
    git(&repository, &["rev-parse", "HEAD"])
}

/// As [`locked`], with additional keys in the source's rule.
fn locked_with(root: &Root, field: &str, rule: &str) -> Run {
    let control = format!(
        "Source: pve-manager\n\nPackage: pve-manager\nArchitecture: all\n{field}\nDescription: x\n"
    );
    let sources = "[repository]\nurl = \"https://upstream.example/pve-manager.git\"\n";
    for entry in fs::read_dir(root.join("rules/sources")).expect("sources") {
        fs::remove_file(entry.expect("readable").path()).expect("removed");
    }
    root.write("rules/sources/pve-manager.toml", format!("{sources}{rule}"));
    root.write("upstream/pve-manager/debian/control", control);
    let changelog = "pve-manager (1.0) trixie; urgency=medium\n\n  * one\n\n -- A B <a@b.example>  Mon, 01 Jan 2024 00:00:00 +0000\n";
    root.write("upstream/pve-manager/debian/changelog", changelog);
    let repository = root.join("upstream/pve-manager");
    git(&repository, &["init", "-q", "-b", "master"]);
    git(&repository, &["add", "-A"]);
    git(&repository, &["commit", "-q", "-m", "bump version to 1.0"]);
    root.run(&["lock", "pve-1.0", "--sources", "upstream"])
}

#[test]
fn every_code_can_be_reached() {
    let mut failures = String::new();
    for (code, cause) in CAUSES {
        let run = cause(&Root::new());
        let told = format!("{}{}", run.stdout, run.stderr);
        let severity = CODES
            .iter()
            .find(|known| known.id == *code)
            .map(|known| known.severity);
        let fatal = severity == Some(problem::Severity::Fatal);
        let status = if fatal { 2 } else { 1 };
        if run.code != Some(status) || !told.contains(code) {
            failures += &format!("{code}: exit status {:?}, not {status}\n{told}\n", run.code);
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn every_code_has_a_cause_here() {
    let here = CAUSES
        .iter()
        .map(|(code, _)| *code)
        .chain(GUARDS.iter().map(|(code, _)| *code));
    let mut here: Vec<&str> = here.collect();
    here.sort_unstable();
    assert_eq!(here, CODES.iter().map(|code| code.id).collect::<Vec<_>>());
}
