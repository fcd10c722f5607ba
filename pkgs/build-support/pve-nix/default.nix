# The compiler: `bin/xtask`, which makes a release's expressions of its sources. It is built from this tree's Cargo
# workspace and nothing else, so that what is generated, and the builders, may change without it.
{ lib, rustPlatform }:
let
  root = ../../..;
  # Directories that have no part in the build: tests read the whole tree.
  wanted = [
    "Cargo.lock"
    "Cargo.toml"
    "xtask"
    "xtask/Cargo.toml"
    "xtask/build.rs"
    "xtask/benches"
    "xtask/src"
  ];
  source = builtins.path {
    name = "pve-nix-source";
    path = root;
    filter =
      path: _:
      let
        relative = lib.removePrefix "${toString root}/" (toString path);
      in
      lib.any (part: relative == part || part != "xtask" && lib.hasPrefix "${part}/" relative) wanted;
  };
in
rustPlatform.buildRustPackage {
  pname = "pve-nix";
  inherit ((lib.importTOML (root + "/xtask/Cargo.toml")).package) version;

  src = source;
  cargoLock.lockFile = root + "/Cargo.lock";
  cargoBuildFlags = [
    "--package"
    "xtask"
  ];

  # They read rules, releases and the demo, and run Nix: `ci/test` runs them.
  doCheck = false;

  meta = {
    description = "A compiler from Proxmox VE's sources to Nix";
    license = with lib.licenses; [
      mit
      asl20
    ];
    mainProgram = "xtask";
    platforms = lib.platforms.linux;
  };
}
