//! The switches with which `debian/rules` configures a source: `./configure`, `meson`, `cmake`,
//! `dh_auto_configure --`.
//!
//! The file is read once for each processor, with the variables that dpkg's makefiles set for it.
//! Conditionals are evaluated and variables expanded as in make. Anything that only a run could
//! reveal is reported as an [`Unread`], with the reason.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use syntax::make::{Line, Statement, arguments, lines};

use super::make::{self, Makefile, Variables};
use super::shell::Command;
use super::tree_path;

/// One switch.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Switch {
    /// 1-based line in `debian/rules`.
    pub line: u32,
    /// The program that reads it.
    pub system: Configure,
    /// With its dashes: `--enable-rbd`, `-Dapparmor`.
    pub name: String,
    /// The text after `=`. `{cpu}` in it is the processor's GNU name.
    pub value: Option<String>,
    /// The GNU name of the processor that has it, if only one does.
    pub on: Option<String>,
}

impl Switch {
    /// The switch as written: `--prefix=/usr`.
    pub fn written(&self) -> String {
        match &self.value {
            Some(value) => format!("{}={value}", self.name),
            None => self.name.clone(),
        }
    }
}

/// A part of the configuration that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unread {
    /// 1-based line in `debian/rules`.
    pub line: u32,
    /// The reason, as a part of a sentence.
    pub why: String,
}

/// The program that reads switches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Configure {
    /// A script `configure`, or whatever `dh_auto_configure` runs.
    Script,
    /// `meson`
    Meson,
    /// `cmake`
    Cmake,
}

/// The switches, and the parts that could not be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Switches {
    /// In the order of lines.
    pub switches: Vec<Switch>,
    /// In the order of lines.
    pub unread: Vec<Unread>,
}

/// The facts about the package that `debian/rules` builds.
#[derive(Debug, Clone, Copy)]
pub struct Package<'a> {
    /// The source package's name.
    pub source: &'a str,
    /// The version of the newest changelog entry.
    pub version: Option<&'a str>,
    /// The program that `dh_auto_configure` would run.
    pub automatic: Configure,
}

/// A processor, as dpkg's `architecture.mk` describes it.
struct Cpu {
    gnu: &'static str,
    debian: &'static str,
}

const CPUS: [Cpu; 2] = [
    Cpu {
        gnu: "x86_64",
        debian: "amd64",
    },
    Cpu {
        gnu: "aarch64",
        debian: "arm64",
    },
];

/// The text that represents the processor's GNU name in a value.
const ANY_CPU: &str = "{cpu}";

/// Reads the switches of a `debian/rules`.
pub fn read(text: &str, package: Package) -> Switches {
    let all: Vec<Switches> = CPUS
        .iter()
        .map(|cpu| read_for(text, package, cpu))
        .collect();
    let mut switches = Switches::default();
    for (cpu, read) in CPUS.iter().zip(&all) {
        for mut one in read.switches.iter().cloned() {
            if !all.iter().all(|other| other.switches.contains(&one)) {
                one.on = Some(cpu.gnu.to_owned());
            }
            if !switches.switches.contains(&one) {
                switches.switches.push(one);
            }
        }
        for one in &read.unread {
            if !switches.unread.contains(one) {
                switches.unread.push(one.clone());
            }
        }
    }
    // Within a line the words keep their order, because the last of two contradicting switches
    // wins.
    switches.switches.sort_by_key(|one| one.line);
    switches.unread.sort();
    switches
}

fn read_for(text: &str, package: Package, cpu: &Cpu) -> Switches {
    let mut real = Variables::default();
    dpkg(&mut real, package, cpu, cpu.gnu);
    let taken = Taken::of(text, real);
    let mut shown = Variables::default();
    dpkg(&mut shown, package, cpu, ANY_CPU);
    shown.assign(&taken.makefile);
    let mut reader = Reader {
        variables: shown,
        taken: &taken,
        package,
        found: Switches::default(),
    };
    for rule in &taken.makefile.rules {
        for (line, recipe) in &rule.recipe {
            reader.recipe(*line, recipe);
        }
    }
    reader.found
}

