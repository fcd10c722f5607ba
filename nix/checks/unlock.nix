# Disks that unlock themselves, as the modules evaluate them: which policy becomes what, each warning, and each refusal. `right`, `refused` as
# in modules.nix; `warned`: a configuration, and how its warnings begin.
{ pkgs }:
let
  inherit (pkgs) lib;
  # Packages that hostpkgs does not have, and that are only asked for their paths.
  programs = lib.genAttrs [ "clevis" "jose" "tang" "tpm2-tools" ] (name: {
    inherit name;
    outPath = "/nix/store/x-${name}";
  });
  machine =
    more:
    import ../evaluate {
      pkgs = pkgs // programs;
      configuration = {
        imports = [ more ];
        networking.hostName = "alpha";
        boot.initrd.systemd.enable = true;
        networking.interfaces.eth0.ipv4.addresses = [
          {
            address = "192.0.2.10";
            prefixLength = 24;
          }
        ];
      };
    };
  peer = number: {
    url = "http://192.0.2.${toString number}:7654";
    address = "192.0.2.${toString number}";
  };
  two = {
    beta = peer 11;
    gamma = peer 12;
  };
  with' = unlock: machine { services.proxmox-ve.unlock = unlock; };
  # A root by a policy, with other settings.
  root =
    policy: more:
    with' (
      {
        peers = two;
        devices.root = {
          device = "/dev/vda2";
          inherit policy;
        }
        // more.device or { };
      }
      // removeAttrs more [ "device" ]
    );
  tang =
    settings:
    machine {
      services.proxmox-ve.tang = settings // {
        enable = true;
      };
    };
  declared =
    evaluated:
    builtins.fromJSON (
      builtins.unsafeDiscardStringContext evaluated.config.environment.etc."pve-nix/unlock.json".text
    );
  clevis = evaluated: (declared evaluated).devices.root.clevis;
  servers = [
    { url = "http://192.0.2.11:7654"; }
    { url = "http://192.0.2.12:7654"; }
  ];
  tpm2 = {
    pcr_bank = "sha256";
    pcr_ids = "7";
  };
  any = {
    t = 1;
    pins.tang = servers;
  };
  both = t: {
    inherit t;
    pins = {
      sss = any;
      inherit tpm2;
    };
  };
  plain = (root "tpm-or-peers" { }).config;
  unit = plain.boot.initrd.systemd.services.pve-nix-unlock;
  guests =
    (with' {
      peers = two;
      devices.tank = {
        type = "zfs";
        device = "tank/guests";
        boot = false;
        policy = "tpm-or-peers";
      };
      devices.data = {
        device = "/dev/vdb";
        boot = false;
        policy = "tpm-or-peers";
      };
    }).config;
