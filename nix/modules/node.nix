# The node itself: package, name and address, and invalid configurations.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.proxmox-ve;
  release = lib.removePrefix "pve-" (
    lib.removeSuffix "\n" (builtins.readFile ../../releases/default)
  );
  name = config.networking.hostName;
  inherit (config.networking) domain;
  names = lib.optional (domain != null && domain != "") "${name}.${domain}" ++ [ name ];

  isLoopback = address: lib.hasPrefix "127." address || address == "::1" || address == "localhost";
  inherit (import ./addresses.nix) isAddress isNetwork isV6;

  # The addresses that the configuration assigns to this machine; unknown with DHCP.
  ownAddresses =
    let
      plain = address: lib.head (lib.splitString "/" address);
      interfaces = lib.attrValues config.networking.interfaces;
      of = family: lib.concatMap (one: map (own: own.address) one.${family}.addresses) interfaces;
    in
    of "ipv4"
    ++ of "ipv6"
    ++ lib.concatMap (network: map plain network.address) (
      lib.attrValues config.systemd.network.networks
    );
  isDynamic =
    config.networking.useDHCP
    || lib.any (one: one.useDHCP or null == true) (lib.attrValues config.networking.interfaces)
    || lib.any (network: network.networkConfig.DHCP or false != false) (
      lib.attrValues config.systemd.network.networks
    );
  # IPv6 addresses with omitted zeros have several notations. Only identical ones are recognised.
  isElsewhere =
    !isDynamic && ownAddresses != [ ] && !(isV6 cfg.address) && !(lib.elem cfg.address ownAddresses);
  strangers = lib.filter (peer: !(isAddress peer || isNetwork peer)) cfg.openFirewallFrom;

  # The ports that a cluster's nodes use among themselves: ssh, corosync, migration, consoles, and
  # the API and SPICE of guests on other nodes, to which the browser's node forwards.
  peerPorts = {
    tcp = [
      "22"
      "3128"
      "5900-5999"
      "8006"
      "60000-60050"
    ];
    # Corosync's eight links, and before them the call of a node that wants to join (pvenix).
    udp = [ "5404-5412" ];
  };
  # One rule for each peer, protocol and range, in the syntax of the active firewall.
  nftRules = lib.concatMapStrings (
    peer:
    lib.concatStrings (
      lib.mapAttrsToList (protocol: ports: ''
        ${
          if isV6 peer then "ip6" else "ip"
        } saddr ${peer} ${protocol} dport { ${lib.concatStringsSep ", " ports} } accept
      '') peerPorts
    )
  ) cfg.openFirewallFrom;
  iptablesRules = lib.concatMapStrings (
    peer:
    lib.concatStrings (
      lib.mapAttrsToList (
        protocol: ports:
        lib.concatMapStrings (range: ''
          ${if isV6 peer then "ip6tables" else "iptables"} -A nixos-fw -s ${peer} -p ${protocol} --dport ${
            builtins.replaceStrings [ "-" ] [ ":" ] range
          } -j nixos-fw-accept
        '') ports
      ) peerPorts
    )
  ) cfg.openFirewallFrom;
in
{
  options.services.proxmox-ve = {
    enable = lib.mkEnableOption "Proxmox VE, which makes this machine a node";

    package = lib.mkOption {
      type = lib.types.package;
      # If NixOS manages the network, /etc/network/interfaces only describes it, and "Apply" must
      # not run ifreload on it.
      default =
        if cfg.network.backend == "ifupdown2" then
          pkgs.pveReleases.${release}.pve
        else
          (pkgs.pveReleases.${release}.overrideScope (_: _: { ifupdown2 = null; })).pve;
      defaultText = lib.literalMD "`pkgs.pve`, without ifupdown2 where `network.backend` is `declared`";
      description = "The link of everything: programs, units, web interface. Its `pveSystem` says which units, users, directories and settings the machine must have.";
    };

    address = lib.mkOption {
      type = lib.types.str;
      example = "192.0.2.10";
      description = "The address that the host name resolves to, and by which the other nodes know this one.";
    };

    openFirewall = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = "Whether NixOS' firewall lets everybody reach the web interface (8006) and the SPICE proxy (3128).";
    };

    openFirewallFrom = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      example = [ "192.0.2.0/24" ];
      description = "Addresses and networks of the other nodes. NixOS' firewall lets them reach ssh, corosync, migration, consoles and the API; `openFirewall` opens the web interface to everybody.";
    };
  };

  config = lib.mkIf cfg.enable {
    environment.systemPackages = [ cfg.package ];

    # pmxcfs rejects a name that leads to a loopback address, as it does by NixOS' default.
    networking.hosts = {
      "127.0.0.2" = lib.mkForce [ ];
      "::1" = lib.mkForce [ ];
      ${cfg.address} = names;
    };

    networking.firewall = {
      allowedTCPPorts = lib.optionals cfg.openFirewall [
        8006
        3128
      ];
      extraInputRules = lib.mkIf config.networking.nftables.enable nftRules;
      extraCommands = lib.mkIf (!config.networking.nftables.enable) iptablesRules;
    };

    assertions = [
      {
        assertion = !isLoopback cfg.address;
        message = "services.proxmox-ve.address: ${cfg.address} is loopback, by which no other node finds this one. Write an address of one of its interfaces, such as \"192.0.2.10\".";
      }
      {
        assertion = isLoopback cfg.address || isAddress cfg.address;
        message = "services.proxmox-ve.address: \"${cfg.address}\" is no address. Write one without a prefix length, such as \"192.0.2.10\" or \"2001:db8::10\".";
      }
      {
        assertion = isLoopback cfg.address || !isAddress cfg.address || !isElsewhere;
        message = "services.proxmox-ve.address: ${cfg.address} is none of this machine's (${lib.concatStringsSep ", " ownAddresses}). Write the one by which the other nodes reach it, or give it to an interface or a bridge.";
      }
      {
        assertion = strangers == [ ];
        message = "services.proxmox-ve.openFirewallFrom: ${
          lib.concatMapStringsSep ", " (peer: "\"${peer}\"") strangers
        }: no address and no network. Write such as \"192.0.2.0/24\" or \"2001:db8::10\".";
      }
      {
        assertion = name != "";
        message = "services.proxmox-ve: a node has a name. Set networking.hostName.";
      }
      {
        assertion = !(config.networking.nftables.enable && config.networking.nftables.flushRuleset);
        message = "services.proxmox-ve: networking.nftables.flushRuleset wipes the rules of Proxmox's firewall with every reload. Set networking.nftables.flushRuleset = false (networking.nftables.ruleset makes it true).";
      }
      {
        assertion = config.systemd.watchdog.runtimeTime or null == null;
        message = "services.proxmox-ve: systemd would hold /dev/watchdog, which high availability needs. Remove systemd.watchdog.runtimeTime.";
      }
      {
        assertion = !(config.system.etc.overlay.enable && !config.system.etc.overlay.mutable);
        message = "services.proxmox-ve: a node writes below /etc (pve, corosync, network). Set system.etc.overlay.mutable = true, or system.etc.overlay.enable = false.";
      }
    ];
  };
}
