# The options of NixOS that nix/modules sets or reads, as far as that: of its own types where a module relies on how
# definitions become one, `anything` elsewhere. No configuration is made of them but what `config` below says.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  of =
    type: default:
    mkOption {
      inherit type default;
    };
  any = mkOption {
    type = types.anything;
    default = { };
  };
  strings = of (types.listOf types.str) [ ];
  lines = of types.lines "";
  flag = of types.bool false;

  unit = types.submodule {
    options = {
      overrideStrategy = of types.str "asDropinIfExists";
      description = of types.str "";
      documentation = strings;
      wantedBy = strings;
      requiredBy = strings;
      aliases = strings;
      after = strings;
      requires = strings;
      unitConfig = any;
      serviceConfig = any;
      path = of (types.listOf types.anything) [ "NixOS' default" ];
      restartIfChanged = of types.bool true;
      stopIfChanged = of types.bool true;
      reloadIfChanged = flag;
      restartTriggers = of (types.listOf types.anything) [ ];
      startLimitIntervalSec = of (types.nullOr types.int) null;
    };
  };
  units = of (types.attrsOf unit) { };
  addresses = of (types.listOf types.anything) [ ];
  interface = types.submodule {
    options = {
      useDHCP = of (types.nullOr types.bool) null;
      ipv4 = { inherit addresses; };
      ipv6 = { inherit addresses; };
    };
  };
  network = types.submodule {
    options = {
      matchConfig = any;
      networkConfig = any;
      linkConfig = any;
      bridgeVLANs = of (types.listOf types.anything) [ ];
      address = strings;
      gateway = strings;
    };
  };
  account = types.submodule {
    options = {
      isSystemUser = flag;
      group = of types.str "";
      extraGroups = strings;
      home = of types.str "/var/empty";
      uid = of (types.nullOr types.int) null;
      subUidRanges = of (types.listOf types.anything) [ ];
      subGidRanges = of (types.listOf types.anything) [ ];
    };
  };
in
{
  options = {
    assertions = of (types.listOf types.anything) [ ];
    environment = {
      systemPackages = of (types.listOf types.package) [ ];
      etc = any;
    };
    networking = {
      hostName = of types.str "nixos";
      domain = of (types.nullOr types.str) null;
      hosts = of (types.attrsOf (types.listOf types.str)) { };
      useNetworkd = flag;
      useDHCP = flag;
      networkmanager.enable = flag;
      bridges = any;
      interfaces = of (types.attrsOf interface) { };
      firewall = {
        allowedTCPPorts = of (types.listOf types.int) [ ];
        extraInputRules = lines;
        extraCommands = lines;
      };
      nftables = {
        enable = flag;
        flushRuleset = flag;
      };
    };
    boot = {
      kernel.sysctl = any;
      kernelModules = strings;
      extraModprobeConfig = lines;
    };
    security = {
      pam.services = any;
      wrappers = any;
    };
    programs.ssh.extraConfig = lines;
    services = {
      openssh = any;
      dbus.packages = of (types.listOf types.package) [ ];
      udev.packages = of (types.listOf types.package) [ ];
      logrotate.settings = any;
    };
    system = {
      activationScripts = any;
      checks = of (types.listOf types.package) [ ];
      etc.overlay = {
        enable = flag;
        mutable = of types.bool true;
      };
    };
    systemd = {
      packages = of (types.listOf types.package) [ ];
      services = units;
      timers = units;
      targets = units;
      sockets = units;
      slices = units;
      tmpfiles.rules = strings;
      network = {
        enable = flag;
        netdevs = any;
        networks = of (types.attrsOf network) { };
        wait-online.enable = of types.bool true;
      };
      watchdog.runtimeTime = of (types.nullOr types.str) null;
    };
    users = {
      users = of (types.attrsOf account) { };
      groups = any;
    };
    virtualisation.lxc.lxcfs.enable = flag;
  };

  # NixOS' own, which a node must not have.
  config.networking.hosts = {
    "127.0.0.2" = [ config.networking.hostName ];
    "::1" = [ config.networking.hostName ];
  };
}