/// Sets the variables of `/usr/share/dpkg/default.mk` on `cpu`. `gnu` represents its GNU name.
fn dpkg(variables: &mut Variables, package: Package, cpu: &Cpu, gnu: &str) {
    let version = package.version.unwrap_or_default();
    let revision = version.split_once(':').map_or(version, |(_, rest)| rest);
    let upstream = revision.rsplit_once('-').map_or(revision, |(head, _)| head);
    let of_package = [
        ("DEB_SOURCE", package.source),
        ("DEB_VERSION", version),
        ("DEB_VERSION_UPSTREAM_REVISION", revision),
        ("DEB_VERSION_UPSTREAM", upstream),
    ];
    for (name, value) in of_package {
        if !value.is_empty() {
            variables.set(name, value);
        }
    }
    // A plain build sets neither of these. The next ones are directories and programs of the build.
    for name in ["DEB_BUILD_OPTIONS", "DEB_BUILD_PROFILES", "DESTDIR"] {
        variables.set(name, "");
    }
    for name in [
        "CURDIR", "MAKE", "CFLAGS", "CPPFLAGS", "CXXFLAGS", "LDFLAGS",
    ] {
        variables.set(name, &format!("@{name}@"));
    }
    for machine in ["BUILD", "HOST", "TARGET"] {
        for (name, value) in [
            ("ARCH", cpu.debian),
            ("ARCH_ABI", "base"),
            ("ARCH_BITS", "64"),
            ("ARCH_CPU", cpu.debian),
            ("ARCH_ENDIAN", "little"),
            ("ARCH_LIBC", "gnu"),
            ("ARCH_OS", "linux"),
            ("GNU_CPU", gnu),
            ("GNU_SYSTEM", "linux-gnu"),
            ("GNU_TYPE", &format!("{gnu}-linux-gnu")),
            ("MULTIARCH", &format!("{gnu}-linux-gnu")),
        ] {
            variables.set(&format!("DEB_{machine}_{name}"), value);
        }
    }
}

/// A Makefile without the branches that are not taken.
struct Taken {
    makefile: Makefile,
    /// The condition that each line stands behind and that nobody can evaluate.
    behind: BTreeMap<u32, String>,
    /// The variables set behind such a condition, with the condition.
    unsure: BTreeMap<String, String>,
    /// The variables that only untaken branches set. They are known to be empty.
    empty: BTreeSet<String>,
}

/// An open `if…`.
struct Open {
    /// Whether this branch is taken; `None` if unknown.
    taken: Option<bool>,
    /// Whether an earlier branch was taken.
    earlier: Option<bool>,
    /// The condition as written.
    condition: String,
}

impl Open {
    fn new(taken: Option<bool>, condition: &str) -> Self {
        Self {
            taken,
            earlier: Some(false),
            condition: condition.to_owned(),
        }
    }

    /// Enters an `else` or `else if…`, taken if no earlier branch was and the condition holds.
    fn otherwise(&mut self, holds: Option<bool>) {
        self.earlier = either(self.earlier, self.taken);
        self.taken = match (self.earlier, holds) {
            (Some(true), _) | (_, Some(false)) => Some(false),
            (Some(false), holds) => holds,
            (None, _) => None,
        };
    }
}

fn either(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    }
}

impl Taken {
    fn of(source: &str, mut variables: Variables) -> Self {
        let mut taken = Self {
            makefile: Makefile::default(),
            behind: BTreeMap::new(),
            unsure: BTreeMap::new(),
            empty: BTreeSet::new(),
        };
        let mut open: Vec<Open> = Vec::new();
        for line in lines(source.as_bytes()) {
            if !conditional(source, &line, &mut open, &variables) {
                taken.line(source, &line, &open, &mut variables);
            }
        }
        taken
    }

    /// A line behind the conditions that are open.
    fn line(&mut self, source: &str, line: &Line, open: &[Open], variables: &mut Variables) {
        let mut statement = Makefile::default();
        statement.take(source, line);
        let names = statement
            .variables
            .iter()
            .map(|variable| variable.name.clone());
        if open.iter().any(|one| one.taken == Some(false)) {
            self.empty.extend(names);
            return;
        }
        if let Some(unknown) = open.iter().find(|one| one.taken.is_none()) {
            let condition = || unknown.condition.clone();
            let count = source
                .get(line.range.clone())
                .unwrap_or_default()
                .matches('\n')
                .count()
                + 1;
            let numbers = (line.number..).take(count);
            self.behind
                .extend(numbers.map(|number| (number, condition())));
            self.unsure.extend(names.map(|name| (name, condition())));
        }
        variables.assign(&statement);
        self.makefile.take(source, line);
    }
}

