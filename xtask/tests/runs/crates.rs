//! Reports on faulty crates.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use decide::{Decided, Decision};
use scan::Language;

use crate::support::{self, DEMO, Root, Run, project};

/// A registry crate that links a library which no rule knows.
pub const NATIVE: &str =
    "\n[[native]]\ncrate = \"honey-sys\"\nversion = \"0.3.1\"\nlinks = \"honey\"\n";

const ROOT: &str = "demo/hive-rs/Cargo.toml";
const TERM: &str = "demo/hive-rs/hive-term/Cargo.toml";
const TYPES: &str = "demo/hive-rs/hive-types/Cargo.toml";

/// Gives cargo a home of its own, no network and no time to wait for one.
pub fn cut_off<'c>(root: &Root, command: &'c mut Command) -> &'c mut Command {
    let home = root.join("cargo-home");
    fs::create_dir_all(&home).expect("a directory");
    command
        .env("CARGO_HOME", home)
        .env("CARGO_NET_RETRY", "0")
        .env("CARGO_HTTP_PROXY", "http://127.0.0.1:9")
}

/// Removes the program's registry crates.
pub fn without_registry(root: &Root) {
    root.edit(ROOT, "itoa = \"1.0\"\n", "");
    root.edit(TERM, "itoa.workspace = true\n", "");
}

/// Makes the program depend on `hive-types` by name rather than by path.
pub fn by_name(root: &Root) {
    root.edit(
        ROOT,
        "{ version = \"0.3\", path = \"hive-types\" }",
        "\"0.3\"",
    );
}

/// Defines `hive-types` in another source too.
pub fn second_types(root: &Root, version: &str) {
    let manifest =
        format!("[package]\nname = \"hive-types\"\nversion = \"{version}\"\nedition = \"2021\"\n");
    root.write("demo/hive-common/types/Cargo.toml", manifest);
    root.write("demo/hive-common/types/src/lib.rs", "");
}

/// Makes `hive-types` depend on its dependent. Returns the line.
pub fn circle(root: &Root) -> usize {
    let line = "[dependencies]\nhive-term = { path = \"../hive-term\" }\n\n[features]";
    root.edit(TYPES, "[features]", line) + 1
}

/// Expects an exit status, a line with code and place, the cause below it, a remedy, and unchanged
/// output.
fn told(root: &Root, command: &mut Command, status: i32, start: &str, cause: &str) -> Run {
    let before = root.written();
    let run = Run::of(command);
    let told = format!("{}{}", run.stdout, run.stderr);
    assert_eq!(run.code, Some(status), "{start}:\n{told}");
    let (code, place) = start.split_once(": ").expect("a code and a place");
    assert!(told.contains(code), "{start}:\n{told}");
    // In a report, places are below their code.
    let is_start = |line: &str| line == start || line.trim() == place;
    let mut rest = told.lines().skip_while(|line| !is_start(line));
    let head = rest.next();
    assert!(head.is_some(), "no line begins with {start:?}:\n{told}");
    // Causes are wrapped.
    let rest: Vec<&str> = rest
        .take_while(|line| !line.starts_with("PNX-"))
        .flat_map(str::split_whitespace)
        .collect();
    let rest = rest.join(" ");
    assert!(rest.contains(cause), "{cause:?} is not in:\n{told}");
    assert!(rest.contains(" help: "), "{told}");
    assert!(!told.contains("panicked"), "{told}");
    assert!(before == root.written(), "{start}: something was written");
    run
}

#[test]
fn kept_files_that_are_damaged_or_not_whole() {
    for (spoil, start, cause) in KEPT {
        let root = Root::new();
        spoil(&root);
        for run in [["scan", "demo"], ["regen", "demo"]] {
            told(&root, &mut root.command(&run), 2, start, cause);
        }
    }
}

type Kept = (fn(&Root), &'static str, &'static str);

const KEPT: [Kept; 4] = [
    (
        |root| fs::remove_file(root.join("releases/demo/cargo/hive-rs.lock")).expect("removed"),
        "PNX-211: releases/demo/cargo/hive-rs.lock",
        "cannot be read: No such file",
    ),
    (
        |root| fs::remove_file(root.join("releases/demo/cargo/hive-rs.toml")).expect("removed"),
        "PNX-211: releases/demo/cargo/hive-rs.lock",
        "there is no hive-rs.toml",
    ),
    (
        |root| {
            let path = "releases/demo/cargo/hive-rs.toml";
            root.edit(path, "kind = \"bin\"", "kind = \"moon\"");
        },
        "PNX-211: releases/demo/cargo/hive-rs.toml:14",
        "moon",
    ),
    (
        |root| root.append("releases/demo/cargo/hive-rs.toml", "moon = 1\n"),
        "PNX-211: releases/demo/cargo/hive-rs.toml:28",
        "moon",
    ),
];

