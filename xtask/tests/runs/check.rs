//! `check` on a link made here: a program in taint mode, modules of which some compile, a daemon,
//! and one that hangs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Root, Run};

/// The points of these runs, in place of the project's.
const RULES: &str = r#"
tainted = ["bin/tainted", "bin/untainted"]

[machine]
host-name = "bee.check.test"
address = "192.0.2.7"
devices = ["fuse"]
not-run = ["modprobe"]
[machine.users]
root = 0
[machine.files]
"etc/from-rules" = "told\n"

[[file]]
place = "bin/mute"
skip = true
why = "it never answers"

[[file]]
place = "bin/other"
run = ["--version"]
expect = 'other [0-9]'
why = "it knows --version alone"

[[point]]
id = "modules"
title = "modules compile"
every = "module"

[[point]]
id = "taint"
title = "programs are in taint mode"
every = "taint"

[[point]]
id = "programs"
title = "programs answer"
every = "program"

[[point]]
id = "units"
title = "units are whole"
every = "unit"

[[point]]
id = "daemon"
title = "the daemon stays"
needs = ["lib/systemd/system/bee.service"]
[[point.step]]
write = "/etc/bee.conf"
content = "honey\n"
[[point.step]]
unit = "bee.service"
[[point.step]]
read = "/run/bee/who"
expect = '^bee \d+ honey (?<uid>\d+)\n'
[[point.step]]
run = ["bin/tainted", "say", "{host} {uid}"]
expect = 'bee {uid}'

[[point]]
id = "dies"
title = "a daemon that dies"
[[point.step]]
unit = "dies.service"

[[point]]
id = "after-dies"
title = "what comes after it"
after = ["dies"]
[[point.step]]
run = ["bin/tainted"]

[[point]]
id = "address"
title = "the name stands for the address"
[[point.step]]
run = ["bin/tainted", "resolve"]
expect = '192\.0\.2\.7'

[[point]]
id = "alone"
title = "nothing of this machine is to be seen or written"
[[point.step]]
run = ["bin/tainted", "alone"]
expect = '(?m)^alone$'

[[point]]
id = "paths"
title = "paths are there"
[[point.step]]
run = ["bin/tainted", "say", "/etc/from-rules,/nowhere/else /run/late"]
paths = true
absent = ["/run/*"]

[[point]]
id = "needless"
title = "what the link has not"
needs = ["bin/none"]
[[point.step]]
run = ["bin/none"]

[[point]]
id = "lacking"
title = "what the link lacks"
unless-lacking = ["libpve-u2f-server-perl"]
[[point.step]]
run = ["bin/tainted"]
"#;

/// A program that knows a few words. `{out}` is the link.
const TAINTED: &str = r#"#!/usr/bin/perl -T -I{out}/lib/perl5/site_perl
use strict;
use warnings;
use Socket qw(inet_ntoa);
use Sys::Hostname qw(hostname);
use Bee::Good;
my $word = shift(@ARGV) // '--help';
if ($word eq 'say') {
    print "@ARGV\n";
} elsif ($word eq 'resolve') {
    print inet_ntoa(scalar(gethostbyname(hostname()))), "\n";
} elsif ($word eq 'alone') {
    opendir(my $dh, '/proc') or die "no /proc\n";
    my @processes = grep { /^\d+$/ } readdir($dh);
    die "others run: @processes\n" if @processes > 8;
    for my $path ('{out}/new', '/usr/new', '/proc/sys/kernel/panic') {
        open(my $fh, '>>', $path) or next;
        die "$path can be written\n";
    }
    die "this machine's /home is there\n" if -e '/home/outside' || -e '{outside}';
    print "alone\n";
} else {
    print "usage: tainted ", Bee::Good::name(), "\n";
}
"#;

