# `network.backend = "declared"`: networkd makes the bridges, and /etc/network/interfaces only
# describes them for the web interface.
{ config, lib, ... }:
let
  cfg = config.services.proxmox-ve;
  inherit (cfg.network) bridges;

  bridgeNetwork =
    name: bridge:
    {
      matchConfig.Name = name;
      address = bridge.addresses;
      gateway = lib.optional (bridge.gateway != null) bridge.gateway;
      # Guests come and go, so the bridge keeps its address without any.
      networkConfig.ConfigureWithoutCarrier = true;
    }
    // lib.optionalAttrs (bridge.ports == [ ]) {
      # It has no carrier before the first guest, so a boot does not wait for it.
      linkConfig.RequiredForOnline = "no";
    };
  portNetwork =
    name: bridge: port:
    {
      matchConfig.Name = port;
      networkConfig.Bridge = name;
    }
    // lib.optionalAttrs (bridge.mtu != null) { linkConfig.MTUBytes = toString bridge.mtu; }
    // lib.optionalAttrs bridge.vlanAware {
      # As with ifupdown2's `bridge-vids`: untagged packets belong to VLAN 1, all others pass.
      bridgeVLANs = [
        {
          PVID = 1;
          EgressUntagged = 1;
        }
        { VLAN = "2-4094"; }
      ];
    };
in
{
  config = lib.mkIf (cfg.enable && cfg.network.backend == "declared") {
    environment.etc."network/interfaces".text =
      "# From services.proxmox-ve.network in this machine's NixOS configuration: change it there.\n"
      + cfg.network.interfaces;
    services.proxmox-ve.owned = lib.genAttrs [
      "/etc/network/interfaces"
      # The web interface writes pending changes there.
      "/etc/network/interfaces.new"
    ] (_: "services.proxmox-ve.network.bridges");
    # A file written with the other backend is moved away before the link replaces it.
    system.activationScripts.pve-network-interfaces = ''
      if [ -f /etc/network/interfaces ] && [ ! -L /etc/network/interfaces ]; then
        echo "/etc/network/interfaces is declared now: the file that was there is /etc/network/interfaces.ifupdown2"
        mv /etc/network/interfaces /etc/network/interfaces.ifupdown2
      fi
    '';
    system.activationScripts.etc.deps = [ "pve-network-interfaces" ];

    systemd.network = lib.mkIf (bridges != { }) {
      enable = true;
      netdevs = lib.mapAttrs' (
        name: bridge:
        lib.nameValuePair "40-${name}" {
          netdevConfig = {
            Name = name;
            Kind = "bridge";
          }
          // lib.optionalAttrs (bridge.mtu != null) { MTUBytes = toString bridge.mtu; };
          bridgeConfig = {
            STP = bridge.stp;
            ForwardDelaySec = 0;
            VLANFiltering = bridge.vlanAware;
          };
        }
      ) bridges;
      networks =
        lib.mapAttrs' (name: bridge: lib.nameValuePair "40-${name}" (bridgeNetwork name bridge)) bridges
        // lib.listToAttrs (
          lib.concatLists (
            lib.mapAttrsToList (
              name: bridge: map (port: lib.nameValuePair "40-${port}" (portNetwork name bridge port)) bridge.ports
            ) bridges
          )
        );
    };

    assertions = [
      {
        assertion = bridges == { } || config.networking.useNetworkd || !config.networking.useDHCP;
        message = "services.proxmox-ve.network.bridges are networkd's, and dhcpcd would ask for addresses on their ports and on guests' interfaces. Set networking.useDHCP = false.";
      }
      {
        assertion = bridges == { } || !config.networking.networkmanager.enable;
        message = "services.proxmox-ve.network.bridges are networkd's, and NetworkManager would set up their ports too. Set networking.networkmanager.enable = false.";
      }
      {
        assertion = !lib.hasInfix "-ifupdown2-" (cfg.package.commandPath or "");
        message = "services.proxmox-ve.package is a link with ifupdown2, by which \"Apply Configuration\" would set up what networkd has set up. Take the link without it, `(pkgs.pveReleases.RELEASE.overrideScope (_: _: { ifupdown2 = null; })).pve`, or set services.proxmox-ve.network.backend = \"ifupdown2\".";
      }
      {
        assertion = config.networking.useNetworkd || config.networking.bridges == { };
        message = "services.proxmox-ve: scripted networking deletes a bridge, and with it the ports of running guests, when its configuration changes. Write networking.bridges.${lib.concatStringsSep ", networking.bridges." (lib.attrNames config.networking.bridges)} as services.proxmox-ve.network.bridges, or set networking.useNetworkd = true.";
      }
    ];
  };
}
