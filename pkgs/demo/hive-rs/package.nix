# Made by pve-nix for demo; `cargo xtask regen demo` makes it again.
{
  dpkg-shim,
  importCrates,
  joinCrates,
  lib,
  perl,
  pve-build-hook,
  replaceVars,
  rustPlatform,
  systemd,
  util-linux,
}:
rustPlatform.buildRustPackage {
  pname = "hive-term";
  version = "0.3.0";

  src = joinCrates {
    name = "hive-term";
    root = "hive-rs";
    lock = ./Cargo.lock;
    sources.hive-rs = {
      src = ../../../demo/hive-rs;
      patches = [
        (replaceVars ../patches/hive-rs/0001-paths.patch {
          inherit dpkg-shim;
          out = null;
          pve = null;
          util-linux = lib.getBin util-linux;
        })
        ../patches/hive-rs/0002-crates.patch
      ];
    };
  };

  cargoDeps = importCrates ./Cargo.lock;
  cargoRoot = "hive-rs";
  buildAndTestSubdir = "hive-rs";
  cargoBuildFlags = [
    "--package"
    "hive-term"
    "--package"
    "hive-types"
  ];
  dontCargoInstall = true;

  env = {
    PNX_OUT = placeholder "out";
    PNX_PVE = "@pve@${lib.strings.replicate 123 "/"}";
    PNX_UTIL_LINUX = "${lib.getBin util-linux}";
  };

  nativeBuildInputs = [
    dpkg-shim
    perl
    pve-build-hook
  ];

  # Upstream's tests expect Debian's files and a running system.
  doCheck = false;

  makeDirectory = "hive-rs";
  installFlags = [ "BUILD_MODE=release" ];

  passthru.pveCommands = [ systemd ];

  meta = {
    description = "a terminal's view of a guest";
    homepage = "https://hive.example";
    license = [
      (lib.getLicenseFromSpdxId "MIT")
      (lib.getLicenseFromSpdxId "Apache-2.0")
    ];
    mainProgram = "hive-term";
    platforms = [
      "x86_64-linux"
      "aarch64-linux"
    ];
  };
}