/// A daemon that identifies itself.
const BEE: &str = r#"#!/usr/bin/perl -I{out}/lib/perl5/site_perl
use strict;
use warnings;
if (($ARGV[0] // '') eq '--help') {
    print "usage: beed\n";
    exit;
}
open(my $conf, '<', '/etc/bee.conf') or die "no settings\n";
open(my $fh, '>', '/run/bee/who.new') or die "/run/bee: $!\n";
print {$fh} "$ENV{USER} $$ ", scalar(<$conf>) =~ s/\n//r, " $<\n";
close($fh);
rename('/run/bee/who.new', '/run/bee/who');
sleep(1000);
"#;

struct Made {
    root: Root,
    link: PathBuf,
}

impl Made {
    fn new() -> Self {
        let root = Root::new();
        let link = root.join("link");
        let made = Self { root, link };
        made.root.write("rules/general/check.toml", RULES);
        made.file(
            "lib/perl5/site_perl/Bee/Good.pm",
            "package Bee::Good;\nsub name { 'good' }\n1;\n",
        );
        let circle = |this: &str, other: &str| {
            format!(
                "package Bee::{this};\nuse strict;\nuse Bee::{other};\nour $set = Bee::{other}::of();\nsub of {{ 1 }}\n1;\n"
            )
        };
        made.file("lib/perl5/site_perl/Bee/One.pm", &circle("One", "Two"));
        made.file(
            "lib/perl5/site_perl/Bee/Two.pm",
            "package Bee::Two;\nuse Bee::One;\nsub of { 2 }\n1;\n",
        );
        made.file(
            "lib/perl5/site_perl/Bee/Bad.pm",
            "package Bee::Bad;\nuse strict;\n$x = 1;\n1;\n",
        );
        made.file(
            "lib/perl5/site_perl/Bee/Lacking.pm",
            "package Bee::Lacking;\nuse PVE::U2F;\n1;\n",
        );
        made.file(
            "lib/perl5/site_perl/Bee/Nowhere.pm",
            "package Bee::Nowhere;\nuse Not::Anywhere;\n1;\n",
        );
        made.file("nix-support/pve-lacks", "libpve-u2f-server-perl\n");
        made.program("bin/tainted", TAINTED);
        made.program(
            "bin/untainted",
            "#!/usr/bin/perl -w\nprint \"usage: untainted\\n\";\n",
        );
        made.program(
            "bin/hangs",
            "#!/bin/sh\necho 'thinking about it'\nsleep 1000\n",
        );
        made.program("bin/mute", "#!/bin/sh\nsleep 1000\n");
        made.program(
            "bin/other",
            "#!/bin/sh\n[ \"$1\" = --version ] && echo other 1\n",
        );
        made.program("libexec/beed", BEE);
        // Not every machine has kmod.
        made.program("libexec/modprobe", "#!/bin/sh\nexit 1\n");
        made.unit("bee", "ExecStartPre={out}/libexec/modprobe bee\nUser=bee\nRuntimeDirectory=bee\nExecStart={out}/libexec/beed\n");
        made.unit("dies", "ExecStart=/bin/sh -c 'echo last words; exit 3'\n");
        made.unit("broken", "ExecStart={out}/bin/gone\n");
        made
    }

    fn file(&self, place: &str, text: &str) {
        let text = text
            .replace("{out}", &self.link.display().to_string())
            .replace(
                "{outside}",
                &self.root.path().join("rules").display().to_string(),
            );
        self.root.write(&format!("link/{place}"), text);
    }

    fn program(&self, place: &str, text: &str) {
        self.file(place, text);
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(self.link.join(place), mode).expect("a mode");
    }

    fn unit(&self, name: &str, service: &str) {
        let text = format!("[Unit]\nDescription=x\n\n[Service]\n{service}");
        self.file(&format!("lib/systemd/system/{name}.service"), &text);
    }

    /// Runs `check link` with more arguments. Nothing may be left behind.
    fn check(&self, more: &[&str]) -> Run {
        let scratch = self.root.join("tmp");
        fs::create_dir_all(&scratch).expect("a directory");
        let mut command = self.root.command(&[&["check", "link"], more].concat());
        let run = Run::of(command.env("TMPDIR", &scratch));
        assert_eq!(self.left_behind(), Vec::<String>::new());
        run
    }

    /// Returns the remains in the directory for temporary files, and mounts below it.
    fn left_behind(&self) -> Vec<String> {
        let scratch = self.root.join("tmp");
        let entries = fs::read_dir(&scratch).expect("a directory");
        let mut left: Vec<String> = entries
            .map(|entry| entry.expect("readable").path().display().to_string())
            .collect();
        let mounts = fs::read_to_string("/proc/self/mounts").expect("mounts");
        let below = mounts
            .lines()
            .filter(|line| line.contains(&*scratch.to_string_lossy()));
        left.extend(below.map(str::to_owned));
        left
    }
}

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"))
}

