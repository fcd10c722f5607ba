# The overlay: Proxmox VE's packages by the names Debian's users know, and every release in `pveReleases`.
#
# What the tool makes for a release lies in `pkgs/<release>/`, with a `release.nix` that lists it. The
# releases that are there are taken; the default one's attributes stand at the top level too.
final: prev:
let
  inherit (prev) lib;

  # The release whose packages have no prefix; without it, the demo's.
  defaultRelease = "pve-9.1.4";

  directory = ../pkgs;
  releases = lib.filter (name: builtins.pathExists (directory + "/${name}/release.nix")) (
    lib.attrNames (lib.filterAttrs (_: type: type == "directory") (builtins.readDir directory))
  );

  # A release's packages see one another before nixpkgs' ones.
  scope =
    release:
    lib.makeScope final.newScope (
      self:
      import (directory + "/${release}/release.nix") (
        self
        // {
          linkPve =
            arguments:
            final.linkPve (
              {
                objects = self.pveObjects;
                docGenerator = self.pve-doc-generator or null;
              }
              // arguments
            );
        }
      )
    );
  scopes = lib.genAttrs releases scope;

  chosen = if lib.elem defaultRelease releases then defaultRelease else "demo";
  # Only the names are asked for here, which need no package.
  attributes = lib.attrNames (import (directory + "/${chosen}/release.nix") { });
in
import ../pkgs/build-support final prev
// {
  # "9.1.4" for pve-9.1.4, "demo" for the demo.
  pveReleases = lib.mapAttrs' (release: lib.nameValuePair (lib.removePrefix "pve-" release)) scopes;
}
// lib.optionalAttrs (lib.elem chosen releases) (
  lib.genAttrs attributes (name: scopes.${chosen}.${name})
)
