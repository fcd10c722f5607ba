# High availability: whether this node takes part, and the watchdog that ends it when it must not run its guests any more. The managers,
# their resources and rules are Proxmox's own; a switch restarts the managers in stages and never the watchdog (units.nix).
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.services.proxmox-ve;
  facts = import ./facts.nix cfg.package;
  has = facts.hasUnit "watchdog-mux.service";
  managers = lib.filter facts.hasUnit [
    "pve-ha-crm.service"
    "pve-ha-lrm.service"
  ];
in
{
  options.services.proxmox-ve.ha = {
    enable = mkOption {
      type = types.bool;
      default = true;
      description = "Whether this node runs the managers of high availability. They have nothing to do, and use no watchdog, until a guest is put under it. Switched off, they run on until the next boot, as guests may depend on them.";
    };
    watchdogModule = mkOption {
      type = types.str;
      default = "softdog";
      example = "ipmi_watchdog";
      description = "The kernel module of the watchdog. It takes effect with the next boot. Where the kernel has found a watchdog by itself before, that one is `/dev/watchdog`, and is used; `boot.blacklistedKernelModules` keeps it away.";
    };
  };

  config = lib.mkIf (cfg.enable && has) {
    boot.kernelModules = lib.mkIf cfg.ha.enable [ cfg.ha.watchdogModule ];
    systemd.services = {
      watchdog-mux = {
        # Loaded before it looks: it would load upstream's default, and only where no watchdog is there.
        after = [ "systemd-modules-load.service" ];
        serviceConfig.Environment = "WATCHDOG_MODULE=${cfg.ha.watchdogModule}";
        # There is no /dev/watchdog in a container; each switch would try again, and fail.
        unitConfig.ConditionVirtualization = "!container";
      };
    }
    // lib.listToAttrs (
      map (
        unit:
        lib.nameValuePair (lib.removeSuffix ".service" unit) (
          lib.mkIf (!cfg.ha.enable) {
            wantedBy = lib.mkForce [ ];
          }
        )
      ) managers
    );
  };
}
