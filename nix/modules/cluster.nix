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

  # Where pmxcfs is mounted. /etc/pve leads there: NixOS' activation walks all of /etc but follows no link, so that a pmxcfs
  # that does not answer cannot hold a switch after its units have been stopped.
  mountPoint = "/run/pve-nix/cluster";
  prepare = pkgs.writeShellScript "pve-cluster-mount-point" ''
    PATH=${
      lib.makeBinPath [
        pkgs.coreutils
        pkgs.util-linux
      ]
    }
    # What a pmxcfs that was killed left behind: any look at it fails.
    while umount --lazy /etc/pve 2>/dev/null; do :; done
    mkdir -p ${mountPoint}
    # A directory of an earlier configuration is empty where nothing is mounted on it.
    [ -L /etc/pve ] || rmdir /etc/pve 2>/dev/null
    [ -e /etc/pve ] || ln -sfn ${mountPoint} /etc/pve
    [ "$(readlink /etc/pve)" = ${mountPoint} ] ||
      echo "/etc/pve is no link to ${mountPoint}: while pmxcfs does not answer, a switch waits for it. Move what it holds away and restart pve-cluster."
    exit 0
  '';
in
{
  config = lib.mkIf (cfg.enable && facts.hasUnit "pve-cluster.service") {
    systemd.services.pve-cluster.serviceConfig.ExecStartPre = prepare;

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
