# Encrypted disks that unlock themselves, in stage 1 and later. Serves machines without Proxmox VE, too (docs/unlock.md).
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.proxmox-ve.unlock;
  node = config.services.proxmox-ve;
  inherit (config.services.proxmox-ve) tang;
  policies = import ./unlock-policy.nix { inherit lib; };
  inherit (cfg) devices peers;
  booted = lib.filterAttrs (_: device: device.boot) devices;
  later = lib.filterAttrs (_: device: !device.boot) devices;
  ofType = type: lib.filterAttrs (_: device: device.type == type);

  # Programs that Clevis runs, and the agent.
  programs = [
    pkgs.clevis
    pkgs.jose
    pkgs.curl
    pkgs.tpm2-tools
    pkgs.cryptsetup
  ];
  text = builtins.toJSON {
    node = config.networking.hostName;
    inherit (cfg) retry;
    inherit peers;
    devices = lib.mapAttrs (_: device: {
      inherit (device)
        type
        device
        policy
        boot
        ;
      clevis = policies.clevis peers device;
    }) devices;
    tang =
      if tang.enable then
        {
          keys = "/var/lib/tang";
          inherit (tang) retired;
        }
      else
        null;
    path = lib.concatStringsSep ":" [
      (lib.makeBinPath programs)
      # What stage 1 has, and what the system has.
      "/bin"
      "/sbin"
      "/run/current-system/sw/bin"
    ];
  };
  # Clevis' curl would wait for minutes for a machine that is not there.
  curl = ''
    connect-timeout = 3
    max-time = 10
    noproxy = "*"
  '';

  agent = more: {
    description = "Agent that unlocks disks with the TPM and the other nodes";
    serviceConfig = {
      ExecStart = "${cfg.package}/bin/pvenix unlock agent${more}";
      LimitCORE = 0;
      UMask = "0077";
    };
  };
  # Asks until the dataset's key is loaded; the agent may answer, and so may whoever sits at the console.
  ask = name: device: ''
    while [ "$(zfs get -H -o value keystatus ${device.device})" = unavailable ]; do
      systemd-ask-password --timeout=0 --id=pve-nix-unlock:${name} "Passphrase of ${device.device}:" | zfs load-key -L prompt ${device.device} || sleep 1
    done
  '';
  pool = device: lib.head (lib.splitString "/" device.device);
  zfs =
    {
      name,
      device,
      unit,
      more ? "",
    }:
    lib.nameValuePair "pve-nix-unlock-${name}" (
      unit
      // {
        description = "Key of ${device.device}";
        after = [ "zfs-import-${pool device}.service" ];
        requires = [ "zfs-import-${pool device}.service" ];
        unitConfig.DefaultDependencies = false;
        conflicts = [ "shutdown.target" ];
        script = ask name device + more;
        serviceConfig = {
          Type = "oneshot";
          RemainAfterExit = true;
          TimeoutStartSec = "infinity";
          LimitCORE = 0;
        };
      }
    );

  # Where mounts of a pool wait in stage 1.
  rootMounts =
    device:
    lib.concatMap (
      system:
      lib.optional (
        system.fsType == "zfs" && pool { inherit (system) device; } == pool device && system.neededForBoot
      ) "sysroot${lib.removeSuffix "-" (escape system.mountPoint)}.mount"
    ) (lib.attrValues config.fileSystems);
  escape = path: if path == "/" then "" else builtins.replaceStrings [ "-" "/" ] [ "\\x2d" "-" ] path;

  hasTpm = lib.any policies.needsTpm (lib.attrValues devices);
  hasPeers = lib.any policies.needsPeers (lib.attrValues booted);
  warn = import ./unlock-warnings.nix { inherit config lib policies; };
  check = pkgs.runCommand "unlock-check" { } ''
    ${cfg.package}/bin/pvenix unlock --declaration ${pkgs.writeText "unlock.json" text} explain >$out
  '';
