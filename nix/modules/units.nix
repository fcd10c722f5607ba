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

  # Units that a switch leaves as they are, and why. All others are restarted when they change, as NixOS does it.
  untouched = {
    "watchdog-mux.service" = "stopping it with clients resets the machine";
    "lxc.service" = "stopping it stops the containers";
    "lxc-monitord.service" = "the containers that run speak to it";
    "lxc-net.service" = "stopping it takes the containers' bridge away";
    "pve-container@.service" = "a container would be restarted";
    "pve-container-debug@.service" = "a container would be restarted";
    "pve-guests.service" = "stopping it stops the guests";
    "pve-dbus-vmstate@.service" = "a migration would lose its helper";
    "pvedaemon.service" = "its tasks, backups and migrations, would be killed";
    "pve-firewall.service" = "stopping it removes its rules";
    "proxmox-firewall.service" = "stopping it removes its rules";
    "pvenetcommit.service" = "it moves a change of the network into place, which is for the next boot";
    "pve-sdn-commit.service" = "it commits what the running cluster has not asked for";
    "pve-firewall-commit.service" = "it commits what the running cluster has not asked for";
  };
  # What Debian's own units bring in time, and NixOS' by other names.
  later = {
    # Pools whose disks its guests are on.
    "pve-guests.service" = [ "zfs-import.target" ];
  };
  # The cluster's own, which `restartPolicy` decides.
  cluster = [
    "pve-cluster.service"
    "pve-ha-crm.service"
    "pve-ha-lrm.service"
  ];
  stays =
    unit: untouched ? ${unit.name} || cfg.restartPolicy == "manual" && lib.elem unit.name cluster;

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
    // lib.optionalAttrs (stays unit) {
      restartIfChanged = false;
      stopIfChanged = false;
      unitConfig.X-StopOnRemoval = false;
      # It runs on from the store path it was started from, which nothing else may hold against garbage collection.
      serviceConfig.OpenFile = "${cfg.package}/nix-support/pve-perl:pve-nix:read-only";
    };
in
{
  options.services.proxmox-ve.restartPolicy = lib.mkOption {
    type = lib.types.enum [
      "manual"
      "immediate"
    ];
    default = "manual";
    description = ''
      What a switch does to the cluster's file system and its managers of high availability. `manual`: they run on as
      they are until `systemctl restart` or the next boot. `immediate`: they are restarted when they change, which on a node
      with guests under high availability is for those who know that the cluster bears it.
    '';
  };

  config = lib.mkIf cfg.enable {
    systemd.packages = [ cfg.package ];
    systemd.services = ofKind "service" service;
    systemd.timers = ofKind "timer" common;
    systemd.targets = ofKind "target" common;
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
