# LVM and LVM-thin: the devices that LVM must ignore, the programs with which it checks thin pools,
# and the daemon that monitors them.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.proxmox-ve;
  facts = import ./facts.nix cfg.package;
  # LVM's default is Debian's path, which NixOS lacks, so no thin pool could be created or used.
  programs = [
    "thin_check"
    "thin_dump"
    "thin_repair"
    "cache_check"
    "cache_dump"
    "cache_repair"
  ];
  # `r|/dev/zd.*|`, with any delimiter.
  isEntry =
    entry:
    let
      parts = builtins.match "[ar]([^a-zA-Z0-9 ]).+([^a-zA-Z0-9 ])" entry;
      closing = {
        "(" = ")";
        "[" = "]";
        "{" = "}";
      };
      opening = lib.elemAt parts 0;
    in
    parts != null && lib.elemAt parts 1 == closing.${opening} or opening;
  strange = lib.filter (entry: !isEntry entry) cfg.lvm.filter;
in
{
  options.services.proxmox-ve.lvm.filter = lib.mkOption {
    type = lib.types.listOf lib.types.str;
    default = facts.lvmFilter;
    defaultText = lib.literalMD "upstream's: no volumes of ZFS (`/dev/zd*`), no images of Ceph (`/dev/rbd*`)";
    example = [
      "r|/dev/zd.*|"
      "r|/dev/rbd.*|"
      "r|/dev/mapper/secret-.*|"
    ];
    description = ''
      LVM's `global_filter`: which block devices it looks at (`a|REGEX|`) and which it leaves alone (`r|REGEX|`); the first that matches
      decides. Disks of guests must be left alone: a guest with LVM of its own would have its volumes activated on the node.
    '';
  };

  config = lib.mkIf (cfg.enable && config.services.lvm.enable) {
    environment.etc."lvm/lvm.conf".text =
      lib.optionalString (cfg.lvm.filter != [ ]) ''
        devices/global_filter = ${builtins.toJSON cfg.lvm.filter}
        devices/scan_lvs = 0
      ''
      + lib.concatMapStrings (program: ''
        global/${program}_executable = "${pkgs.thin-provisioning-tools}/bin/${program}"
      '') programs;
    # LVM would load it with modprobe from a path that NixOS lacks, and then report that the kernel
    # does not support thin pools.
    boot.kernelModules = [ "dm-thin-pool" ];
    # As on Debian, where lvm2 depends on it. It starts when there is a pool to monitor.
    services.lvm.dmeventd.enable = lib.mkDefault true;
    environment.systemPackages = [ pkgs.thin-provisioning-tools ];

    assertions = [
      {
        assertion = strange == [ ];
        message = "services.proxmox-ve.lvm.filter: ${
          lib.concatMapStringsSep ", " (entry: "\"${entry}\"") strange
        }: no entry of a filter. Write \"r|REGEX|\" for what LVM leaves alone, \"a|REGEX|\" for what it looks at.";
      }
    ];
  };
}
