# Builds programs for browsers, under the name of Proxmox's own tool, of which no copy exists: cargo
# and, as a library, wasm-bindgen in the version of the program's lock.
{
  importCrates,
  lib,
  rustPlatform,
}:
rustPlatform.buildRustPackage {
  pname = "proxmox-wasm-builder";
  inherit ((lib.importTOML ./Cargo.toml).package) version;

  # Without this file, which is not part of the build.
  src = builtins.path {
    name = "proxmox-wasm-builder-source";
    path = ./.;
    filter = path: _: baseNameOf path != "default.nix";
  };

  cargoDeps = importCrates ./Cargo.lock;

  # The first program that it builds shows whether it works.
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
