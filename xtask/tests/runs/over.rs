//! A package over nixpkgs' own.

use crate::support::{Root, real_sources};

#[test]
fn lines_after_the_installation_have_the_perl_modules_of_build_depends() {
    let root = Root::new();
    root.append(
        "demo/rules/sources/hive-qemu.toml",
        "\n[nixpkgs]\nover = \"qemu\"\nwhy = \"a test\"\n\
         [nixpkgs.post-install]\nany = [\"perl {packaging}/debian/list.pl >$out/list\"]\n",
    );
    root.edit(
        "demo/hive-qemu/debian/control",
        "Build-Depends: ",
        "Build-Depends: libjson-perl, ",
    );
    let run = root.regen(&["--sources", "demo"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let package = root.text("pkgs/demo/hive-qemu/package.nix");
    assert!(
        package.contains("(qemu.override qemuArguments).overrideAttrs"),
        "{package}"
    );
    let inputs = "nativeBuildInputs = previous.nativeBuildInputs or [ ] ++ [\n    perl\n    perlPackages.JSON\n  ];";
    assert!(package.contains(inputs), "{package}");
    assert!(package.contains("\n  perlPackages,\n"), "{package}");
}

/// Makes a root whose hive-qemu is built over nixpkgs' qemu, with `switches` in its configuration
/// and rules for them.
fn configured(recipe: &str, rules: &str) -> Root {
    let root = Root::new();
    root.append("demo/hive-qemu/debian/rules", recipe);
    let table =
        format!("\n[nixpkgs]\nover = \"qemu\"\nwhy = \"a test\"\n[nixpkgs.switch]\n{rules}");
    root.append("demo/rules/sources/hive-qemu.toml", &table);
    root
}

const RECIPE: &str = "\nifeq ($(DEB_HOST_ARCH),amd64)\nextra = --enable-honey\nendif\n\n\
                      configure:\n\t./configure --prefix=/usr \\\n\t\t--enable-comb \\\n\t\t$(extra)\n";

#[test]
fn switches_become_arguments_and_flags() {
    let root = configured(
        RECIPE,
        "\"--prefix\" = { drop = \"x\" }\n\"--enable-comb\" = { override = { combSupport = true } }\n\
         \"--enable-honey\" = { flag = true, inputs = [\"zstd\"] }\n",
    );
    let run = root.regen(&["--sources", "demo"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let package = root.text("pkgs/demo/hive-qemu/package.nix");
    for expected in [
        "combSupport = true;",
        "// qemuArguments",
        "lib.optional stdenv.hostPlatform.isx86_64 \"--enable-honey\"",
        "zstd",
    ] {
        assert!(package.contains(expected), "{expected}: {package}");
    }
}

#[test]
fn a_switch_without_a_rule_is_a_finding() {
    let root = configured(
        RECIPE,
        "\"--prefix\" = { drop = \"x\" }\n\"--enable-honey\" = { flag = true }\n",
    );
    let line = root.text("demo/hive-qemu/debian/rules");
    let line = line.lines().position(|line| line.contains("--enable-comb"));
    let run = root.regen(&["--sources", "demo"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let place = format!("hive-qemu/debian/rules:{}", line.unwrap() + 1);
    assert!(run.stderr.contains("PNX-308"), "{}", run.stderr);
    assert!(run.stderr.contains(&place), "{}", run.stderr);
    assert!(run.stderr.contains("--enable-comb"), "{}", run.stderr);
}

#[test]
#[ignore = "needs PVE_SOURCES"]
fn each_switch_of_the_default_release_needs_its_rule() {
    let sources = real_sources().expect("PVE_SOURCES names the real sources");
    let (root, default) = Root::with_releases();
    for (recipe, switch) in [
        ("pve-qemu", "--enable-rbd"),
        ("pve-qemu", "--enable-linux-aio"),
        ("lxc", "-Dselinux=false"),
    ] {
        let file = format!("rules/sources/{recipe}.toml");
        let rules = root.text(&file);
        let line = rules
            .lines()
            .find(|line| line.starts_with(&format!("{switch:?}")));
        let line = line.unwrap_or_else(|| panic!("{recipe} has no rule for {switch}"));
        root.write(&file, rules.replace(&format!("{line}\n"), ""));
        let sources = sources.to_str().expect("UTF-8");
        let run = root.run(&["regen", &default, "--sources", sources]);
        assert_eq!(run.code, Some(1), "{switch}: {}", run.stderr);
        let mut findings = run
            .stderr
            .split("\nPNX-")
            .filter(|one| one.contains("308: "));
        let finding = findings
            .next()
            .unwrap_or_else(|| panic!("{switch}: {}", run.stderr));
        assert!(
            finding.contains(&format!("{recipe}/debian/rules:")),
            "{finding}"
        );
        assert!(finding.contains(switch), "{finding}");
        assert_eq!(findings.next(), None, "{switch}");
        root.write(&file, &rules);
    }
}

#[test]
fn a_switch_behind_what_only_a_build_knows_is_a_finding() {
    let root = configured("\nconfigure:\n\t./configure $(HIVE_FLAGS)\n", "");
    let run = root.regen(&["--sources", "demo"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let cause = "nothing sets the variable `HIVE_FLAGS`";
    assert!(run.stderr.contains(cause), "{}", run.stderr);
}

#[test]
fn a_rule_for_a_switch_that_nothing_has_is_stale() {
    let rules = "\"--enable-comb\" = { flag = true }\n\"--gone\" = { drop = \"x\" }\n";
    let root = configured("\nconfigure:\n\t./configure --enable-comb\n", rules);
    let run = root.run(&["scan", "all"]);
    assert!(
        run.stdout.contains("switch.hive-qemu.--gone"),
        "{}",
        run.stdout
    );
    assert!(
        !run.stdout.contains("switch.hive-qemu.--enable-comb"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_rule_drops_nixpkgs_patches_or_they_stay() {
    for (keys, wanted) in [
        ("drop-patches = true\n", "\n  patches = map "),
        (
            "",
            "\n  patches =\n    previous.patches or [ ]\n    ++ map ",
        ),
    ] {
        let root = Root::new();
        let rule = format!("\n[nixpkgs]\nover = \"qemu\"\nwhy = \"a test\"\n{keys}");
        root.append("demo/rules/sources/hive-qemu.toml", &rule);
        let run = root.regen(&["--sources", "demo"]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let package = root.text("pkgs/demo/hive-qemu/package.nix");
        assert!(package.contains(wanted), "{keys}{package}");
    }
}

#[test]
fn a_patch_that_stdenv_cannot_apply_is_an_error() {
    let series = "demo/hive-qemu/debian/patches/series";
    for option in ["-p0", "-R"] {
        let root = Root::new();
        let first = root.text(series);
        let mut lines = first.lines().zip(1..);
        let is_patch = |line: &str| line.ends_with(".patch");
        let (patch, line) = lines.find(|(line, _)| is_patch(line)).expect("a patch");
        root.edit(series, patch, &format!("{patch} {option}"));
        let run = root.regen(&["--sources", "demo"]);
        assert_ne!(run.code, Some(0), "{option}");
        let told = format!("PNX-306: hive-qemu/debian/patches/series:{line}");
        assert!(run.stderr.contains(&told), "{option}: {}", run.stderr);
    }
}

#[test]
fn of_a_crates_packages_an_object_needs_those_that_its_packaging_names() {
    let root = Root::new();
    let control = "demo/hive-manager/debian/control";
    root.append(
        "demo/hive-rs/debian/control",
        "\nPackage: hive-view\nArchitecture: any\nDescription: a view\n A view.\n",
    );
    // No package installs it, so only the packaging shows its owner.
    root.edit(
        "demo/hive-manager/Hive/API.pm",
        "use Hive::Guest;\n",
        "use Hive::Guest;\nour $LOGO = '/usr/share/hive-term/logo';\n",
    );
    let needs = |wanted: &[&str]| {
        let run = root.regen(&["--sources", "demo"]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let package = root.text("pkgs/demo/hive-manager/package.nix");
        let (_, needs) = package.split_once("  needs = {").expect("needs");
        let (needs, _) = needs.split_once("};").expect("their end");
        let words = needs.split(|c: char| c.is_whitespace() || c == ';');
        let crates: Vec<&str> = words
            .filter(|word| ["hive-term", "hive-view"].contains(word))
            .collect();
        assert_eq!(crates, wanted, "{package}");
    };
    needs(&["hive-term"]);
    root.edit(
        control,
        "Recommends: hive-term (>= 0.3)",
        "Recommends: hive-view",
    );
    needs(&["hive-view"]);
    root.edit(control, "Recommends: hive-view\n", "");
    needs(&["hive-term", "hive-view"]);
}
