# Accessors of `package.pveSystem` for modules.
package: rec {
  system =
    package.pveSystem
      or (throw "services.proxmox-ve.package: ${package.name} is no link of pve-nix: it has no `pveSystem'. Take `pkgs.pve'.");

  # Whether the packages have a unit. A module extends only units that exist.
  hasUnit = name: builtins.any (unit: unit.name == name) system.units;

  # The devices that LVM must ignore: the `global_filter` that a package's postinst puts into
  # lvm.conf, with a command that the compiler keeps as text. Empty if no package has such a
  # command.
  lvmFilter =
    let
      words = builtins.concatMap (other: other.command) system.other;
      lists = builtins.filter (found: found != null) (
        map (builtins.match ".*[^a-z_]global_filter=(\\[[^]]*]).*") words
      );
    in
    if lists == [ ] then [ ] else builtins.fromJSON (builtins.head (builtins.head lists));

  # Returns the path in the package for `/usr/libexec/x`, as Debian installs it.
  place =
    path:
    let
      below = builtins.match "/(usr/)?(s?bin|lib|libexec|share|etc)/(.*)" path;
      directory = builtins.elemAt below 1;
    in
    if below == null then
      throw "services.proxmox-ve: ${path} is no place of a package"
    else
      "${package}/${if directory == "sbin" then "bin" else directory}/${builtins.elemAt below 2}";
}
