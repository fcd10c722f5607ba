# Units that NixOS' modules expect in a package, by package.
{
  lvm2 = [
    "blk-availability.service"
    "dm-event.service"
    "dm-event.socket"
    "lvm2-lvmpolld.service"
    "lvm2-lvmpolld.socket"
    "lvm2-monitor.service"
  ];
  multipath-tools = [
    "multipathd.service"
    "multipathd.socket"
  ];
  nfs-utils = [
    "auth-rpcgss-module.service"
    "nfs-blkmap.service"
    "nfs-client.target"
    "nfs-idmapd.service"
    "nfs-utils.service"
    "rpc-gssd.service"
    "rpc-statd-notify.service"
    "rpc-statd.service"
  ];
  openiscsi = [
    "iscsid.service"
    "iscsid.socket"
  ];
  rpcbind = [
    "rpcbind.service"
    "rpcbind.socket"
  ];
  zfs = [
    "zfs-import.target"
    "zfs-mount.service"
    "zfs-share.service"
    "zfs-volumes.target"
    "zfs.target"
  ];
}
