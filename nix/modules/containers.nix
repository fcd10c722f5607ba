# Containers: lxcfs, which shows each container its own share of /proc.
{ config, lib, ... }:
let
  cfg = config.services.proxmox-ve;
  facts = import ./facts.nix cfg.package;
in
{
  options.services.proxmox-ve.containers.enable = lib.mkOption {
    type = lib.types.bool;
    default = facts.hasUnit "pve-container@.service";
    defaultText = lib.literalMD "whether the package has a part for containers";
    description = "Whether this node runs containers. lxcfs is started for them.";
  };

  config = lib.mkIf (cfg.enable && cfg.containers.enable) {
    virtualisation.lxc.lxcfs.enable = true;
    # Running containers have its files open.
    systemd.services.lxcfs = {
      restartIfChanged = false;
      stopIfChanged = false;
      unitConfig.X-StopOnRemoval = false;
    };

    assertions = [
      {
        assertion = facts.hasUnit "pve-container@.service";
        message = "services.proxmox-ve.containers.enable: ${cfg.package.name} has no part for containers. Take a package whose roots hold pve-container, or set services.proxmox-ve.containers.enable = false.";
      }
    ];
  };
}
