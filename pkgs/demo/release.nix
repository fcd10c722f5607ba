# Made by pve-nix for demo; `cargo xtask regen demo` makes it again.
self: {
  pveObjects = {
    hive-cluster = self.callPackage ./hive-cluster/package.nix { };
    hive-common = self.callPackage ./hive-common/package.nix { };
    hive-guests = self.callPackage ./hive-guests/package.nix { };
    hive-manager = self.callPackage ./hive-manager/package.nix { };
  };

  hive-cluster = self.linkPve {
    pname = "hive-cluster";
    version = "2.0.3";
    roots = [ "hive-cluster" ];
  };
  hive-common = self.linkPve {
    pname = "hive-common";
    version = "1.2.0";
    roots = [ "hive-common" ];
  };
  hive-guests = self.linkPve {
    pname = "hive-guests";
    version = "1.4.1";
    roots = [ "hive-guests" ];
  };
  hive-manager = self.linkPve {
    pname = "hive-manager";
    version = "3.1.2";
    roots = [ "hive-manager" ];
  };
  hive-qemu = self.callPackage ./hive-qemu/package.nix { };
  hive-term = self.callPackage ./hive-rs/package.nix { };
  libhive-cluster-perl = self.hive-cluster;
  libhive-common-perl = self.hive-common;

  # Everything.
  pve = self.linkPve {
    pname = "pve";
    version = "demo";
    roots = [
      "hive-cluster"
      "hive-common"
      "hive-guests"
      "hive-manager"
    ];
    extras = [ self.hive-term ];
    meta.description = "Everything of demo, linked into one output";
  };
}