in
{
  right = {
    "each policy is Clevis' configuration" =
      clevis (root "peers" { }) == any
      &&
        clevis (root "tpm" { }) == {
          t = 1;
          pins = { inherit tpm2; };
        }
      && clevis (root "tpm-or-peers" { }) == both 1
      && clevis (root "tpm-and-peers" { }) == both 2
      &&
        clevis (
          root "custom" {
            device.custom = any // {
              t = 2;
            };
          }
        ) == any // { t = 2; };
    "registers and thresholds are taken over" =
      clevis (
        root "peers" {
          device.threshold = 2;
        }
      ) == any // { t = 2; }
      &&
        (clevis (
          root "tpm" {
            device.pcrs = [
              0
              7
            ];
          }
        )).pins.tpm2.pcr_ids == "0,7"
      && !(
        (clevis (
          root "tpm" {
            device.pcrs = [ ];
          }
        )).pins.tpm2
          ? pcr_ids
      );
    "two of three peers, one of two" =
      (clevis (
        root "peers" {
          peers = two // {
            delta = peer 13;
          };
        }
      )).t == 2
      && (clevis (root "peers" { })).t == 1;
    "stage 1 has the agent, the network, the question" =
      unit.wantedBy == [ "initrd.target" ]
      && lib.hasSuffix "/bin/pvenix unlock agent" unit.serviceConfig.ExecStart
      && unit.serviceConfig.LimitCORE == 0
      && plain.boot.initrd.network.enable
      && lib.elem "tries=0" plain.boot.initrd.luks.devices.root.crypttabExtraOpts
      && lib.elem "tpm_tis" plain.boot.initrd.availableKernelModules;
    "no network where no peer is asked" =
      !(root "tpm" { }).config.boot.initrd.network.enable
      && !(lib.elem "tpm_tis" (root "peers" { }).config.boot.initrd.availableKernelModules);
    "stage 1 has the bridges of the node" =
      let
        bridged =
          (machine {
            services.proxmox-ve.unlock = {
              peers = two;
              devices.root = {
                device = "/dev/vda2";
                policy = "tpm-or-peers";
              };
            };
            systemd.network = {
              enable = true;
              netdevs."40-vmbr0" = { };
              units."40-vmbr0.netdev".text = "[NetDev]";
            };
          }).config.boot.initrd;
      in
      bridged.systemd.contents."/etc/systemd/network/40-vmbr0.netdev".text == "[NetDev]"
      && lib.elem "bridge" bridged.availableKernelModules;
    "what guests need is opened later, and holds up nothing else" =
      lib.hasPrefix "data /dev/vdb - tries=0," guests.environment.etc.crypttab.text
      && lib.hasInfix "nofail" guests.environment.etc.crypttab.text
      && guests.boot.initrd.luks.devices == { }
      &&
        guests.systemd.services.pve-nix-unlock-tank.before == [
          "pve-storage.target"
          "shutdown.target"
        ]
      && guests.boot.zfs.requestEncryptionCredentials == [ ]
      && !(guests.boot.initrd.systemd.services ? pve-nix-unlock);
    "peers are the cluster's other nodes" =
      let
        of =
          (machine {
            services.proxmox-ve.cluster.nodes = {
              alpha.links = [ "192.0.2.10" ];
              beta.links = [ "192.0.2.11" ];
            };
          }).config.services.proxmox-ve.unlock.peers;
      in
      of == {
        beta = peer 11 // {
          thumbprint = null;
        };
      };
    "Tang answers its networks alone" =
      let
        nft =
          (machine {
            networking.nftables.enable = true;
            services.proxmox-ve.tang = {
              enable = true;
              allow = [
                "192.0.2.0/24"
                "2001:db8::/64"
              ];
            };
          }).config;
        plain = (tang { allow = [ "192.0.2.0/24" ]; }).config;
      in
      nft.services.tang.ipAddressAllow == [
        "192.0.2.0/24"
        "2001:db8::/64"
      ]
      &&
        nft.networking.firewall.extraInputRules == ''
          ip saddr 192.0.2.0/24 tcp dport 7654 accept
          ip6 saddr 2001:db8::/64 tcp dport 7654 accept
        ''
      &&
        plain.networking.firewall.extraCommands == ''
          iptables -A nixos-fw -s 192.0.2.0/24 -p tcp --dport 7654 -j nixos-fw-accept
        '';
    "a machine without any of it is left alone" =
      let
        off = (machine { }).config;
      in
      off.boot.initrd.systemd.services == { }
      && off.warnings == [ ]
      && !(off.environment.etc ? "pve-nix/unlock.json")
      && off.services.tang == { };
  };

  warned = {
    "nothing" = [
      (root "tpm-or-peers" { })
      [ ]
    ];
    "peers alone" = [
      (root "peers" { })
      [ "services.proxmox-ve.unlock.devices.root: after a power cut of the whole site" ]
    ];
    "a TPM alone" = [
      (root "tpm" { })
      [ "services.proxmox-ve.unlock.devices.root: whoever takes this machine away" ]
    ];
    "a TPM that opens any system" = [
      (root "tpm-and-peers" { device.pcrs = [ ]; })
      [ "services.proxmox-ve.unlock.devices.root.pcrs: without a register" ]
    ];
    "no peer to spare" = [
      (root "tpm-and-peers" { device.threshold = 2; })
      [ "services.proxmox-ve.unlock.devices.root: 2 of 2 peers have to answer" ]
    ];
    "nobody is asked" = [
      (machine {
        services.proxmox-ve.unlock = {
          peers = two;
          devices.root = {
            device = "/dev/vda2";
            policy = "tpm-or-peers";
          };
        };
        boot.initrd.luks.devices.root.keyFile = "/key";
      })
      [ "services.proxmox-ve.unlock.devices.root: boot.initrd.luks.devices.root asks nobody" ]
    ];
    "a network that stage 1 does not have" = [
      (root "tpm-or-peers" {
        peers = two // {
          delta = peer 13 // {
            url = "http://198.51.100.13:7654";
          };
        };
      })
      [
        "services.proxmox-ve.unlock.peers.delta: stage 1 has no network that holds 198.51.100.13 (it has 192.0.2.10/24)"
      ]
    ];
    "a name" = [
      (root "tpm-or-peers" {
        peers = two // {
          delta = peer 13 // {
            url = "http://delta:7654";
          };
        };
      })
      [
        "services.proxmox-ve.unlock.peers.delta.url: stage 1 knows no names: write http://delta:7654 by its address"
      ]
    ];
    "a device that nothing unlocks" = [
      (machine {
        services.proxmox-ve.unlock = {
          peers = two;
          devices.root = {
            device = "/dev/vda2";
            policy = "tpm-or-peers";
          };
        };
        boot.initrd.luks.devices.swap.device = "/dev/vda3";
      })
      [ "boot.initrd.luks.devices.swap asks for a passphrase at every boot" ]
    ];
  };

  refused = {
    "stage 1 without systemd" = [
      (machine (
        { lib, ... }: {
          boot.initrd.systemd.enable = lib.mkForce false;
          services.proxmox-ve.unlock = {
            peers = two;
            devices.root = {
              device = "/dev/vda2";
              policy = "peers";
            };
          };
        }
      ))
      "services.proxmox-ve.unlock: devices are opened in stage 1 by its systemd."
    ];
    "tries without a pause" = [
      (root "peers" { retry = 0; })
      "services.proxmox-ve.unlock.retry: 0."
    ];
    "a machine that unlocks itself" = [
      (root "peers" {
        peers = two // {
          alpha = peer 10;
        };
      })
      "services.proxmox-ve.unlock.peers.alpha is this machine"
    ];
    "no peers" = [
      (root "peers" { peers = { }; })
      "services.proxmox-ve.unlock.devices.root.policy: \"peers\" needs peers, and there are none."
    ];
    "more peers than there are" = [
      (root "peers" { device.threshold = 3; })
      "services.proxmox-ve.unlock.devices.root.threshold: 3 of 2 peers. Write 1 to 2."
    ];
    "a register that no TPM has" = [
      (root "tpm" { device.pcrs = [ 24 ]; })
      "services.proxmox-ve.unlock.devices.root.pcrs: 24: a TPM has registers 0 to 23."
    ];
    "a policy of one's own without it" = [
      (root "custom" { })
      "services.proxmox-ve.unlock.devices.root.custom says"
    ];
    "one beside another" = [
      (root "peers" { device.custom = any; })
      "services.proxmox-ve.unlock.devices.root.custom says"
    ];
    "no block device" = [
      (root "peers" { device.device = "vda2"; })
      "services.proxmox-ve.unlock.devices.root.device: \"vda2\" is no block device."
    ];
    "no dataset" = [
      (root "peers" {
        device.type = "zfs";
        device.device = "/dev/vda2";
      })
      "services.proxmox-ve.unlock.devices.root.device: \"/dev/vda2\" is no dataset."
    ];
    "no address of a server" = [
      (root "peers" {
        peers = two // {
          delta = peer 13 // {
            url = "192.0.2.13";
          };
        };
      })
      "services.proxmox-ve.unlock.peers.delta.url: \"192.0.2.13\" is no address of a Tang server."
    ];
    "Tang for nobody" = [
      (tang { })
      "services.proxmox-ve.tang.allow: Tang answers nobody."
    ];
    "Tang for everybody" = [
      (tang { allow = [ "0.0.0.0/0" ]; })
      "services.proxmox-ve.tang.allow: 0.0.0.0/0 is everybody"
    ];
    "Tang for a name" = [
      (tang { allow = [ "beta" ]; })
      "services.proxmox-ve.tang.allow: \"beta\": no address"
    ];
  };
}