/// Follows `ifeq`, `else` and `endif`; whether the line is one of them.
fn conditional(source: &str, line: &Line, open: &mut Vec<Open>, variables: &Variables) -> bool {
    let Statement::Directive { keyword, arguments } = &line.statement else {
        return false;
    };
    let text = |range| {
        syntax::make::text(source.as_bytes(), range)
            .trim()
            .to_owned()
    };
    let arguments = text(arguments.clone());
    match text(keyword.clone()).as_str() {
        word @ ("ifeq" | "ifneq" | "ifdef" | "ifndef") => {
            let condition = format!("{word} {arguments}");
            open.push(Open::new(holds(word, &arguments, variables), &condition));
        }
        "else" => {
            let Some(last) = open.last_mut() else {
                return false;
            };
            if arguments.is_empty() {
                last.otherwise(Some(true));
            } else {
                let (word, rest) = arguments
                    .split_once(char::is_whitespace)
                    .unwrap_or((&arguments, ""));
                last.otherwise(holds(word, rest.trim_start(), variables));
                last.condition = arguments;
            }
        }
        "endif" => drop(open.pop()),
        _ => return false,
    }
    true
}

/// Evaluates a condition. Returns `None` if its value is unknown.
fn holds(word: &str, arguments: &str, variables: &Variables) -> Option<bool> {
    if matches!(word, "ifdef" | "ifndef") {
        let set = variables.is_set(arguments.trim());
        // The environment may set a variable that nothing here sets.
        return set.then_some(word == "ifdef");
    }
    let (left, right) = sides(arguments)?;
    let mut values = Vec::new();
    for side in [left, right] {
        let value = variables.expand(&side);
        if !variables.unset().is_empty() || value.contains(['$', '@']) {
            return None;
        }
        values.push(value.trim().to_owned());
    }
    let equal = values.first() == values.last();
    match word {
        "ifeq" => Some(equal),
        "ifneq" => Some(!equal),
        _ => None,
    }
}

/// Returns the two sides of `(a,b)`, `"a" "b"` or `'a' 'b'`.
fn sides(text: &str) -> Option<(String, String)> {
    if let Some(inner) = text.strip_prefix('(') {
        let inner = inner.trim_end().strip_suffix(')')?;
        let mut parts = arguments(inner).into_iter();
        let (left, right) = (parts.next()?, parts.next()?);
        return parts
            .next()
            .is_none()
            .then(|| (left.to_owned(), right.to_owned()));
    }
    let (left, rest) = quoted(text)?;
    let (right, _) = quoted(rest.trim_start())?;
    Some((left.to_owned(), right.to_owned()))
}

fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text
        .chars()
        .next()
        .filter(|quote| matches!(quote, '"' | '\''))?;
    text.get(1..)?.split_once(quote)
}

struct Reader<'a> {
    variables: Variables,
    taken: &'a Taken,
    package: Package<'a>,
    found: Switches,
}

impl Reader<'_> {
    /// Reads one logical line of a recipe.
    fn recipe(&mut self, line: u32, text: &str) {
        for command in make::commands(text, &self.variables) {
            let words = command.texts();
            let Some((system, from)) = configuring(&words, self.package.automatic) else {
                continue;
            };
            let lines = Lines::of(line, text, &self.variables);
            self.doubts(&command, &lines);
            self.words(system, &command, from, lines);
        }
    }

    /// Records the reasons why the command, or a line of it, is uncertain.
    fn doubts(&mut self, command: &Command, lines: &Lines) {
        let mut unread = |line: u32, why: String| {
            let one = Unread { line, why };
            if !self.found.unread.contains(&one) {
                self.found.unread.push(one);
            }
        };
        if command.guarded {
            let why = "the shell decides whether the configuration runs".to_owned();
            unread(lines.first, why);
        }
        for (number, line) in (lines.first..).zip(&lines.all) {
            if let Some(condition) = self.taken.behind.get(&number) {
                unread(
                    number,
                    format!("it depends on `{condition}`, which cannot be evaluated"),
                );
            }
            for name in line.unset.difference(&self.taken.empty) {
                unread(number, format!("nothing sets the variable `{name}`"));
            }
            for name in &line.asked {
                if let Some(condition) = self.taken.unsure.get(name) {
                    let why = format!(
                        "the variable `{name}` is set depending on `{condition}`, which cannot be evaluated"
                    );
                    unread(number, why);
                }
            }
        }
    }

    fn words(&mut self, system: Configure, command: &Command, from: usize, mut lines: Lines) {
        let mut words = command.words.iter().skip(from).peekable();
        while let Some(word) = words.next() {
            let line = lines.line_of(&word.text);
            if !word.known {
                let why = format!("`{}` is not known before it runs", word.text);
                self.found.unread.push(Unread { line, why });
                continue;
            }
            let mut text = word.text.clone();
            let value_follows = takes_value(system, &text);
            if value_follows && let Some(next) = words.next() {
                let separator = if text == "-D" { "" } else { "=" };
                text = format!("{text}{separator}{}", next.text);
            }
            match switch(system, &text) {
                Some((name, value)) => self.found.switches.push(Switch {
                    line,
                    system,
                    name,
                    value,
                    on: None,
                }),
                // These are directories of the source and the build.
                None if system != Configure::Script => {}
                None => {
                    let why = format!("`{text}` is not a switch");
                    self.found.unread.push(Unread { line, why });
                }
            }
        }
    }
}

