//! Generates an upstream as big as the real one, with the same bytes each time.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use release::{Manifest, Pin};

/// The number of sources, as at 9.1.4.
const SOURCES: usize = 37;
/// The number of Perl files in all sources.
const PERL_FILES: usize = 800;
/// The size of the Perl files in all sources.
const PERL_BYTES: usize = 9_000_000;

/// Pseudo-random numbers by Marsaglia's xorshift.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        let index = self.next() % words.len() as u64;
        usize::try_from(index).map_or("", |index| words[index])
    }
}

const NOUNS: &[&str] = &[
    "volume", "guest", "bridge", "lease", "snapshot", "token", "node", "quota",
];
const PROGRAMS: &[&str] = &[
    "/usr/bin/rsync",
    "/sbin/ip",
    "/bin/mount",
    "tar",
    "zfs",
    "/usr/sbin/lvs",
];

/// Writes and commits the sources below `dir`.
pub fn make(dir: &Path) -> Manifest {
    let mut numbers = Numbers(0x5eed_cafe);
    let mut sources = BTreeMap::new();
    for index in 0..SOURCES {
        let name = format!("hive-{index:02}");
        let source = dir.join(&name);
        for file in (index..PERL_FILES).step_by(SOURCES) {
            let package = format!("Hive::S{index}::F{file}");
            let path = source.join(format!("src/{}.pm", package.replace("::", "/")));
            write(&path, &perl(&package, &mut numbers));
        }
        packaging(&source, &name, &mut numbers);
        let rev = commit(&source);
        let pin = Pin {
            url: Some(format!("https://example.org/{name}.git")),
            rev: Some(rev),
            version: Some("1.0.0".to_owned()),
            ..Pin::default()
        };
        sources.insert(name, pin);
    }
    Manifest {
        name: "generated".to_owned(),
        sources,
        ..Manifest::default()
    }
}

fn perl(package: &str, numbers: &mut Numbers) -> String {
    let mut text =
        format!("package {package};\n\nuse strict;\nuse warnings;\n\nuse POSIX qw(EINTR);\n\n");
    let mut sub = 0;
    while text.len() < PERL_BYTES / PERL_FILES {
        let (noun, other, program) = (numbers.of(NOUNS), numbers.of(NOUNS), numbers.of(PROGRAMS));
        let number = numbers.next() % 900;
        let _ = match numbers.next() % 4 {
            0 => write!(
                text,
                "# Starts the {noun}.\nsub start_{noun}_{sub} {{\n    my ($class, ${noun}, $param) = @_;\n\n    my $cmd = ['{program}', '--{other}', ${noun}];\n    push @$cmd, '--limit', {number} if $param->{{limit}};\n    run_command($cmd, timeout => {number}, errmsg => \"{noun} ${noun} failed\");\n}}\n\n"
            ),
            1 => write!(
                text,
                "my ${noun}_file_{sub} = \"/etc/hive/{noun}-{number}.conf\";\n\nsub read_{noun}_{sub} {{\n    my ($id) = @_;\n    open(my $fh, '<', ${noun}_file_{sub}) or return {{}};\n    my $res = {{ {other} => {number} }};\n    while (defined(my $line = <$fh>)) {{\n        next if $line =~ m/^\\s*#/;\n        $res->{{$1}} = $2 if $line =~ m/^(\\S+)\\s*=\\s*(.*?)\\s*$/;\n    }}\n    close($fh);\n    return $res;\n}}\n\n"
            ),
            2 => write!(
                text,
                "sub describe_{noun}_{sub} {{\n    my ($self, %opts) = @_;\n    return <<\"EOF\";\n[{noun}]\npath = $self->{{path}}/share/{other}\nhelper = /usr/share/hive/{noun}-{number}\nEOF\n}}\n\n"
            ),
            _ => write!(
                text,
                "sub list_{noun}_{sub} {{\n    my ($list) = @_;\n    my @found = grep {{ $_->{{{other}}} > {number} }} @$list;\n    foreach my $one (sort {{ $a->{{id}} cmp $b->{{id}} }} @found) {{\n        print \"$one->{{id}}: \" . join(', ', map {{ \"$_={number}\" }} keys %$one) . \"\\n\";\n    }}\n    return scalar(@found);\n}}\n\n"
            ),
        };
        sub += 1;
    }
    text + "1;\n"
}

