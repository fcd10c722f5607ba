# The needs of the cluster's file system that upstream takes from other Debian packages: corosync,
# rrdcached, and its mount point.
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

  # The mount point of pmxcfs, to which /etc/pve is a link. NixOS' activation walks all of /etc but
  # follows no links, so a pmxcfs that does not answer cannot block a switch after its units have
  # been stopped.
  mountPoint = "/run/pve-nix/cluster";
  prepare = pkgs.writeShellScript "pve-cluster-mount-point" ''
    PATH=${
      lib.makeBinPath [
        pkgs.coreutils
        pkgs.util-linux
      ]
    }
    # A killed pmxcfs leaves its mount behind, and every access to it fails.
    while umount --lazy /etc/pve 2>/dev/null; do :; done
    # Move files that were written while nothing was mounted out of the way, and keep them.
    for place in /etc/pve ${mountPoint}; do
      if [ -d $place ] && [ ! -L $place ] && ! rmdir $place; then
        kept=/var/lib/pve-cluster/not-mounted-$(date +%s)
        echo "$place held files while nothing was mounted there: they are in $kept"
        mkdir -p /var/lib/pve-cluster && mv $place $kept || exit 1
      fi
    done
    mkdir -p ${mountPoint}
    ln -sfn ${mountPoint} /etc/pve
    exit 0
  '';
in
{
  config = lib.mkIf (cfg.enable && facts.hasUnit "pve-cluster.service") {
    systemd.services.pve-cluster.serviceConfig.ExecStartPre = prepare;

    # corosync-quorumtool and corosync-cfgtool, for administrators.
    environment.systemPackages = [ pkgs.corosync ];

    # NixOS' services.corosync writes the configuration, which belongs to the cluster here.
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
        # A node whose corosync ended is without a quorum, and its watchdog ends it after a minute, guests and all.
        Restart = "on-failure";
        RestartSec = 1;
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

    # pmxcfs and the API have these paths compiled in.
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
