# Directories that upstream's packages create.
{ config, lib, ... }:
let
  cfg = config.services.proxmox-ve;
  facts = import ./facts.nix cfg.package;

  # Directories that are not created here, with the reasons.
  left = {
    "/etc/pve" = "the cluster's file system is mounted there (cluster.nix)";
    "/etc/apt/auth.conf.d" = "there is no APT";
  };
  wanted = lib.filter (directory: !(left ? ${directory.path})) facts.system.directories;
in
{
  config = lib.mkIf cfg.enable {
    systemd.tmpfiles.rules =
      map (
        directory:
        "d ${
          lib.escape [ " " "%" ] directory.path
        } ${directory.mode} ${directory.owner} ${directory.group} -"
      ) wanted
      # Debian's mode, because daemons other than root's create locks there.
      ++ [ "d /run/lock 1777 root root -" ];
  };
}
