# A plugin that is no part of a release, linked with the demo: compiled where it is evaluated, and from what
# `cargo xtask plugin` wrote; the derivations must be the same. docs/plugins.md has the same arguments.
#
#   tool      the compiler, built already; it is named and not copied
#   nixpkgs   what the packages are evaluated with
#   made      where the command wrote it (its pkgs/hive-tape)
#
# Gives the links, whether their derivations are `same`, and what is said of a plugin that has the name of an object.
{
  tool,
  nixpkgs ? ../hostpkgs,
  made ? null,
}:
let
  built = final: _: {
    # As nothing is copied, a tool built anew has to show.
    pve-nix = final.runCommand "pve-nix" {
      inherit tool;
      hash = builtins.hashFile "sha256" tool;
    } "mkdir -p $out/bin; ln -s $tool $out/bin/pve-nix";
  };
  pkgs = import nixpkgs {
    overlays = [
      (import ../../overlays)
      built
    ];
  };
  src = ../../demo/plugins/hive-tape;
  inherit (pkgs.pveReleases.demo) hive-guests;

  atEvaluation = hive-guests.withPlugins [ src ];
  materialised = hive-guests.withPlugins [ { inherit src made; } ];
in
{
  link = atEvaluation;
  same = atEvaluation.drvPath == materialised.drvPath;
  objects = atEvaluation.objects;
  audit = atEvaluation.tests.audit;
  units = map (unit: unit.name) atEvaluation.pveSystem.units;
  twice = (atEvaluation.withPlugins [ src ]).drvPath;
}
