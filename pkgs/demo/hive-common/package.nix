# Made by pve-nix for demo; `cargo xtask regen demo` makes it again.
{
  bash,
  dpkg-shim,
  lib,
  mkPveObject,
  perlPackages,
  replaceVars,
  systemd,
  tzdata,
}:
mkPveObject {
  pname = "hive-common";
  version = "1.2.0";

  src = ../../../demo/hive-common;

  patches = [
    (replaceVars ../patches/hive-common/0001-paths.patch {
      inherit dpkg-shim tzdata;
      bash = lib.getBin bash;
      pve = null;
    })
    (replaceVars ../patches/hive-common/0002-commands.patch { path = null; })
  ];

  requires = [ "hive-cluster" ];
  perlModules = [ perlPackages.NetDNS ];
  commands = [ systemd ];

  meta = {
    description = "Hive's basic Perl library";
    homepage = "https://hive.example";
    license = [
      (lib.getLicenseFromSpdxId "MIT")
      (lib.getLicenseFromSpdxId "Apache-2.0")
    ];
  };
}
