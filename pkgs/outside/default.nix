# What Proxmox VE uses that nixpkgs has not and no expression is generated for, or that nixpkgs builds otherwise than it
# needs (rules/nixpkgs/differences.toml): NAME.nix, or NAME/default.nix, by the names that generated packages take as arguments. The
# tool reads the same names, so that it reports none of them as absent.
#
#   self  the release's scope
#   pins  the release's pins: a package that takes `pveSource` exists only if the release pins it
{ self, pins }:
let
  entries = builtins.readDir ./.;
  nameOf =
    entry:
    let
      file = builtins.match "(.+)\\.nix" entry;
    in
    if builtins.pathExists (./. + "/${entry}/default.nix") then
      entry
    else if file != null && entry != "default.nix" then
      builtins.head file
    else
      null;
  placeOf = name: if entries ? ${name} then ./. + "/${name}" else ./. + "/${name}.nix";
  needsPin = name: builtins.functionArgs (import (placeOf name)) ? pveSource;
  isThere = name: name != null && (pins ? ${name} || !needsPin name);
  names = builtins.filter isThere (map nameOf (builtins.attrNames entries));
in
builtins.listToAttrs (
  map (name: {
    inherit name;
    value = self.callPackage (placeOf name) { };
  }) names
)
