# Storages on disks of a storage network: iSCSI, and multiple paths to one disk.
{ config, lib, ... }:
let
  cfg = config.services.proxmox-ve;
  name = cfg.iscsi.initiatorName;
  # RFC 3720, 3.2.6.3.
  isName =
    builtins.match "iqn\\.[0-9]{4}-[0-9]{2}\\.[a-z0-9.-]+(:[^ ]+)?|eui\\.[0-9A-Fa-f]{16}|naa\\.([0-9A-Fa-f]{16}){1,2}" name
    != null;
  # Guests run on disks that these daemons serve. So they are restarted, rather than stopped before
  # the activation and started after it.
  kept = {
    stopIfChanged = false;
    unitConfig.X-StopOnRemoval = false;
  };
in
{
  options.services.proxmox-ve = {
    iscsi = {
      enable = lib.mkOption {
        type = lib.types.bool;
        default = false;
        description = ''
          Whether this node reaches storages of type `iscsi`: NixOS' `services.openiscsi` with `iscsi.initiatorName`. Proxmox's code
          logs in to a target when it first uses it, so `node.startup` stays `manual`. Discovered targets are kept in `/etc/iscsi`.
        '';
      };
      initiatorName = lib.mkOption {
        type = lib.types.nullOr lib.types.str;
        default = null;
        example = "iqn.1993-08.org.debian:01:0123456789ab";
        description = ''
          The name by which iSCSI targets know this node, different on every node. On a node that runs Debian it is in
          `/etc/iscsi/initiatorname.iscsi`; for a new one `iscsi-iname` makes one up.
        '';
      };
    };

    multipath.enable = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = ''
        Whether disks that are reached by more than one path are one disk: NixOS' `services.multipath`, whose other options say
        which. A path of iSCSI that fails is given up after 15 seconds instead of 120, as Proxmox's manual asks for, so that another
        path takes over.
      '';
    };
  };

  config = lib.mkIf cfg.enable {
    services.openiscsi = lib.mkIf cfg.iscsi.enable {
      enable = true;
      name = lib.mkIf (name != null) name;
      extraConfig = lib.mkIf cfg.multipath.enable (
        lib.mkDefault "node.session.timeo.replacement_timeout = 15"
      );
    };
    services.multipath.enable = lib.mkIf cfg.multipath.enable true;

    systemd.services = {
      iscsid = lib.mkIf cfg.iscsi.enable kept;
      multipathd = lib.mkIf cfg.multipath.enable (kept // { wantedBy = [ "sysinit.target" ]; });
    };

    assertions = [
      {
        assertion = !cfg.iscsi.enable || name != null;
        message = "services.proxmox-ve.iscsi.initiatorName: iSCSI targets know a node by its name, and this one has none. Write that of /etc/iscsi/initiatorname.iscsi if the node ran Debian, else one that `iscsi-iname` (package openiscsi) makes up.";
      }
      {
        assertion = !cfg.iscsi.enable || name == null || isName;
        message = "services.proxmox-ve.iscsi.initiatorName: \"${toString name}\" is no name of iSCSI. Write one such as \"iqn.1993-08.org.debian:01:0123456789ab\".";
      }
    ];
  };
}
