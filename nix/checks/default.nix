# Builds that must succeed, in addition to the packages.
{ pkgs }:
{
  # The builders.
  link = (pkgs.callPackage ./link { }).test;

  # services.proxmox-ve.
  modules = import ./modules.nix { inherit pkgs; };

  # Configurations that upstream's schema rejects.
  vzdump = import ./vzdump { inherit pkgs; };

  # Crates of Cargo.lock.
  crates = import ./crates.nix { inherit pkgs; };

  # The demo, whose expressions are committed.
  demo = pkgs.pveReleases.demo.pve;

  # A package's Perl program finds its modules, whatever runs it.
  program = pkgs.runCommand "hive-emu-info" { } ''
    env -i ${pkgs.pveReleases.demo.hive-qemu}/bin/hive-emu-info | grep -F '["aarch64","x86_64"]'
    touch $out
  '';

  # The tool generates the same at evaluation as is committed.
  generated = pkgs.runCommand "pve-generated-is-kept" { } ''
    diff -r ${../../pkgs/demo} ${pkgs.pveGenerated.demo}/pkgs/demo
    touch $out
  '';
}
# Tests on machines that boot, if nixpkgs has a driver for them. nix/machines runs the same tests
# without one.
// pkgs.lib.optionalAttrs (pkgs ? testers.runNixOSTest) (
  pkgs.lib.mapAttrs' (
    file: _:
    pkgs.lib.nameValuePair (pkgs.lib.removeSuffix ".nix" file) (
      pkgs.testers.runNixOSTest (../tests + "/${file}")
    )
  ) (pkgs.lib.filterAttrs (_: kind: kind == "regular") (builtins.readDir ../tests))
)
