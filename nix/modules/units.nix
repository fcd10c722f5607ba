# Upstream's units as drop-ins: the targets that pull them in, and the effect of a switch on them.
#
# Every service has `path = [ ]`, because NixOS' default would override the PATH that the link wrote
# into the unit.
{ config, lib, ... }:
let
  cfg = config.services.proxmox-ve;
  facts = import ./facts.nix cfg.package;

  # Units that are not wanted here, with the reasons.
  left = lib.optionalAttrs (cfg.network.backend == "declared") {
    "pvenetcommit.service" =
      "the network is NixOS': nothing moves /etc/network/interfaces.new over its description";
  };

  # Units that a switch leaves alone although upstream's upgrade does not, with the reasons. Its
  # effect on all others is upstream's own: `onUpgrade`.
  untouched = {
    "lxc.service" = "stopping it stops the containers";
    "lxc-monitord.service" = "the containers that run speak to it";
    "lxc-net.service" = "stopping it takes the containers' bridge away";
  };
  # Units that a switch reloads although upstream does not support it, with the reasons. Their
  # modules say how.
  reloaded = {
    "proxmox-firewall.service" = "stopping it removes its rules (firewall.nix)";
  };
  # Units that keep running when the module leaves the configuration, in addition to those that a
  # switch never stops, with the reasons.
  outliving = {
    "pvedaemon.service" = "its tasks, backups and migrations, would be killed";
    "pve-firewall.service" = "stopping it removes its rules";
    "proxmox-firewall.service" = "stopping it removes its rules";
  };
  # Dependencies of Debian's own units, under NixOS' names.
  later = {
    # Pools that contain guests' disks.
    "pve-guests.service" = [ "zfs-import.target" ];
    # Debian's open-iscsi; multipathd, and the pools of storages.
    "pve-storage.target" = [
      "iscsid.service"
      "multipathd.service"
      "zfs-import.target"
    ];
    # Debian's ssh.
    "pve-ha-lrm.service" = [ "sshd.service" ];
    "pveproxy.service" = [ "sshd.service" ];
  };
  # The cluster's own units, in the order of a staged restart. Upstream restarts the LRM first, or a
  # node with highly available resources would wait for itself.
  staged = [
    "pve-ha-lrm.service"
    "pve-ha-crm.service"
    "pve-cluster.service"
  ];
  onSwitch =
    unit:
    if untouched ? ${unit.name} then
      "none"
    else if reloaded ? ${unit.name} then
      "reload"
    else if lib.elem unit.name staged && cfg.restartPolicy != "immediate" then
      "staged"
    else
      unit.onUpgrade;

  split = builtins.match "(.*)\\.([a-z]+)";
  units = lib.filter (unit: !(left ? ${unit.name})) facts.system.units;
  ofKind =
    kind: make:
    lib.listToAttrs (
      lib.concatMap (
        unit:
        let
          parts = split unit.name;
        in
        lib.optional (lib.elemAt parts 1 == kind) (lib.nameValuePair (lib.head parts) (make unit))
      ) units
    );

  # If the source lacks the unit's file (LXC's are in a submodule), the targets of an enabled unit
  # are unknown. Assume the usual one.
  wantedBy = unit: if unit.file == null then [ "multi-user.target" ] else unit.wantedBy;
  common = unit: {
    overrideStrategy = "asDropin";
    wantedBy = lib.optionals unit.enable (wantedBy unit);
    requiredBy = lib.optionals unit.enable unit.requiredBy;
    aliases = lib.optionals unit.enable unit.aliases;
  };
  service =
    unit:
    common unit
    // {
      path = lib.mkForce [ ];
      # Units without the default dependencies would start before their directories exist.
      after = [ "systemd-tmpfiles-setup.service" ] ++ later.${unit.name} or [ ];
    }
    // behaviour unit (onSwitch unit);
  behaviour =
    unit: what:
    {
      # A process keeps running from the store path from which it was started. The open file
      # protects that path from garbage collection.
      serviceConfig.OpenFile = "${cfg.package}/nix-support/pve-perl:pve-nix:read-only";
      restartIfChanged = what == "restart" || what == "reload";
      reloadIfChanged = what == "reload";
      stopIfChanged = what == "restart";
    }
    // lib.optionalAttrs (what == "none" || lib.elem unit.name staged || outliving ? ${unit.name}) {
      unitConfig.X-StopOnRemoval = false;
    };
in
{
  options.services.proxmox-ve = {
    restartPolicy = lib.mkOption {
      type = lib.types.enum [
        "staged"
        "immediate"
        "manual"
      ];
      default = "staged";
      description = ''
        How a switch treats pmxcfs, the two managers of high availability and corosync. `staged`: they keep running, and
        `pve-nix-restarts.service` restarts those that changed, one after the other. In a cluster it waits for a quorum and takes the
        cluster's lock first. Until then `pvenix status` lists them. `manual`: they keep running until you call `pvenix restarts` or
        `systemctl restart`, or until the next boot. `immediate`: the switch itself restarts them. On a node with guests under high
        availability, choose this only if you know that the cluster survives it.
      '';
    };

    onSwitch = lib.mkOption {
      type = lib.types.attrsOf lib.types.str;
      internal = true;
      readOnly = true;
      default = lib.listToAttrs (
        map (unit: lib.nameValuePair unit.name (onSwitch unit)) (
          lib.filter (unit: lib.hasSuffix ".service" unit.name) units
        )
      );
      description = "What a switch does to each of upstream's services.";
    };
  };

  config = lib.mkIf cfg.enable {
    systemd.packages = [ cfg.package ];
    systemd.services = ofKind "service" service;
    systemd.timers = ofKind "timer" common;
    systemd.targets = ofKind "target" (unit: common unit // { after = later.${unit.name} or [ ]; });
    systemd.sockets = ofKind "socket" common;
    # Stopping a slice ends the guests in it.
    systemd.slices = ofKind "slice" (
      unit:
      removeAttrs (common unit) [ "aliases" ]
      // {
        unitConfig.X-StopOnRemoval = false;
      }
    );
  };
}
