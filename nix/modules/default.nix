# services.proxmox-ve: a NixOS machine as a node. What it makes comes from `package.pveSystem`, the facts that the compiler read
# out of upstream's packaging (docs/system-json.md); docs/modules.md says what was tried, on which machines.
{
  imports = [
    ./node.nix
    ./owned.nix
    ./units.nix
    ./cluster.nix
    ./members.nix
    ./state.nix
    ./users.nix
    ./access.nix
    ./peers.nix
    ./kernel.nix
    ./logrotate.nix
    ./virtualisation.nix
    ./containers.nix
    ./apparmor.nix
    ./firewall.nix
    ./network.nix
    ./networkd.nix
    ./ha.nix
    ./ifupdown2.nix
    ./shares.nix
    ./san.nix
    ./sdn.nix
    ./lvm.nix
    ./zfs.nix
    ./backup.nix
    ./pvenix.nix
    ./tang.nix
    ./unlock.nix
  ];
}
