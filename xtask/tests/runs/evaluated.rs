//! Evaluates the expressions: everything fetched has a hash, on both systems, and gaps are
//! reported.
//!
//! These tests need Nix on Debian, whose packages stand in for nixpkgs (`nix/hostpkgs`), and are
//! ignored elsewhere; `ci/test` runs them. `NIXPKGS` may name another package set to evaluate on.
//! Those of the default release need `PVE_SOURCES`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::derivation::Derivation;
use crate::required::honeyed;
use crate::support::{Root, Run, copy, git, project, real_sources};

const SYSTEMS: [&str; 2] = ["x86_64-linux", "aarch64-linux"];

/// A root with the expressions of one release, and a store of its own.
struct Evaluated {
    root: Root,
    store: TempDir,
    /// Its attribute in `pveReleases`.
    release: String,
}

impl Evaluated {
    /// Copies the expressions written by hand, and generates those of the release with `regen`.
    fn new(root: Root, release: &str, sources: &Path, more: &[&str]) -> Self {
        for part in [
            "default.nix",
            "flake.lock",
            "nix",
            "overlays",
            "pkgs/build-support",
            "pkgs/outside",
            "docs/options.md",
            "pvenix",
            "releases/default",
        ] {
            copy(&project().join(part), &root.join(part));
        }
        let sources = sources.to_str().expect("UTF-8");
        let arguments = ["regen", release, "--sources", sources];
        let run = root.run(&[&arguments, more].concat());
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        Self {
            root,
            store: TempDir::new().expect("a directory"),
            release: release.trim_start_matches("pve-").to_owned(),
        }
    }

    fn demo(root: Root, more: &[&str]) -> Self {
        Self::new(root, "demo", Path::new("upstream"), more)
    }

    /// Makes the default release, which has no prefix, from the real sources.
    fn of_default_release() -> Self {
        let sources = real_sources().expect("PVE_SOURCES names the real sources");
        let (root, default) = Root::with_releases();
        Self::new(root, &default, &sources, &[])
    }

    /// Returns a call of one of Nix' programs with a private store.
    fn nix(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        for (variable, part) in [
            ("NIX_STORE_DIR", "store"),
            ("NIX_STATE_DIR", "var"),
            ("NIX_LOG_DIR", "log"),
        ] {
            command.env(variable, self.store.path().join(part));
        }
        command
            .env_remove("NIX_REMOTE")
            .env("XDG_CACHE_HOME", self.store.path().join("cache"))
            .env(
                "NIX_CONFIG",
                "build-users-group =\nsubstituters =\nsandbox = false\n\
                 experimental-features = nix-command flakes\n",
            )
            .stdin(Stdio::null());
        command
    }

    /// Runs `nix-instantiate` on an attribute of the release, for `system`, on a package set.
    fn instantiate(&self, on: &Path, system: &str, attribute: &str, more: &[&str]) -> Run {
        let mut command = self.nix("nix-instantiate");
        command
            .arg(self.root.path())
            .arg("--arg")
            .arg("nixpkgs")
            .arg(on)
            .args(["--argstr", "system", system])
            .args(["-A", &format!("pveReleases.{:?}.{attribute}", self.release)])
            .args(more);
        Run::of(&mut command)
    }

    /// Returns the error of a `pve` that must not evaluate.
    fn refused(&self) -> String {
        let own = self.root.join("nix/hostpkgs");
        let run = self.instantiate(&own, SYSTEMS[0], "pve", &[]);
        assert_eq!(run.code, Some(1), "{run:?}");
        run.stderr
    }

    /// Returns the package sets to evaluate on.
    fn package_sets(&self) -> Vec<PathBuf> {
        let other = std::env::var_os("NIXPKGS").filter(|other| !other.is_empty());
        let own = self.root.join("nix/hostpkgs");
        std::iter::once(own)
            .chain(other.map(PathBuf::from))
            .collect()
    }

