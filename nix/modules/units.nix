# Upstream's units, as drop-ins: what pulls them in, and what a switch of the configuration does to them.
#
# Every service has `path = [ ]`: NixOS' default would override the PATH that the link wrote into the unit.
{ config, lib, ... }:
let
  cfg = config.services.proxmox-ve;
  facts = import ./facts.nix cfg.package;

  # Units that are not wanted here, and why.
  left = lib.optionalAttrs (cfg.network.backend == "declared") {
    "pvenetcommit.service" =
      "the network is NixOS': nothing moves /etc/network/interfaces.new over its description";
  };

  # Units that a switch leaves as they are although upstream's upgrade does not, and why. What it does to all others is
  # upstream's own: `onUpgrade`.
  untouched = {
    "lxc.service" = "stopping it stops the containers";
    "lxc-monitord.service" = "the containers that run speak to it";
    "lxc-net.service" = "stopping it takes the containers' bridge away";
  };
  # Units that a switch reloads although upstream has no such thing for them, and why. Their module says how.
  reloaded = {
    "proxmox-firewall.service" = "stopping it removes its rules (firewall.nix)";
  };
  # Units that run on when the module leaves the configuration, beside those that a switch never stops, and why.
  outliving = {
    "pvedaemon.service" = "its tasks, backups and migrations, would be killed";
    "pve-firewall.service" = "stopping it removes its rules";
    "proxmox-firewall.service" = "stopping it removes its rules";
  };
  # What Debian's own units bring in time, and NixOS' by other names.
  later = {
    # Pools whose disks its guests are on.
    "pve-guests.service" = [ "zfs-import.target" ];
    # Debian's open-iscsi; multipathd, and the pools that storages are on.
    "pve-storage.target" = [
      "iscsid.service"
      "multipathd.service"
      "zfs-import.target"
    ];
    # Debian's ssh.
    "pve-ha-lrm.service" = [ "sshd.service" ];
    "pveproxy.service" = [ "sshd.service" ];
  };
  # The cluster's own, in the order of a staged restart: upstream restarts the LRM first, or a node with resources under high
  # availability waits for itself.
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

  # Where the source does not hold the unit's file (LXC's are a submodule's), what an enabled one is wanted by is not known, and
  # taken for what it nearly always is.
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
      # Those without the usual dependencies would start before their directories are there.
      after = [ "systemd-tmpfiles-setup.service" ] ++ later.${unit.name} or [ ];
    }
    // behaviour unit (onSwitch unit);
  behaviour =
    unit: what:
    {
      # A process runs on from the store path it was started from, which nothing else may hold against garbage collection.
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