/// Returns the configuration that a command runs, and the index of its first argument.
fn configuring(words: &[&str], automatic: Configure) -> Option<(Configure, usize)> {
    let mut at = 0;
    // `env A=b sh ./configure`.
    while let Some(word) = words.get(at)
        && (matches!(*word, "env" | "sh" | "bash" | "dash")
            || at > 0 && word.contains('=') && !word.starts_with('-'))
    {
        at += 1;
    }
    let program = tree_path::file_name(words.get(at)?);
    let next = words.get(at + 1).copied().unwrap_or_default();
    match program {
        "configure" => Some((Configure::Script, at + 1)),
        "meson" => match next {
            "setup" | "configure" => Some((Configure::Meson, at + 2)),
            "compile" | "dist" | "init" | "install" | "introspect" | "rewrite" | "subprojects"
            | "test" | "wrap" => None,
            _ => Some((Configure::Meson, at + 1)),
        },
        "cmake" => {
            let other = ["--build", "--install", "-E", "-P"];
            (!other.contains(&next)).then_some((Configure::Cmake, at + 1))
        }
        "dh_auto_configure" => {
            let dashes = words.iter().position(|word| *word == "--")?;
            Some((automatic, dashes + 1))
        }
        _ => None,
    }
}

/// Whether the next word is the switch's value.
fn takes_value(system: Configure, word: &str) -> bool {
    match system {
        Configure::Script => false,
        Configure::Meson => matches!(
            word,
            "-D" | "--prefix"
                | "--bindir"
                | "--datadir"
                | "--includedir"
                | "--infodir"
                | "--libdir"
                | "--libexecdir"
                | "--localedir"
                | "--localstatedir"
                | "--mandir"
                | "--sbindir"
                | "--sharedstatedir"
                | "--sysconfdir"
                | "--auto-features"
                | "--backend"
                | "--buildtype"
                | "--default-library"
                | "--wrap-mode"
                | "--cross-file"
                | "--native-file"
        ),
        Configure::Cmake => matches!(word, "-D" | "-G" | "-S" | "-B" | "-C"),
    }
}

/// Splits a switch into name and value.
fn switch(system: Configure, word: &str) -> Option<(String, Option<String>)> {
    // `./configure CC=gcc` sets a variable.
    let variable = |word: &str| {
        word.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        })
    };
    let is_switch = word.len() > 1 && word.starts_with('-') && word != "--";
    let sets = system == Configure::Script && variable(word);
    if !is_switch && !sets {
        return None;
    }
    Some(match word.split_once('=') {
        Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
        None => (word.to_owned(), None),
    })
}

/// The lines of a recipe's logical line, in which to find words again.
struct Lines {
    first: u32,
    all: Vec<Expanded>,
    /// Where the last word was found.
    at: usize,
}

struct Expanded {
    /// Expanded, without quotes.
    text: String,
    unset: BTreeSet<String>,
    asked: BTreeSet<String>,
}

impl Lines {
    fn of(first: u32, text: &str, variables: &Variables) -> Self {
        let line = |line: &str| Expanded {
            text: variables.expand(line).replace(['"', '\'', '\\'], ""),
            unset: variables.unset(),
            asked: variables.asked(),
        };
        Self {
            first,
            all: text.split('\n').map(line).collect(),
            at: 0,
        }
    }

