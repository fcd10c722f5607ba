# A test of NixOS' form (`nodes`, `testScript`) for the driver of containers: a file of what the nodes' toplevels are and of the
# script. docs/modules.md says how it is run.
#
#   test     the test's file
#   nixpkgs  a checkout of nixpkgs, or the parts that pkgs.nix names; NIXPKGS by default
#   package  the link that nodes run (`services.proxmox-ve.package`); the default release's by default
#   virtual  virtual machines in place of containers
#   packages more that takes the place of what hostpkgs has: `pvenix`, other releases' links in `pveReleases`
{
  test,
  nixpkgs ? builtins.getEnv "NIXPKGS",
  package ? null,
  virtual ? false,
  packages ? { },
}:
let
  source =
    if toString nixpkgs == "" then
      throw "nix/machines: set NIXPKGS to a checkout of nixpkgs, or give --arg nixpkgs PATH"
    else
      /. + toString nixpkgs;
  plain = import ../.. { nixpkgs = ../hostpkgs; };
  release = lib.removePrefix "pve-" (lib.fileContents ../../releases/default);
  # As the module takes it by default: built of plain hostpkgs, without ifupdown2.
  link =
    if package == null then
      (plain.pveReleases.${release}.overrideScope (_: _: { ifupdown2 = null; })).pve
    else
      package;
  pkgs = import ./pkgs.nix {
    nixpkgs = source;
    pve = {
      pve = link;
    }
    // packages;
  };
  inherit (pkgs) lib;

  described = lib.toFunction (import test) {
    inherit pkgs lib;
  };
  build =
    name: node:
    (import (source + "/nixos/lib/eval-config.nix") {
      inherit lib pkgs;
      system = null;
      modules = [
        (if virtual then ./virtual.nix else ./container.nix)
        node
        (
          { options, ... }:
          {
            networking.hostName = lib.mkDefault name;
            services = lib.optionalAttrs (options.services ? proxmox-ve) {
              proxmox-ve.package = lib.mkDefault link;
            };
          }
        )
      ];
    }).config.system.build;
  nodes = lib.mapAttrs build described.nodes;
in
pkgs.writeText "test-${described.name}.json" (
  builtins.toJSON {
    nodes = lib.mapAttrs (_: build: toString build.toplevel) nodes;
    virtual = if virtual then lib.mapAttrs (_: build: build.machine) nodes else null;
    inherit (described) testScript;
  }
)