    /// Returns every derivation that `pve` needs, by its file's name.
    fn closure(&self, on: &Path, system: &str) -> BTreeMap<String, Derivation> {
        let run = self.instantiate(on, system, "pve", &[]);
        assert_eq!(run.code, Some(0), "{system}: {}", run.stderr);
        let derivation = run.stdout.trim();
        assert!(derivation.ends_with(".drv"), "{derivation}");
        let mut query = self.nix("nix-store");
        let all = Run::of(query.args(["--query", "--requisites", derivation]));
        assert_eq!(all.code, Some(0), "{}", all.stderr);
        let files = all.stdout.lines().filter(|path| path.ends_with(".drv"));
        let read = |path: &str| {
            let bytes = fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
            Derivation::read(&String::from_utf8_lossy(&bytes))
        };
        let named = |path: &str| {
            let name = path.rsplit('/').next().unwrap_or(path).to_owned();
            (
                name,
                read(path).unwrap_or_else(|| panic!("{path}: another format")),
            )
        };
        files.map(named).collect()
    }
}

/// Returns the derivations that nobody can build because of their hash, with the cause.
fn faults(closure: &BTreeMap<String, Derivation>) -> Vec<String> {
    let fault = |(name, one): (&String, &Derivation)| Some(format!("{name}: {}", one.fault()?));
    closure.iter().filter_map(fault).collect()
}

fn fetched(closure: &BTreeMap<String, Derivation>) -> usize {
    closure.values().filter(|one| one.is_fetched()).count()
}

/// Expects everything that `pve` fetches to have a plausible hash, and at least `least` such files
/// and trees.
fn assert_hashed(evaluated: &Evaluated, least: usize) {
    for on in evaluated.package_sets() {
        for system in SYSTEMS {
            let closure = evaluated.closure(&on, system);
            let place = format!("{} on {}, {system}", evaluated.release, on.display());
            assert_eq!(faults(&closure), Vec::<String>::new(), "{place}");
            let count = fetched(&closure);
            println!("{place}: {} derivations, {count} fetched", closure.len());
            assert!(count >= least, "{place}: {count} of {}", closure.len());
        }
    }
}

#[test]
#[ignore = "needs Nix on Debian"]
fn whatever_the_demo_fetches_has_a_hash() {
    assert_hashed(&Evaluated::demo(Root::new(), &[]), 1);
}

/// Makes the demo with hive-common from Git, at `hash`.
fn pinned(hash: &str) -> Evaluated {
    let root = Root::new();
    let rev = root.in_git("hive-common");
    let pin = format!("rev = \"{rev}\"");
    let hashed = format!("{pin}\nnar-hash = \"{hash}\"");
    root.edit("releases/demo.toml", &pin, &hashed);
    Evaluated::demo(root, &[])
}

#[test]
#[ignore = "needs Nix on Debian"]
fn a_hash_that_is_made_up_is_told_by_the_name_of_what_has_it() {
    let made_up = format!("sha256-{}=", "A".repeat(43));
    let evaluated = pinned(&made_up);
    let closure = evaluated.closure(&evaluated.root.join("nix/hostpkgs"), SYSTEMS[0]);
    let faults = faults(&closure);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].contains("-hive-common-"), "{faults:?}");
}

#[test]
#[ignore = "needs Nix on Debian"]
fn what_is_required_and_null_is_an_error_that_names_it() {
    let evaluated = Evaluated::demo(Root::new(), &[]);
    evaluated.root.edit(
        "pkgs/demo/release.nix",
        "./hive-guests/package.nix { }",
        "./hive-guests/package.nix { lxc = null; }",
    );
    let said = evaluated.refused();
    assert!(
        said.contains("hive-guests needs lxc, which is null here"),
        "{said}"
    );
}

#[test]
#[ignore = "needs Nix on Debian"]
fn what_is_required_and_nobody_has_is_an_error_that_says_why() {
    let root = Root::new();
    let line = honeyed(&root);
    let said = Evaluated::demo(root, &["--allow-missing"]).refused();
    let why = format!("hive-manager needs hive-honey (Hive/API.pm:{line} uses it)");
    assert!(said.contains(&why), "{said}");
}

