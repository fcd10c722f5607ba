# The packages, for those without flakes: `nix-build -A pve`.
#
#   nixpkgs   the flake's own by default; `--arg nixpkgs ./nix/hostpkgs` uses the machine's packages
#   system, overlays, config   as nixpkgs takes them; the overlays come after this repository's
#
# Returns the default release's packages (its objects as NAME-object), every release in `pveReleases`,
# the output generated from each at evaluation in `pveGenerated`, the tool as `pve-nix`, `checks`,
# `nixosModules`, and all of nixpkgs with them in `pkgs`.
{
  nixpkgs ?
    let
      inherit ((builtins.fromJSON (builtins.readFile ./flake.lock)).nodes.nixpkgs) locked;
    in
    builtins.fetchTarball {
      url = "https://github.com/${locked.owner}/${locked.repo}/archive/${locked.rev}.tar.gz";
      sha256 = locked.narHash;
    },
  system ? builtins.currentSystem,
  overlays ? [ ],
  config ? { },
}:
let
  pkgs = import nixpkgs {
    inherit system config;
    overlays = [ (import ./overlays) ] ++ overlays;
  };
in
pkgs.pvePackages
// {
  inherit pkgs;
  inherit (pkgs) pve-nix pveGenerated pveReleases;
  checks = import ./nix/checks { inherit pkgs; };
  nixosModules.default = {
    imports = [ ./nix/modules ];
    nixpkgs.overlays = [ (import ./overlays) ];
  };
}
