# Builds programs for browsers, called as Proxmox's own of that name, of which there is no copy: cargo and, as a library,
# wasm-bindgen, whose version is that of the program's lock.
{
  lib,
  rustPlatform,
}:
rustPlatform.buildRustPackage {
  pname = "proxmox-wasm-builder";
  inherit ((lib.importTOML ./Cargo.toml).package) version;

  src = ./.;

  cargoLock.lockFile = ./Cargo.lock;

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
