//! Audits of an output in a store of the test's own: clean, with one fault of each kind, and with
//! things that no output should contain.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use audit::{Options, audit, keep};
use proptest::prelude::*;
use serde_json::Value;

use crate::linked::{base, lay, padded, write};
use crate::support::{DEMO, KNOWLEDGE, Root, Run, real, told};

/// The texts that decisions keep in the fixture.
const KEPT: &str = r#"{"release": "hive-1", "files": [
{"source":"hive","path":"src/bin/hive","language":"perl","at":["bin/hive"],"paths":{"/etc/hive":1},"commands":["guest-tool"],
 "absent":{"share/skin":{"source":"hive-skin"},"lib/lib":"head","share/plugins":"optional"}},
{"source":"hive","path":"debian/hived.service","language":"unit","at":["lib/systemd/system/hived.service"]},
{"source":"hive","path":"src/hook.sh","language":"shell","at":["share/hive/hook.sh"]},
{"source":"hive","path":"src/other.sh","language":"shell","at":["share/hive/other.sh"],"paths":{"/usr/sbin/elsewhere":1}},
{"source":"hive","path":"src/hived.c","language":"c","paths":{"/usr/share/doc/hive":1}}
]}"#;

/// An output in a store, and the project in which to audit it.
struct Fixture {
    root: Root,
    output: PathBuf,
    /// The store's path in outputs.
    store: PathBuf,
}

impl Fixture {
    /// Makes a clean output.
    fn new() -> Self {
        let root = Root::new();
        let store = root.path().canonicalize().expect("a root").join("store");
        Self::laid(root, &store, store.clone())
    }

    /// Makes a clean output in the store of another root.
    fn in_another_root() -> Self {
        let root = Root::new();
        let other = root.path().canonicalize().expect("a root").join("other");
        Self::laid(root, &other.join("nix/store"), "/nix/store".into())
    }

    /// Makes a clean output in the store at `place`, which outputs call `store`.
    fn laid(root: Root, place: &Path, store: PathBuf) -> Self {
        root.write("kept.json", KEPT);
        let output = place.join(base("hive-1"));
        let one = Self {
            root,
            output,
            store,
        };
        for program in [
            "perl/bin/perl",
            "bash/bin/bash",
            "lvm2/bin/lvs",
            "lvm2/bin/vgs",
        ] {
            let (package, below) = program.split_once('/').expect("a package");
            write(&one.package(package).join(below), b"");
        }
        let path = format!(
            "/run/wrappers/bin:{}/bin:{}",
            one.called().display(),
            one.in_package("lvm2", "bin")
        );
        one.executable("bin/hive", &one.perl("run_command(['lvs']);\nrun_command(['mount', '/etc/hive']);\nrun_command(['guest-tool']);"));
        one.file(
            "lib/systemd/system/hived.service",
            &format!(
                "[Service]\nEnvironment=PATH={path}\nExecStart={}/bin/hive\n",
                one.called().display()
            ),
        );
        one.executable(
            "share/hive/hook.sh",
            &format!(
                "#!{}\n# not /usr/sbin/hive\nlvs\n",
                one.in_package("bash", "bin/bash")
            ),
        );
        one.file("share/doc/hive/README", "see /usr/sbin/hive\n");
        one.bytes(
            "bin/hived",
            &program(&padded(&one.called(), "/bin/hive\0/usr/share/doc/hive\0")),
        );
        symlink("hive", one.output.join("bin/hive-again")).expect("a link");
        symlink(
            one.in_package("lvm2", "bin/vgs"),
            one.output.join("bin/vgs"),
        )
        .expect("a link");
        symlink("/etc/hive/state", one.output.join("share/hive/state")).expect("a link");
        one
    }

    fn package(&self, name: &str) -> PathBuf {
        self.output.parent().expect("the store").join(base(name))
    }

    /// Returns the path of a package's file in outputs.
    fn in_package(&self, name: &str, below: &str) -> String {
        self.store
            .join(base(name))
            .join(below)
            .display()
            .to_string()
    }

    /// Returns the output's path in outputs.
    fn called(&self) -> PathBuf {
        self.store.join(base("hive-1"))
    }

    fn bytes(&self, place: &str, bytes: &[u8]) {
        write(&self.output.join(place), bytes);
    }

    fn file(&self, place: &str, text: &str) {
        self.bytes(place, text.as_bytes());
    }

    fn executable(&self, place: &str, text: &str) {
        self.file(place, text);
        fs::set_permissions(self.output.join(place), fs::Permissions::from_mode(0o755))
            .expect("a mode");
    }

    /// Makes a program with `body` from its third line on.
    fn perl(&self, body: &str) -> String {
        format!(
            "#!{} -T\nuse strict;\n{body}\n",
            self.in_package("perl", "bin/perl")
        )
    }

    fn run(&self, more: &[&str]) -> Run {
        let output = self.output.display().to_string();
        self.root
            .run(&[&["audit", &output, "--kept", "kept.json"], more].concat())
    }

