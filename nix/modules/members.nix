# A declared cluster: its nodes, and the service that makes this node a member.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.services.proxmox-ve;
  cluster = cfg.cluster;
  facts = import ./facts.nix cfg.package;
  inherit (import ./addresses.nix) isAddress;
  declared = cluster.nodes != { };
  own = config.networking.hostName;
  names = lib.attrNames cluster.nodes;
  others = lib.filter (name: name != own) names;

  doubled =
    values: lib.filter (value: lib.count (other: other == value) values > 1) (lib.unique values);
  ids = map (name: cluster.nodes.${name}.nodeId) names;
  links = lib.concatMap (name: cluster.nodes.${name}.links) names;
  linkCounts = lib.unique (map (name: lib.length cluster.nodes.${name}.links) names);

  node.options = {
    nodeId = mkOption {
      type = types.int;
      example = 1;
      description = "Its number in the cluster. It stays the node's for good.";
    };
    links = mkOption {
      type = types.listOf types.str;
      example = [ "192.0.2.10" ];
      description = "Its addresses, one for each of Corosync's links (at most eight).";
    };
    votes = mkOption {
      type = types.int;
      default = 1;
      description = "How many votes it has.";
    };
  };
in
{
  options.services.proxmox-ve.cluster = {
    name = mkOption {
      type = types.str;
      default = "cluster";
      example = "hive";
      description = "The cluster's name, at most 15 letters, digits and hyphens.";
    };
    nodes = mkOption {
      type = types.attrsOf (types.submodule node);
      default = { };
      description = "The cluster's nodes, by host name: the same on all of them. A node that is declared and not a member joins when it runs; one that is no longer declared stays a member until `pvecm delnode`. Without nodes, a cluster is made with Proxmox's own commands.";
    };
    bootstrap = mkOption {
      type = types.str;
      example = "alpha";
      description = "The node that creates the cluster. It may have guests; the others must have none when they join.";
    };
    authkeyFile = mkOption {
      type = types.str;
      example = "/run/keys/corosync";
      description = "A file with the cluster's key, the same on each node, as `corosync-keygen -k FILE` makes it. It is read when the node joins, and is not copied into the store.";
    };
  };

  config = lib.mkIf (cfg.enable && declared) {
    assertions = [
      {
        assertion = facts.hasUnit "pve-cluster.service";
        message = "services.proxmox-ve.cluster: the package has no pve-cluster. Take a link that has it, such as pkgs.pve.";
      }
      {
        assertion = builtins.match "[a-zA-Z0-9]([a-zA-Z0-9-]{0,13}[a-zA-Z0-9])?" cluster.name != null;
        message = "services.proxmox-ve.cluster.name: \"${cluster.name}\" is no name of a cluster. Write at most 15 letters, digits and hyphens, with a letter or digit at both ends.";
      }
      {
        assertion = cluster.nodes ? ${own};
        message = "services.proxmox-ve.cluster.nodes: this machine, \"${own}\" (networking.hostName), is not among ${lib.concatStringsSep ", " names}. Add it.";
      }
      {
        assertion = cluster.nodes ? ${cluster.bootstrap};
        message = "services.proxmox-ve.cluster.bootstrap: \"${cluster.bootstrap}\" is none of ${lib.concatStringsSep ", " names}. Name the node that creates the cluster.";
      }
      {
        assertion = lib.all (
          name: cluster.nodes.${name}.nodeId > 0 && cluster.nodes.${name}.votes >= 0
        ) names;
        message = "services.proxmox-ve.cluster.nodes: a nodeId is 1 or more, and votes are not negative.";
      }
      {
        assertion = doubled ids == [ ];
        message = "services.proxmox-ve.cluster.nodes: the number ${toString (doubled ids)} is that of two nodes. Give each a nodeId of its own.";
      }
      {
        assertion = doubled links == [ ];
        message = "services.proxmox-ve.cluster.nodes: the address ${toString (doubled links)} is a link twice. Give each link an address of its own.";
      }
      {
        assertion = lib.length linkCounts == 1 && lib.all (count: count > 0 && count <= 8) linkCounts;
        message = "services.proxmox-ve.cluster.nodes: each node has the same number of links, from one to eight. Write as many addresses for each.";
      }
      {
        assertion = lib.all isAddress links;
        message = "services.proxmox-ve.cluster.nodes: ${
          lib.concatMapStringsSep ", " (link: "\"${link}\"") (lib.filter (link: !isAddress link) links)
        }: no address. Write such as \"192.0.2.10\".";
      }
    ];

    # The ports that a cluster's nodes use among themselves.
    services.proxmox-ve.openFirewallFrom = lib.filter isAddress (
      lib.concatMap (name: cluster.nodes.${name}.links) others
    );

    # It keeps running to answer nodes that call. A switch does not wait for it.
    systemd.services.pve-nix-cluster = {
      description = "Membership of the declared cluster ${cluster.name}";
      wantedBy = [ "multi-user.target" ];
      wants = [ "network-online.target" ];
      after = [
        "network-online.target"
        "pve-cluster.service"
        "corosync.service"
        # pveproxy's start makes the node's certificates, and so does the creation of a cluster.
        # They must not run at the same time.
        "pveproxy.service"
      ];
      restartTriggers = [ (builtins.toJSON cluster) ];
      stopIfChanged = false;
      startLimitIntervalSec = 0;
      path = [
        cfg.package
        config.systemd.package
        pkgs.sqlite
      ];
      serviceConfig = {
        Type = "exec";
        LoadCredential = "key:${cluster.authkeyFile}";
        ExecStart = "${cfg.pvenix}/bin/pvenix cluster form --key %d/key";
        Restart = "on-failure";
        RestartSec = 30;
      };
    };
  };
}
