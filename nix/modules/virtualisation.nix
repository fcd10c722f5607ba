# Kernel features for virtual machines: memory, devices, virtualisation itself.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.proxmox-ve;
  facts = import ./facts.nix cfg.package;
  # Enabled options that only affect virtual machines.
  idle = lib.optional cfg.ksm.enable "ksm.enable" ++ lib.optional cfg.iommu.enable "iommu.enable";
in
{
  options.services.proxmox-ve = {
    ksm.enable = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = ''
        Whether the kernel keeps memory pages that are the same in several virtual machines only once (NixOS' `hardware.ksm`). It costs
        processor time, and guests can find out about one another by it. It runs all the time; on Debian, ksmtuned turns it on when
        memory is short.
      '';
    };

    iommu.enable = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = ''
        Whether devices of the machine can be passed through to guests: the kernel is told to use the IOMMU, for such devices only
        (`iommu.passthrough`). From the next boot on. Proxmox's code loads vfio when a guest with such a device starts.
      '';
    };

    nestedVirtualisation = lib.mkOption {
      type = lib.types.bool;
      default = true;
      description = "Whether virtual machines may run virtual machines of their own, if their processor type has the flag (`host`, or `+vmx`, `+svm`). The kernel's modules take it when they are loaded, so from the next boot on.";
    };
  };

  config = lib.mkIf cfg.enable {
    hardware.ksm.enable = lib.mkIf cfg.ksm.enable true;

    # Intel's is off in some kernels. AMD's and Arm's are on if the firmware has them.
    boot.kernelParams = lib.mkIf cfg.iommu.enable (
      lib.optional pkgs.stdenv.hostPlatform.isx86_64 "intel_iommu=on" ++ [ "iommu.passthrough=1" ]
    );

    boot.extraModprobeConfig = lib.mkIf (!cfg.nestedVirtualisation) ''
      options kvm_intel nested=0
      options kvm_amd nested=0
    '';

    assertions = [
      {
        assertion = idle == [ ] || facts.hasUnit "qmeventd.service";
        message = "services.proxmox-ve.${lib.concatStringsSep ", services.proxmox-ve." idle}: ${cfg.package.name} has no part for virtual machines. Take a package whose roots hold qemu-server, or leave the option out.";
      }
    ];
  };
}