#[test]
fn manifests_that_are_none() {
    for (path, from, to, line, cause) in [
        (TYPES, "[features]", "[features", 0, "unclosed table"),
        (
            ROOT,
            "itoa = \"1.0\"",
            "itoa = \"^^1\"",
            0,
            "\"^^1\" on `itoa`",
        ),
        (
            ROOT,
            "version = \"0.3.0\"",
            "version = \"one\"",
            0,
            "\"one\"",
        ),
        (TERM, "name = \"hive-term\"", "name = 3", 0, "has no name"),
    ] {
        let root = Root::new();
        let line = root.edit(path, from, to) + line;
        let place = path.trim_start_matches("demo/");
        let start = format!("PNX-212: {place}:{line}");
        for run in ["scan", "regen", "lock"] {
            told(&root, &mut root.command(&[run, "demo"]), 2, &start, cause);
        }
    }
}

#[test]
fn a_manifest_that_inherits_what_no_workspace_says() {
    let root = Root::new();
    root.edit(ROOT, "itoa = \"1.0\"\n", "");
    let line = root.edit(TERM, "itoa.workspace", "itoa.workspace");
    let start = format!("PNX-213: hive-rs/hive-term/Cargo.toml:{line}");
    for run in ["scan", "regen", "lock"] {
        let cause = "`itoa` is inherited from the workspace Cargo.toml, which does not say it";
        told(&root, &mut root.command(&[run, "demo"]), 2, &start, cause);
    }
}

#[test]
fn a_requirement_that_no_pin_satisfies() {
    let root = Root::new();
    let line = root.edit(TERM, "hive-types.workspace = true", "hive-types = \"0.9\"");
    let start = format!("PNX-214: hive-rs/hive-term/Cargo.toml:{line}");
    let cause = "hive-term 0.3.0 needs hive-types ^0.9; there are 0.3.0 (hive-rs/hive-types at a directory)";
    told(
        &root,
        &mut root.command(&["lock", "demo"]),
        1,
        &start,
        cause,
    );
    unresolved(&root, "hive-types ^0.9");
    // The written file states the reason and can be read again.
    let run = root.run(&["scan", "demo"]);
    assert_ne!(run.code, Some(2), "{}", run.stderr);
}

/// Expects the program to be kept without a lock, with the reason.
fn unresolved(root: &Root, why: &str) {
    let kept = root.text("releases/demo/cargo/hive-rs.toml");
    let line = kept.lines().find(|line| line.starts_with("unresolved = "));
    assert!(line.is_some_and(|line| line.contains(why)), "{kept}");
    assert!(!root.join("releases/demo/cargo/hive-rs.lock").exists());
}

#[test]
fn two_sources_that_define_one_crate() {
    let root = Root::new();
    by_name(&root);
    second_types(&root, "0.3.1");
    let line = root.edit(TERM, "hive-types.workspace", "hive-types.workspace");
    let start = format!("PNX-215: hive-rs/hive-term/Cargo.toml:{line}");
    let cause = "hive-types ^0.3 is hive-types 0.3.1 of hive-common/types and hive-types 0.3.0 of hive-rs/hive-types";
    told(
        &root,
        &mut root.command(&["lock", "demo"]),
        1,
        &start,
        cause,
    );
    unresolved(&root, "hive-types ^0.3");
}

#[test]
fn crates_that_need_one_another() {
    let root = Root::new();
    circle(&root);
    let line = root.edit(TERM, "hive-types.workspace", "hive-types.workspace");
    let start = format!("PNX-216: hive-rs/hive-term/Cargo.toml:{line}");
    let cause = "hive-term needs hive-types needs hive-term";
    told(
        &root,
        &mut root.command(&["lock", "demo"]),
        1,
        &start,
        cause,
    );
    unresolved(&root, "hive-term needs");
}

#[test]
fn a_lock_that_no_longer_fits() {
    let lock = "PNX-217: releases/demo/cargo/hive-rs.lock";
    for (path, from, to, cause) in [
        (
            ROOT,
            "itoa = \"1.0\"",
            "itoa = \"2\"",
            "hive-term 0.3.0 needs itoa ^2, the lock has 1.0.19",
        ),
        (
            ROOT,
            "\"0.3.0\"",
            "\"0.3.1\"",
            "hive-term is 0.3.1 at its pin",
        ),
        (
            TERM,
            "itoa.workspace = true",
            "ryu = \"1\"",
            "needs ryu ^1, the lock has none",
        ),
        (
            "releases/demo/cargo/hive-rs.lock",
            "version = 4",
            "version = ",
            "is not a lock: ",
        ),
    ] {
        let root = Root::new();
        root.edit(path, from, to);
        told(&root, &mut root.command(&["scan", "demo"]), 1, lock, cause);
    }
}

