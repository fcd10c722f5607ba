# What must build, beside the packages.
{ pkgs }:
{
  # The builders.
  link = (pkgs.callPackage ./link { }).test;

  # services.proxmox-ve.
  modules = import ./modules.nix { inherit pkgs; };

  # What upstream's schema refuses.
  vzdump = import ./vzdump { inherit pkgs; };

  # Crates of Cargo.lock.
  crates = import ./crates.nix { inherit pkgs; };

  # The demo, whose expressions are kept.
  demo = pkgs.pveReleases.demo.pve;

  # A Perl program of a package finds its modules, whoever runs it.
  program = pkgs.runCommand "hive-emu-info" { } ''
    env -i ${pkgs.pveReleases.demo.hive-qemu}/bin/hive-emu-info | grep -F '["aarch64","x86_64"]'
    touch $out
  '';

  # What the tool makes of it at evaluation is what is kept.
  generated = pkgs.runCommand "pve-generated-is-kept" { } ''
    diff -r ${../../pkgs/demo} ${pkgs.pveGenerated.demo}/pkgs/demo
    touch $out
  '';
}
# Machines that boot, where nixpkgs has a driver for them. nix/machines runs the same tests without one.
// pkgs.lib.optionalAttrs (pkgs ? testers.runNixOSTest) (
  pkgs.lib.mapAttrs' (
    file: _:
    pkgs.lib.nameValuePair (pkgs.lib.removeSuffix ".nix" file) (
      pkgs.testers.runNixOSTest (../tests + "/${file}")
    )
  ) (pkgs.lib.filterAttrs (_: kind: kind == "regular") (builtins.readDir ../tests))
)
