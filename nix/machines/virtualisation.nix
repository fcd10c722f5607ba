# The options of NixOS' `virtualisation` (nixos/modules/virtualisation/qemu-vm.nix) that tests set
# and both kinds of machines understand, with the same names and units.
{ lib, ... }:
let
  inherit (lib) mkOption types;
in
{
  options.virtualisation = {
    memorySize = mkOption {
      type = types.ints.positive;
      default = 1024;
      description = "Memory of a virtual machine, in MiB.";
    };
    cores = mkOption {
      type = types.ints.positive;
      default = 1;
      description = "Processors of a virtual machine.";
    };
    diskSize = mkOption {
      type = types.ints.positive;
      default = 4096;
      description = "Size of a virtual machine's root disk, in MiB.";
    };
    emptyDiskImages = mkOption {
      type = types.listOf types.ints.positive;
      default = [ ];
      description = "Sizes of more disks, in MiB: `/dev/vdb` and on. They are blank at the first boot and keep what is written.";
    };
    rootDevice = mkOption {
      type = types.str;
      default = "/dev/vda";
      description = "The device of the root file system.";
    };
    tpm.enable = mkOption {
      type = types.bool;
      default = false;
      description = "Whether a virtual machine has a TPM 2 (swtpm), which keeps what it is given over its boots.";
    };
    vlans = mkOption {
      type = types.listOf types.ints.positive;
      default = [ 1 ];
      description = "Networks that the machine has a card in: `eth1`, `eth2` … in this order, with 192.168.VLAN.NUMBER as address.";
    };
  };
}
