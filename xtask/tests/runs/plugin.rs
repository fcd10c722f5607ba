//! A plugin compiled against the demo's exports, and added rules.

use crate::support::{Root, Run};

const PLUGIN: &str = "demo/plugins/hive-tape";

/// Generates the demo's expressions, and so its exports.
fn made() -> Root {
    let root = Root::new();
    let run = root.regen(&[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    root
}

fn plugin(root: &Root, more: &[&str]) -> Run {
    root.run(&[&["plugin", "demo", PLUGIN, "--out", "out"], more].concat())
}

/// Expects the plugin to be rejected with `code` at `place`, and nothing to be written.
fn assert_refused(root: &Root, run: &Run, code: &str, place: &str, cause: &str) {
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let head = format!("{code}: {place}");
    assert!(run.stderr.contains(&head), "{head}: {}", run.stderr);
    assert!(run.stderr.contains(cause), "{cause}: {}", run.stderr);
    assert!(run.stdout.contains("nothing written"), "{}", run.stdout);
    assert!(!root.join("out").exists());
}

#[test]
fn the_demos_plugin_is_an_object_with_its_rules() {
    let root = made();
    let run = plugin(&root, &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let package = root.text("out/pkgs/hive-tape/hive-tape/package.nix");
    for part in [
        "mkPveObject {",
        "inherit src;",
        "version = \"0.2-1\";",
        "requires = [\n    \"hive-common\"\n    \"hive-guests\"\n    \"hive-manager\"\n  ];",
        "commands = [ coreutils ];",
    ] {
        assert!(package.contains(part), "{part}: {package}");
    }
    let patch = root.text("out/pkgs/hive-tape/patches/hive-tape/0001-paths.patch");
    for part in [
        "+    return [qw(@gnutar@/bin/tar @coreutils@/bin/shred)];",
        "+    run_command(['@pve@/bin/hive', 'guest', 'list']);",
        "+ExecStart=@pve@/bin/hivesm status",
    ] {
        assert!(patch.contains(part), "{part}: {patch}");
    }
    assert!(
        root.text("out/pkgs/hive-tape/hive-tape/system.json")
            .contains("hive-tape.service")
    );
    let kept = root.text("out/pkgs/hive-tape/kept.json");
    assert!(kept.contains("/etc/hive/tape.conf"), "{kept}");
    assert!(!kept.contains("pve-nix/"), "{kept}");

    let again = plugin(&root, &["--check"]);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    root.append(&format!("{PLUGIN}/Hive/Tape/Drive.pm"), "\n# More.\n");
    root.edit(&format!("{PLUGIN}/debian/changelog"), "0.2-1", "0.3-1");
    let drifted = plugin(&root, &["--check"]);
    assert_eq!(drifted.code, Some(1), "{}", drifted.stderr);
    assert!(drifted.stderr.contains("PNX-403"), "{}", drifted.stderr);
}

#[test]
fn a_place_that_no_rule_decides_is_told_and_nothing_is_written() {
    let root = made();
    let module = format!("{PLUGIN}/Hive/Tape/Drive.pm");
    let line = root.edit(
        &module,
        "sub labels {",
        "my $mt = '/usr/bin/mt';\n\nsub labels {",
    );
    let run = plugin(&root, &[]);
    let place = format!("hive-tape/Hive/Tape/Drive.pm:{line}");
    assert_refused(&root, &run, "PNX-101", &place, "`/usr/bin/mt`");

    // A rule that names a nonexistent attribute does not help.
    root.append(
        &format!("{PLUGIN}/pve-nix/nixpkgs/programs.toml"),
        "\n[mt-st]\nprograms = [\"mt\"]\n",
    );
    let run = plugin(&root, &[]);
    let place = format!("{PLUGIN}/pve-nix/nixpkgs/programs.toml:7");
    assert_refused(&root, &run, "PNX-107", &place, "`mt-st`");

    let known = "mt-st = { file = \"pkgs/by-name/mt/mt-st/package.nix\" }\n";
    root.write(&format!("{PLUGIN}/pve-nix/nixpkgs/attributes.toml"), known);
    let run = plugin(&root, &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let package = root.text("out/pkgs/hive-tape/hive-tape/package.nix");
    assert!(package.contains("mt-st = lib.getBin mt-st;"), "{package}");
}

#[test]
fn a_module_that_neither_the_release_nor_a_rule_has_is_told() {
    let root = made();
    let module = format!("{PLUGIN}/Hive/Tape/Drive.pm");
    let line = root.edit(
        &module,
        "use Hive::Tools",
        "use Hive::Honey;\nuse Hive::Tools",
    );
    let run = plugin(&root, &[]);
    let place = format!("hive-tape/Hive/Tape/Drive.pm:{line}");
    assert_refused(&root, &run, "PNX-305", &place, "`Hive::Honey`");
}

#[test]
fn an_added_rule_that_decides_nothing_is_told_with_its_place() {
    let root = made();
    let rules = format!("{PLUGIN}/pve-nix/nixpkgs/programs.toml");
    root.append(&rules, "\n[util-linux]\nprograms = [\"wall\"]\n");
    let run = plugin(&root, &[]);
    assert_refused(
        &root,
        &run,
        "PNX-102",
        &format!("{rules}:7"),
        "`command.wall`",
    );
}

#[test]
fn what_cannot_be_linked_is_told() {
    let root = made();
    let makefile = format!("{PLUGIN}/Makefile");
    let line = root.edit(
        &makefile,
        "\tinstall -D -m 0644 labels",
        "\tinstall -D -m 0644 labels $(PERLDIR)/Hive/Tools.pm\n\tinstall -D -m 0644 labels",
    );
    let run = plugin(&root, &[]);
    let cause = "it installs /usr/share/perl5/Hive/Tools.pm, which is hive-common's";
    assert_refused(
        &root,
        &run,
        "PNX-409",
        &format!("hive-tape/Makefile:{line}"),
        cause,
    );

    let root = made();
    let run = plugin(&root, &["--name", "hive-guests"]);
    assert_refused(
        &root,
        &run,
        "PNX-409",
        "hive-guests",
        "has a source of this name",
    );

    let root = made();
    std::fs::remove_dir_all(root.join(PLUGIN).join("debian")).expect("removed");
    let run = plugin(&root, &["--name", "hive-tape"]);
    assert_refused(&root, &run, "PNX-409", "hive-tape", "no `debian/control`");
}

#[test]
fn without_what_the_release_offers_nothing_is_compiled() {
    let root = Root::new();
    let run = plugin(&root, &[]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("PNX-228: "), "{}", run.stderr);
    assert!(
        run.stderr.contains("cargo xtask regen demo"),
        "{}",
        run.stderr
    );
}

/// Makes the demo with a program that none of its own rules knows, and a directory with such a
/// rule. Returns the place's line.
fn honeyed() -> (Root, usize) {
    let root = Root::new();
    let file = "demo/hive-guests/src/Hive/Storage.pm";
    let line = root.edit(
        file,
        "sub mount_nfs {",
        "my $honey = '/usr/bin/honey';\n\nsub mount_nfs {",
    );
    root.write(
        "more/nixpkgs/programs.toml",
        "[util-linux]\nprograms = [\"honey\"]\n",
    );
    (root, line)
}

#[test]
fn added_rules_decide_as_those_of_the_project() {
    let (root, line) = honeyed();
    let place = format!("hive-guests/src/Hive/Storage.pm:{line}");
    let run = root.regen(&[]);
    assert!(
        run.stderr.contains(&format!("PNX-101: {place}")),
        "{}",
        run.stderr
    );
    let run = root.regen(&["--rules", "more"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let run = root.run(&["scan", "demo", "--rules", "more"]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    let run = root.run(&["explain", &place, "--rules", "more"]);
    assert!(
        run.stdout.contains("more/nixpkgs/programs.toml:2"),
        "{}",
        run.stdout
    );
    let run = root.run(&["drift", "demo", "demo", "--rules", "more"]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
}

#[test]
fn added_rules_are_checked_as_those_of_the_project() {
    let (root, _) = honeyed();
    root.append(
        "more/nixpkgs/programs.toml",
        "\n[coreutils]\nprograms = [\"wax\"]\n",
    );
    for arguments in [&["regen", "demo"], &["scan", "demo"]] {
        let run = root.run(&[&arguments[..], &["--rules", "more"]].concat());
        assert_eq!(run.code, Some(1), "{}", run.stderr);
        let told = format!("{}{}", run.stdout, run.stderr);
        assert!(told.contains("more/nixpkgs/programs.toml:5"), "{told}");
        assert!(
            told.contains("`command.wax` decides nothing in demo"),
            "{told}"
        );
    }
    root.edit("more/nixpkgs/programs.toml", "wax", "lvs");
    let run = root.regen(&["--rules", "more"]);
    assert!(
        run.stderr.contains("PNX-104: more/nixpkgs/programs.toml"),
        "{}",
        run.stderr
    );
    root.write("more/nixpkgs/program.toml", "");
    let run = root.regen(&["--rules", "more"]);
    assert!(
        run.stderr.contains("Did you mean `programs.toml`?"),
        "{}",
        run.stderr
    );
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    std::fs::create_dir(root.join("none")).expect("made");
    let run = root.regen(&["--rules", "none"]);
    assert!(
        run.stderr.contains("has no file of rules"),
        "{}",
        run.stderr
    );
}

#[test]
fn an_added_path_rule_is_asked_first() {
    let root = Root::new();
    let custom = "'/usr/share/perl5/Hive/Storage/Custom'";
    let line = root.edit("demo/hive-guests/src/Hive/Storage.pm", custom, custom);
    let place = format!("hive-guests/src/Hive/Storage.pm:{line}");
    let own = root.run(&["explain", &place]);
    assert!(
        own.stdout.contains("path.demo-storage-plugins"),
        "{}",
        own.stdout
    );
    let text = "[[path]]\nname = \"mine\"\nwhere.below = [\"/usr/share/perl5/Hive/Storage\"]\ndecide = { keep = \"unused\" }\nwhy = \"mine\"\n";
    root.write("more/general/paths.toml", text);
    let run = root.run(&["explain", &place, "--rules", "more"]);
    assert!(
        run.stdout.contains("more/general/paths.toml:2"),
        "{}",
        run.stdout
    );
}
