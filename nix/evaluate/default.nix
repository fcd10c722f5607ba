# Evaluates the configuration of a node and reports its problems.
#
#   pkgs           packages, with `pve` or the one that `services.proxmox-ve.package` names
#   configuration  a module
#
# Returns `config`, the declared `options`, and `wrong`: the messages of assertions that fail.
{ pkgs, configuration }:
let
  lib = import ./modules.nix;
  inherit
    (lib.evalModules {
      specialArgs = { inherit pkgs; };
      modules = [
        ./nixos.nix
        ../modules
        configuration
      ];
    })
    config
    options
    ;
in
{
  inherit config options;
  wrong = map (one: one.message) (builtins.filter (one: !one.assertion) config.assertions);
}