in
{
  options.services.proxmox-ve.unlock = {
    package = lib.mkOption {
      type = lib.types.package;
      default = pkgs.pvenix;
      defaultText = lib.literalExpression "pkgs.pvenix";
      description = "The program that unlocks, binds and checks.";
    };

    retry = lib.mkOption {
      type = lib.types.int;
      default = 5;
      description = "Seconds between two tries, beside the prompt on the console.";
    };

    peers = lib.mkOption {
      default = lib.mapAttrs (_: other: {
        url = "http://${lib.head other.links}:${toString tang.port}";
        address = lib.head other.links;
        thumbprint = null;
      }) (removeAttrs (node.cluster.nodes or { }) [ config.networking.hostName ]);
      defaultText = lib.literalMD "the other nodes of `services.proxmox-ve.cluster.nodes`, by their first links";
      example = {
        beta = {
          url = "http://192.0.2.11:7654";
          address = "192.0.2.11";
        };
      };
      description = "The other nodes, whose Tang servers unlock this one.";
      type = lib.types.attrsOf (
        lib.types.submodule {
          options = {
            url = lib.mkOption {
              type = lib.types.str;
              description = "Its Tang server, by address: stage 1 knows no names.";
            };
            address = lib.mkOption {
              type = lib.types.str;
              description = "Where ssh reaches root on it: `pvenix unlock` asks there which key is its server's.";
            };
            thumbprint = lib.mkOption {
              type = lib.types.nullOr lib.types.str;
              default = null;
              description = "The fingerprint of its server's signing key (`pvenix unlock keys` shows it), for a peer that ssh does not reach. It changes when the peer's keys are rotated.";
            };
          };
        }
      );
    };

    devices = lib.mkOption {
      default = { };
      example = {
        root = {
          device = "/dev/disk/by-uuid/2f0bd1a4-56bb-4d4c-b2b5-6f6a8d8a2f0e";
          policy = "tpm-or-peers";
        };
      };
      description = "Encrypted devices that open without a person, by the names they have when open. Each keeps its passphrase.";
      type = lib.types.attrsOf (
        lib.types.submodule {
          options = {
            type = lib.mkOption {
              type = lib.types.enum [
                "luks"
                "zfs"
              ];
              default = "luks";
              description = "`luks`: a device of LUKS 2, whose header holds the binding. `zfs`: a dataset of ZFS with encryption of its own, whose properties hold it.";
            };
            device = lib.mkOption {
              type = lib.types.str;
              description = "The block device (`/dev/disk/by-uuid/…`), or the dataset (`rpool/root`) that has the key.";
            };
            boot = lib.mkOption {
              type = lib.types.bool;
              default = true;
              description = "Whether the machine has no root without it: it is opened in stage 1. Others are opened later, and nothing but storages and guests waits for them.";
            };
            policy = lib.mkOption {
              type = lib.types.enum [
                "peers"
                "tpm"
                "tpm-or-peers"
                "tpm-and-peers"
                "custom"
              ];
              description = "What opens it: `threshold` of the other nodes, this machine's TPM, one of both, both, or what `custom` says. `pvenix unlock explain` shows what follows.";
            };
            threshold = lib.mkOption {
              type = lib.types.nullOr lib.types.int;
              default = null;
              defaultText = lib.literalMD "1 of two peers, 2 of more";
              description = "How many peers have to answer.";
            };
            pcrs = lib.mkOption {
              type = lib.types.listOf lib.types.int;
              default = [ 7 ];
              description = "Registers of the TPM that must be as they were when it was bound. 7 is the state of Secure Boot; without any, the TPM opens whatever is booted.";
            };
            custom = lib.mkOption {
              type = lib.types.nullOr lib.types.anything;
              default = null;
              example = {
                t = 1;
                pins.tang = [ { url = "http://192.0.2.11:7654"; } ];
              };
              description = "The configuration of Clevis' pin `sss` (clevis-encrypt-sss(1)) of `policy = \"custom\"`; the build of the system refuses one that opens nothing.";
            };
          };
        }
      );
    };
  };

  config = lib.mkMerge [
    (lib.mkIf (devices != { } || tang.enable) {
      environment.systemPackages = [
        cfg.package
        pkgs.clevis
      ];
      environment.etc."pve-nix/unlock.json".text = text;
      environment.etc."pve-nix/curl/.curlrc".text = curl;
    })
    (lib.mkIf (devices != { }) {
      system.checks = [ check ];
      warnings = warn.warnings;
      assertions = warn.assertions;

      # Beside passphrases that are asked for after stage 1.
      systemd.paths.pve-nix-unlock = {
        description = "Questions for passphrases of disks";
        wantedBy = [ "sysinit.target" ];
        unitConfig.DefaultDependencies = false;
        before = [ "shutdown.target" ];
        conflicts = [ "shutdown.target" ];
        pathConfig.DirectoryNotEmpty = "/run/systemd/ask-password";
      };
      systemd.services = {
        pve-nix-unlock = lib.recursiveUpdate (agent " --until-quiet") {
          unitConfig.DefaultDependencies = false;
          after = [ "systemd-remount-fs.service" ];
          before = [ "shutdown.target" ];
          conflicts = [ "shutdown.target" ];
          restartIfChanged = false;
        };
      }
      // lib.mapAttrs' (
        name: device:
        zfs {
          inherit name device;
          unit = {
            wantedBy = [ "multi-user.target" ];
            before = [
              "pve-storage.target"
              "shutdown.target"
            ];
            restartIfChanged = false;
            path = [
              config.boot.zfs.package
              config.systemd.package
              pkgs.coreutils
            ];
          };
          more = "zfs mount -a\n";
        }
      ) (ofType "zfs" later);
      environment.etc.crypttab = lib.mkIf (ofType "luks" later != { }) {
        text = lib.concatStrings (
          lib.mapAttrsToList (
            name: device: "${name} ${device.device} - tries=0,timeout=0,nofail,x-systemd.device-timeout=0\n"
          ) (ofType "luks" later)
        );
      };
      # What declared datasets ask for is asked here, and by nobody else.
      boot.zfs = lib.mkIf (ofType "zfs" devices != { }) {
        requestEncryptionCredentials = lib.mkDefault [ ];
      };
    })
    (lib.mkIf (booted != { }) {
      boot.initrd = {
        luks.devices = lib.mapAttrs (_: device: {
          inherit (device) device;
          # As many passphrases as it takes.
          crypttabExtraOpts = [
            "tries=0"
            "timeout=0"
          ];
        }) (ofType "luks" booted);
        availableKernelModules =
          lib.optionals hasTpm [
            "tpm_tis"
            "tpm_crb"
          ]
          # What networkd makes.
          ++ lib.optionals (hasPeers && config.systemd.network.netdevs != { }) [
            "bridge"
            "bonding"
            "8021q"
          ];
        network.enable = lib.mkIf hasPeers true;
        systemd = {
          services = {
            pve-nix-unlock = lib.recursiveUpdate (agent "") {
              wantedBy = [ "initrd.target" ];
              unitConfig.DefaultDependencies = false;
              before = [
                "initrd-switch-root.target"
                "shutdown.target"
              ];
              conflicts = [
                "initrd-switch-root.target"
                "shutdown.target"
              ];
              serviceConfig = {
                Restart = "always";
                RestartSec = 1;
              };
            };
          }
          // lib.mapAttrs' (
            name: device:
            zfs {
              inherit name device;
              unit = {
                requiredBy = rootMounts device;
                before = rootMounts device ++ [
                  "zfs-import.target"
                  "shutdown.target"
                ];
              };
            }
          ) (ofType "zfs" booted);
          contents = {
            "/etc/pve-nix/unlock.json".text = text;
            "/etc/pve-nix/curl/.curlrc".text = curl;
          }
          # Bridges, bonds and VLANs as the system has them.
          // lib.optionalAttrs (hasPeers && config.systemd.network.enable) (
            lib.mapAttrs' (
              name: unit: lib.nameValuePair "/etc/systemd/network/${name}" { inherit (unit) text; }
            ) config.systemd.network.units
          );
          storePaths = [
            "${cfg.package}/bin/pvenix"
            "${pkgs.jose}/bin/jose"
            "${pkgs.curl}/bin/curl"
            "${pkgs.cryptsetup}/bin/cryptsetup"
            "${pkgs.clevis}"
          ]
          ++ lib.optionals hasTpm (
            map (tool: "${pkgs.tpm2-tools}/bin/tpm2_${tool}") [
              "createprimary"
              "flushcontext"
              "load"
              "unseal"
            ]
          );
          extraBin = lib.mkIf (ofType "zfs" booted != { }) {
            systemd-ask-password = "${config.boot.initrd.systemd.package}/bin/systemd-ask-password";
          };
        };
      };
    })
  ];
}