#[test]
fn a_damaged_lock_is_resolved_again() {
    let root = Root::new();
    without_registry(&root);
    root.write("releases/demo/cargo/hive-rs.lock", "<<<<<<< ours\n");
    root.write("releases/demo/cargo/hive-rs.toml", "moon = 1\n");
    let run = Run::of(cut_off(&root, &mut root.command(&["lock", "demo"])));
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let lock = root.text("releases/demo/cargo/hive-rs.lock");
    assert!(lock.contains("name = \"hive-term\""), "{lock}");
}

#[test]
fn no_network_leaves_everything_as_it_was() {
    for has_lock in [true, false] {
        for offline in [false, true] {
            let root = Root::new();
            if !has_lock {
                fs::remove_dir_all(root.join("releases/demo")).expect("removed");
            }
            let before = support::contents(&root.join("releases"));
            let mut command = root.command(&["lock", "demo"]);
            if offline {
                command.env("CARGO_NET_OFFLINE", "true");
            }
            let command = cut_off(&root, &mut command);
            let cause = "hive-rs: cargo cannot reach the registry: ";
            told(
                &root,
                command,
                2,
                "PNX-218: cargo cannot resolve a program",
                cause,
            );
            assert!(before == support::contents(&root.join("releases")));
        }
    }
}

#[test]
fn no_cargo() {
    let root = Root::new();
    let mut command = root.command(&["lock", "demo"]);
    command
        .env("PATH", root.join("nowhere"))
        .env_remove("CARGO");
    told(
        &root,
        &mut command,
        2,
        "PNX-218: cargo cannot resolve a program",
        "hive-rs: cargo cannot be run: ",
    );
}

#[test]
fn a_crate_that_no_registry_has() {
    let root = Root::new();
    // An empty directory as a registry in place of crates.io.
    let config =
        "[source.crates-io]\nreplace-with = \"here\"\n[source.here]\ndirectory = \"empty\"\n";
    root.write("cargo-home/config.toml", config);
    fs::create_dir_all(root.join("empty")).expect("a directory");
    fs::remove_dir_all(root.join("releases/demo")).expect("removed");
    let mut command = root.command(&["lock", "demo"]);
    let command = cut_off(&root, &mut command);
    let cause = "the crate itoa is in neither a source of the release nor a registry";
    told(&root, command, 1, "PNX-214: hive-rs", cause);
    unresolved(&root, "itoa");
}

#[test]
fn a_crate_that_debian_patches() {
    let root = Root::new();
    without_registry(&root);
    let series = "demo/hive-rs/hive-types/debian/patches/series";
    root.write(series, "# Ours.\n\nrelax-dep.patch # why\n");
    let mut command = root.command(&["lock", "demo"]);
    let start = "PNX-219: hive-rs/hive-types/debian/patches/series:3";
    let cause = "Debian's hive-types 0.3.0 has the patch relax-dep.patch";
    told(&root, cut_off(&root, &mut command), 1, start, cause);
}

/// Moves `hive-types` into a source of crates alone, whose only packaging is below it, like that of
/// `proxmox-rs`.
fn crates_apart(root: &Root) {
    const APART: &str = "demo/hive-crates/hive-types";
    let from = root.join("demo/hive-rs/hive-types");
    fs::create_dir_all(root.join("demo/hive-crates")).expect("a directory");
    fs::rename(from, root.join(APART)).expect("moved");
    let manifest = root.text(ROOT);
    root.edit(ROOT, "\"hive-term\", \"hive-types\"", "\"hive-term\"");
    by_name(root);
    let apart = manifest.replace("\"hive-term\", ", "");
    let apart = apart.replace(
        "hive-types = { version = \"0.3\", path = \"hive-types\" }\n",
        "",
    );
    root.write("demo/hive-crates/Cargo.toml", apart);
    for file in ["changelog", "control", "copyright", "rules"] {
        let text = root.text(&format!("demo/hive-rs/debian/{file}"));
        let text = text.replace("hive-rs", "hive-types");
        let text = text.replace("Package: hive-term", "Package: librust-hive-types-dev");
        root.write(&format!("{APART}/debian/{file}"), text);
    }
    root.append(
        "releases/demo.toml",
        "\n[source.hive-crates]\npath = \"demo/hive-crates\"\nversion = \"0.3.0\"\n",
    );
    let kept = "releases/demo/cargo/hive-rs.toml";
    root.edit(
        kept,
        "source = \"hive-rs\"\npath = \"hive-types\"",
        "source = \"hive-crates\"\npath = \"hive-types\"",
    );
}

