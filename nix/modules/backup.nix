# /etc/vzdump.conf: defaults of backups.
{ config, lib, ... }:
let
  cfg = config.services.proxmox-ve;
in
{
  options.services.proxmox-ve.vzdump = lib.mkOption {
    type = lib.types.attrsOf lib.types.str;
    default = { };
    example = {
      bwlimit = "51200";
      tmpdir = "/var/tmp";
    };
    description = "Lines of /etc/vzdump.conf, which every backup of this node begins with (`man vzdump`).";
  };

  config = lib.mkIf (cfg.enable && cfg.vzdump != { }) {
    environment.etc."vzdump.conf".text = lib.concatStrings (
      lib.mapAttrsToList (name: value: "${name}: ${value}\n") cfg.vzdump
    );
  };
}
