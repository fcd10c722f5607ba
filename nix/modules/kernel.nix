# Kernel parameters and modules, udev rules, names of network interfaces.
{ config, lib, ... }:
let
  cfg = config.services.proxmox-ve;
  facts = import ./facts.nix cfg.package;

  # Parameters left to NixOS, with the reasons.
  left = {
    "vm.max_map_count" = "NixOS sets more than upstream asks for";
  };
in
{
  config = lib.mkIf cfg.enable {
    # Takes precedence over NixOS' defaults, but not over the machine's configuration.
    boot.kernel.sysctl = lib.mapAttrs (_: lib.mkOverride 900) (
      removeAttrs facts.system.sysctls (lib.attrNames left)
    );
    # Built into Proxmox's kernel, a module in others. Without it, upstream's parameters for it
    # would be ignored, and once anything else loads it, packets between bridged ports would pass
    # the node's own rules.
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
