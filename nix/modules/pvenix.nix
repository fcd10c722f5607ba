# The program on the node: work that a switch leaves for later, and the path from which daemons
# re-execute themselves.
{
  config,
  lib,
  options,
  pkgs,
  ...
}:
let
  cfg = config.services.proxmox-ve;
  facts = import ./facts.nix cfg.package;
  hasCluster = facts.hasUnit "pve-cluster.service";
  staged = lib.filter (unit: cfg.onSwitch.${unit} or null == "staged") [
    "pve-ha-lrm.service"
    "pve-ha-crm.service"
    "pve-cluster.service"
  ];
  corosync = hasCluster && cfg.restartPolicy != "immediate";
  declaration = {
    inherit (cfg) address restartPolicy;
    package = "${cfg.package}";
    inherit (cfg.package) version;
    units =
      cfg.onSwitch
      // lib.optionalAttrs hasCluster {
        "corosync.service" = if corosync then "staged" else "restart";
        "rrdcached.service" = "restart";
      };
    staged = staged ++ lib.optional corosync "corosync.service";
    programs = lib.optionalAttrs hasCluster {
      "corosync.service" = "${pkgs.corosync}/bin/corosync";
      "rrdcached.service" = "${pkgs.rrdtool}/bin/rrdcached";
    };
    bridges = lib.mapAttrs (_: bridge: {
      inherit (bridge)
        ports
        addresses
        mtu
        vlanAware
        stp
        ;
    }) (lib.optionalAttrs (cfg.network.backend == "declared") cfg.network.bridges);
  }
  // lib.optionalAttrs (cfg.cluster.nodes != { }) {
    cluster = {
      inherit (cfg.cluster) name bootstrap nodes;
      node = config.networking.hostName;
    };
  };
  file = "pve-nix/node.json";
in
{
  options.services.proxmox-ve.pvenix = lib.mkOption {
    type = lib.types.package;
    default = pkgs.pvenix;
    defaultText = lib.literalExpression "pkgs.pvenix";
    description = "The program that shows what a node runs (`pvenix status`) and does the staged restart.";
  };

  config = lib.mkIf cfg.enable (
    {
      environment.systemPackages = [ cfg.pvenix ];
      environment.etc.${file}.text = builtins.toJSON declaration;

      # A reloaded daemon executes itself from here. The link stays when the module leaves the
      # configuration, or running daemons could not find themselves.
      systemd.tmpfiles.rules = [
        "d /run/pve-nix 0755 root root -"
        "L+ /run/pve-nix/pve - - - - ${cfg.package}"
      ];

      # A switch that changes what it names starts it. The switch does not wait for the cluster.
      systemd.services.pve-nix-restarts = lib.mkIf (hasCluster && cfg.restartPolicy == "staged") {
        description = "Staged restart of the cluster's own daemons";
        wantedBy = [ "multi-user.target" ];
        after = [
          "pve-cluster.service"
          "corosync.service"
          "pve-ha-crm.service"
          "pve-ha-lrm.service"
        ];
        restartTriggers = [ (builtins.toJSON declaration) ];
        stopIfChanged = false;
        startLimitIntervalSec = 0;
        path = [ pkgs.iproute2 ];
        serviceConfig = {
          Type = "exec";
          RemainAfterExit = true;
          # Without a quorum, or while another node holds the lock, it waits instead of failing,
          # which a switch would report.
          ExecStart = "${cfg.pvenix}/bin/pvenix restarts --wait";
          Restart = "on-failure";
          RestartSec = 30;
          # If a daemon does not come back, the ones after it are left alone, also by later runs.
          RestartPreventExitStatus = 2;
        };
      };
    }
    // lib.optionalAttrs (options ? system.preSwitchChecks) {
      system.preSwitchChecks.proxmox-ve = ''
        if [ -e /etc/${file} ] && [ -e "$1/etc/${file}" ] && [ "$2" != boot ]; then
          ${cfg.pvenix}/bin/pvenix may-switch "$1/etc/${file}"
        fi
      '';
    }
  );
}