#[test]
fn crates_whose_packaging_is_below_them_are_patched() {
    let root = Root::new();
    crates_apart(&root);
    let run = root.regen(&[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let patch = root.text("pkgs/demo/patches/hive-crates/0001-paths.patch");
    let added = "+pub const HIVE_PROGRAM: &str = concat!(env!(\"PNX_PVE\"), \"/bin/hive\");";
    assert!(patch.lines().any(|line| line == added), "{patch}");
    let package = root.text("pkgs/demo/hive-rs/package.nix");
    assert!(
        package.contains("patches/hive-crates/0001-paths.patch"),
        "{package}"
    );
    assert!(package.contains("PNX_PVE"), "{package}");
}

/// Makes the emulator's recipes build it in a directory, so that files beside that are in no tree.
pub fn dropped(root: &Root) -> Run {
    root.write(
        "demo/hive-qemu/Makefile",
        "deb:\n\tcp -a src $(BUILDDIR)\n\tcp -a debian $(BUILDDIR)/\n\tcd $(BUILDDIR); dpkg-buildpackage\n",
    );
    root.edit(
        "demo/rules/sources/hive-qemu.toml",
        "data = ",
        "programs = [\"hive-emu\", \"hive-emu-info\"]\ndata = ",
    );
    root.regen(&[])
}

#[test]
fn a_decided_place_that_no_patch_can_have_is_told() {
    let root = Root::new();
    let run = dropped(&root);
    assert_eq!(run.code, Some(1), "{run:?}");
    let told = run
        .stderr
        .lines()
        .filter(|line| line.starts_with("PNX-408: hive-qemu/"));
    let told: BTreeSet<&str> = told.collect();
    assert!(
        told.iter().any(|line| line.contains("scripts/")),
        "{}",
        run.stderr
    );
    assert!(
        !told.iter().any(|line| line.contains("debian/")),
        "{told:#?}"
    );
}

#[test]
fn a_module_without_a_file() {
    let root = Root::new();
    root.append("demo/hive-rs/hive-types/src/lib.rs", "\npub mod comb;\n");
    let start = "PNX-220: hive-rs/hive-types/src/comb.rs";
    let cause = "hive-types/src/lib.rs has the module `comb`";
    told(&root, &mut root.command(&["scan", "demo"]), 1, start, cause);
}

#[test]
fn a_native_library_without_a_rule() {
    let root = Root::new();
    root.append("releases/demo/cargo/hive-rs.toml", NATIVE);
    let run = root.regen(&[]);
    assert_eq!(run.code, Some(1), "{}{}", run.stdout, run.stderr);
    let words: Vec<&str> = run.stderr.split_whitespace().collect();
    let told = "PNX-307: hive-rs `honey-sys` 0.3.1, a crate of hive-rs, links `honey`";
    assert!(words.join(" ").contains(told), "{}", run.stderr);
    assert!(
        run.stderr.contains("rules/nixpkgs/crates.toml"),
        "{}",
        run.stderr
    );
}

/// An empty program, to find the texts that Rust's standard library adds to the demo's.
const EMPTY: &str = "fn main() {\n\
    let told = std::fs::read_to_string(\"x\").map_err(|err| format!(\"{err}\"));\n\
    let run = std::process::Command::new(\"x\").stdin(std::process::Stdio::piped()).spawn();\n\
    let name = std::env::args().next().or_else(|| std::env::var(\"x\").ok());\n\
    println!(\"{told:?} {run:?} {name:?}\");\n}\n";

/// Builds a program with crates from crates.io. The build is kept for the next run.
fn build(directory: &Path, name: &str, more: &[&str]) -> PathBuf {
    let target = project().join("target/join");
    let mut command = Command::new("cargo");
    command
        .current_dir(directory)
        .env_remove("CARGO")
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("RUSTFLAGS")
        .env("CARGO_TARGET_DIR", &target)
        .env("CARGO_PROFILE_RELEASE_STRIP", "true")
        .args(["build", "--release"])
        .args(more);
    let run = Run::of(&mut command);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    target.join("release").join(name)
}

/// Returns runs of printable characters.
fn printable(program: &Path) -> Vec<String> {
    let bytes = fs::read(program).expect("a program");
    let runs = bytes.split(|byte| !matches!(byte, b' '..=b'~'));
    runs.filter(|run| run.len() > 3)
        .map(|run| String::from_utf8_lossy(run).into_owned())
        .collect()
}

/// Returns the paths of Debian's directories in some texts, each from its slash to the end of the
/// path. Literals follow one another in a program without terminators, so the next one's letters
/// may follow a path.
fn debian_paths(texts: &[String]) -> BTreeSet<String> {
    let pattern =
        regex::Regex::new("/(usr|bin|sbin|lib|etc)/[A-Za-z0-9._+/-]*").expect("a pattern");
    let is_below = regex::Regex::new("(/pnx/[a-z0-9-]+/*|/run/wrappers)$").expect("a pattern");
    let mut found = BTreeSet::new();
    for text in texts {
        for place in pattern.find_iter(text) {
            // Below a prefix it is not a path of Debian's. Filled prefixes are padded with slashes.
            let before = &text[..place.start()];
            if !is_below.is_match(before) {
                found.insert(place.as_str().to_owned());
            }
        }
    }
    found
}

/// Returns the texts in Rust files of the demo's crates, and in files that they include, that
/// decisions keep.
fn kept_texts() -> Vec<&'static str> {
    let mut sources = DEMO.sources.iter();
    let source = sources.find(|one| one.source.name == "hive-rs");
    let decided = &source.expect("the demo has it").decided;
    let is_kept = |one: &&Decided| {
        let is_compiled = one.language == Language::Rust || one.path == "hive-term/src/banner.txt";
        is_compiled && matches!(one.decision, Decision::Keep { .. })
    };
    let kept = decided.iter().filter(is_kept);
    kept.map(|one| one.occurrence.text.as_str()).collect()
}

#[test]
fn a_joined_program_is_built_by_cargo_alone() {
    let root = Root::new();
    let run = root.run(&["join", "demo", "hive-rs", "--out", "joined"]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let program = build(&root.join("joined/hive-rs"), "hive-term", &["--locked"]);

    root.write("state/guests/7.conf", "name: fig\n");
    let mut command = Command::new(&program);
    command
        .env("HIVE_STATE", root.join("state"))
        .env_remove("HIVE_THEME")
        .args(["show", "7"]);
    let run = Run::of(&mut command);
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (Some(0), "7 fig\n"),
        "{}",
        run.stderr
    );

    let texts = printable(&program);
    for path in [
        "/pnx/pve/bin/hive",
        "/pnx/util-linux/bin/logger",
        "/run/wrappers/bin/sendmail",
        "/pnx/hive-rs/share/hive-term/theme.conf",
    ] {
        assert!(
            texts.iter().any(|text| text.contains(path)),
            "{path} does not exist"
        );
    }
    // The texts of the standard library are in an empty program of the same compiler.
    root.write("empty/src/main.rs", EMPTY);
    root.write(
        "empty/Cargo.toml",
        "[package]\nname = \"empty\"\nedition = \"2021\"\n",
    );
    let own = debian_paths(&printable(&build(
        &root.join("empty"),
        "empty",
        &["--offline"],
    )));
    let kept = kept_texts();
    let left: Vec<String> = debian_paths(&texts)
        .into_iter()
        .filter(|path| !own.contains(path))
        .filter(|path| !kept.iter().any(|kept| path.starts_with(kept)))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_crate_takes_its_sources_commit_from_a_variable() {
    let root = Root::new();
    root.append(
        "rules/nixpkgs/crates.toml",
        "\n[crate.hive-types]\ncommit = \"HIVE_COMMIT\"\n",
    );
    let has = |root: &Root, line: &str| {
        let run = root.regen(&["--sources", "upstream"]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        root.text("pkgs/demo/hive-rs/package.nix").contains(line)
    };
    // A directory has no commit.
    assert!(!has(&root, "HIVE_COMMIT"));
    let rev = root.in_git("hive-rs");
    assert!(has(&root, &format!("HIVE_COMMIT = \"{rev}\";")));
}

#[test]
fn what_a_crate_of_the_registry_holds_is_kept() {
    let root = Root::new();
    let rule = "\n[crate.itoa]\npaths = [\"/usr/share/honey\"]\nwhy = \"a test\"\n";
    root.append("rules/nixpkgs/crates.toml", rule);
    let run = root.regen(&[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let kept = root.text("pkgs/demo/kept.json");
    assert!(
        kept.contains(r#"{"source":"crate itoa","path":"src","language":"rust","paths":{"/usr/share/honey":1}}"#),
        "{kept}"
    );
    // xdg is not in any lock of the demo's.
    assert!(!kept.contains("crate xdg"), "{kept}");
}
