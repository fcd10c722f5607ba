# AppArmor for containers: the profiles of LXC and of Proxmox, and a reload that leaves running
# containers confined.
#
# LXC writes a profile for each container when it starts, and loads it with apparmor_parser, which the
# link has on the units' PATH. NixOS' own /etc/apparmor/parser.conf locates the files that these
# profiles include.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.proxmox-ve;
  facts = import ./facts.nix cfg.package;
  inherit (config.security) apparmor;
  parser = "${pkgs.apparmor-parser}/bin/apparmor_parser";

  # The profiles of the link, and of the LXC in it.
  profiles = pkgs.runCommand "pve-apparmor" { } ''
    mkdir -p $out/etc/apparmor.d
    program=$(readlink -f ${cfg.package}/bin/lxc-start)
    for package in "''${program%/bin/*}" ${cfg.package}; do
      [ ! -d "$package/etc/apparmor.d" ] || cp -r --no-preserve=mode "$package/etc/apparmor.d/." $out/etc/apparmor.d/
    done
  '';
  load = pkgs.writeShellScript "pve-apparmor-load" ''
    status=0
    for profile in ${profiles}/etc/apparmor.d/*; do
      [ ! -f "$profile" ] || ${parser} --replace "$profile" || status=1
    done
    exit $status
  '';
  # NixOS' policies, as its own unit loads them. A policy's mode is `state`, or `enable` and
  # `enforce` in older NixOS.
  state = policy: policy.state or (if !policy.enable then "disable" else "enforce");
  complains = policy: if policy ? state then policy.state == "complain" else !policy.enforce;
  policies = lib.concatMap (
    policy:
    lib.optional (state policy != "disable")
      "${parser} --replace ${lib.optionalString (complains policy) "--complain "}${policy.path or policy.profile}"
  ) (lib.attrValues apparmor.policies);
in
{
  options.services.proxmox-ve.containers.apparmor = lib.mkOption {
    type = lib.types.bool;
    default = cfg.containers.enable && !config.boot.isContainer;
    defaultText = lib.literalMD "`true` where containers are enabled, except in a container";
    description = ''
      Whether containers are confined by AppArmor, as on Debian (NixOS' `security.apparmor`). Where it was off before, a machine has it
      from its next boot on. Without it nothing but its user namespace keeps a container from the node, and root of a privileged
      container is the node's.
    '';
  };

  config = lib.mkIf cfg.enable (
    lib.mkMerge [
      (lib.mkIf (cfg.containers.enable && cfg.containers.apparmor) {
        security.apparmor.enable = true;
        security.apparmor.packages = [ profiles ];
        # On Debian the kernel selects this profile by the program's path. Here the path differs in
        # each generation, and one program has all of LXC's names.
        systemd.services =
          lib.genAttrs
            (lib.filter (unit: facts.hasUnit "${unit}.service") [
              "pve-container@"
              "pve-container-debug@"
            ])
            (_: {
              serviceConfig.AppArmorProfile = "/usr/bin/lxc-start";
            });
      })
      # When reloaded, NixOS' own unit removes every profile that /etc/apparmor.d does not name;
      # when stopped, all of them. Running containers whose profiles go are unconfined from then on,
      # even if the profile comes back. Here profiles are replaced, and none is removed before the
      # next boot.
      (lib.mkIf (cfg.containers.enable && apparmor.enable) {
        systemd.services.apparmor = {
          unitConfig.X-StopOnRemoval = false;
          serviceConfig =
            let
              all = policies ++ lib.optional cfg.containers.apparmor "${load}";
            in
            {
              ExecStartPre = lib.mkForce [ ];
              ExecStart = lib.mkForce all;
              ExecReload = lib.mkForce all;
              ExecStop = lib.mkForce [ ];
            };
        };
      })
    ]
  );
}
