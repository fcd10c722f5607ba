# The overlay: Proxmox VE's packages under the names that Debian's users know, and every release in
# `pveReleases`.
#
# A release's expressions come from `pkgs/<release>/` if `cargo xtask regen` has put them there.
# Otherwise evaluating them builds a derivation that runs the tool over the pinned sources (import
# from derivation). Both give the same result. The default release's attributes are at the top level
# too.
final: prev:
let
  inherit (prev) lib;

  # The release whose packages have no prefix; the demo's if it cannot be listed.
  defaultRelease = lib.removeSuffix "\n" (builtins.readFile ../releases/default);

  releases = map (lib.removeSuffix ".toml") (
    lib.filter (lib.hasSuffix ".toml") (lib.attrNames (builtins.readDir ../releases))
  );

  # The directory of a release's expressions: here, or in the output generated from its sources.
  materialised = release: ../pkgs + "/${release}";
  isMaterialised = release: builtins.pathExists (materialised release + "/release.nix");
  generated =
    release:
    let
      output = "${final.pveGenerated.${release}}/pkgs/${release}";
    in
    # Reading the directory builds it. As a path, its files are copied under their own names, like
    # files in this tree.
    builtins.seq (builtins.readDir output) (/. + builtins.unsafeDiscardStringContext output);
  directory = release: if isMaterialised release then materialised release else generated release;

  # The names of a release's attributes and objects, which need no build; null if unknown.
  listed = release: ../releases + "/${release}/attributes.toml";
  names =
    release:
    if isMaterialised release then
      let
        all = import (materialised release + "/release.nix") { };
      in
      {
        attributes = lib.attrNames all;
        objects = lib.attrNames all.pveObjects;
      }
    else if builtins.pathExists (listed release) then
      lib.importTOML (listed release)
    else
      null;
  chosen = if names defaultRelease == null then "demo" else defaultRelease;

  scopes = lib.genAttrs releases (
    release:
    final.pveScope {
      inherit release;
      directory = directory release;
    }
  );
  default = lib.genAttrs (names chosen).attributes (name: scopes.${chosen}.${name});
in
import ../pkgs/build-support final prev
// default
// {
  # "9.1.4" for pve-9.1.4, "demo" for the demo.
  pveReleases = lib.mapAttrs' (release: lib.nameValuePair (lib.removePrefix "pve-" release)) scopes;

  # Only the default release's derivations, with its objects as `NAME-object`.
  pvePackages =
    removeAttrs default [ "pveObjects" ]
    // lib.listToAttrs (
      map (name: lib.nameValuePair "${name}-object" scopes.${chosen}.pveObjects.${name})
        (names chosen).objects
    );

  # The output generated from each release's sources, by its name in `releases/`.
  pveGenerated = lib.genAttrs releases (release: final.generatePve { inherit release; });

  # The attributes of the release whose expressions lie in `directory`. A package finds its inputs
  # among these attributes first, then among the hand-written packages, then in nixpkgs. Each
  # attribute has `tests.audit`.
  #
  # pveScope {
  #   release    the release's name in releases/, which holds its pins
  #   directory  the directory of its release.nix
  # }
  pveScope =
    { release, directory }:
    let
      kept = directory + "/kept.json";
      audited = _: final.auditedPve kept;
      pinned = final.releasePins { inherit release; };
      locks = lib.filter lib.pathExists (
        map (name: directory + "/${name}/Cargo.lock") (lib.attrNames (builtins.readDir directory))
      );
      # `system/ATTRIBUTE.json`: the facts of a package that is not an object.
      systems = directory + "/system";
      packageSystems =
        self:
        map (name: {
          package = self.${lib.removeSuffix ".json" name};
          file = systems + "/${name}";
        }) (lib.optionals (lib.pathExists systems) (lib.attrNames (builtins.readDir systems)));
    in
    lib.makeScope final.newScope (
      self:
      let
        generated = import (directory + "/release.nix") (
          self
          // {
            linkPve =
              arguments:
              final.linkPve (
                {
                  objects = self.pveObjects;
                  docGenerator = self.pve-doc-generator or null;
                  # The dependencies of the Debian package pve-doc-generator.
                  docTools = lib.optionals (self ? pve-doc-generator) [
                    final.buildPackages.asciidoc
                    final.buildPackages.sourceHighlight
                    final.buildPackages.xmlto
                  ];
                  systems = directory;
                  compile = final.compilePvePlugin {
                    inherit release directory;
                    inherit (self) callPackage;
                  };
                  audited = plugins: final.auditedPve ([ kept ] ++ plugins);
                  packageSystems = packageSystems self;
                }
                // arguments
              );
          }
        );
      in
      import ../pkgs/outside {
        inherit self;
        inherit (pinned) pins;
      }
      // lib.mapAttrs audited (removeAttrs generated [ "pveObjects" ])
      // {
        pveObjects = lib.mapAttrs audited generated.pveObjects;
        inherit (pinned) pvePin pveSource;
        importCrates = final.cratesImporter locks;
      }
    );
}
