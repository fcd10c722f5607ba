# Made by pve-nix for demo; `cargo xtask regen demo` makes it again.
{
  Authen-PAM,
  bash,
  coreutils,
  curl,
  dpkg-shim,
  ethtool,
  findutils,
  gnupg,
  iproute2,
  lib,
  linux-pam,
  lvm2,
  mkPveObject,
  pve-doc-shim,
  python3,
  replaceVars,
  systemd,
  util-linux,
  zstd,
}:
mkPveObject {
  pname = "hive-manager";
  version = "3.1.2";

  src = ../../../demo/hive-manager;

  patches = [
    ../patches/hive-manager/0001-features.patch
    (replaceVars ../patches/hive-manager/0002-paths.patch {
      inherit dpkg-shim pve-doc-shim;
      bash = lib.getBin bash;
      coreutils = lib.getBin coreutils;
      curl = lib.getBin curl;
      findutils = lib.getBin findutils;
      gnupg = lib.getBin gnupg;
      iproute2 = lib.getBin iproute2;
      linux-pam-lib = lib.getLib linux-pam;
      lvm2 = lib.getBin lvm2;
      pve = null;
      systemd = lib.getBin systemd;
      util-linux = lib.getBin util-linux;
      zstd = lib.getBin zstd;
    })
    (replaceVars ../patches/hive-manager/0003-commands.patch {
      path = null;
      pve = null;
    })
  ];

  files."usr/lib/tmpfiles.d/hive-manager.conf" = "debian/tmpfiles";
  links."usr/bin/hive-net-pin" = "usr/libexec/hive/net-pin";

  leaveOut = [ "etc/network/if-up.d" ];

  requires = [
    "hive-cluster"
    "hive-common"
    "hive-guests"
  ];
  commands = [
    coreutils
    ethtool
    iproute2
    systemd
    zstd
  ];
  interpreters = [ python3 ];
  needs = { inherit Authen-PAM; };

  meta = {
    description = "Hive's web interface and command line";
    homepage = "https://hive.example";
    license = [
      (lib.getLicenseFromSpdxId "MIT")
      (lib.getLicenseFromSpdxId "Apache-2.0")
    ];
  };
}
