# What modules ask of `package.pveSystem`.
package: rec {
  system =
    package.pveSystem
      or (throw "services.proxmox-ve.package: ${package.name} is no link of pve-nix: it has no `pveSystem'. Take `pkgs.pve'.");

  # Whether the packages have a unit: what a module adds beside upstream's is for the units that are there.
  hasUnit = name: builtins.any (unit: unit.name == name) system.units;

  # What LVM must not look at: the `global_filter` that a package's postinst puts into lvm.conf, with a command that the
  # compiler keeps as text. None where no package has such a command.
  lvmFilter =
    let
      words = builtins.concatMap (other: other.command) system.other;
      lists = builtins.filter (found: found != null) (
        map (builtins.match ".*[^a-z_]global_filter=(\\[[^]]*]).*") words
      );
    in
    if lists == [ ] then [ ] else builtins.fromJSON (builtins.head (builtins.head lists));

  # `/usr/libexec/x`, as Debian installs it, in the package.
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