    /// Returns the findings: code, place below the output with its line, cause.
    fn found(&self) -> Vec<(String, String, String)> {
        let run = self.run(&["--format", "json", "--no-closure"]);
        let json: Value =
            serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"));
        let found: Vec<_> = json["problems"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|one| self.problem(one))
            .collect();
        assert_eq!(
            run.code,
            Some(i32::from(!found.is_empty())),
            "{}",
            run.stderr
        );
        assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
        found
    }

    fn problem(&self, one: &Value) -> (String, String, String) {
        let text = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
        let path = text("path");
        let below = path
            .strip_prefix(&format!("{}/", self.output.display()))
            .unwrap_or(&path);
        let place = match one["line"].as_u64() {
            Some(line) => format!("{below}:{line}"),
            None => below.to_owned(),
        };
        (text("code"), place, text("cause"))
    }

    /// Expects exactly one finding, of this code at this place, with `cause` in its cause.
    fn one(&self, code: &str, place: &str, cause: &str) {
        let found = self.found();
        let [(is, at, why)] = &found[..] else {
            panic!("not one finding: {found:#?}");
        };
        assert_eq!((is.as_str(), at.as_str()), (code, place), "{why}");
        assert!(why.contains(cause), "{why}");
    }
}

/// Makes an ELF file whose only data section contains `data`.
fn program(data: &[u8]) -> Vec<u8> {
    let names = b"\0.rodata\0.shstrtab\0";
    let table = 64 + data.len() + names.len();
    let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    let half = |file: &mut Vec<u8>, values: &[u16]| {
        file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    };
    let word = |file: &mut Vec<u8>, values: &[u32]| {
        file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    };
    let long = |file: &mut Vec<u8>, values: &[u64]| {
        file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    };
    half(&mut file, &[3, 62]);
    word(&mut file, &[1]);
    long(&mut file, &[0, 0, table as u64]);
    word(&mut file, &[0]);
    half(&mut file, &[64, 56, 0, 64, 3, 2]);
    file.extend(data);
    file.extend(names);
    file.extend([0; 64]);
    let mut section = |name: u32, kind: u32, flags: u64, start: usize, size: usize| {
        word(&mut file, &[name, kind]);
        long(&mut file, &[flags, 0, start as u64, size as u64]);
        word(&mut file, &[0, 0]);
        long(&mut file, &[1, 0]);
    };
    section(1, 1, 2, 64, data.len());
    section(9, 3, 0, 64 + data.len(), names.len());
    file
}

