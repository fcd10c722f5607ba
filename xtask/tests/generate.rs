//! Generates whole releases: always the demo, and real ones if `PVE_SOURCES` names a directory of
//! repositories.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use analyse::{Analysis, Knowledge};
use cargo::kept;
use emit::release::{Generated, generate};
use release::checkout;
use release::{Entry, Manifest, OpenOptions, open};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn knowledge() -> Knowledge {
    Knowledge::read(&root()).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn analysed(release: &str, sources: Option<PathBuf>, knowledge: &Knowledge) -> Analysis {
    let manifest = Manifest::named(&root(), release).unwrap();
    let options = OpenOptions {
        root: root(),
        sources,
        ..OpenOptions::default()
    };
    let opened = open(&manifest, &options).unwrap_or_else(|problems| panic!("{problems:?}"));
    let programs = kept::read(&root(), release).unwrap();
    Analysis::new(
        manifest,
        opened.sources,
        programs,
        opened.missing,
        knowledge,
        None,
    )
    .unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn generated(analysis: &Analysis, knowledge: &Knowledge) -> Generated {
    generate(analysis, knowledge).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn demo() -> Generated {
    let knowledge = knowledge();
    generated(&analysed("demo", None, &knowledge), &knowledge)
}

fn text<'g>(generated: &'g Generated, path: &str) -> &'g str {
    let bytes = generated.output.files().get(path);
    std::str::from_utf8(bytes.unwrap_or_else(|| panic!("{path} is not generated"))).unwrap()
}

#[test]
fn the_demo_is_the_same_bytes_on_any_number_of_threads() {
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(demo)
    };
    let first = on(1);
    assert!(first.output.files().len() > 20);
    for threads in [1, 4] {
        assert_eq!(on(threads).output, first.output, "{threads} threads");
    }
}

#[test]
fn the_demo_has_objects_links_and_an_ordinary_package() {
    let generated = demo();
    assert!(generated.findings.is_empty(), "{:?}", generated.findings);
    assert_eq!(generated.counts.objects, 4);
    assert_eq!(generated.counts.packages, 2);
    assert_eq!(generated.counts.links, 5);
    let guests = text(&generated, "hive-guests/package.nix");
    for part in [
        "mkPveObject {",
        "src = ../../../demo/hive-guests;",
        "(replaceVars ../patches/hive-guests/0001-paths.patch {",
        "lvm2 = lib.getBin lvm2;",
        "    pve = null;",
        "\n  lxc,\n",
        "needs = { inherit lxc; };",
    ] {
        assert!(guests.contains(part), "{part} is not in\n{guests}");
    }
    let emulator = text(&generated, "hive-qemu/package.nix");
    assert!(
        emulator.contains("\"${src}/debian/patches/${name}\""),
        "{emulator}"
    );
    assert!(generated.lacks.iter().all(|lack| lack.source != "hive-rs"));
    let list = text(&generated, "release.nix");
    assert!(
        list.contains("libhive-common-perl = self.hive-common;"),
        "{list}"
    );
}

#[test]
fn a_program_is_built_by_cargo_and_installed_by_its_makefile() {
    let generated = demo();
    let term = text(&generated, "hive-rs/package.nix");
    for part in [
        "rustPlatform.buildRustPackage {",
        "pname = \"hive-term\";",
        "sources.hive-rs = {",
        "src = ../../../demo/hive-rs;",
        "cargoDeps = importCrates ./Cargo.lock;",
        "cargoRoot = \"hive-rs\";",
        "makeDirectory = \"hive-rs\";",
        "installFlags = [ \"BUILD_MODE=release\" ];",
        "mainProgram = \"hive-term\";",
    ] {
        assert!(term.contains(part), "{part} is not in\n{term}");
    }
    assert!(text(&generated, "hive-rs/Cargo.lock").contains("name = \"itoa\""));
    let list = text(&generated, "release.nix");
    for part in [
        "hive-term = self.callPackage ./hive-rs/package.nix { };",
        "extras = [ self.hive-term ];",
    ] {
        assert!(list.contains(part), "{part} is not in\n{list}");
    }
}

