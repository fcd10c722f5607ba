# What the cluster's file system asks for and upstream takes from other Debian packages: corosync, rrdcached, the
# directory it is mounted on.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.proxmox-ve;
  facts = import ./facts.nix cfg.package;
  state = "/var/lib/rrdcached";
in
{
  config = lib.mkIf (cfg.enable && facts.hasUnit "pve-cluster.service") {
    # tmpfiles fails on a mounted one.
    systemd.services.pve-cluster.serviceConfig.ExecStartPre = "${pkgs.coreutils}/bin/mkdir -p /etc/pve";

    # There is no /dev/watchdog in a container; each switch would try again, and fail.
    systemd.services.watchdog-mux = lib.mkIf (facts.hasUnit "watchdog-mux.service") {
      unitConfig.ConditionVirtualization = "!container";
    };

    # NixOS' services.corosync writes the configuration, which is the cluster's own here.
    systemd.services.corosync = {
      description = "Corosync Cluster Engine";
      documentation = [ "man:corosync" ];
      unitConfig = {
        ConditionKernelCommandLine = "!nocluster";
        ConditionPathExists = "/etc/corosync/corosync.conf";
        X-StopOnRemoval = false;
      };
      requires = [ "network-online.target" ];
      after = [ "network-online.target" ];
      wantedBy = [ "multi-user.target" ];
      restartIfChanged = cfg.restartPolicy == "immediate";
      stopIfChanged = cfg.restartPolicy == "immediate";
      serviceConfig = {
        Type = "notify";
        ExecStart = "${pkgs.corosync}/bin/corosync -f";
        ExecStop = "${pkgs.corosync}/bin/corosync-cfgtool -H --force";
        StandardError = "null";
      };
    };
    systemd.tmpfiles.rules = [
      "d /etc/corosync 0755 root root -"
      "d /etc/corosync/uidgid.d 0755 root root -"
      "d /var/lib/corosync 0755 root root -"
      "d /var/log/corosync 0755 root root -"
      "d ${state} 0755 root root -"
      "d ${state}/db 0755 root root -"
      "d ${state}/journal 0755 root root -"
    ];

    # The places are those that pmxcfs and the API have compiled in.
    systemd.services.rrdcached = {
      description = "Data caching daemon for rrdtool";
      wantedBy = [ "multi-user.target" ];
      after = [ "systemd-tmpfiles-setup.service" ];
      serviceConfig = {
        ExecStart = "${pkgs.rrdtool}/bin/rrdcached -g -B -b ${state}/db/ -j ${state}/journal/ -p /run/rrdcached.pid -l unix:/run/rrdcached.sock";
        Restart = "on-failure";
      };
    };
  };
}