/// Returns Nix code for the package set with this test's compiler in place of the one that Nix
/// would build.
fn with_compiler(evaluated: &Evaluated) -> String {
    let root = evaluated.root.path().display();
    let tool = env!("CARGO_BIN_EXE_pve-nix");
    format!(
        "import {root} {{ nixpkgs = {root}/nix/hostpkgs; overlays = [ (final: _: {{ \
         pve-nix = final.runCommand \"pve-nix\" {{ }} \"mkdir -p $out/bin; ln -s {tool} $out/bin/pve-nix\"; }}) ]; }}"
    )
}

#[test]
#[ignore = "needs Nix on Debian"]
fn a_plugin_is_linked_as_documented() {
    let evaluated = Evaluated::demo(Root::new(), &[]);
    let documented = fs::read_to_string(project().join("docs/plugins.md")).expect("there");
    let example = documented.split("```nix\n").nth(1).expect("an example");
    let example = example.split("```").next().unwrap_or(example);
    evaluated.root.write("plugins.nix", example);
    let evaluate = |part: &str| {
        let mut eval = evaluated.nix("nix-instantiate");
        let expression = format!(
            "(import {}/plugins.nix {{ pve-nix = {}; }}).{part}",
            evaluated.root.path().display(),
            with_compiler(&evaluated)
        );
        let more = [
            "--eval",
            "--strict",
            "--json",
            "--read-write-mode",
            "--expr",
        ];
        Run::of(eval.args(more).arg(expression))
    };
    let objects = evaluate("objects");
    assert_eq!(objects.code, Some(0), "{}", objects.stderr);
    let all = "[\"hive-cluster\",\"hive-common\",\"hive-guests\",\"hive-manager\",\"hive-tape\"]";
    assert_eq!(objects.stdout.trim(), all);
    assert_eq!(evaluate("drvPath").code, Some(0));
    assert_eq!(evaluate("tests.audit.drvPath").code, Some(0));

    // Evaluating the link reports an undecided place.
    let module = "demo/plugins/hive-tape/Hive/Tape/Drive.pm";
    let line = evaluated.root.edit(
        module,
        "sub labels {",
        "my $mt = '/usr/bin/mt';\nsub labels {",
    );
    let refused = evaluate("drvPath");
    assert!(refused.code.is_some_and(|code| code > 0), "{refused:?}");
    let told = format!("PNX-101: hive-tape/Hive/Tape/Drive.pm:{line}");
    assert!(refused.stderr.contains(&told), "{}", refused.stderr);
}

