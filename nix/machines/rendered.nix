# A test in NixOS' form on machines that nix/evaluate renders: like nix/machines/default.nix, but
# without a copy of NixOS. The machine has the configuration of this repository's modules and nothing
# else of NixOS.
#
#   test  the test's file
{ test }:
let
  inherit (import ../.. { nixpkgs = ../hostpkgs; }) pkgs;
  inherit (pkgs) lib;
  described = lib.toFunction (import test) { inherit pkgs lib; };
  # A test imports the modules itself, but they are already included here.
  toplevel =
    name: node:
    import ../evaluate/toplevel.nix {
      inherit pkgs name;
      configuration = node;
    };
in
pkgs.writeText "test-${described.name}.json" (
  builtins.toJSON {
    virtual = false;
    nodes = lib.mapAttrs (name: node: {
      toplevel = toString (toplevel name node);
      machine.vlans = [ ];
    }) described.nodes;
    inherit (described) testScript;
  }
)
