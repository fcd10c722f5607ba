# What Proxmox VE uses that neither nixpkgs nor a pinned source has: NAME.nix, or NAME/default.nix, by the names that generated packages
# take as arguments. The tool reads the same names (`rules/` beside this directory), so that none of it is told as absent.
self:
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
  names = builtins.filter (name: name != null) (map nameOf (builtins.attrNames entries));
in
builtins.listToAttrs (
  map (name: {
    inherit name;
    value = self.callPackage (placeOf name) { };
  }) names
)
