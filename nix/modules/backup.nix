# /etc/vzdump.conf: defaults for backups.
{
  config,
  lib,
  pkgs,
  ...
}:
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
    description = "Entries of /etc/vzdump.conf, the defaults of every backup of this node (`man vzdump`). Upstream's own schema checks them while the system is built.";
  };

  config = lib.mkIf (cfg.enable && cfg.vzdump != { }) {
    environment.etc."vzdump.conf".text = lib.concatStrings (
      lib.mapAttrsToList (name: value: "${name}: ${value}\n") cfg.vzdump
    );
    services.proxmox-ve.owned."/etc/vzdump.conf" = "services.proxmox-ve.vzdump";
    # Checked with upstream's schema and the link's Perl, before a switch starts.
    system.checks = [
      (pkgs.runCommand "vzdump-check" { } ''
        perl=$(cat ${cfg.package}/nix-support/pve-perl)
        $perl -I${cfg.package}/lib/perl5/site_perl ${./vzdump-check.pl} \
          <${pkgs.writeText "vzdump.json" (builtins.toJSON cfg.vzdump)}
        touch $out
      '')
    ];
  };
}
