# Storages on other machines' file systems, NFS and SMB, and their mount programs. Upstream's
# storage package depends on both, so they are enabled unless somebody disables them.
{ config, lib, ... }:
let
  cfg = config.services.proxmox-ve;
  # A container can mount neither, because its kernel is another machine's.
  default = !config.boot.isContainer;
  defaultText = lib.literalMD "`true`, except in a container";
in
{
  options.services.proxmox-ve = {
    nfs.enable = lib.mkOption {
      type = lib.types.bool;
      inherit default defaultText;
      description = ''
        Whether this node mounts storages of type `nfs`. `mount.nfs` becomes a program of the system, where `mount` looks for it; rpcbind
        runs, and rpc.statd starts with the first mount of NFS 3, whose locks need both. rpcbind listens on port 111, which NixOS'
        firewall keeps closed.
      '';
    };

    cifs.enable = lib.mkOption {
      type = lib.types.bool;
      inherit default defaultText;
      description = "Whether this node mounts storages of type `cifs`. `mount.cifs` becomes a program of the system, where `mount` looks for it; nothing runs for it.";
    };
  };

  config = lib.mkIf cfg.enable {
    boot.supportedFilesystems = lib.mkMerge [
      (lib.mkIf cfg.nfs.enable { nfs = true; })
      (lib.mkIf cfg.cifs.enable { cifs = true; })
    ];
    # Mounts of running guests' disks go through it, and a mount that waits for it would wait for
    # ever.
    systemd.services.rpc-statd = lib.mkIf cfg.nfs.enable { stopIfChanged = false; };
  };
}
