# The overlay: Proxmox VE's packages by the names Debian's users know, and every release in `pveReleases`.
#
# A release's expressions are taken from `pkgs/<release>/` where `cargo xtask regen` has put them. Otherwise they are made
# when something of them is evaluated, by a derivation that runs the tool over the pinned sources (import from
# derivation). Both are the same. The default release's attributes stand at the top level too.
final: prev:
let
  inherit (prev) lib;

  # The release whose packages have no prefix; where it cannot be listed, the demo's.
  defaultRelease = lib.removeSuffix "\n" (builtins.readFile ../releases/default);

  releases = map (lib.removeSuffix ".toml") (
    lib.filter (lib.hasSuffix ".toml") (lib.attrNames (builtins.readDir ../releases))
  );

  # Where a release's expressions lie: here, or in what is made of its sources.
  materialised = release: ../pkgs + "/${release}";
  isMaterialised = release: builtins.pathExists (materialised release + "/release.nix");
  generated =
    release:
    let
      output = "${final.pveGenerated.${release}}/pkgs/${release}";
    in
    # Reading makes it. As a path, what lies in it is copied by its own name, like what lies in this tree.
    builtins.seq (builtins.readDir output) (/. + builtins.unsafeDiscardStringContext output);
  directory = release: if isMaterialised release then materialised release else generated release;

  # The names of a release's attributes and of its objects, for which nothing is made; null where they are not known.
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

  # The default release's derivations alone, its objects as `NAME-object`.
  pvePackages =
    removeAttrs default [ "pveObjects" ]
    // lib.listToAttrs (
      map (name: lib.nameValuePair "${name}-object" scopes.${chosen}.pveObjects.${name})
        (names chosen).objects
    );

  # What is made of each release's sources, as it is called in `releases/`.
  pveGenerated = lib.genAttrs releases (release: final.generatePve { inherit release; });

  # The attributes of the release whose expressions lie in `directory`: they see one another, then
  # what is packaged by hand, before nixpkgs' ones. Each has `tests.audit`.
  #
  # pveScope {
  #   release    its name in releases/, where its pins stand
  #   directory  where its release.nix lies
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
      # `system/ATTRIBUTE.json`: what a package that is no object sets up.
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
                  # What the Debian package pve-doc-generator depends on.
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
