# Proxmox's firewall beside NixOS': both check each packet, and a packet that either drops is dropped.
#
# Upstream has two. pve-firewall writes rules of iptables (old tables, from the link) and passes
# guests' packets through them with br_netfilter. proxmox-firewall writes rules of nftables, with a
# table of its own for bridges. An option of the host in the web interface (`nftables`, kept in
# /etc/pve) selects one of them; this module provides what the machine needs for it.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.proxmox-ve;
  facts = import ./facts.nix cfg.package;
  inherit (cfg.firewall) backend;
  inherit (config.networking) firewall;

  unitOf = {
    iptables = "pve-firewall.service";
    nftables = "proxmox-firewall.service";
  };
  other = if backend == "iptables" then "nftables" else "iptables";
  has = one: facts.hasUnit unitOf.${one};
  # Packets between a bridge's ports pass the node's rules only through br_netfilter.
  bridged = backend == "iptables" && has backend && firewall.enable;
  # NixOS' firewall of iptables in the tables that pve-firewall writes to: whichever stands first decides alone there.
  shared =
    bridged
    && !config.networking.nftables.enable
    && pkgs ? iptables-legacy
    && toString firewall.package == toString pkgs.iptables-legacy;
  # Upstream's file turns these off, and pve-firewall turns them on with its rules.
  bridgeKeys = lib.filter (lib.hasPrefix "net.bridge.") (lib.attrNames facts.system.sysctls);
in
{
  options.services.proxmox-ve.firewall.backend = lib.mkOption {
    type = lib.types.enum [
      "iptables"
      "nftables"
    ];
    default = "iptables";
    description = ''
      Which of Proxmox's two firewalls this machine is made ready for. Which of them works is said in the web interface: the node's
      Firewall, Options, "nftables", whose default is `iptables` as here; set both alike. `iptables` needs a kernel with the old
      tables of iptables, and NixOS' firewall must let guests' bridged packets pass. `nftables` needs neither; prefer it together with
      `networking.nftables.enable`, where a change of NixOS' own rules leaves no moment without them.
    '';
  };

  config = lib.mkIf cfg.enable {
    # Upstream's machine-wide setting (`rp_filter`), which NixOS' firewall implements with rules of
    # its own. It has a lower priority than any other setting, including NixOS' for kernels that do
    # not support it.
    networking.firewall.checkReversePath = lib.mkIf (
      facts.system.sysctls."net.ipv4.conf.all.rp_filter" or null == "2"
    ) (lib.mkOverride 1100 "loose");

    # The rules for guests use connection tracking across a bridge.
    boot.kernelModules = lib.mkIf (backend == "nftables" && has backend) [ "nf_conntrack_bridge" ];

    # When it is asked to stop, it removes its rules; when killed, it leaves them. So a reload kills
    # it, and systemd starts the new build, which replaces the existing rules. Stopping it removes
    # them as usual.
    systemd.services.proxmox-firewall = lib.mkIf (has "nftables") {
      serviceConfig = {
        ExecReload = "${pkgs.coreutils}/bin/kill -KILL $MAINPID";
        Restart = "on-failure";
        # A reload is complete once the new process runs without a failure in between.
        RestartMode = "direct";
        RestartSec = "100ms";
      };
    };

    # A switch to other kernel parameters sets all of them again. While pve-firewall runs, those of bridges stay as it set them:
    # else guests' packets would pass its rules by until it looks again.
    systemd.services.systemd-sysctl = lib.mkIf (bridgeKeys != [ ] && has "iptables") {
      serviceConfig.ExecStartPre = pkgs.writeShellScript "pve-nix-bridge-sysctls" ''
        kept=/run/sysctl.d/zz-pve-firewall.conf
        ${pkgs.coreutils}/bin/rm -f $kept
        ${pkgs.systemd}/bin/systemctl --quiet is-active ${unitOf.iptables} || exit 0
        ${pkgs.coreutils}/bin/mkdir -p /run/sysctl.d
        for key in ${lib.escapeShellArgs bridgeKeys}; do
          file=/proc/sys/''${key//.//}
          if [ -e "$file" ]; then echo "$key = $(<"$file")"; fi
        done >$kept
      '';
    };

    assertions = [
      {
        assertion = !shared;
        message = "networking.firewall.package = pkgs.iptables-legacy puts NixOS' rules into the tables of Proxmox's firewall (services.proxmox-ve.firewall.backend = \"iptables\") and before its rules, so that what NixOS accepts is never asked of Proxmox. Remove networking.firewall.package, set networking.nftables.enable = true, or services.proxmox-ve.firewall.backend = \"nftables\".";
      }
      {
        assertion = has backend || !has other;
        message = "services.proxmox-ve.firewall.backend = \"${backend}\": ${cfg.package.name} has no ${unitOf.${backend}}. Take a package whose roots hold it, or set services.proxmox-ve.firewall.backend = \"${other}\".";
      }
      {
        assertion = !bridged || firewall.checkReversePath == "loose" || firewall.checkReversePath == false;
        message = "services.proxmox-ve.firewall.backend = \"iptables\" has guests' bridged packets pass NixOS' firewall, and networking.firewall.checkReversePath drops those of guests in other networks than the node's. Set networking.firewall.checkReversePath = \"loose\" or false, or services.proxmox-ve.firewall.backend = \"nftables\".";
      }
      {
        assertion = !bridged || !firewall.filterForward;
        message = "services.proxmox-ve.firewall.backend = \"iptables\" has guests' bridged packets pass NixOS' firewall, and networking.firewall.filterForward drops them. Set networking.firewall.filterForward = false, or services.proxmox-ve.firewall.backend = \"nftables\".";
      }
    ];
  };
}
