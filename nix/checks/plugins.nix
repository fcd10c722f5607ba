# A plugin from outside of a release, linked with the demo: compiled at evaluation, and from the
# output of `cargo xtask plugin`. The derivations must be the same. docs/plugins.md uses the same
# arguments.
#
#   tool      the built compiler, which is referred to and not copied
#   nixpkgs   the packages to evaluate with
#   made      the command's output (its pkgs/hive-tape)
#
# Returns the links, whether their derivations are the `same`, and the error for a plugin with the
# name of an object.
{
  tool,
  nixpkgs ? ../hostpkgs,
  made ? null,
}:
let
  built = final: _: {
    # Nothing is copied, so this hash makes a new build of the tool visible.
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
