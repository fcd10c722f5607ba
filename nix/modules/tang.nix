# This machine's Tang server, by which the other nodes unlock their disks. Serves machines without Proxmox VE, too (docs/unlock.md).
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.proxmox-ve.tang;
  inherit (import ./addresses.nix) isAddress isNetwork isV6;
  port = toString cfg.port;
  strangers = lib.filter (network: !(isAddress network || isNetwork network)) cfg.allow;
  everybody = lib.filter (network: lib.hasSuffix "/0" network) cfg.allow;
  family = network: if isV6 network then "ip6" else "ip";
in
{
  options.services.proxmox-ve.tang = {
    enable = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = ''
        Whether this machine helps others to unlock their disks: NixOS' `services.tang`, started when somebody asks. It makes its keys when it
        first starts and keeps them in `/var/lib/tang`; `pvenix unlock rotate` replaces them.
      '';
    };

    allow = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      example = [ "192.0.2.0/24" ];
      description = "Addresses and networks that it answers. systemd drops everybody else's packets, and NixOS' firewall lets these through.";
    };

    port = lib.mkOption {
      type = lib.types.int;
      default = 7654;
      description = "The TCP port it listens on.";
    };

    retired = lib.mkOption {
      type = lib.types.str;
      default = "/var/lib/pve-nix/tang-retired";
      description = "Where keys go that `pvenix unlock rotate` has replaced. Whoever has them opens what they opened: remove them once no backup of a disk needs them.";
    };
  };

  config = lib.mkIf cfg.enable {
    services.tang = {
      enable = true;
      listenStream = [ port ];
      ipAddressAllow = cfg.allow;
    };
    # `jose` shows and makes keys.
    environment.systemPackages = [ pkgs.jose ];
    networking.firewall = {
      extraInputRules = lib.mkIf config.networking.nftables.enable (
        lib.concatMapStrings (network: ''
          ${family network} saddr ${network} tcp dport ${port} accept
        '') cfg.allow
      );
      extraCommands = lib.mkIf (!config.networking.nftables.enable) (
        lib.concatMapStrings (network: ''
          ${
            if isV6 network then "ip6tables" else "iptables"
          } -A nixos-fw -s ${network} -p tcp --dport ${port} -j nixos-fw-accept
        '') cfg.allow
      );
    };
    systemd.services."tangd@".serviceConfig = {
      LimitCORE = 0;
      # NixOS gives all its instances one directory: whoever ends first would take it away from one that starts.
      RuntimeDirectoryPreserve = true;
    };

    assertions = [
      {
        assertion = cfg.allow != [ ];
        message = "services.proxmox-ve.tang.allow: Tang answers nobody. Write the network of the other nodes, such as [ \"192.0.2.0/24\" ], or set services.proxmox-ve.tang.enable = false.";
      }
      {
        assertion = strangers == [ ];
        message = "services.proxmox-ve.tang.allow: ${
          lib.concatMapStringsSep ", " (network: "\"${network}\"") strangers
        }: no address and no network. Write such as \"192.0.2.0/24\" or \"2001:db8::10\".";
      }
      {
        assertion = everybody == [ ];
        message = "services.proxmox-ve.tang.allow: ${lib.concatStringsSep ", " everybody} is everybody: a stolen disk would open wherever it has a network. Write the network of the other nodes.";
      }
    ];
  };
}
