# Builds programs for browsers, called as Proxmox's own of that name, of which there is no copy: cargo and, as a library,
# wasm-bindgen, whose version is that of the program's lock.
{
  importCrates,
  lib,
  rustPlatform,
}:
rustPlatform.buildRustPackage {
  pname = "proxmox-wasm-builder";
  inherit ((lib.importTOML ./Cargo.toml).package) version;

  # Without this file, of which nothing is built.
  src = builtins.path {
    name = "proxmox-wasm-builder-source";
    path = ./.;
    filter = path: _: baseNameOf path != "default.nix";
  };

  cargoDeps = importCrates ./Cargo.lock;

  # The first program that is built with it shows whether it works.
  doCheck = false;

  meta = {
    description = "Builds a program for browsers: cargo, then wasm-bindgen";
    license = [
      (lib.getLicenseFromSpdxId "MIT")
      (lib.getLicenseFromSpdxId "Apache-2.0")
    ];
    mainProgram = "proxmox-wasm-builder";
    platforms = lib.platforms.linux;
  };
}
