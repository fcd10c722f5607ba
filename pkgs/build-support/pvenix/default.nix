# The program on a node: `bin/pvenix`, from the same Cargo workspace as the compiler.
{
  importCrates,
  lib,
  pve-nix,
  rustPlatform,
}:
let
  root = ../../..;
in
rustPlatform.buildRustPackage {
  pname = "pvenix";
  inherit ((lib.importTOML (root + "/pvenix/Cargo.toml")).package) version;

  inherit (pve-nix) src;
  cargoDeps = importCrates (root + "/Cargo.lock");
  cargoBuildFlags = [
    "--package"
    "pvenix"
  ];
  cargoTestFlags = [
    "--package"
    "pvenix"
  ];

  meta = {
    description = "What a node of Proxmox VE on NixOS runs, and its staged restarts";
    license = with lib.licenses; [
      mit
      asl20
    ];
    mainProgram = "pvenix";
    platforms = lib.platforms.linux;
  };
}
