# services.proxmox-ve: makes a NixOS machine a node. Its configuration comes from
# `package.pveSystem`, the facts that the compiler reads in upstream's packaging
# (docs/system-json.md). docs/modules.md lists the tests and their machines.
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
    ./ifupdown2.nix
    ./shares.nix
    ./san.nix
    ./lvm.nix
    ./zfs.nix
    ./backup.nix
    ./pvenix.nix
  ];
}
