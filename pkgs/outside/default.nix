# What Proxmox VE uses that nixpkgs has not and no expression is generated for, or that nixpkgs builds otherwise than it
# needs (rules/differences.toml): NAME.nix, or NAME/default.nix, by the names that generated packages take as arguments. The tool reads
# the same names, so that none of it is told as absent.
#
#   self  the release's scope
#   pins  the release's pins: what is packaged from one (`outside` in rules/sources.toml) is there where the release has it
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

  sources = builtins.fromTOML (builtins.readFile ../../rules/sources.toml);
  isThere = name: !(sources.${name}.outside or false) || pins ? ${name};
  names = builtins.filter (name: name != null && isThere name) (
    map nameOf (builtins.attrNames entries)
  );
in
builtins.listToAttrs (
  map (name: {
    inherit name;
    value = self.callPackage (placeOf name) { };
  }) names
)