#[test]
fn every_patch_of_the_demo_applies_to_its_source() {
    let generated = demo();
    for source in [
        "hive-cluster",
        "hive-common",
        "hive-guests",
        "hive-manager",
        "hive-qemu",
        "hive-rs",
    ] {
        let tree = tempfile::tempdir().unwrap();
        run(Command::new("cp")
            .arg("-r")
            .arg(root().join("demo").join(source))
            .arg(tree.path()));
        apply(&generated, source, &tree.path().join(source));
    }
}

#[test]
fn generated_nix_parses() {
    if Command::new("nix-instantiate")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_err()
    {
        eprintln!("skipped: there is no nix-instantiate");
        return;
    }
    let out = tempfile::tempdir().unwrap();
    demo().output.write(out.path(), "demo").unwrap();
    let mut files = 0;
    for entry in walkdir::WalkDir::new(out.path()) {
        let path = entry.unwrap().into_path();
        if path.extension().is_some_and(|extension| extension == "nix") {
            run(Command::new("nix-instantiate").arg("--parse").arg(&path));
            files += 1;
        }
    }
    assert_eq!(files, 7);
}

#[test]
fn every_patch_of_every_release_applies_to_its_pin() {
    let Some(sources) = std::env::var_os("PVE_SOURCES").filter(|value| !value.is_empty()) else {
        eprintln!("skipped: PVE_SOURCES names no directory of repositories");
        return;
    };
    let knowledge = knowledge();
    let sources = PathBuf::from(sources);
    for release in Manifest::names(&root())
        .unwrap()
        .iter()
        .filter(|name| *name != "demo")
    {
        let analysis = analysed(release, Some(sources.clone()), &knowledge);
        let generated = generated(&analysis, &knowledge);
        assert!(
            generated.findings.is_empty(),
            "{release}: {:?}",
            generated.findings
        );
        for one in &analysis.sources {
            let name = one.source.name.as_str();
            let prefix = format!("patches/{name}/");
            if generated
                .output
                .files()
                .keys()
                .any(|path| path.starts_with(&prefix))
            {
                let tree = tempfile::tempdir().unwrap();
                let whole = |_: &Entry, bytes| Ok(Some(bytes));
                checkout::write(tree.path(), &one.source, |_| true, whole).unwrap();
                apply(&generated, name, tree.path());
            }
        }
    }
}

#[test]
fn an_object_has_what_a_package_of_crates_needs_one_of() {
    let Some(sources) = std::env::var_os("PVE_SOURCES").filter(|value| !value.is_empty()) else {
        eprintln!("skipped: PVE_SOURCES names no directory of repositories");
        return;
    };
    let knowledge = knowledge();
    let analysis = analysed("pve-9.1.4", Some(PathBuf::from(sources)), &knowledge);
    let generated = generated(&analysis, &knowledge);
    // libproxmox-rs-perl, the only package in its Depends, loads the library of one of two others.
    let common = text(&generated, "pve-common/package.nix");
    assert!(common.contains("  libproxmox-rs-perl,\n"), "{common}");
    assert!(common.contains("  libpve-rs-perl,\n"), "{common}");
    assert!(!common.contains("libpmg-rs-perl"), "{common}");
}

/// Applies a source's patches in order, after `git apply --check` and `patch --dry-run` have
/// accepted them.
fn apply(generated: &Generated, source: &str, tree: &Path) {
    let prefix = format!("patches/{source}/");
    let patches = generated
        .output
        .files()
        .iter()
        .filter(|(path, _)| path.starts_with(&prefix));
    for (path, bytes) in patches {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let within = |program: &str, arguments: &[&str]| {
            let mut command = Command::new(program);
            // A repository around the directory would make git apply skip the files.
            command
                .current_dir(tree)
                .env("GIT_CEILING_DIRECTORIES", tree.parent().unwrap());
            command.args(arguments);
            command
        };
        run(within("git", &["apply", "--check"]).arg(file.path()));
        run(within("patch", &["-p1", "--dry-run", "--fuzz=0", "-s", "-i"]).arg(file.path()));
        run(within("patch", &["-p1", "--fuzz=0", "-s", "-i"]).arg(file.path()));
        assert!(!path.is_empty());
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
