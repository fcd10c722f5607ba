# The modules, evaluated by nix/evaluate: what they make of a link's facts, and each configuration that a node must not have.
{ pkgs }:
let
  inherit (pkgs) lib;
  evaluate = import ../evaluate;
  with' =
    configuration:
    evaluate {
      inherit pkgs configuration;
    };

  # The demo's node, with more of a configuration.
  demo =
    more:
    with' {
      imports = [ more ];
      networking.hostName = "alpha";
      services.proxmox-ve = {
        enable = true;
        package = pkgs.pveReleases.demo.pve;
      };
    };
  addressed =
    more:
    demo {
      imports = [ more ];
      services.proxmox-ve.address = "192.0.2.10";
    };

  # Facts of every kind, on a package that is only asked for its path.
  facts = {
    outPath = "/nix/store/x-pve";
    name = "pve";
    version = "9.9.1";
    pveSystem = import ./modules-facts.nix;
  };
  full =
    (with' {
      networking.hostName = "alpha";
      networking.domain = "example.org";
      services.proxmox-ve = {
        enable = true;
        address = "192.0.2.10";
        package = facts;
        openFirewall = true;
        openFirewallFrom = [
          "192.0.2.0/24"
          "2001:db8::/64"
        ];
        vzdump.bwlimit = "51200";
        network.bridges.vmbr0 = {
          ports = [ "enp1s0" ];
          addresses = [ "192.0.2.10/24" ];
          gateway = "192.0.2.1";
          vlanAware = true;
        };
      };
    }).config;
  # The same node as one of a cluster's, with more or other of it.
  clustered =
    more:
    with' {
      networking.hostName = "alpha";
      services.proxmox-ve = {
        enable = true;
        address = "192.0.2.10";
        package = facts;
        cluster = {
          name = "hive";
          bootstrap = "alpha";
          authkeyFile = "/run/keys/corosync";
          nodes = {
            alpha = {
              nodeId = 1;
              links = [ "192.0.2.10" ];
            };
            beta = {
              nodeId = 2;
              links = [ "192.0.2.11" ];
            };
          };
        }
        // more;
      };
    };
  hive = clustered { };
  beta = nodeId: links: { inherit nodeId links; };
  alpha = {
    nodeId = 1;
    links = [ "192.0.2.10" ];
  };
  immediate =
    (with' {
      services.proxmox-ve = {
        enable = true;
        address = "192.0.2.10";
        package = facts;
        restartPolicy = "immediate";
      };
    }).config;
  manual =
    (with' {
      services.proxmox-ve = {
        enable = true;
        address = "192.0.2.10";
        package = facts;
        restartPolicy = "manual";
        ha.enable = false;
      };
    }).config;
  # The network is the interface's.
  written =
    (with' {
      services.proxmox-ve = {
        enable = true;
        address = "192.0.2.10";
        package = facts;
        network.backend = "ifupdown2";
        network.bridges.vmbr0 = {
          ports = [ "enp1s0" ];
          addresses = [ "192.0.2.10/24" ];
        };
      };
    }).config;
  withFacts =
    more:
    with' {
      imports = [ more ];
      services.proxmox-ve = {
        enable = true;
        address = "192.0.2.10";
        package = facts;
      };
    };
  # With every kind of storage that a service is for.
  stored =
    (with' {
      boot.zfs.extraPools = [ "own" ];
      services.proxmox-ve = {
        enable = true;
        address = "192.0.2.10";
        package = facts;
        iscsi.enable = true;
        iscsi.initiatorName = "iqn.1993-08.org.debian:01:0123456789ab";
        multipath.enable = true;
        zfs.pools.tank = { };
        zfs.pools.usb.import = false;
        ksm.enable = true;
        iommu.enable = true;
        nestedVirtualisation = false;
      };
    }).config;
  # A machine that is a container.
  contained =
    (with' {
      boot.isContainer = true;
      services.lvm.enable = false;
      services.proxmox-ve = {
        enable = true;
        address = "192.0.2.10";
        package = facts;
      };
    }).config;
  filtered = (
    with' {
      services.proxmox-ve = {
        enable = true;
        address = "192.0.2.10";
        package = facts;
        firewall.backend = "nftables";
      };
      networking.firewall.checkReversePath = true;
    }
  );
  off = (with' { services.proxmox-ve.package = facts; }).config;

  # What must be, each with a name.
  right = {
    "docs/options.md is as nix/options.nix makes it; its head says how" =
      builtins.readFile ../../docs/options.md == import ../options.nix { inherit pkgs; };
    "the demo's node has nothing wrong" = (addressed { }).wrong == [ ];
    "its daemon is wanted and keeps the link's PATH" =
      let
        unit = (addressed { }).config.systemd.services.hived;
      in
      unit.wantedBy == [ "multi-user.target" ] && unit.path == [ ] && unit.overrideStrategy == "asDropin";
    "its timer is wanted, what it starts is not" =
      let
        inherit ((addressed { }).config.systemd) timers services;
      in
      timers.hive-daily.wantedBy == [ "timers.target" ] && services.hive-daily.wantedBy == [ ];
    "its account has its directories and no number" =
      let
        inherit ((addressed { }).config) users systemd;
      in
      users.users.hive.home == "/var/lib/hive"
      && users.users.hive.extraGroups == [ "adm" ]
      && users.users.www-data.uid == null
      && lib.elem "d /var/lib/hive/private 0700 hive hive -" systemd.tmpfiles.rules;
    "a machine without the module has nothing of it" =
      off.systemd.services == { } && off.systemd.tmpfiles.rules == [ ] && off.users.users == { };
    "the name leads to the address alone" =
      full.networking.hosts == {
        "127.0.0.2" = [ ];
        "::1" = [ ];
        "192.0.2.10" = [
          "alpha.example.org"
          "alpha"
        ];
      };
    "a unit that is not enabled is not wanted" = full.systemd.services.idle.wantedBy == [ ];
    "a unit whose file is not known is wanted when it is enabled" =
      full.systemd.services.lxc-monitord.wantedBy == [ "multi-user.target" ];
    "an alias is one" = full.systemd.services.pve-guests.aliases == [ "pve-manager.service" ];
    "what moves the network's files is left out" = !(full.systemd.services ? pvenetcommit);
    "a switch does not stop what resets the machine" =
      let
        unit = full.systemd.services.watchdog-mux;
      in
      !unit.restartIfChanged && unit.unitConfig.X-StopOnRemoval == false;
    "the watchdog's module is loaded before it looks" =
      lib.elem "softdog" full.boot.kernelModules
      && lib.elem "systemd-modules-load.service" full.systemd.services.watchdog-mux.after
      && full.systemd.services.watchdog-mux.serviceConfig.Environment == "WATCHDOG_MODULE=softdog";
    "a node without high availability loads none" = !(lib.elem "softdog" manual.boot.kernelModules);
    "the cluster's file system waits" = !full.systemd.services.pve-cluster.restartIfChanged;
    "unless it must not" =
      immediate.systemd.services.pve-cluster.restartIfChanged
      && !immediate.systemd.services.watchdog-mux.restartIfChanged;
    "what upstream restarts is restarted" =
      let
        unit = full.systemd.services.qmeventd;
      in
      unit.restartIfChanged && !unit.reloadIfChanged && unit.stopIfChanged;
    "what upstream reloads is reloaded, and never stopped" =
      let
        unit = full.systemd.services.pveproxy;
      in
      unit.reloadIfChanged && !unit.stopIfChanged && !(unit.unitConfig ? X-StopOnRemoval);
    "tasks of the API outlive the module" =
      let
        unit = full.systemd.services.pvedaemon;
      in
      unit.reloadIfChanged && unit.unitConfig.X-StopOnRemoval == false;
    "a daemon finds itself by a path that stays, and holds what it runs" =
      lib.elem "L+ /run/pve-nix/pve - - - - /nix/store/x-pve" full.systemd.tmpfiles.rules
      &&
        full.systemd.services.pveproxy.serviceConfig.OpenFile
        == "/nix/store/x-pve/nix-support/pve-perl:pve-nix:read-only";
    "a staged restart is one that the switch does not wait for" =
      let
        unit = full.systemd.services.pve-nix-restarts;
      in
      unit.serviceConfig.Type == "exec"
      && unit.wantedBy == [ "multi-user.target" ]
      && !unit.stopIfChanged;
    "nobody restarts what is done at once or by hand" =
      !(immediate.systemd.services ? pve-nix-restarts) && !(manual.systemd.services ? pve-nix-restarts);
    "by hand the cluster's file system waits, too" =
      !manual.systemd.services.pve-cluster.restartIfChanged;
    "the node's declaration is pvenix's" =
      let
        node = builtins.fromJSON (
          builtins.unsafeDiscardStringContext full.environment.etc."pve-nix/node.json".text
        );
      in
      node.version == "9.9.1"
      && node.package == "/nix/store/x-pve"
      && node.units."pve-cluster.service" == "staged"
      && node.units."pvedaemon.service" == "reload"
      && node.units."qmeventd.service" == "restart"
      && node.units."watchdog-mux.service" == "none"
      &&
        node.staged == [
          "pve-cluster.service"
          "corosync.service"
        ]
      && node.bridges.vmbr0.ports == [ "enp1s0" ];
    "a switch is held up while guests run that it would not suit" =
      lib.hasInfix "/bin/pvenix may-switch \"$1/etc/pve-nix/node.json\"" full.system.preSwitchChecks.proxmox-ve
      && off.system.preSwitchChecks == { };
    "corosync waits for its configuration" =
      full.systemd.services.corosync.unitConfig.ConditionPathExists == "/etc/corosync/corosync.conf";
    "the mount point is none of tmpfiles'" =
      !lib.any (lib.hasInfix " /etc/pve ") full.systemd.tmpfiles.rules;
    "root has its ranges" =
      full.users.users.root.subUidRanges == [
        {
          startUid = 100000;
          count = 65536;
        }
      ];
    "a setuid program has a wrapper at its place in the package" =
      full.security.wrappers.forward == {
        source = "/nix/store/x-pve/libexec/forward";
        owner = "root";
        group = "mail";
        setuid = true;
        setgid = false;
      };
    "an octal mode is understood" =
      full.security.wrappers.both.setuid
      && full.security.wrappers.both.setgid
      && full.security.wrappers.both.source == "/nix/store/x-pve/bin/both";
    "PAM knows the service" = full.security.pam.services ? node-auth;
    "logs are rotated" =
      full.services.logrotate.settings."/var/log/x.log" == {
        files = [ "/var/log/x.log" ];
        daily = true;
        rotate = "7";
        postrotate = "systemctl restart x.service";
      };
    "a name of an interface comes from the package" =
      full.environment.etc."systemd/network/99-default.link.d/x.conf".source
      == "/nix/store/x-pve/lib/systemd/network/99-default.link.d/x.conf";
    "a Debian node finds what it runs here" =
      lib.elem "L+ /usr/sbin/qm - - - - /run/current-system/sw/bin/qm" full.systemd.tmpfiles.rules
      && lib.hasInfix "AcceptEnv LC_PVE_TICKET" full.services.openssh.extraConfig
      && lib.hasInfix "SendEnv LC_PVE_TICKET" full.programs.ssh.extraConfig;
    "guests start after their pools" =
      lib.elem "zfs-import.target" full.systemd.services.pve-guests.after
      && !(lib.elem "zfs-import.target" full.systemd.services.pveproxy.after);
    "the kernel has its modules and parameters" =
      lib.all (module: lib.elem module full.boot.kernelModules) [
        "vhost_net"
        "br_netfilter"
      ]
      &&
        full.boot.kernel.sysctl == {
          "fs.aio-max-nr" = "1048576";
          "net.bridge.bridge-nf-call-iptables" = "0";
          "net.ipv4.conf.all.rp_filter" = "2";
        }
      && full.boot.extraModprobeConfig == "blacklist nvidiafb\n";
    "the firewall opens what was asked for" =
      full.networking.firewall.allowedTCPPorts == [
        8006
        3128
      ]
      && lib.hasInfix "iptables -A nixos-fw -s 192.0.2.0/24 -p udp --dport 5404:5412" full.networking.firewall.extraCommands
      && lib.hasInfix "ip6tables -A nixos-fw -s 2001:db8::/64" full.networking.firewall.extraCommands;
    "NixOS' firewall lets packets of guests in other networks pass" =
      full.networking.firewall.checkReversePath == "loose"
      && (addressed { }).config.networking.firewall.checkReversePath == true;
    "Proxmox's firewall keeps its rules through a switch, and drops them when it is stopped" =
      let
        unit = full.systemd.services.proxmox-firewall;
      in
      unit.reloadIfChanged
      && lib.hasSuffix "/bin/kill -KILL $MAINPID" unit.serviceConfig.ExecReload
      && unit.serviceConfig.Restart == "on-failure"
      && !(unit.serviceConfig ? KillSignal)
      && unit.unitConfig.X-StopOnRemoval == false;
    "connections across bridges are kept track of where nftables asks for them" =
      lib.elem "nf_conntrack_bridge" filtered.config.boot.kernelModules
      && !(lib.elem "nf_conntrack_bridge" full.boot.kernelModules)
      && filtered.wrong == [ ];
    "a bridge is networkd's, and described" =
      full.systemd.network.netdevs."40-vmbr0".bridgeConfig.VLANFiltering
      && full.systemd.network.networks."40-enp1s0".networkConfig.Bridge == "vmbr0"
      &&
        lib.hasInfix
          "iface vmbr0 inet static\n\taddress 192.0.2.10/24\n\tgateway 192.0.2.1\n\tbridge-ports enp1s0\n"
          full.environment.etc."network/interfaces".text;
    "a port of a bridge passes its VLANs, and has its size of packets" =
      let
        wide =
          (with' {
            services.proxmox-ve = {
              enable = true;
              address = "192.0.2.10";
              package = facts;
              network.bridges.vmbr0 = {
                ports = [ "enp1s0" ];
                mtu = 9000;
              };
              network.bridges.vmbr1 = { };
            };
          }).config;
        port = wide.systemd.network.networks."40-enp1s0";
      in
      lib.elem { VLAN = "2-4094"; } full.systemd.network.networks."40-enp1s0".bridgeVLANs
      && port.bridgeVLANs == [ ]
      && port.linkConfig.MTUBytes == "9000"
      &&
        lib.hasInfix "iface enp1s0 inet manual\n\tmtu 9000\n"
          wide.environment.etc."network/interfaces".text
      && wide.systemd.network.networks."40-vmbr1".linkConfig.RequiredForOnline == "no"
      && wide.systemd.network.networks."40-vmbr0".linkConfig == { };
    "the cluster's own run on without the module, whoever restarts them" =
      immediate.systemd.services.pve-cluster.unitConfig.X-StopOnRemoval == false
      && immediate.systemd.services.pve-cluster.restartIfChanged;
    "a staged restart that failed is not tried again" =
      full.systemd.services.pve-nix-restarts.serviceConfig.RestartPreventExitStatus == 2;
    "the other nodes reach the API" =
      lib.hasInfix "iptables -A nixos-fw -s 192.0.2.0/24 -p tcp --dport 8006" full.networking.firewall.extraCommands;
    "a network that is the interface's is written once, and ifupdown2's" =
      let
        seed = lib.filter (lib.hasPrefix "C /etc/network/interfaces ") written.systemd.tmpfiles.rules;
        unit = written.systemd.services.networking;
      in
      lib.length seed == 1
      && !(written.environment.etc ? "network/interfaces")
      && written.systemd.network.networks == { }
      && lib.elem "multi-user.target" unit.wantedBy
      && !unit.restartIfChanged
      && unit.path == [ ]
      && written.systemd.services ? pvenetcommit
      && !written.systemd.services.pvenetcommit.restartIfChanged;
    "what the configuration owns is written down with its option" =
      let
        text = configuration: configuration.environment.etc."pve-nix/options".text;
        strict = {
          time.timeZone = "Europe/Vienna";
          users.mutableUsers = false;
          networking.resolvconf.enable = true;
        };
      in
      text full == lib.concatStrings [
        "/etc/hostname\tnetworking.hostName\n"
        "/etc/hosts\tnetworking.hosts\n"
        "/etc/network/interfaces\tservices.proxmox-ve.network.bridges\n"
        "/etc/network/interfaces.new\tservices.proxmox-ve.network.bridges\n"
        "/etc/vzdump.conf\tservices.proxmox-ve.vzdump\n"
      ]
      && text written == "/etc/hostname\tnetworking.hostName\n/etc/hosts\tnetworking.hosts\n"
      && lib.all (line: lib.hasInfix line (text (withFacts strict).config)) [
        "/etc/localtime\ttime.timeZone\n"
        "/etc/timezone\ttime.timeZone\n"
        "/etc/shadow\tits password in users.users\n"
        "/etc/resolv.conf\tnetworking.nameservers and networking.search\n"
      ]
      && !(off.environment.etc ? "pve-nix/options");
    "backups have their defaults" = full.environment.etc."vzdump.conf".text == "bwlimit: 51200\n";
    "upstream's schema holds them while the system is built" =
      map (check: check.name) full.system.checks == [ "vzdump-check" ] && off.system.checks == [ ];
    "a node mounts what upstream's storage package depends on" =
      full.boot.supportedFilesystems == {
        nfs = true;
        cifs = true;
      }
      && contained.boot.supportedFilesystems == { };
    "LVM has upstream's filter, and finds what it checks thin pools with" =
      let
        inherit (full.environment.etc."lvm/lvm.conf") text;
      in
      lib.hasInfix "devices/global_filter = [\"r|/dev/zd.*|\",\"r|/dev/rbd.*|\"]\ndevices/scan_lvs = 0\n" text
      && lib.hasInfix "global/thin_check_executable = \"${pkgs.thin-provisioning-tools}/bin/thin_check\"\n" text
      && full.services.lvm.dmeventd.enable
      && lib.elem "dm-thin-pool" full.boot.kernelModules
      && !(lib.elem "dm-thin-pool" contained.boot.kernelModules)
      && !(contained.environment.etc ? "lvm/lvm.conf")
      && !contained.services.lvm.dmeventd.enable;
    "a filter of one's own takes its place" =
      lib.hasPrefix "devices/global_filter = [\"a|/dev/sda3|\",\"r{.*}\"]\n"
        (addressed {
          services.proxmox-ve.lvm.filter = [
            "a|/dev/sda3|"
            "r{.*}"
          ];
        }).config.environment.etc."lvm/lvm.conf".text;
    "iSCSI has the node's name, and gives up a path in time" =
      stored.services.openiscsi == {
        enable = true;
        name = "iqn.1993-08.org.debian:01:0123456789ab";
        extraConfig = "node.session.timeo.replacement_timeout = 15";
      }
      && stored.services.multipath.enable
      && !full.services.openiscsi.enable
      && !full.services.multipath.enable;
    "a switch does not leave disks without their daemons" =
      lib.all (unit: !unit.stopIfChanged && unit.unitConfig.X-StopOnRemoval == false) [
        stored.systemd.services.iscsid
        stored.systemd.services.multipathd
      ]
      && !(full.systemd.services ? iscsid);
    "storages wait for their disks" =
      full.systemd.targets.pve-storage.after == [
        "iscsid.service"
        "multipathd.service"
        "zfs-import.target"
      ];
    "pools are imported, those of the interface after the declared ones" =
      stored.boot.supportedFilesystems.zfs
      && lib.elem "tank" stored.boot.zfs.extraPools
      && !(lib.elem "usb" stored.boot.zfs.extraPools)
      && lib.elem "zfs-import-tank.service" stored.systemd.services.pve-zfs-import.after
      && lib.elem "zfs-import-own.service" stored.systemd.services.pve-zfs-import.after
      && lib.elem "zfs-import.target" stored.systemd.services.pve-zfs-import.before
      && !(full.systemd.services ? pve-zfs-import)
      && !(full.boot.supportedFilesystems ? zfs);
    "ZFS that NixOS' own options turn on imports the interface's pools, too" =
      (addressed { boot.supportedFilesystems.zfs = true; }).config.systemd.services ? pve-zfs-import;
    "memory is shared, devices are passed through, guests have no guests" =
      stored.hardware.ksm.enable
      && lib.elem "iommu.passthrough=1" stored.boot.kernelParams
      && lib.hasInfix "options kvm_intel nested=0\n" stored.boot.extraModprobeConfig;
    "unless nobody asked" =
      !full.hardware.ksm.enable
      && full.boot.kernelParams == [ ]
      && !(lib.hasInfix "nested" full.boot.extraModprobeConfig);
    "containers are confined, and stay so when AppArmor is reloaded or stopped" =
      let
        unit = full.systemd.services.apparmor;
        inherit (unit.serviceConfig) ExecReload;
      in
      full.security.apparmor.enable
      && map (package: package.name) full.security.apparmor.packages == [ "pve-apparmor" ]
      && lib.length ExecReload == 1
      && lib.hasSuffix "-pve-apparmor-load" (lib.head ExecReload)
      && unit.serviceConfig.ExecStart == ExecReload
      && unit.serviceConfig.ExecStartPre == [ ]
      && unit.serviceConfig.ExecStop == [ ]
      && unit.unitConfig.X-StopOnRemoval == false
      && full.systemd.services."pve-container@".serviceConfig.AppArmorProfile == "/usr/bin/lxc-start"
      && !(contained.systemd.services."pve-container@".serviceConfig ? AppArmorProfile)
      && !contained.security.apparmor.enable
      && !(contained.systemd.services ? apparmor);
    "NixOS' own policies are loaded as they say" =
      let
        of =
          apparmor:
          lib.filter (lib.hasInfix "/p-")
            (withFacts { security.apparmor = apparmor; })
            .config.systemd.services.apparmor.serviceConfig.ExecReload;
        unconfined = {
          services.proxmox-ve.containers.apparmor = false;
          security.apparmor.enable = true;
        };
      in
      of {
        policies = {
          one.profile = "/p-one";
          two = {
            profile = "/p-two";
            enforce = false;
          };
          three = {
            profile = "/p-three";
            enable = false;
          };
        };
      } == [
        "${pkgs.apparmor-parser}/bin/apparmor_parser --replace /p-one"
        "${pkgs.apparmor-parser}/bin/apparmor_parser --replace --complain /p-two"
      ]
      # Containers run on a machine whose AppArmor is somebody else's, too.
      && (withFacts unconfined).config.systemd.services.apparmor.serviceConfig.ExecReload == [ ]
      && (withFacts unconfined).config.security.apparmor.packages == [ ];
    "a declared cluster is what pvenix forms, and its nodes reach one another" =
      (builtins.fromJSON (
        builtins.unsafeDiscardStringContext hive.config.environment.etc."pve-nix/node.json".text
      )).cluster.nodes.beta.nodeId == 2
      && hive.config.services.proxmox-ve.openFirewallFrom == [ "192.0.2.11" ]
      &&
        hive.config.systemd.services.pve-nix-cluster.serviceConfig.LoadCredential
        == "key:/run/keys/corosync"
      && !(full.systemd.services ? pve-nix-cluster)
      && !(lib.hasInfix "\"cluster\":" full.environment.etc."pve-nix/node.json".text);
    "containers have lxcfs, which a switch leaves alone" =
      full.virtualisation.lxc.lxcfs.enable && !full.systemd.services.lxcfs.restartIfChanged;
  };

  # What must be refused: a configuration, and how the message begins.
  refused = {
    "a name that no cluster has" = [
      (clustered { name = "a-hive-of-many-bees"; })
      "services.proxmox-ve.cluster.name: \"a-hive-of-many-bees\" is no name"
    ];
    "a cluster without this machine" = [
      (clustered {
        bootstrap = "beta";
        nodes.beta = beta 2 [ "192.0.2.11" ];
      })
      "services.proxmox-ve.cluster.nodes: this machine, \"alpha\" (networking.hostName), is not among beta"
    ];
    "a cluster that nobody makes" = [
      (clustered { bootstrap = "gamma"; })
      "services.proxmox-ve.cluster.bootstrap: \"gamma\" is none of alpha, beta"
    ];
    "two nodes with one number" = [
      (clustered {
        nodes = {
          inherit alpha;
          beta = beta 1 [ "192.0.2.11" ];
        };
      })
      "services.proxmox-ve.cluster.nodes: the number 1 is that of two nodes"
    ];
    "two nodes with one address" = [
      (clustered {
        nodes = {
          inherit alpha;
          beta = beta 2 [ "192.0.2.10" ];
        };
      })
      "services.proxmox-ve.cluster.nodes: the address 192.0.2.10 is a link twice"
    ];
    "nodes with links of their own number" = [
      (clustered {
        nodes = {
          inherit alpha;
          beta = beta 2 [
            "192.0.2.11"
            "198.51.100.11"
          ];
        };
      })
      "services.proxmox-ve.cluster.nodes: each node has the same number of links"
    ];
    "a link that is no address" = [
      (clustered {
        nodes = {
          inherit alpha;
          beta = beta 2 [ "beta.example.org" ];
        };
      })
      "services.proxmox-ve.cluster.nodes: \"beta.example.org\": no address"
    ];
    "an address that is loopback" = [
      (demo { services.proxmox-ve.address = "127.0.1.1"; })
      "services.proxmox-ve.address: 127.0.1.1 is loopback"
    ];
    "an address of IPv6 that is loopback" = [
      (demo { services.proxmox-ve.address = "::1"; })
      "services.proxmox-ve.address: ::1 is loopback"
    ];
    "an address with its network" = [
      (demo { services.proxmox-ve.address = "192.0.2.10/24"; })
      "services.proxmox-ve.address: \"192.0.2.10/24\" is no address"
    ];
    "a name for an address" = [
      (demo { services.proxmox-ve.address = "alpha"; })
      "services.proxmox-ve.address: \"alpha\" is no address"
    ];
    "an address that cannot be" = [
      (demo { services.proxmox-ve.address = "192.0.2.310"; })
      "services.proxmox-ve.address: \"192.0.2.310\" is no address"
    ];
    "an address of another machine" = [
      (demo {
        services.proxmox-ve.address = "192.0.2.11";
        services.proxmox-ve.network.bridges.vmbr0.addresses = [ "192.0.2.10/24" ];
      })
      "services.proxmox-ve.address: 192.0.2.11 is none of this machine's (192.0.2.10). Write"
    ];
    "peers that are none" = [
      (addressed {
        services.proxmox-ve.openFirewallFrom = [
          "192.0.2.0/33"
          "bee"
          "192.0.2.0/24"
        ];
      })
      "services.proxmox-ve.openFirewallFrom: \"192.0.2.0/33\", \"bee\": no address"
    ];
    "a bridge's address without its network" = [
      (addressed { services.proxmox-ve.network.bridges.vmbr0.addresses = [ "192.0.2.10" ]; })
      "services.proxmox-ve.network.bridges.vmbr0.addresses: \"192.0.2.10\" is no address with a prefix length"
    ];
    "a gateway with its network" = [
      (addressed { services.proxmox-ve.network.bridges.vmbr0.gateway = "192.0.2.1/24"; })
      "services.proxmox-ve.network.bridges.vmbr0.gateway: \"192.0.2.1/24\" is no address"
    ];
    "a name that the kernel refuses" = [
      (addressed { services.proxmox-ve.network.bridges.a-bridge-with-a-long-name = { }; })
      "services.proxmox-ve.network.bridges.a-bridge-with-a-long-name: the kernel takes names"
    ];
    "a bridge in itself" = [
      (addressed { services.proxmox-ve.network.bridges.vmbr0.ports = [ "vmbr0" ]; })
      "services.proxmox-ve.network.bridges.vmbr0.ports: a bridge is no port of itself"
    ];
    "two default routes" = [
      (addressed {
        services.proxmox-ve.network.bridges = {
          vmbr0.gateway = "192.0.2.1";
          vmbr1.gateway = "198.51.100.1";
          vmbr2.gateway = "2001:db8::1";
        };
      })
      "services.proxmox-ve.network.bridges: vmbr0 and vmbr1 have a gateway each"
    ];
    "no name" = [
      (with' {
        networking.hostName = "";
        services.proxmox-ve = {
          enable = true;
          address = "192.0.2.10";
          package = facts;
        };
      })
      "services.proxmox-ve: a node has a name"
    ];
    "a firewall that wipes foreign rules" = [
      (addressed {
        networking.nftables = {
          enable = true;
          flushRuleset = true;
        };
      })
      "services.proxmox-ve: networking.nftables.flushRuleset"
    ];
    "a watchdog that systemd holds" = [
      (addressed { systemd.watchdog.runtimeTime = "30s"; })
      "services.proxmox-ve: systemd would hold /dev/watchdog"
    ];
    "an /etc that nothing is written to" = [
      (addressed {
        system.etc.overlay = {
          enable = true;
          mutable = false;
        };
      })
      "services.proxmox-ve: a node writes below /etc"
    ];
    "bridges of scripted networking" = [
      (addressed { networking.bridges.br0.interfaces = [ "enp1s0" ]; })
      "services.proxmox-ve: scripted networking deletes a bridge"
    ];
    "two that set up the network" = [
      (addressed {
        services.proxmox-ve.network.backend = "ifupdown2";
        networking.useDHCP = true;
        systemd.network.networks.lan.matchConfig.Name = "enp1s0";
      })
      "services.proxmox-ve.network.backend = \"ifupdown2\" gives the network to /etc/network/interfaces, and two would set it up. Set networking.useDHCP = false (dhcpcd); no systemd.network.networks (lan)."
    ];
    "ifupdown2 with a link that has none" = [
      (with' {
        services.proxmox-ve = {
          enable = true;
          address = "192.0.2.10";
          package = facts // {
            lacks = [ { name = "ifupdown2"; } ];
          };
          network.backend = "ifupdown2";
        };
      })
      "services.proxmox-ve.package is a link without ifupdown2"
    ];
    "a network of dhcpcd's and networkd's" = [
      (addressed {
        services.proxmox-ve.network.bridges.vmbr0.ports = [ "enp1s0" ];
        networking.useDHCP = true;
      })
      "services.proxmox-ve.network.bridges are networkd's, and dhcpcd"
    ];
    "a network of NetworkManager's and networkd's" = [
      (addressed {
        services.proxmox-ve.network.bridges.vmbr0.ports = [ "enp1s0" ];
        networking.networkmanager.enable = true;
      })
      "services.proxmox-ve.network.bridges are networkd's, and NetworkManager"
    ];
    "ifupdown2 over a declared network" = [
      (with' {
        services.proxmox-ve = {
          enable = true;
          address = "192.0.2.10";
          package = facts // {
            commandPath = "/nix/store/x-coreutils-9/bin:/nix/store/x-ifupdown2-3/bin";
          };
        };
      })
      "services.proxmox-ve.package is a link with ifupdown2"
    ];
    "memory of virtual machines, without their part" = [
      (addressed {
        services.proxmox-ve.ksm.enable = true;
        services.proxmox-ve.iommu.enable = true;
      })
      "services.proxmox-ve.ksm.enable, services.proxmox-ve.iommu.enable: "
    ];
    "iSCSI without a name" = [
      (addressed { services.proxmox-ve.iscsi.enable = true; })
      "services.proxmox-ve.iscsi.initiatorName: iSCSI targets know a node by its name"
    ];
    "a name that is none of iSCSI" = [
      (addressed {
        services.proxmox-ve.iscsi = {
          enable = true;
          initiatorName = "alpha";
        };
      })
      "services.proxmox-ve.iscsi.initiatorName: \"alpha\" is no name of iSCSI"
    ];
    "a filter of LVM that is none" = [
      (addressed {
        services.proxmox-ve.lvm.filter = [
          "/dev/zd.*"
          "r|/dev/zd.*"
          "r|/dev/rbd.*|"
        ];
      })
      "services.proxmox-ve.lvm.filter: \"/dev/zd.*\", \"r|/dev/zd.*\": no entry"
    ];
    "a dataset for a pool" = [
      (addressed { services.proxmox-ve.zfs.pools."tank/guests" = { }; })
      "services.proxmox-ve.zfs.pools: \"tank/guests\": no name of a pool"
    ];
    "pools without ZFS" = [
      (addressed {
        services.proxmox-ve.zfs = {
          enable = false;
          pools.tank = { };
        };
      })
      "services.proxmox-ve.zfs.pools names tank, and"
    ];
    "guests' packets that NixOS' firewall drops" = [
      (withFacts { networking.firewall.checkReversePath = "strict"; })
      "services.proxmox-ve.firewall.backend = \"iptables\" has guests' bridged packets pass NixOS' firewall, and networking.firewall.checkReversePath"
    ];
    "guests' packets that NixOS' firewall does not forward" = [
      (withFacts { networking.firewall.filterForward = true; })
      "services.proxmox-ve.firewall.backend = \"iptables\" has guests' bridged packets pass NixOS' firewall, and networking.firewall.filterForward"
    ];
    "two firewalls in the same tables" = [
      (withFacts { networking.firewall.package = pkgs.iptables-legacy; })
      "networking.firewall.package = pkgs.iptables-legacy puts NixOS' rules into the tables of Proxmox's firewall"
    ];
    "a firewall that the package does not have" = [
      (with' {
        services.proxmox-ve = {
          enable = true;
          address = "192.0.2.10";
          firewall.backend = "nftables";
          package = facts // {
            pveSystem = facts.pveSystem // {
              units = lib.filter (unit: unit.name != "proxmox-firewall.service") facts.pveSystem.units;
            };
          };
        };
      })
      "services.proxmox-ve.firewall.backend = \"nftables\": pve has no proxmox-firewall.service"
    ];
    "two bridges with one port" = [
      (addressed {
        services.proxmox-ve.network.bridges = {
          vmbr0.ports = [ "enp1s0" ];
          vmbr1.ports = [ "enp1s0" ];
        };
      })
      "services.proxmox-ve.network.bridges: enp1s0 is a port of vmbr0 and vmbr1"
    ];
    "DHCP of zones on a declared network" = [
      (addressed { services.proxmox-ve.sdn.dhcp.enable = true; })
      "services.proxmox-ve.sdn.dhcp.enable: zones of software-defined networks are set up by ifupdown2"
    ];
    "containers without their part" = [
      (addressed { services.proxmox-ve.containers.enable = true; })
      "services.proxmox-ve.containers.enable:"
    ];
  };
  # What does not evaluate at all.
  thrown = {
    "a package that is no link" = demoWith { package = lib.removeAttrs facts [ "pveSystem" ]; };
    "an option that is none" = demoWith { enabled = true; };
    "a value of another type" = demoWith { openFirewall = "yes"; };
    "a restart policy that is none" = demoWith { restartPolicy = "sometimes"; };
  };
  demoWith =
    settings:
    used
      (with' {
        services.proxmox-ve = {
          enable = true;
          address = "192.0.2.10";
        }
        // (if settings ? package then { } else { package = facts; })
        // settings;
      }).config;
  used = config: [
    config.systemd.services
    config.networking.firewall
  ];

  unlock = import ./unlock.nix { inherit pkgs; };
  # As many warnings as were expected, and in their order.
  isWarned =
    case:
    let
      inherit ((lib.head case).config) warnings;
      expected = lib.last case;
    in
    lib.length warnings == lib.length expected
    && lib.all (at: lib.hasPrefix (builtins.elemAt expected at) (builtins.elemAt warnings at)) (
      builtins.genList (at: at) (lib.length expected)
    );

  failures =
    lib.attrNames (lib.filterAttrs (_: holds: !holds) (right // unlock.right))
    ++ lib.mapAttrsToList (
      name: case: "warned of ${name}: ${builtins.toJSON (lib.head case).config.warnings}"
    ) (lib.filterAttrs (_: case: !isWarned case) unlock.warned)
    ++ lib.concatLists (
      lib.mapAttrsToList (
        name: case:
        let
          inherit (lib.head case) wrong;
        in
        lib.optional (
          !(lib.length wrong == 1 && lib.hasPrefix (lib.last case) (lib.head wrong))
        ) "${name}: ${builtins.toJSON wrong}"
      ) (refused // unlock.refused)
    )
    ++ lib.attrNames (
      lib.filterAttrs (_: value: (builtins.tryEval (builtins.deepSeq value null)).success) thrown
    );
in
if failures == [ ] then
  pkgs.runCommand "pve-modules" { } "touch $out"
else
  throw "nix/checks/modules.nix: ${lib.concatStringsSep "; " failures}"
