# ZFS: the pools that the configuration names, and those that the web interface made.
{ config, lib, ... }:
let
  cfg = config.services.proxmox-ve;
  inherit (cfg.zfs) pools;
  imported = lib.attrNames (lib.filterAttrs (_: pool: pool.import) pools);
  # Names of pools that OpenZFS accepts (zpoolconcepts(7)).
  isName =
    name:
    builtins.match "[A-Za-z][A-Za-z0-9_.: -]*" name != null
    && builtins.match "(mirror|raidz|draid|spare).*|log" name == null;
  strange = lib.filter (name: !isName name) (lib.attrNames pools);
  cache = "/etc/zfs/zpool.cache";
in
{
  options.services.proxmox-ve.zfs = {
    enable = lib.mkOption {
      type = lib.types.bool;
      default = pools != { };
      defaultText = lib.literalMD "whether `zfs.pools` names any";
      description = ''
        Whether this node has storages of type `zfspool` on disks of its own: NixOS' `boot.supportedFilesystems.zfs`, which builds or
        fetches ZFS for the node's kernel and asks for `networking.hostId`. Pools that are made in the web interface are imported again
        at every boot, before the guests start.
      '';
    };

    pools = lib.mkOption {
      default = { };
      example = {
        tank = { };
      };
      description = "Pools of ZFS, by their names, that are there already or that you make yourself. Those of the root file system are NixOS' own (`fileSystems`), and those that the web interface makes need no entry.";
      type = lib.types.attrsOf (
        lib.types.submodule {
          options.import = lib.mkOption {
            type = lib.types.bool;
            default = true;
            description = "Whether the pool is imported at every boot, before the guests start. A boot waits up to a minute for its disks.";
          };
        }
      );
    };
  };

  config = lib.mkIf cfg.enable (
    lib.mkMerge [
      (lib.mkIf cfg.zfs.enable {
        boot.supportedFilesystems.zfs = true;
        boot.zfs.extraPools = imported;
      })
      # This also applies if NixOS' own options have enabled ZFS. nixpkgs removes OpenZFS' own units
      # for it from the package.
      (lib.mkIf (config.boot.supportedFilesystems.zfs or false) {
        systemd.services.pve-zfs-import = {
          description = "Import the ZFS pools that were imported when the machine was shut down";
          unitConfig = {
            DefaultDependencies = false;
            ConditionFileNotEmpty = cache;
          };
          wants = [ "systemd-udev-settle.service" ];
          # Pools that the configuration names have been imported by then, and are skipped.
          after = [
            "systemd-udev-settle.service"
            "systemd-modules-load.service"
          ]
          ++ map (pool: "zfs-import-${pool}.service") config.boot.zfs.extraPools;
          before = [
            "zfs-import.target"
            "shutdown.target"
          ];
          conflicts = [ "shutdown.target" ];
          wantedBy = [ "zfs-import.target" ];
          # Once at boot; a switch has nothing to import.
          restartIfChanged = false;
          serviceConfig = {
            Type = "oneshot";
            RemainAfterExit = true;
            ExecStart = "${config.boot.zfs.package}/bin/zpool import -c ${cache} -aN";
          };
        };
      })
      {
        assertions = [
          {
            assertion = strange == [ ];
            message = "services.proxmox-ve.zfs.pools: ${
              lib.concatMapStringsSep ", " (name: "\"${name}\"") strange
            }: no name of a pool. It begins with a letter, and is none of ZFS' own words; a dataset below it (\"tank/guests\") is a storage's `pool`, not a pool.";
          }
          {
            assertion = cfg.zfs.enable || pools == { };
            message = "services.proxmox-ve.zfs.pools names ${lib.concatStringsSep ", " (lib.attrNames pools)}, and services.proxmox-ve.zfs.enable is false. Remove one of the two.";
          }
        ];
      }
    ]
  );
}
