# Compares the expressions of a release as generated at evaluation with those in a directory: the
# derivations must be the same. For `nix-instantiate --eval --strict --read-write-mode`.
#
#   tool      the built compiler, which is referred to and not copied
#   nixpkgs   the packages to evaluate with
#   release   its name in releases/
#   kept      the directory that `cargo xtask regen` wrote
#
# Returns the names that differ, those without an audit (`tests.audit`), and the number compared.
{
  tool,
  nixpkgs ? ../hostpkgs,
  release ? "demo",
  kept ? ../../pkgs + "/${release}",
}:
let
  built =
    final: _:
    let
      # Nothing is copied, so this hash makes a new build of the tool visible.
      pve-nix = final.runCommand "pve-nix" {
        inherit tool;
        hash = builtins.hashFile "sha256" tool;
      } "mkdir -p $out/bin; ln -s $tool $out/bin/pve-nix";
    in
    {
      inherit pve-nix;
    };
  pkgs = import nixpkgs {
    overlays = [
      (import ../../overlays)
      built
    ];
  };
  inherit (pkgs) lib;

  made =
    let
      directory = "${pkgs.pveGenerated.${release}}/pkgs/${release}";
    in
    builtins.seq (builtins.readDir directory) (/. + builtins.unsafeDiscardStringContext directory);
  inherit (lib.importTOML (../../releases + "/${release}/attributes.toml")) attributes objects;
  packages =
    directory:
    let
      scope = pkgs.pveScope { inherit release directory; };
    in
    lib.genAttrs (lib.filter (name: name != "pveObjects") attributes) (name: scope.${name})
    // lib.listToAttrs (
      map (name: lib.nameValuePair "${name}-object" scope.pveObjects.${name}) objects
    );
  atEvaluation = packages made;
  here = packages kept;
  names = lib.attrNames here;
in
{
  compared = lib.length names;
  differ = lib.filter (name: atEvaluation.${name}.drvPath != here.${name}.drvPath) names;
  unaudited = lib.filter (name: !(here.${name} ? tests.audit.drvPath)) names;
}
