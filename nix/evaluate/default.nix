# The configuration of a node as the evaluator makes it, and what is wrong with it.
#
#   pkgs           packages, with `pve` or what `services.proxmox-ve.package` names
#   configuration  a module
#
# `config`, `options` as they are declared, and `wrong`: the messages of the assertions that do not hold.
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