/// Writes `debian/`, a Makefile, a unit, a script and a C program.
fn packaging(source: &Path, name: &str, numbers: &mut Numbers) {
    let noun = numbers.of(NOUNS);
    write(
        &source.join("debian/control"),
        &format!(
            "Source: {name}\nSection: admin\nMaintainer: A Person <p@example.org>\nBuild-Depends: debhelper-compat (= 13)\n\nPackage: {name}\nArchitecture: all\nDepends: perl, ${{misc:Depends}}\nDescription: the {noun} tools\n Made up.\n"
        ),
    );
    let mut changelog = String::new();
    for minor in (0..60).rev() {
        let _ = write!(
            changelog,
            "{name} (1.{minor}.0) trixie; urgency=medium\n\n  * {noun}: change {minor}\n\n -- A Person <p@example.org>  Mon, 06 Jan 2025 12:00:00 +0100\n\n"
        );
    }
    write(&source.join("debian/changelog"), &changelog);
    write(
        &source.join("debian/rules"),
        "#!/usr/bin/make -f\n\n%:\n\tdh $@\n",
    );
    write(
        &source.join("debian/postinst"),
        "#!/bin/sh\nset -e\n\ncase \"$1\" in\n  configure)\n    mkdir -p /var/lib/hive\n    ;;\nesac\n\n#DEBHELPER#\n",
    );
    write(
        &source.join("Makefile"),
        "DESTDIR=\nPERLDIR=$(DESTDIR)/usr/share/perl5\n\ninstall:\n\tinstall -d $(PERLDIR)/Hive\n\tinstall -m 0644 src/Hive/*.pm $(PERLDIR)/Hive/\n",
    );
    write(
        &source.join(format!("debian/{name}.service")),
        &format!(
            "[Unit]\nDescription={noun}\n\n[Service]\nExecStart=/usr/bin/perl -T /usr/bin/{name}\n\n[Install]\nWantedBy=multi-user.target\n"
        ),
    );
    let mut script = String::from("#!/bin/bash\nset -e\n");
    let mut c = String::from("#include <stdio.h>\n#include <fcntl.h>\n\n");
    for step in 0..200 {
        let (noun, number) = (numbers.of(NOUNS), numbers.next() % 900);
        let _ = writeln!(
            script,
            "if [ -e /run/hive/{noun}-{step} ]; then\n    /usr/bin/logger \"{noun} {number}\"\nfi"
        );
        let _ = writeln!(
            c,
            "static int {noun}_{step}(int limit)\n{{\n\tint fd = open(\"/var/lib/hive/{noun}\", O_RDONLY);\n\treturn fd < 0 ? -{number} : limit + {step};\n}}\n"
        );
    }
    write(&source.join("src/setup.sh"), &script);
    write(&source.join("src/hive.c"), &c);
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("files stand in directories")).expect("directories");
    fs::write(path, text).expect("the temporary directory takes the file");
}

/// Commits everything in a directory and returns the commit's name.
fn commit(source: &Path) -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .current_dir(source)
            .env_remove("GIT_DIR")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .args(["-c", "user.name=A Person", "-c", "user.email=p@example.org"])
            .args(arguments)
            .output()
            .expect("git runs");
        assert!(output.status.success(), "git {arguments:?} failed");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    git(&["init", "-q"]);
    git(&["add", "-A"]);
    git(&["commit", "-q", "-m", "all"]);
    // One pack, as in a clone.
    git(&["repack", "-q", "-a", "-d"]);
    git(&["rev-parse", "HEAD"])
}