fn point<'a>(report: &'a Value, id: &str) -> &'a Value {
    let points = report["points"].as_array().expect("points");
    points
        .iter()
        .find(|point| point["id"] == id)
        .unwrap_or_else(|| panic!("no point {id}"))
}

/// Returns the status and text of one of the point's items.
fn item<'a>(point: &'a Value, name: &str) -> (&'a str, &'a str) {
    let items = point["items"].as_array().expect("items");
    let item = items.iter().find(|item| item["name"] == name);
    let item = item.unwrap_or_else(|| panic!("no item {name} in {point}"));
    (
        item["status"].as_str().expect("a status"),
        item["text"].as_str().expect("a text"),
    )
}

#[test]
fn each_point_is_passed_failed_or_not_applicable() {
    let made = Made::new();
    let run = made.check(&["--format", "json", "--timeout", "4"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    let report = json(&run);

    let modules = point(&report, "modules");
    let module = |name: &str| item(modules, &format!("lib/perl5/site_perl/Bee/{name}.pm"));
    assert_eq!(module("Good"), ("passed", ""));
    assert_eq!(module("Bad").0, "failed");
    let lacking = "needs PVE::U2F, which the link lacks (libpve-u2f-server-perl)";
    assert_eq!(module("Lacking"), ("not-applicable", lacking));
    // A missing module that no rule lists as lacking is a failure.
    assert_eq!(module("Nowhere").0, "failed");
    // One of the two can be loaded only after the other, as on Debian.
    assert_eq!(module("One").0, "passed");
    assert_eq!(module("Two").0, "passed");

    let taint = point(&report, "taint");
    assert_eq!(item(taint, "bin/tainted"), ("passed", ""));
    assert_eq!(item(taint, "bin/untainted").0, "failed");

    let programs = point(&report, "programs");
    assert_eq!(item(programs, "bin/tainted"), ("passed", "--help"));
    assert_eq!(item(programs, "bin/other"), ("passed", "--version"));
    assert_eq!(
        item(programs, "bin/mute"),
        ("not-applicable", "it never answers")
    );
    assert_eq!(
        item(programs, "bin/hangs"),
        ("failed", "--help: did not end within 4 s and was stopped")
    );

    let units = point(&report, "units");
    assert_eq!(item(units, "bee.service"), ("passed", ""));
    assert_eq!(item(units, "broken.service").0, "failed");

    for (id, status, text) in [
        ("daemon", "passed", ""),
        (
            "dies",
            "failed",
            "dies.service: ExecStart=/bin/sh -c echo last words; exit 3: exit status 3",
        ),
        (
            "after-dies",
            "not-applicable",
            "comes after dies, which did not pass",
        ),
        ("address", "passed", ""),
        ("alone", "passed", ""),
        (
            "paths",
            "failed",
            "tainted say /etc/from-rules,/nowhere/else /run/late: 1 of 3 paths do not exist",
        ),
        ("needless", "not-applicable", "the link has no bin/none"),
        (
            "lacking",
            "not-applicable",
            "the link lacks libpve-u2f-server-perl",
        ),
    ] {
        let point = point(&report, id);
        assert_eq!(point["status"], status, "{point}");
        if status != "passed" {
            assert_eq!(point["text"], text, "{point}");
        }
    }
    let output = point(&report, "dies")["output"]
        .as_str()
        .expect("an output");
    assert!(output.contains("last words"), "{output}");
    assert_eq!(report["summary"]["failed"], 6);
}

#[test]
fn a_link_without_programs_says_which_perl_its_modules_are_for() {
    let made = Made::new();
    for directory in ["bin", "libexec", "lib/systemd"] {
        fs::remove_dir_all(made.link.join(directory)).expect("removed");
    }
    let modules = || {
        let report = json(&made.check(&["--only", "modules", "--format", "json"]));
        point(&report, "modules").clone()
    };
    let nothing =
        "neither a program of the link nor its nix-support/pve-perl names the Perl for its modules";
    assert_eq!(modules()["text"], nothing);
    made.file("nix-support/pve-perl", "/usr/bin/perl\n");
    let good = "lib/perl5/site_perl/Bee/Good.pm";
    assert_eq!(item(&modules(), good), ("passed", ""));
}

#[test]
fn a_daemon_runs_as_its_user_where_there_are_users() {
    let made = Made::new();
    let report = json(&made.check(&["--format", "json", "--only", "daemon"]));
    let daemon = point(&report, "daemon");
    // For users other than root, this needs a range of numbers, which not every machine has.
    if daemon["status"] == "not-applicable" {
        let text = daemon["text"].as_str().expect("a text");
        assert!(text.contains("this user namespace has only root"), "{text}");
        println!("skipped: {text}");
    } else {
        assert_eq!(daemon["status"], "passed", "{daemon}");
    }
    assert_eq!(report["points"].as_array().map(Vec::len), Some(1));
}

#[test]
fn the_text_has_a_line_for_each_point_and_what_failed_below_it() {
    let made = Made::new();
    let run = made.check(&[
        "--only",
        "modules,after-dies,address",
        "--skip",
        "after-dies",
    ]);
    assert_eq!(run.code, Some(1), "{run:?}");
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines[0], "link");
    assert!(
        lines[1].starts_with("  made on this machine's programs: "),
        "{}",
        lines[1]
    );
    let failed = "FAILED  modules  modules compile: 2 of 6 modules";
    assert!(
        lines[2].starts_with(failed) && lines[2].ends_with("PNX-701"),
        "{}",
        lines[2]
    );
    assert!(
        run.stdout
            .contains("        lib/perl5/site_perl/Bee/Bad.pm: perl -c: exit status 255\n"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout
            .contains("            Global symbol \"$x\" requires"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("passed  address  "), "{}", run.stdout);
    assert!(
        run.stdout
            .ends_with("1 passed, 1 failed, 0 not applicable\n"),
        "{}",
        run.stdout
    );
    let run = made.check(&["--only", "address"]);
    assert_eq!(run.code, Some(0), "{run:?}");
}

#[test]
fn points_are_listed_and_unknown_ones_refused() {
    let made = Made::new();
    let run = made.check(&["--list"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(
        run.stdout
            .contains("after-dies  what comes after it  after dies\n"),
        "{}",
        run.stdout
    );
    let run = made.check(&["--only", "nothing"]);
    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(
        run.stderr.contains("there is no point `nothing`"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_run_that_is_killed_leaves_nothing() {
    let made = Made::new();
    let scratch = made.root.join("tmp");
    fs::create_dir_all(&scratch).expect("a directory");
    // The processes in the namespaces have a unique word on their command line.
    let word = format!("marker-{}", std::process::id());
    made.program(
        "bin/hangs",
        &format!("#!/bin/sh\nexec sleep 1000 # {word}\n"),
    );
    made.root.write(
        "rules/general/check.toml",
        format!("{RULES}\n[[point]]\nid = \"last\"\ntitle = \"x\"\n[[point.step]]\nrun = [\"/bin/sh\", \"-c\", \"sleep 1000; : {word}\"]\n"),
    );
    let mut command = made.root.command(&["check", "link", "--only", "last"]);
    let mut child = command
        .env("TMPDIR", &scratch)
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("started");
    let runs = || {
        let entries = fs::read_dir("/proc").expect("/proc");
        entries.flatten().any(|entry| {
            let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains(&format!(": {word}"))
        })
    };
    until(runs, "the point is tried");
    child.kill().expect("killed");
    child.wait().expect("ended");
    until(|| !runs() && made.left_behind().is_empty(), "all is gone");
}

fn until(holds: impl Fn() -> bool, what: &str) {
    let begun = Instant::now();
    while !holds() {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "not in time: {what}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_is_no_link_and_what_has_no_namespaces_is_told() {
    let made = Made::new();
    fs::create_dir(made.root.join("empty")).expect("a directory");
    for (path, cause) in [
        ("nowhere", "No such file"),
        ("empty", "no program in bin"),
        ("rules/general/check.toml", "not a directory"),
    ] {
        let run = made.root.run(&["check", path]);
        assert_eq!(run.code, Some(2), "{run:?}");
        assert!(
            run.stderr.starts_with(&format!("PNX-703: {path}")),
            "{}",
            run.stderr
        );
        assert!(run.stderr.contains(cause), "{}", run.stderr);
    }
    let mut command = made.root.command(&["check", "link"]);
    let run = Run::of(command.env("PATH", made.root.join("empty")));
    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(run.stderr.starts_with("PNX-702: "), "{}", run.stderr);
    assert!(
        run.stderr.contains("unshare cannot be run"),
        "{}",
        run.stderr
    );
}
