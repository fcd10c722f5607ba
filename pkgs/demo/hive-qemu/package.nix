# Made by pve-nix for demo; `cargo xtask regen demo` makes it again.
{
  debianInstall,
  dpkg-shim,
  lib,
  perl,
  perlPackages,
  pve-build-hook,
  replaceVars,
  stdenv,
}:
let
  src = ../../../demo/hive-qemu;
in
stdenv.mkDerivation (
  {
    pname = "hive-qemu";
    version = "9.0.1-2";

    inherit src;
    patches =
      map (name: "${src}/debian/patches/${name}") [
        "hive/0001-firmware-look-where-the-package-puts-it.patch"
        "hive/0002-tell-the-node-when-a-guest-has-ended.patch"
      ]
      ++ [
        ../patches/hive-qemu/0001-features.patch
        (replaceVars ../patches/hive-qemu/0002-paths.patch { out = null; })
      ];

    strictDeps = true;
    nativeBuildInputs = [
      dpkg-shim
      perl
      pve-build-hook
    ];
    buildInputs = [ perl ];

    meta = {
      description = "Hive's emulator";
      homepage = "https://hive.example";
      license = [
        (lib.getLicenseFromSpdxId "MIT")
        (lib.getLicenseFromSpdxId "Apache-2.0")
      ];
      platforms = [
        "x86_64-linux"
        "aarch64-linux"
      ];
    };
  }
  // debianInstall {
    files = {
      "etc/hive-qemu/bridge.conf" = "debian/bridge.conf";
      "usr/share/doc/hive-qemu/examples/firmware-x86_64.hex" = "firmware/firmware-x86_64.hex";
    };
    links = {
      "usr/bin/hive-emu-aarch64" = "usr/bin/hive-emu";
      "usr/bin/hive-emu-x86_64" = "usr/bin/hive-emu";
    };
    perlModules = [ perlPackages.JSON ];
  }
)
