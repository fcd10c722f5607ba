# Kernel parameters and modules, udev rules, names of network interfaces.
{ config, lib, ... }:
let
  cfg = config.services.proxmox-ve;
  facts = import ./facts.nix cfg.package;

  # Parameters that are left to NixOS, and why.
  left = {
    "vm.max_map_count" = "NixOS sets more than upstream asks for";
  };
in
{
  config = lib.mkIf cfg.enable {
    # Before NixOS' defaults, after what the machine's configuration says.
    boot.kernel.sysctl = lib.mapAttrs (_: lib.mkOverride 900) (
      removeAttrs facts.system.sysctls (lib.attrNames left)
    );
    # Part of Proxmox's kernel, a module of others: upstream's parameters of it would be passed over, and whoever loads it later
    # would have guests' packets between bridged ports go through the node's own rules.
    boot.kernelModules =
      facts.system.kernelModules
      ++ lib.optional (lib.any (lib.hasPrefix "net.bridge.") (lib.attrNames facts.system.sysctls)) "br_netfilter";
    boot.extraModprobeConfig = lib.concatMapStrings (line: "${line.text}\n") facts.system.modprobe;
    services.udev.packages = lib.optional (facts.system.udevRules != [ ]) cfg.package;
    environment.etc = lib.listToAttrs (
      map (
        name:
        lib.nameValuePair "systemd/network/${name}" {
          source = "${cfg.package}/lib/systemd/network/${name}";
        }
      ) facts.system.networkFiles
    );
  };
}