#[test]
#[ignore = "needs Nix on Debian"]
fn a_plugin_that_was_compiled_before_is_the_same_derivation() {
    let evaluated = Evaluated::demo(Root::new(), &[]);
    let plugin = "demo/plugins/hive-tape";
    let run = evaluated
        .root
        .run(&["plugin", "demo", plugin, "--out", "made"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let mut eval = evaluated.nix("nix-instantiate");
    let run = Run::of(
        eval.args(["--eval", "--strict", "--read-write-mode"])
            .arg(evaluated.root.join("nix/checks/plugins.nix"))
            .args(["--argstr", "tool", env!("CARGO_BIN_EXE_pve-nix")])
            .arg("--arg")
            .arg("made")
            .arg(evaluated.root.join("made/pkgs/hive-tape"))
            .args(["-A", "same", "-A", "units", "-A", "twice"]),
    );
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stdout.starts_with("true\n"), "{}", run.stdout);
    assert!(run.stdout.contains("hive-tape.service"), "{}", run.stdout);
    let cause = "more than one object is called hive-tape";
    assert!(run.stderr.contains(cause), "{}", run.stderr);
}

/// Makes the demo the default release of a clone of this repository, with all files known to Git.
fn cloned() -> Evaluated {
    let root = Root::new();
    for part in ["Cargo.lock", "Cargo.toml", "crates", "flake.nix", "xtask"] {
        copy(&project().join(part), &root.join(part));
    }
    let evaluated = Evaluated::demo(root, &[]);
    evaluated.root.write("releases/default", "demo\n");
    git(evaluated.root.path(), &["init", "-q"]);
    git(evaluated.root.path(), &["add", "-A", "-f"]);
    evaluated
}

#[test]
#[ignore = "needs Nix on Debian"]
fn readmes_flake_evaluates_as_written_and_the_flake_is_checked() {
    let evaluated = cloned();
    let clone = format!("git+file://{}", evaluated.root.path().display());
    let on = format!("path:{}/nix/hostpkgs", evaluated.root.path().display());
    let nixpkgs = ["--override-input", "nixpkgs", &on, "--impure"];

    let readme = fs::read_to_string(project().join("README.md")).expect("there");
    let example = readme.split("```nix\n").nth(1).expect("an example");
    let example = example.split("```").next().unwrap_or(example);
    let consumer = TempDir::new().expect("a directory");
    fs::write(consumer.path().join("flake.nix"), example).expect("written");
    let mut eval = evaluated.nix("nix");
    eval.current_dir(consumer.path())
        .args(["eval", "--raw", ".#packages.x86_64-linux.default.drvPath"])
        .args(nixpkgs)
        .args(["--override-input", "pve-nix", &clone]);
    let run = Run::of(&mut eval);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.ends_with("-pve-demo.drv"), "{}", run.stdout);

    // The evaluation above has made the list of Debian's packages, which must not be built here. An
    // older Nix ignores the formatter.
    let formatter = format!(".#formatter.{}.drvPath", SYSTEMS[1]);
    for arguments in [
        ["flake", "check", "--no-build"],
        ["eval", "--raw", &formatter],
    ] {
        let mut command = evaluated.nix("nix");
        let command = command.current_dir(evaluated.root.path());
        let run = Run::of(command.args(arguments).args(nixpkgs));
        assert_eq!(run.code, Some(0), "{arguments:?}: {}", run.stderr);
    }
}

#[test]
#[ignore = "needs Nix on Debian, and PVE_SOURCES"]
fn whatever_the_default_release_fetches_has_a_hash() {
    assert_hashed(&Evaluated::of_default_release(), 100);
}

/// Returns the names and reasons in README's table of gaps.
fn told_to_lack() -> Vec<(String, String)> {
    let readme = fs::read_to_string(project().join("README.md")).expect("there");
    let rows = readme.split("| lacking | what it costs | why |").nth(1);
    let rows = rows.expect("README has the table").lines().skip(2);
    let cells = |row: &str| -> Option<(String, String)> {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [_, name, _, why, _] = cells[..] else {
            return None;
        };
        Some((name.to_owned(), why.to_owned()))
    };
    rows.map_while(cells).collect()
}

#[test]
#[ignore = "needs Nix on Debian, and PVE_SOURCES"]
fn what_the_default_release_lacks_stands_in_the_readme_with_a_reason() {
    let evaluated = Evaluated::of_default_release();
    let told = told_to_lack();
    for on in evaluated.package_sets() {
        for system in SYSTEMS {
            let more = ["--eval", "--strict", "--json", "--read-write-mode"];
            let run = evaluated.instantiate(&on, system, "pve.lacks", &more);
            assert_eq!(run.code, Some(0), "{}", run.stderr);
            let lacks: Vec<BTreeMap<String, String>> =
                serde_json::from_str(&run.stdout).expect("names and costs");
            let lacks: Vec<&str> = lacks.iter().map(|one| one["name"].as_str()).collect();
            let names: Vec<&str> = told.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(lacks, names, "{} {system}", on.display());
        }
    }
    for (name, why) in &told {
        assert!(!why.is_empty() && !why.contains("pinned"), "{name}: {why}");
    }
}