    /// Returns the line of the next word.
    fn line_of(&mut self, word: &str) -> u32 {
        let bare = word.replace(['"', '\'', '\\'], "");
        let found = self
            .all
            .iter()
            .skip(self.at)
            .position(|line| line.text.split_whitespace().any(|one| one == bare))
            .or_else(|| {
                let lines = self.all.iter().skip(self.at);
                let mut lines = lines.map(|line| line.text.contains(&bare));
                lines.position(|holds| holds)
            });
        self.at += found.unwrap_or_default();
        self.first + u32::try_from(self.at).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Switches {
        super::read(
            text,
            Package {
                source: "hive-qemu",
                version: Some("1:9.0.1-2"),
                automatic: Configure::Script,
            },
        )
    }

    fn written(text: &str) -> Vec<(u32, String)> {
        let read = read(text);
        assert_eq!(read.unread, [], "{text}");
        let all = read.switches.iter();
        all.map(|one| {
            let on = one.on.as_deref().map(|cpu| format!(" on {cpu}"));
            (one.line, one.written() + on.as_deref().unwrap_or_default())
        })
        .collect()
    }

    fn names(text: &str) -> Vec<String> {
        written(text).into_iter().map(|(_, name)| name).collect()
    }

    fn why(text: &str) -> Vec<(u32, String)> {
        let read = read(text);
        read.unread
            .into_iter()
            .map(|one| (one.line, one.why))
            .collect()
    }

    #[test]
    fn every_switch_has_its_line() {
        let text = "build:\n\t# a comment\n\t./configure \\\n\t    --disable-x \\\n\t    --with-suffix=\"kvm\" \\\n\
                    \t    --with-pkgversion=\"${DEB_SOURCE}_${DEB_VERSION_UPSTREAM_REVISION}\" --enable-y\n\ttrue --enable-z\n";
        let expected = [
            (4, "--disable-x"),
            (5, "--with-suffix=kvm"),
            (6, "--with-pkgversion=hive-qemu_9.0.1-2"),
            (6, "--enable-y"),
        ];
        let expected = expected.map(|(line, text)| (line, text.to_owned()));
        assert_eq!(written(text), expected);
    }

    #[test]
    fn mesons_and_cmakes_switches() {
        let text = "c:\n\tmkdir build\n\tcd build && meson .. --prefix=/usr \\\n\t\t-Dman=true -D x=y --libdir lib \\\n\t\t-Dpattern='lxc/%n'\n\tmeson compile -C build\n";
        assert_eq!(
            names(text),
            [
                "--prefix=/usr",
                "-Dman=true",
                "-Dx=y",
                "--libdir=lib",
                "-Dpattern=lxc/%n"
            ]
        );
        let text = "c:\n\tcmake -S . -B b -DA=on -G Ninja\n\tcmake --build b\n";
        assert_eq!(names(text), ["-S=.", "-B=b", "-DA=on", "-G=Ninja"]);
    }

    #[test]
    fn what_debhelper_is_told_and_variables_of_the_script() {
        let text = "override_dh_auto_configure:\n\tdh_auto_configure -Bx -- --enable-a CC=gcc\n";
        assert_eq!(names(text), ["--enable-a", "CC=gcc"]);
        assert_eq!(names("c:\n\tenv A=b sh ./configure --c\n"), ["--c"]);
    }

    #[test]
    fn variables_are_expanded() {
        let text = "CPU ?= $(DEB_HOST_GNU_CPU)\nFLAGS = --enable-a\nFLAGS += --enable-b\n\
                    c:\n\t./configure $(FLAGS) --target-list=$(CPU)-softmmu,aarch64-softmmu\n";
        assert_eq!(
            names(text),
            [
                "--enable-a",
                "--enable-b",
                "--target-list={cpu}-softmmu,aarch64-softmmu"
            ]
        );
    }

    #[test]
    fn conditions_are_evaluated_for_each_processor() {
        let text = "ifeq ($(DEB_HOST_ARCH),amd64)\nFLAGS += --enable-kvm-intel\nelse\nFLAGS += --enable-arm\nendif\n\
                    ifneq (,$(filter nocheck,$(DEB_BUILD_OPTIONS)))\nFLAGS += --disable-tests\nendif\n\
                    c:\n\t./configure $(FLAGS) --both\n";
        assert_eq!(
            names(text),
            [
                "--enable-kvm-intel on x86_64",
                "--both",
                "--enable-arm on aarch64"
            ]
        );
    }

    #[test]
    fn what_a_branch_would_set_is_empty_where_it_is_not_taken() {
        let text = "ifeq ($(DEB_HOST_ARCH),amd64)\nextra = --enable-kvm\nendif\nc:\n\t./configure $(extra) --both\n";
        assert_eq!(names(text), ["--enable-kvm on x86_64", "--both"]);
    }

    #[test]
    fn a_condition_that_cannot_be_evaluated_is_told() {
        let text = "ifneq \"$(wildcard /usr/lib/x)\" \"\"\nFLAGS = --enable-x\nendif\n\
                    c:\nifdef HAVE_Y\n\t./configure --enable-y\nendif\n\t./configure --a $(FLAGS)\n";
        let cannot = "which cannot be evaluated";
        assert_eq!(
            why(text),
            [
                (6, format!("it depends on `ifdef HAVE_Y`, {cannot}")),
                (
                    8,
                    format!(
                        "the variable `FLAGS` is set depending on `ifneq \"$(wildcard /usr/lib/x)\" \"\"`, {cannot}"
                    )
                ),
            ]
        );
        // A command that only copies a file does not matter, even behind such a condition.
        assert_eq!(
            why("c:\nifneq \"$(wildcard /x)\" \"\"\n\tcp a b\nendif\n\t./configure --a\n"),
            []
        );
    }

    #[test]
    fn what_nothing_sets_and_the_shell_fills_in_is_told() {
        assert_eq!(
            why("c:\n\t./configure --a \\\n\t  $(EXTRA)\n"),
            [(3, "nothing sets the variable `EXTRA`".to_owned())]
        );
        // The value was expanded when nothing was set.
        assert_eq!(
            why("FLAGS := $(EXTRA) --b\nc:\n\t./configure $(FLAGS)\n"),
            [(3, "nothing sets the variable `EXTRA`".to_owned())]
        );
        assert_eq!(
            why("c:\n\t./configure --jobs=$$(nproc)\n"),
            [(
                2,
                "`--jobs=$(nproc)` is not known before it runs".to_owned()
            )]
        );
        assert_eq!(
            why("c:\n\t./configure somewhere\n"),
            [(2, "`somewhere` is not a switch".to_owned())]
        );
    }

    #[test]
    fn a_configuration_behind_a_test_of_the_shells_is_told() {
        let guarded = "the shell decides whether the configuration runs";
        for recipe in [
            "if [ -e x ]; then ./configure --a; fi",
            "[ -e x ] && ./configure --a || true",
            "./other || ./configure --a",
            "case x in y) ./configure --a;; esac",
        ] {
            assert_eq!(
                why(&format!("c:\n\t{recipe}\n")),
                [(2, guarded.to_owned())],
                "{recipe}"
            );
        }
        assert_eq!(why("c:\n\tmkdir -p b && cd b && ../configure --a\n"), []);
    }

    proptest! {
        #[test]
        fn any_text_is_read(
            text in "((ifeq |else|endif|ifdef X|\n|\t|\\\\|\\./configure |meson |--a=|-D|\\$\\(X\\)|X=|\\(a,b\\)|c:| |\"){0,40})|\\PC{0,60}"
        ) {
            let found = read(&text);
            let lines = u32::try_from(text.lines().count()).unwrap();
            for line in found.switches.iter().map(|one| one.line).chain(found.unread.iter().map(|one| one.line)) {
                prop_assert!(line >= 1 && line <= lines, "line {line} of {lines}");
            }
        }

        /// Finds each switch exactly once, whatever the order and the line breaks.
        #[test]
        fn no_switch_is_lost(switches in prop::collection::vec(("[a-z]{1,6}", any::<bool>()), 1..12)) {
            let mut text = "c:\n\t./configure".to_owned();
            for (index, (name, broken)) in switches.iter().enumerate() {
                text.push_str(if *broken { " \\\n\t  --" } else { " --" });
                let _ = write!(text, "{name}{index}");
            }
            text.push('\n');
            let expected: Vec<String> = (0..).zip(&switches).map(|(index, (name, _)): (usize, _)| format!("--{name}{index}")).collect();
            prop_assert_eq!(names(&text), expected);
        }
    }
}
