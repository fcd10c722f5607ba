# The options of NixOS that nix/modules sets or reads, as far as that: of its own types where a module relies on how
# definitions become one, `anything` elsewhere. No configuration is made of them but what `config` below says.
{
  config,
  lib,
  pkgs,
  ...
}:
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
      before = strings;
      conflicts = strings;
      requires = strings;
      wants = strings;
      unitConfig = any;
      serviceConfig = any;
      path = of (types.listOf types.anything) [ "NixOS' default" ];
      restartIfChanged = of types.bool true;
      stopIfChanged = of types.bool true;
      reloadIfChanged = flag;
      script = lines;
      pathConfig = any;
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
  policy = types.submodule {
    options = {
      enable = of types.bool true;
      enforce = of types.bool true;
      profile = of types.str "";
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
    warnings = strings;
    fileSystems = any;
    environment = {
      systemPackages = of (types.listOf types.package) [ ];
      etc = any;
    };
    networking = {
      hostName = of types.str "nixos";
      domain = of (types.nullOr types.str) null;
      hosts = of (types.attrsOf (types.listOf types.str)) { };
      resolvconf.enable = flag;
      useNetworkd = flag;
      useDHCP = flag;
      networkmanager.enable = flag;
      bridges = any;
      defaultGateway = of types.anything null;
      interfaces = of (types.attrsOf interface) { };
      firewall = {
        enable = of types.bool true;
        checkReversePath = of types.anything true;
        filterForward = flag;
        package = of types.anything null;
        allowedTCPPorts = of (types.listOf types.int) [ ];
        allowedUDPPorts = of (types.listOf types.int) [ ];
        extraInputRules = lines;
        extraCommands = lines;
      };
      nftables = {
        enable = flag;
        flushRuleset = flag;
      };
    };
    boot = {
      isContainer = flag;
      kernel.sysctl = any;
      kernelModules = strings;
      kernelParams = strings;
      supportedFilesystems = of (types.attrsOf types.bool) { };
      zfs = {
        extraPools = strings;
        requestEncryptionCredentials = of types.anything true;
        package = of types.package pkgs.zfs;
      };
      extraModprobeConfig = lines;
      initrd = {
        availableKernelModules = strings;
        luks.devices = of (types.attrsOf types.anything) { };
        network.enable = flag;
        systemd = {
          enable = flag;
          package = of types.package pkgs.systemd;
          services = units;
          contents = any;
          storePaths = of (types.listOf types.anything) [ ];
          extraBin = any;
        };
      };
    };
    security = {
      apparmor = {
        enable = flag;
        packages = of (types.listOf types.package) [ ];
        policies = of (types.attrsOf policy) { };
      };
      pam.services = any;
      wrappers = any;
    };
    hardware.ksm.enable = flag;
    programs.ssh.extraConfig = lines;
    services = {
      openssh = any;
      resolved.enable = flag;
      dbus.packages = of (types.listOf types.package) [ ];
      udev.packages = of (types.listOf types.package) [ ];
      logrotate.settings = any;
      lvm = {
        enable = of types.bool true;
        dmeventd.enable = flag;
      };
      multipath.enable = flag;
      tang = any;
      openiscsi = {
        enable = flag;
        name = of types.str "";
        extraConfig = of types.str "";
      };
    };
    system = {
      activationScripts = any;
      checks = of (types.listOf types.package) [ ];
      preSwitchChecks = any;
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
      paths = units;
      package = of types.package pkgs.systemd;
      slices = units;
      tmpfiles.rules = strings;
      network = {
        enable = flag;
        netdevs = any;
        units = any;
        networks = of (types.attrsOf network) { };
        wait-online.enable = of types.bool true;
      };
      watchdog.runtimeTime = of (types.nullOr types.str) null;
    };
    time.timeZone = of (types.nullOr types.str) null;
    users = {
      mutableUsers = of types.bool true;
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
