# A release's expressions as they are made at evaluation, held against those in a directory: the derivations must be the
# same. For `nix-instantiate --eval --strict --read-write-mode`.
#
#   tool      the compiler, built already; it is named and not copied
#   nixpkgs   what the packages are evaluated with
#   release   its name in releases/
#   kept      where `cargo xtask regen` wrote it
#   hashes    pveSourceHashes
#
# Gives the names that differ, and how many were compared.
{
  tool,
  nixpkgs ? ../hostpkgs,
  release ? "demo",
  kept ? ../../pkgs + "/${release}",
  hashes ? { },
}:
let
  built =
    final: _:
    let
      # As nothing is copied, a tool built anew has to show.
      pve-nix = final.runCommand "pve-nix" {
        inherit tool;
        hash = builtins.hashFile "sha256" tool;
      } "mkdir -p $out/bin; ln -s $tool $out/bin/xtask";
    in
    {
      inherit pve-nix;
      pveSourceHashes = hashes;
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
  derivations =
    directory:
    let
      scope = pkgs.pveScope directory;
      paths = lib.mapAttrs (_: package: package.drvPath);
    in
    paths (lib.genAttrs (lib.filter (name: name != "pveObjects") attributes) (name: scope.${name}))
    // lib.mapAttrs' (name: lib.nameValuePair "${name}-object") (
      paths (lib.genAttrs objects (name: scope.pveObjects.${name}))
    );
  atEvaluation = derivations made;
  here = derivations kept;
in
{
  compared = lib.length (lib.attrNames here);
  differ = lib.filter (name: atEvaluation.${name} != here.${name}) (lib.attrNames here);
}
