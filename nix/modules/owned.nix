# Settings that the configuration owns and Proxmox's code would write. The web interface rejects a
# change of them and names the option (the compiler's feature.files-of-nixos reads
# /etc/pve-nix/options).
{ config, lib, ... }:
let
  cfg = config.services.proxmox-ve;
in
{
  options.services.proxmox-ve.owned = lib.mkOption {
    type = lib.types.attrsOf lib.types.str;
    default = { };
    internal = true;
    description = "The option by which each file is made that the configuration owns.";
  };

  config = lib.mkIf cfg.enable {
    services.proxmox-ve.owned = lib.mkMerge [
      {
        "/etc/hosts" = "networking.hosts";
        "/etc/hostname" = "networking.hostName";
      }
      (lib.mkIf (
        config.networking.resolvconf.enable
        || config.services.resolved.enable
        || config.environment.etc ? "resolv.conf"
      ) { "/etc/resolv.conf" = "networking.nameservers and networking.search"; })
      # The file's name in releases before 9.1.7.
      (lib.mkIf (config.time.timeZone != null) (
        lib.genAttrs [
          "/etc/localtime"
          "/etc/timezone"
        ] (_: "time.timeZone")
      ))
      (lib.mkIf (!config.users.mutableUsers) { "/etc/shadow" = "its password in users.users"; })
    ];

    environment.etc."pve-nix/options".text = lib.concatStrings (
      lib.mapAttrsToList (path: option: "${path}\t${option}\n") cfg.owned
    );
  };
}