#[test]
fn a_clean_output_has_nothing() {
    let fixture = Fixture::new();
    assert_eq!(fixture.found(), []);
    let run = fixture.run(&[]);
    assert!(run.stdout.contains("nothing to report"), "{}", run.stdout);
    // The output, perl, bash, lvm2.
    assert!(
        run.stdout.contains("closure: 4 store paths"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("  lvm2"), "{}", run.stdout);
}

#[test]
fn every_format_tells_the_finding() {
    let fixture = Fixture::new();
    fixture.executable("bin/hive", &fixture.perl("my $x = '/usr/sbin/hive';"));
    for format in ["text", "json", "markdown", "sarif"] {
        let run = fixture.run(&["--format", format]);
        assert_eq!(run.code, Some(1), "{}", run.stderr);
        assert!(
            run.stdout.contains("PNX-601") && run.stdout.contains("/usr/sbin/hive"),
            "{}",
            run.stdout
        );
    }
}

#[test]
fn a_path_that_no_decision_keeps() {
    let fixture = Fixture::new();
    fixture.executable(
        "bin/hive",
        &fixture.perl("# /usr/bin/x\nmy $x = '/usr/sbin/hive';"),
    );
    fixture.one(
        "PNX-601",
        "bin/hive:4",
        "no decision keeps `/usr/sbin/hive`",
    );
}

#[test]
fn a_path_that_a_decision_keeps_once_and_stands_twice() {
    let fixture = Fixture::new();
    fixture.executable(
        "bin/hive",
        &fixture.perl("my $x = '/etc/hive';\nmy $y = '/etc/hive';"),
    );
    fixture.one(
        "PNX-601",
        "bin/hive:3",
        "2 times (lines 3, 4), but decisions keep 1",
    );
}

#[test]
fn what_another_file_keeps_is_no_excuse() {
    let fixture = Fixture::new();
    let text = format!(
        "#!{}\n/usr/sbin/elsewhere\n",
        fixture.in_package("bash", "bin/bash")
    );
    fixture.executable("share/hive/hook.sh", &text);
    fixture.one("PNX-601", "share/hive/hook.sh:2", "/usr/sbin/elsewhere");
}

#[test]
fn an_interpreter_of_debians() {
    let fixture = Fixture::new();
    fixture.executable("share/hive/hook.sh", "#!/bin/bash\nlvs\n");
    fixture.one("PNX-601", "share/hive/hook.sh:1", "`/bin/bash`");
}

#[test]
fn a_path_in_a_program() {
    let fixture = Fixture::new();
    fixture.bytes(
        "bin/hived",
        &program(b"words\0/usr/sbin/hive\0/usr/share/doc/hive\0"),
    );
    fixture.one(
        "PNX-601",
        "bin/hived",
        "`/usr/sbin/hive` (in .rodata at 0x6, in the file at 0x46)",
    );
}

#[test]
fn literals_that_stand_one_after_the_other() {
    let fixture = Fixture::new();
    // A kept path, then state, then a kept path followed by text.
    let kept = "/usr/share/doc/hive/etc/hive/hive.cfgdefault and /usr/share/doc/hive/usr/share/doc/hivestruct ";
    fixture.bytes("bin/hived", &program(kept.as_bytes()));
    assert_eq!(fixture.found(), []);
    fixture.bytes(
        "bin/hived",
        &program(b"/usr/share/doc/hive/usr/sbin/hivestruct "),
    );
    fixture.one("PNX-601", "bin/hived", "/usr/sbin/hive");
    // A path below a kept one is another file.
    fixture.bytes("bin/hived", &program(b"/usr/share/doc/hive/README\0"));
    fixture.one("PNX-601", "bin/hived", "/usr/share/doc/hive/README");
}

#[test]
fn a_wrapper_that_nobody_makes() {
    let fixture = Fixture::new();
    fixture.executable(
        "bin/hive",
        &fixture.perl("my @x = ('/run/wrappers/bin/mount', '/run/wrappers/bin/hive');"),
    );
    fixture.one("PNX-601", "bin/hive:3", "`/run/wrappers/bin/hive`");
}

#[test]
fn a_search_path_of_debians() {
    let fixture = Fixture::new();
    fixture.executable(
        "bin/hive",
        &fixture.perl("$ENV{PATH} = '/usr/sbin:/usr/bin';"),
    );
    fixture.one("PNX-601", "bin/hive:3", "`/usr/sbin:/usr/bin`");
}

#[test]
fn a_file_that_systemd_goes_without() {
    let fixture = Fixture::new();
    let place = "lib/systemd/system/more.service";
    fixture.file(
        place,
        "[Service]\nEnvironmentFile=-/etc/default/more\nReadWritePaths=/sys/fs/cgroup\n",
    );
    assert_eq!(fixture.found(), []);
    fixture.file(place, "[Service]\nEnvironmentFile=/etc/default/more\n");
    fixture.one(
        "PNX-601",
        &format!("{place}:2"),
        "no decision keeps `/etc/default/more`",
    );
}

#[test]
fn a_store_path_that_does_not_exist() {
    let fixture = Fixture::new();
    let gone = fixture.in_package("gone-1.0", "bin/gone");
    fixture.executable(
        "bin/hive",
        &fixture.perl(&format!("my $x = '{gone}';\n# {gone}.")),
    );
    fixture.one("PNX-602", "bin/hive:3", "gone-1.0` does not exist");
    // A scrubbed hash is not a reference.
    let scrubbed = format!(
        "{}/{}-gone",
        fixture.root.path().join("store").display(),
        "e".repeat(32)
    );
    fixture.executable(
        "bin/hive",
        &fixture.perl(&format!("my $x = '{scrubbed}/bin/x';")),
    );
    assert!(fixture.found().iter().all(|(code, ..)| code != "PNX-602"));
}

#[test]
fn a_program_that_is_not_in_its_package() {
    let fixture = Fixture::new();
    let there = fixture.in_package("lvm2", "bin/vgs");
    let body = format!(
        "# in {there}, {there}.\nmy $x = \"{}/$y\";\nmy $z = '{}';",
        fixture.in_package("lvm2", "bin"),
        fixture.in_package("lvm2", "bin/vgz")
    );
    fixture.executable("bin/hive", &fixture.perl(&body));
    fixture.one("PNX-603", "bin/hive:5", "has no `bin/vgz`");
}

#[test]
fn a_file_of_a_source_that_the_link_lacks() {
    let fixture = Fixture::new();
    let own = |below: &str| fixture.output.join(below).display().to_string();
    let body = format!(
        "my @x = ('{}', '{}');",
        own("share/skin/dark.css"),
        own("share/plugins")
    );
    fixture.executable("bin/hive", &fixture.perl(&body));
    fixture.one("PNX-603", "bin/hive:3", "has no `share/skin/dark.css`");
    fixture.file("nix-support/pve-lacks", "other\n");
    fixture.one("PNX-603", "bin/hive:3", "has no `share/skin/dark.css`");
    fixture.file("nix-support/pve-lacks", "hive-skin\nother\n");
    assert_eq!(fixture.found(), []);
    // Neither another file's excuse nor another package's applies.
    fixture.executable("share/hive/hook.sh", &format!("x={}\n", own("share/skin")));
    fixture.one("PNX-603", "share/hive/hook.sh:1", "has no `share/skin`");
    fixture.file("share/hive/hook.sh", "");
    let body = format!("my $x = '{}';", fixture.in_package("lvm2", "share/skin"));
    fixture.executable("bin/hive", &fixture.perl(&body));
    fixture.one("PNX-603", "bin/hive:3", "has no `share/skin`");
}

#[test]
fn what_people_read_and_what_was_installed() {
    let fixture = Fixture::new();
    fixture.file(
        "share/hive-i18n/hive-lang-de.js",
        "var x = 'Konfiguration in /usr/share/hive-';\n",
    );
    let page = fixture.in_package("lvm2", "share/man/man3/Hive.3pm");
    fixture.file("lib/perl5/site_perl/auto/Hive/.packlist", &page);
    assert_eq!(fixture.found(), []);
    fixture.file("lib/perl5/site_perl/auto/Hive/packlist", &page);
    fixture.one(
        "PNX-603",
        "lib/perl5/site_perl/auto/Hive/packlist:1",
        "has no `share/man/man3/Hive.3pm`",
    );
}

#[test]
fn a_head_of_names_begins_one() {
    let fixture = Fixture::new();
    let body = format!("my $base = '{}';", fixture.in_package("lvm2", "lib/lib"));
    fixture.executable("bin/hive", &fixture.perl(&body));
    fixture.one("PNX-603", "bin/hive:3", "has no `lib/lib`");
    write(&fixture.package("lvm2").join("lib/lvm"), b"");
    fixture.one("PNX-603", "bin/hive:3", "has no `lib/lib`");
    write(&fixture.package("lvm2").join("lib/liblvm.so"), b"");
    assert_eq!(fixture.found(), []);
}

#[test]
fn a_program_of_no_package_in_a_program() {
    let fixture = Fixture::new();
    // Rust's literals have no terminator, so the next one's letters follow.
    let data = format!(
        "{}{}{}",
        fixture.in_package("lvm2", "bin/vgs"),
        "failed to run ",
        fixture.in_package("lvm2", "bin/xgs")
    );
    fixture.bytes("bin/hived", &program(data.as_bytes()));
    fixture.one("PNX-603", "bin/hived", "has no `bin/xgs`");
}

#[test]
fn a_command_that_the_outputs_path_has_not() {
    let fixture = Fixture::new();
    fixture.executable(
        "bin/hive",
        &fixture.perl("run_command(['lvs']);\nrun_command(['sgdisk']);"),
    );
    fixture.one(
        "PNX-604",
        "bin/hive:4",
        "`sgdisk` is run, and the output's PATH",
    );
}

#[test]
fn a_command_that_the_files_own_path_has_not() {
    let fixture = Fixture::new();
    let body = format!(
        "$ENV{{PATH}} = '{}';\nrun_command(['lvs']);\nrun_command(['mount']);",
        fixture.in_package("lvm2", "bin")
    );
    fixture.executable("bin/hive", &fixture.perl(&body));
    fixture.one(
        "PNX-604",
        "bin/hive:5",
        "`mount` is run, and the PATH that the file sets",
    );
}

#[test]
fn a_command_that_systemd_starts_by_its_name() {
    let fixture = Fixture::new();
    let lvs = fixture.in_package("lvm2", "bin/lvs");
    let path = fixture.in_package("lvm2", "bin");
    let unit = |command: &str| {
        format!("[Service]\nEnvironment=PATH={path}\nExecStart={lvs}\nExecStartPost=-+{command}\n")
    };
    let place = "lib/systemd/system/hive.service";
    fixture.file(place, &unit(&lvs));
    assert_eq!(fixture.found(), []);
    // The unit's own PATH contains it, which does not help.
    fixture.file(place, &unit("lvs --all"));
    fixture.one("PNX-604", &format!("{place}:4"), "systemd starts `lvs`");
}

#[test]
fn a_wrapper_gives_its_program_a_path() {
    let fixture = Fixture::new();
    write(&fixture.package("gdisk").join("bin/sgdisk"), b"");
    let wrapper = format!(
        "#!{}\nPATH='{}'$PATH\n",
        fixture.in_package("bash", "bin/bash"),
        fixture.in_package("gdisk", "bin")
    );
    fixture.executable("bin/hive", &wrapper);
    fixture.executable(
        "bin/.hive-wrapped",
        &fixture.perl("run_command(['sgdisk']);\nmy $x = '/etc/hive';"),
    );
    assert_eq!(fixture.found(), []);
}

#[test]
fn links() {
    let fixture = Fixture::new();
    symlink("../nowhere", fixture.output.join("bin/dangling")).expect("a link");
    fixture.one(
        "PNX-605",
        "bin/dangling",
        "`../nowhere`, which does not exist",
    );
    fs::remove_file(fixture.output.join("bin/dangling")).expect("removed");
    symlink("circle", fixture.output.join("bin/circle")).expect("a link");
    fixture.one("PNX-605", "bin/circle", "cannot be followed");
    fs::remove_file(fixture.output.join("bin/circle")).expect("removed");
    symlink(
        fixture.in_package("lvm2", "bin/vgz"),
        fixture.output.join("bin/vgz"),
    )
    .expect("a link");
    fixture.one("PNX-605", "bin/vgz", "bin/vgz`, which does not exist");
    fs::remove_file(fixture.output.join("bin/vgz")).expect("removed");
    symlink("/usr/share/hive", fixture.output.join("share/hive/debian")).expect("a link");
    fixture.one("PNX-601", "share/hive/debian", "`/usr/share/hive`");
}

#[test]
fn a_store_in_another_root() {
    let fixture = Fixture::in_another_root();
    assert_eq!(fixture.found(), []);
    let run = fixture.run(&[]);
    assert!(
        run.stdout.contains("closure: 4 store paths"),
        "{}",
        run.stdout
    );
    // Through links of the store, one of them to a directory, to a file of that root.
    let other = fixture.root.path().join("other");
    write(&other.join("usr/bin/env"), b"");
    write(&other.join("usr/share/perl5/Bee.pm"), b"1;\n");
    let library = fixture.package("libbee-perl").join("lib/perl5");
    fs::create_dir_all(&library).expect("a directory");
    symlink("/usr/share/perl5/Bee.pm", library.join("Bee.pm")).expect("a link");
    symlink("/usr/share/perl5/Ant.pm", library.join("Ant.pm")).expect("a link");
    fs::create_dir_all(fixture.package("perl-env")).expect("a directory");
    symlink(
        fixture.in_package("libbee-perl", "lib"),
        fixture.package("perl-env").join("lib"),
    )
    .expect("a link");
    let bee = fixture.in_package("perl-env", "lib/perl5/Bee.pm");
    symlink(&bee, fixture.output.join("share/hive/Bee.pm")).expect("a link");
    fixture.executable("bin/hive-bee", &fixture.perl(&format!("require '{bee}';")));
    assert_eq!(fixture.found(), []);
    // A file that only this machine has does not count for that root.
    symlink(
        fixture.in_package("libbee-perl", "lib/perl5/Ant.pm"),
        fixture.output.join("share/hive/Ant.pm"),
    )
    .expect("a link");
    fixture.one("PNX-605", "share/hive/Ant.pm", "which does not exist");
    fs::remove_file(fixture.output.join("share/hive/Ant.pm")).expect("removed");
    fixture.executable("bin/hive-bee", &fixture.perl("run_command(['sgdisk']);"));
    fixture.one("PNX-604", "bin/hive-bee:3", "`sgdisk` is run");
    fixture.file(
        "bin/hive-bee",
        &format!("{}/bin/cat\n", fixture.in_package("gone", "")),
    );
    fixture.one("PNX-602", "bin/hive-bee:1", "-gone` does not exist");
    // A root without a `/usr` uses this machine's.
    fixture.file("bin/hive-bee", "");
    fs::remove_dir_all(other.join("usr")).expect("removed");
    fs::remove_file(library.join("Bee.pm")).expect("removed");
    symlink("/usr/bin/env", library.join("Bee.pm")).expect("a link");
    assert_eq!(fixture.found(), []);
}

#[test]
fn an_objects_pages_are_made_by_its_link() {
    let mut fixture = Fixture::new();
    let lay = |output: &Path| {
        for place in ["share/man/man5/hive.conf.5.gz", "share/hive/gone"] {
            let link = output.join(place);
            fs::create_dir_all(link.parent().expect("a parent")).expect("directories");
            symlink("gone.gz", link).expect("a link");
        }
    };
    lay(&fixture.output);
    assert_eq!(fixture.found().len(), 2);
    let object = fixture.package("hive-object-1");
    lay(&object);
    fixture.output = object;
    fixture.one("PNX-605", "share/hive/gone", "which does not exist");
}

#[test]
fn a_reference_to_the_build_directory() {
    let fixture = Fixture::new();
    fixture.file(
        "share/hive/data",
        "a/build/x is none\nfrom /build/hive-1.0/src\n",
    );
    fixture.one("PNX-606", "share/hive/data:2", "`/build/hive-1.0/src`");
    fixture.file("share/hive/data", "");
    fixture.bytes("bin/hived", &program(b"/tmp/nix-build-hive.drv-0/source\0"));
    fixture.one("PNX-606", "bin/hived", "`/tmp/nix-build-hive.drv-0/source`");
}

#[test]
fn the_name_of_a_picture_in_a_pdf() {
    let fixture = Fixture::new();
    let place = "share/hive-docs/hive.pdf";
    fixture.file(
        place,
        "%PDF-1.5\n/PTEX.FileName (/build/hive-1.0//logo.pdf)\n",
    );
    assert_eq!(fixture.found(), []);
    fixture.file(place, "%PDF-1.5\n/F (/build/hive-1.0//logo.pdf)\n");
    fixture.one(
        "PNX-606",
        "share/hive-docs/hive.pdf:2",
        "`/build/hive-1.0//logo.pdf`",
    );
}

#[test]
fn a_socket_and_a_pipe() {
    let fixture = Fixture::new();
    let socket = UnixListener::bind(fixture.output.join("s")).expect("a socket");
    fixture.one("PNX-608", "s", "a socket");
    drop(socket);
    fs::remove_file(fixture.output.join("s")).expect("removed");
    let made = Command::new("mkfifo")
        .arg(fixture.output.join("p"))
        .status();
    assert!(made.expect("mkfifo starts").success());
    fixture.one("PNX-608", "p", "a pipe");
}

#[test]
fn damaged_programs() {
    let whole = program(b"/usr/share/doc/hive\0");
    for cut in [5, 20, 63, whole.len() - 1] {
        let fixture = Fixture::new();
        fixture.bytes("bin/hived", &whole[..cut]);
        fixture.one("PNX-609", "bin/hived", "cannot be read");
    }
    // Tables that lead out of the file, or that would need more memory than there is.
    let mut tables: Vec<(usize, &[u8])> =
        vec![(0x3c, &[0xff; 2]), (0x3a, &[1, 0]), (0x28, &[0xff; 8])];
    tables.push((0x28, &[0, 0, 0, 0, 0, 1, 0, 0]));
    for (at, bytes) in tables {
        let fixture = Fixture::new();
        let mut file = whole.clone();
        file[at..at + bytes.len()].copy_from_slice(bytes);
        fixture.bytes("bin/hived", &file);
        fixture.one("PNX-609", "bin/hived", "cannot be read");
    }
    // Without a section table, a program runs, and everything in it counts as data.
    let fixture = Fixture::new();
    let mut file = program(b"/usr/sbin/hive\0");
    file[0x28..0x30].fill(0);
    file[0x3c..0x40].fill(0);
    fixture.bytes("bin/hived", &file);
    fixture.one(
        "PNX-601",
        "bin/hived",
        "`/usr/sbin/hive` (in the file at 0x40)",
    );
}

#[test]
fn a_file_of_two_gigabytes() {
    let fixture = Fixture::new();
    let path = fixture.output.join("share/hive/hook.sh");
    let mut file = File::create(&path).expect("a file");
    let head = format!("one\ntwo\n{}", " ".repeat(1000));
    file.write_all(head.as_bytes()).expect("written");
    file.set_len(2 << 30).expect("a size");
    file.seek(SeekFrom::Start((2 << 30) - 100))
        .expect("a place");
    file.write_all(b"\n/usr/sbin/hive\n").expect("written");
    let store = fixture
        .root
        .path()
        .canonicalize()
        .expect("a root")
        .join("store");
    let gone = store.join(base("gone"));
    file.seek(SeekFrom::Start(1 << 30)).expect("a place");
    file.write_all(gone.display().to_string().as_bytes())
        .expect("written");
    // With less memory than the file's size.
    let mut command = Command::new("sh");
    fixture.root.place(&mut command);
    let script = "ulimit -v 1500000 && exec \"$@\"";
    let output = fixture.output.display().to_string();
    command.args([
        "-c",
        script,
        "sh",
        env!("CARGO_BIN_EXE_pve-nix"),
        "audit",
        &output,
    ]);
    command.args(["--kept", "kept.json", "--no-closure", "--format", "json"]);
    let run = Run::of(&mut command);
    let json: Value =
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"));
    let found: Vec<_> = json["problems"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| fixture.problem(one))
        .collect();
    let places: Vec<(&str, &str)> = found
        .iter()
        .map(|(code, place, _)| (code.as_str(), place.as_str()))
        .collect();
    assert_eq!(
        places,
        [
            ("PNX-601", "share/hive/hook.sh:4"),
            ("PNX-602", "share/hive/hook.sh:3")
        ],
        "{found:#?}"
    );
}

#[test]
fn a_hundred_thousand_files() {
    let fixture = Fixture::new();
    for directory in 0..100 {
        let directory = fixture.output.join(format!("share/many/{directory}"));
        fs::create_dir_all(&directory).expect("a directory");
        for file in 0..1000 {
            fs::write(directory.join(file.to_string()), "/usr/sbin/hive\n").expect("written");
        }
    }
    let run = fixture.run(&["--no-closure"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let end = &run.stdout[run.stdout.len().saturating_sub(300)..];
    assert!(end.contains("and 99,900 more of PNX-601"), "{end}");
    assert!(run.stdout.len() < 100_000);
}

#[test]
fn the_same_is_found_on_any_number_of_threads() {
    let fixture = Fixture::new();
    for file in 0..5000 {
        fixture.file(
            &format!("share/many/{file}"),
            "run /usr/sbin/hive\nin /build/hive\n",
        );
    }
    let one = fixture.run(&["--jobs", "1"]).stdout;
    assert!(one.contains("and 4,900 more of PNX-606"), "{one}");
    for jobs in ["2", "5"] {
        assert_eq!(fixture.run(&["--jobs", jobs]).stdout, one);
    }
}

#[test]
fn an_output_that_is_not_there_and_a_list_that_cannot_be_read() {
    let root = Root::new();
    root.write("kept.json", "{\n\"release\": 1}");
    root.write("out/file", "");
    let run = root.run(&["audit", "nowhere", "--kept", "kept.json"]);
    assert_eq!(run.code, Some(2), "{}", run.stdout);
    assert!(
        run.stderr.starts_with("PNX-610: kept.json:2"),
        "{}",
        run.stderr
    );
    root.write("kept.json", KEPT);
    let run = root.run(&["audit", "nowhere", "--kept", "kept.json"]);
    assert_eq!(run.code, Some(2), "{}", run.stdout);
    assert!(run.stderr.starts_with("PNX-501: "), "{}", run.stderr);
    let run = root.run(&["audit", "out", "--release", "demo"]);
    assert_eq!(run.code, Some(2), "{}", run.stdout);
    assert!(
        run.stderr.contains("Run `cargo xtask regen demo`"),
        "{}",
        run.stderr
    );
    // A plain directory outside of any store.
    let run = root.run(&["audit", "out", "--kept", "kept.json"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}

/// Audits a release as a link would lay it out, without Nix. There must be no findings.
fn is_clean(analysis: &analyse::Analysis) {
    let work = tempfile::TempDir::new().expect("a directory");
    let linked = lay(analysis, &KNOWLEDGE, work.path());
    let kept = [linked.kept];
    let options = Options {
        store: Some(linked.store),
        kept: &kept,
        calls: &KNOWLEDGE.calls,
        wrappers: keep::wrappers(&KNOWLEDGE.rules),
        weigh: false,
    };
    let mut found =
        audit(&[linked.output], &options).unwrap_or_else(|problems| panic!("{}", told(&problems)));
    // These packages contain only what decisions name in them.
    let is_joined = |cause: &str| {
        cause.ends_with("a path that this code assembles") || cause.ends_with("but is empty")
    };
    found.problems.retain(|one| !is_joined(&one.cause));
    assert!(
        found.is_clean(),
        "{}:\n{}",
        analysis.manifest.name,
        told(&found.problems)
    );
    assert!(found.files > 20, "{} files", found.files);
}

#[test]
fn rewritten_sources_hold_what_decisions_keep_and_no_more() {
    is_clean(&DEMO);
    for release in ["pve-8.4.1", "pve-9.1.4", "pve-9.1.7", "pve-9.2.11"] {
        if let Some(analysis) = real(release) {
            is_clean(analysis);
        }
    }
}

/// Audits one file.
fn audit_one(name: &str, bytes: &[u8]) {
    let work = tempfile::TempDir::new().expect("a directory");
    write(&work.path().join(name), bytes);
    let options = Options {
        store: Some(Path::new("/nix/store").to_owned()),
        kept: &[],
        calls: &KNOWLEDGE.calls,
        wrappers: keep::wrappers(&KNOWLEDGE.rules),
        weigh: true,
    };
    assert!(audit(&[work.path().to_owned()], &options).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_an_audit_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        text in "(#!/bin/sh\n)?([ '\"$@:;]|/usr/bin/x|/nix/store/|0123456789abcdfghijklmnpqrsvwxyz-a|/build/|PATH=|é|\n){0,30}",
        name in prop_oneof![Just("x"), Just("bin/x.sh"), Just("a.pm"), Just("b.service"), Just("c.js"), Just("d.py")],
    ) {
        audit_one(name, &bytes);
        audit_one(name, text.as_bytes());
        audit_one(name, &[elf::MAGIC, &bytes[..]].concat());
    }

    #[test]
    fn no_header_makes_the_reader_panic(
        data in "[a-z/]{0,40}",
        changes in proptest::collection::vec((0..300_usize, any::<u8>()), 0..12),
    ) {
        let mut file = program(data.as_bytes());
        for (at, byte) in changes {
            let length = file.len();
            file[at % length] = byte;
        }
        let read = elf::read(std::io::Cursor::new(&file));
        if let Ok(read) = read {
            prop_assert!(read.sections.iter().all(|section| section.range.start < section.range.end));
        }
    }
}

/// Makes an output with a program that has a constant `$dir`, the directory of lvm2's programs, and
/// `body` below it.
fn with_constant(body: &str) -> Fixture {
    let fixture = Fixture::new();
    let constant = format!("my $dir = '{}';\n{body}", fixture.in_package("lvm2", "bin"));
    fixture.executable("bin/hive", &fixture.perl(&constant));
    fixture
}

#[test]
fn a_path_of_a_constant_and_a_name() {
    with_constant("print \"$dir/vgz\";").one("PNX-603", "bin/hive:4", "has no `bin/vgz`");
    with_constant("print $dir . '/vgz';").one("PNX-603", "bin/hive:4", "has no `bin/vgz`");
    for right in [
        "print \"$dir/vgs\", $dir . '/lvs';",
        "print \"$dir/vgz\" if -e \"$dir/vgz\" && !-x \"$dir/vgs\";",
        "my $vgz = \"$dir/vgz\";\nprint $vgz if -x $vgz;",
        "sub x { my ($dir) = @_; return \"$dir/vgz\"; }",
        "print \"$dir/vgs --help /usr\";",
    ] {
        let body = right.replace("print \"$dir/vgz\" if -e", "print 1 if -e");
        let body = body.replace(" /usr", "");
        assert_eq!(with_constant(&body).found(), [], "{body}");
    }
}

#[test]
fn a_path_with_something_unknown_in_it() {
    with_constant("print \"$dir/lv$x\", \"$dir/$x\", $dir . '/' . $x . 's', \"$dir/$x/deep\";")
        .one("PNX-603", "bin/hive:4", "has no `…/deep`");
    for (wrong, cause) in [
        ("print \"$dir/pv$x\";", "has no `pv…`"),
        ("print \"$dir/lv$x.conf\";", "has no `lv….conf`"),
        ("print \"$dir/none/$x\";", "has no `bin/none`"),
        ("print \"$dir/$x/deep\";", "has no `…/deep`"),
    ] {
        with_constant(wrong).one("PNX-603", "bin/hive:4", cause);
    }
}

#[test]
fn a_directory_that_is_read_and_holds_nothing() {
    let fixture = with_constant("opendir(my $dh, \"$dir/addons\") or die;");
    let addons = fixture.package("lvm2").join("bin/addons");
    fixture.one("PNX-603", "bin/hive:4", "has no `bin/addons`");
    fs::create_dir(&addons).expect("a directory");
    fixture.one("PNX-603", "bin/hive:4", "but is empty");
    write(&addons.join("one"), b"");
    assert_eq!(fixture.found(), []);
    // The same for a path in one literal.
    let fixture = Fixture::new();
    let plugins = fixture.in_package("lvm2", "plugins");
    fs::create_dir(fixture.package("lvm2").join("plugins")).expect("a directory");
    fixture.executable(
        "bin/hive",
        &fixture.perl(&format!("opendir(my $dh, '{plugins}') or die;")),
    );
    fixture.one("PNX-603", "bin/hive:3", "but is empty");
}

#[test]
fn what_a_linked_configuration_includes() {
    let fixture = Fixture::new();
    let conf = fixture.package("lvm2").join("share/hive.conf");
    fs::create_dir_all(fixture.output.join("share/config")).expect("directories");
    symlink(
        fixture.in_package("lvm2", "share/hive.conf"),
        fixture.output.join("share/config/hive.conf"),
    )
    .expect("a link");
    let place = "share/config/hive.conf";
    for (line, code, cause) in [
        (
            "lxc.include = /usr/share/lxc/config/common.conf.d/",
            "PNX-601",
            "which only Debian has",
        ),
        (
            "lxc.seccomp.profile=/usr/share/lxc/x.seccomp",
            "PNX-601",
            "in line 2 of",
        ),
        (
            "include /run/current-system/sw/share/hive.d",
            "PNX-601",
            "an administrator installed",
        ),
    ] {
        write(&conf, format!("# /usr/share\n{line}\n").as_bytes());
        fixture.one(code, place, cause);
    }
    let more = fixture.in_package("lvm2", "share/more.d");
    write(&conf, format!("@includedir \"{more}/\"\n").as_bytes());
    fixture.one("PNX-603", place, "but does not exist");
    fs::create_dir(fixture.package("lvm2").join("share/more.d")).expect("a directory");
    fixture.one("PNX-603", place, "but is empty");
    write(&fixture.package("lvm2").join("share/more.d/one.conf"), b"");
    assert_eq!(fixture.found(), []);
    // Files that a machine has, and lines that are not includes.
    write(
        &conf,
        b"include /etc/hive.d\nword /usr/share/hive\n# include /usr/share/hive\n",
    );
    assert_eq!(fixture.found(), []);
    // A package of hostpkgs leads on to this machine's file, whose includes are this machine's.
    let machines = fixture.root.path().join("machines.conf");
    write(
        &machines,
        b"lxc.include = /usr/share/lxc/config/common.conf.d/\n",
    );
    fs::remove_file(&conf).expect("removed");
    symlink(&machines, &conf).expect("a link");
    assert_eq!(fixture.found(), []);
}

#[test]
fn what_an_own_configuration_includes() {
    let fixture = Fixture::new();
    fixture.file(
        "etc/hive.conf",
        "lxc.include = /run/current-system/sw/share/hive.d\n",
    );
    let found = fixture.found();
    assert!(
        found.iter().any(|(code, at, cause)| code == "PNX-601"
            && at == "etc/hive.conf:1"
            && cause.contains("an administrator installed")),
        "{found:?}"
    );
    let empty = fixture.in_package("lvm2", "empty.d");
    fs::create_dir(fixture.package("lvm2").join("empty.d")).expect("a directory");
    fixture.file("etc/hive.conf", &format!("lxc.include = {empty}\n"));
    fixture.one("PNX-603", "etc/hive.conf:1", "but is empty");
}
