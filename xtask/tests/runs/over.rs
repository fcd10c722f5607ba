//! A package over nixpkgs' own.

use crate::support::Root;

#[test]
fn lines_after_the_installation_have_the_perl_modules_of_build_depends() {
    let root = Root::new();
    root.append(
        "rules/packages.toml",
        "\n[hive-qemu]\nover = \"qemu\"\nwhy = \"a test\"\n\
         [hive-qemu.post-install]\nany = [\"perl {packaging}/debian/list.pl >$out/list\"]\n",
    );
    root.edit(
        "demo/hive-qemu/debian/control",
        "Build-Depends: ",
        "Build-Depends: libjson-perl, ",
    );
    let run = root.regen(&["--sources", "demo"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let package = root.text("pkgs/demo/hive-qemu/package.nix");
    assert!(package.contains("qemu.overrideAttrs"), "{package}");
    let inputs = "nativeBuildInputs = previous.nativeBuildInputs or [ ] ++ [\n    perl\n    perlPackages.JSON\n  ];";
    assert!(package.contains(inputs), "{package}");
    assert!(package.contains("\n  perlPackages,\n"), "{package}");
}
