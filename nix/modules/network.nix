# The network of a node: bridges for guests, and the service that configures them (networkd.nix or
# ifupdown2.nix). Both need them in the format of interfaces(5), which the API and the web interface
# read.
{ config, lib, ... }:
let
  cfg = config.services.proxmox-ve;
  inherit (cfg.network) bridges;

  inherit (import ./addresses.nix) isAddress isNetwork isV6;
  family = address: if isV6 address then "inet6" else "inet";

  interface =
    name: bridge:
    let
      blocks = if bridge.addresses == [ ] then [ null ] else bridge.addresses;
      lines =
        address:
        (
          if address == null then
            [ "iface ${name} inet manual" ]
          else
            [
              "iface ${name} ${family address} static"
              "\taddress ${address}"
            ]
        )
        ++ lib.optional (
          address != null && bridge.gateway != null && isV6 address == isV6 bridge.gateway
        ) "\tgateway ${bridge.gateway}"
        ++ [
          "\tbridge-ports ${if bridge.ports == [ ] then "none" else lib.concatStringsSep " " bridge.ports}"
          "\tbridge-stp ${if bridge.stp then "on" else "off"}"
          "\tbridge-fd 0"
        ]
        ++ lib.optionals bridge.vlanAware [
          "\tbridge-vlan-aware yes"
          "\tbridge-vids 2-4094"
        ]
        ++ lib.optional (bridge.mtu != null) "\tmtu ${toString bridge.mtu}";
    in
    [ "auto ${name}" ] ++ lib.concatMap lines blocks ++ [ "" ];

  ports = lib.concatLists (lib.mapAttrsToList (_: bridge: bridge.ports) bridges);
  twice = lib.unique (lib.filter (port: lib.count (other: other == port) ports > 1) ports);
  users = port: lib.attrNames (lib.filterAttrs (_: bridge: lib.elem port bridge.ports) bridges);
  # The problems of impossible bridges, each as "BRIDGE: …".
  impossible = lib.concatLists (
    lib.mapAttrsToList (
      name: bridge:
      map (
        address:
        "${name}.addresses: \"${address}\" is no address with a prefix length, such as \"192.0.2.10/24\""
      ) (lib.filter (address: !isNetwork address) bridge.addresses)
      ++
        lib.optional (bridge.gateway != null && !isAddress bridge.gateway)
          "${name}.gateway: \"${bridge.gateway}\" is no address: write one without a prefix length, such as \"192.0.2.1\""
      ++ lib.optional (
        builtins.match "[A-Za-z0-9_.-]{1,15}" name == null
      ) "${name}: the kernel takes names of up to 15 letters, digits, `-', `_' and `.'"
      ++ lib.optional (lib.elem name bridge.ports) "${name}.ports: a bridge is no port of itself"
    ) bridges
  );
  gateways =
    isOne:
    lib.attrNames (lib.filterAttrs (_: bridge: bridge.gateway != null && isOne bridge.gateway) bridges);
  many = lib.filter (names: lib.length names > 1) [
    (gateways isV6)
    (gateways (gateway: !isV6 gateway))
  ];
  text = lib.concatStringsSep "\n" (
    [
      "auto lo"
      "iface lo inet loopback"
      ""
    ]
    ++ lib.concatLists (
      lib.mapAttrsToList (
        _: bridge:
        lib.concatMap (
          port:
          [ "iface ${port} inet manual" ]
          ++ lib.optional (bridge.mtu != null) "\tmtu ${toString bridge.mtu}"
          ++ [ "" ]
        ) bridge.ports
      ) bridges
    )
    ++ lib.concatLists (lib.mapAttrsToList interface bridges)
    ++ [
      # SDN writes there.
      "source /etc/network/interfaces.d/*"
      ""
    ]
  );
in
{
  options.services.proxmox-ve.network.backend = lib.mkOption {
    type = lib.types.enum [
      "declared"
      "ifupdown2"
    ];
    default = "declared";
    description = ''
      Who sets up the network. `declared`: networkd, from this configuration; the web interface shows it and cannot change it.
      `ifupdown2`: Proxmox's ifupdown2, from `/etc/network/interfaces`. The web interface writes that file, and "Apply Configuration" applies it;
      the options here give only the file's first content.
    '';
  };

  options.services.proxmox-ve.network.interfaces = lib.mkOption {
    type = lib.types.lines;
    internal = true;
    readOnly = true;
    description = "What is declared, in the words of interfaces(5).";
  };

  options.services.proxmox-ve.network.bridges = lib.mkOption {
    default = { };
    example = {
      vmbr0 = {
        ports = [ "enp1s0" ];
        addresses = [ "192.0.2.10/24" ];
        gateway = "192.0.2.1";
      };
    };
    description = "Bridges for guests.";
    type = lib.types.attrsOf (
      lib.types.submodule {
        options = {
          ports = lib.mkOption {
            type = lib.types.listOf lib.types.str;
            default = [ ];
            description = "Network interfaces of the machine that are ports of the bridge.";
          };
          addresses = lib.mkOption {
            type = lib.types.listOf lib.types.str;
            default = [ ];
            description = "Its addresses, each with its prefix length.";
          };
          gateway = lib.mkOption {
            type = lib.types.nullOr lib.types.str;
            default = null;
            description = "The gateway of the default route, if that goes through this bridge.";
          };
          vlanAware = lib.mkOption {
            type = lib.types.bool;
            default = false;
            description = "Whether guests may have VLAN tags of their own on it.";
          };
          stp = lib.mkOption {
            type = lib.types.bool;
            default = false;
            description = "Whether it runs the spanning tree protocol.";
          };
          mtu = lib.mkOption {
            type = lib.types.nullOr lib.types.int;
            default = null;
            description = "Its MTU, the largest packet in bytes.";
          };
        };
      }
    );
  };

  config = lib.mkIf cfg.enable {
    services.proxmox-ve.network.interfaces = text;
    # A real directory, because upstream writes there.
    systemd.tmpfiles.rules = [ "d /etc/network/interfaces.d 0755 root root -" ];

    assertions = [
      {
        assertion = twice == [ ];
        message = "services.proxmox-ve.network.bridges: ${
          lib.concatMapStringsSep "; " (
            port: "${port} is a port of ${lib.concatStringsSep " and " (users port)}"
          ) twice
        }. An interface is a port of one bridge: take it out of the others.";
      }
      {
        assertion = impossible == [ ];
        message = "services.proxmox-ve.network.bridges.${lib.concatStringsSep "; " impossible}.";
      }
      {
        assertion = many == [ ];
        message = "services.proxmox-ve.network.bridges: ${
          lib.concatMapStringsSep "; " (
            names: "${lib.concatStringsSep " and " names} have a gateway each"
          ) many
        }. A machine has one default route: leave it to the bridge that the other nodes are reached by.";
      }
    ];
  };
}
