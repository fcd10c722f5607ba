# Made by pve-nix for demo; `cargo xtask regen demo` makes it again.
{
  bash,
  coreutils,
  dpkg-shim,
  gawk,
  gnused,
  gnutar,
  gptfdisk,
  hive-qemu,
  iproute2,
  lib,
  libfaketime,
  lvm2,
  lxc,
  mkPveObject,
  openssh,
  pigz,
  replaceVars,
  rsync,
  smartmontools,
  systemd,
  tzdata,
  util-linux,
  virtiofsd,
  zfs,
  zstd,
}:
mkPveObject {
  pname = "hive-guests";
  version = "1.4.1";

  src = ../../../demo/hive-guests;

  patches = [
    (replaceVars ../patches/hive-guests/0001-paths.patch {
      inherit dpkg-shim hive-qemu tzdata;
      bash = lib.getBin bash;
      coreutils = lib.getBin coreutils;
      gnutar = lib.getBin gnutar;
      gptfdisk = lib.getBin gptfdisk;
      iproute2 = lib.getBin iproute2;
      lvm2 = lib.getBin lvm2;
      openssh = lib.getBin openssh;
      pve = null;
      rsync = lib.getBin rsync;
      smartmontools = lib.getBin smartmontools;
      systemd = lib.getBin systemd;
      util-linux = lib.getBin util-linux;
      virtiofsd = lib.getBin virtiofsd;
      zfs = lib.getBin zfs;
    })
    (replaceVars ../patches/hive-guests/0002-commands.patch {
      openssh = lib.getBin openssh;
      path = null;
      pve = null;
      rsync = lib.getBin rsync;
    })
  ];

  links."usr/share/lxc/hooks/hive-prestart" = "usr/share/hive-guests/hive-prestart";

  requires = [
    "hive-cluster"
    "hive-common"
    "hive-manager"
  ];
  commands = [
    coreutils
    gawk
    gnused
    gptfdisk
    iproute2
    libfaketime
    pigz
    rsync
    systemd
    zstd
  ];
  needs = { inherit lxc; };

  meta = {
    description = "Hive's guests and storages";
    homepage = "https://hive.example";
    license = [
      (lib.getLicenseFromSpdxId "MIT")
      (lib.getLicenseFromSpdxId "Apache-2.0")
    ];
    mainProgram = "hivesm";
  };
}
