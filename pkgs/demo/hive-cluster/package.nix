# Made by pve-nix for demo; `cargo xtask regen demo` makes it again.
{
  bash,
  coreutils,
  corosync,
  dpkg-shim,
  ipmitool,
  kmod,
  lib,
  lvm2,
  mkPveObject,
  openssh,
  replaceVars,
  systemd,
  util-linux,
}:
mkPveObject {
  pname = "hive-cluster";
  version = "2.0.3";

  src = ../../../demo/hive-cluster;

  patches = [
    (replaceVars ../patches/hive-cluster/0001-paths.patch {
      inherit dpkg-shim;
      bash = lib.getBin bash;
      coreutils = lib.getBin coreutils;
      ipmitool = lib.getBin ipmitool;
      kmod = lib.getBin kmod;
      lvm2 = lib.getBin lvm2;
      openssh = lib.getBin openssh;
      pve = null;
      systemd = lib.getBin systemd;
      systemd-lib = lib.getLib systemd;
      util-linux = lib.getBin util-linux;
    })
    (replaceVars ../patches/hive-cluster/0002-commands.patch {
      coreutils = lib.getBin coreutils;
      kmod = lib.getBin kmod;
      openssh = lib.getBin openssh;
      path = null;
      pve = null;
    })
  ];

  files = {
    "usr/lib/modules-load.d/hive-modules.conf" = "debian/hive-modules.conf";
    "usr/lib/sysctl.d/10-hive.conf" = "debian/sysctl.d/10-hive.conf";
    "usr/lib/systemd/system/hived.service" = "debian/hive-cluster.hived.service";
    "usr/lib/tmpfiles.d/hive-cluster.conf" = "debian/hive-cluster.tmpfiles";
    "usr/lib/udev/rules.d/60-hive-cluster.rules" = "debian/hive-cluster.udev";
  };

  requires = [
    "hive-common"
    "hive-manager"
  ];
  commands = [
    coreutils
    corosync
    systemd
  ];

  meta = {
    description = "Hive's cluster daemon";
    homepage = "https://hive.example";
    license = [
      (lib.getLicenseFromSpdxId "MIT")
      (lib.getLicenseFromSpdxId "Apache-2.0")
    ];
  };
}
