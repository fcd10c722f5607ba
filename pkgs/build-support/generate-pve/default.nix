# Runs `cargo xtask regen RELEASE` in a derivation over the pinned sources. The output is
# `pkgs/RELEASE/` as in this tree.
#
# generatePve {
#   release  the name of a file in releases/ ("pve-9.1.4")
# }
#   Sources are fetched without their submodules, which are not scanned, unless the only known hash
#   includes them. Sources packaged by hand are not scanned.
{
  lib,
  fetchgit,
  pve-nix,
  stdenvNoCC,
}:
{ release }:
let
  root = ../../..;
  releases = root + "/releases";
  manifest = lib.importTOML (releases + "/${release}.toml");

  # A program's own pin is named SOURCE+PROGRAM.
  own = lib.concatMap (
    program:
    lib.mapAttrsToList (
      source: pin: lib.nameValuePair "${source}+${program}" pin
    ) manifest.program.${program}.source
  ) (lib.attrNames (manifest.program or { }));
  pins = lib.filterAttrs (_: pin: !(pin.outside or false)) (manifest.source // lib.listToAttrs own);

  # The scanned tree has no submodules.
  tree =
    name: pin:
    if pin ? path then
      root + "/${pin.path}"
    else
      fetchgit {
        inherit (pin) url rev;
        hash =
          pin.tree-hash or pin.nar-hash
            or (throw "${release}: ${name} at ${pin.rev} has no hash in releases/${release}.toml");
        fetchSubmodules = pin.submodules or false && !(pin ? tree-hash);
        postFetch = lib.concatMapStrings (path: "rm -rf \"$out/${path}\"\n") (pin.omit or [ ]);
      };

  # Expressions refer to files of this repository by a path that leads out of `pkgs`.
  kept = lib.filterAttrs (_: pin: pin ? path) manifest.source;
  # The packages beside this one.
  shims = lib.attrNames (lib.filterAttrs (_: type: type == "directory") (builtins.readDir ./..));
  # Locks of Rust programs, if there are any.
  locks = releases + "/${release}";
in
stdenvNoCC.mkDerivation {
  name = "pve-generated-${release}";

  strictDeps = true;
  nativeBuildInputs = [ pve-nix ];

  dontUnpack = true;
  dontConfigure = true;
  dontBuild = true;
  # The output is text to read, and patches of scripts.
  dontFixup = true;

  sources = lib.concatStrings (lib.mapAttrsToList (name: pin: "${name}\t${tree name pin}\n") pins);
  kept = lib.concatStrings (lib.mapAttrsToList (name: pin: "${pin.path}\t${tree name pin}\n") kept);
  passAsFile = [
    "sources"
    "kept"
  ];

  installPhase = ''
    runHook preInstall
    mkdir sources releases pkgs
    ln -s ${../../outside} pkgs/outside
    # Rules name them; what they hold is not read.
    mkdir -p ${lib.escapeShellArgs (map (name: "pkgs/build-support/${name}") shims)}
    ln -s ${root + "/rules"} rules
    ${lib.optionalString (manifest ? rules) ''
      mkdir -p ${lib.escapeShellArg (dirOf manifest.rules)}
      ln -s ${root + "/${manifest.rules}"} ${lib.escapeShellArg manifest.rules}''}
    ln -s ${releases + "/${release}.toml"} releases/${release}.toml
    ${lib.optionalString (lib.pathExists locks) "ln -s ${locks} releases/${release}"}
    while IFS=$'\t' read -r name tree; do
      ln -s "$tree" "sources/$name"
    done <"$sourcesPath"
    pve-nix regen ${release} --sources sources --no-cache --allow-missing --out "$out"
    while IFS=$'\t' read -r place tree; do
      mkdir -p "$out/$(dirname "$place")"
      cp -rT "$tree" "$out/$place"
    done <"$keptPath"
    runHook postInstall
  '';

  meta.description = "Expressions of ${release}";
}
