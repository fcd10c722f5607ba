# Compiles a plugin, a source outside of a release, into one more object of the release's links: runs
# `cargo xtask plugin RELEASE SRC`, and makes the derivation that it writes.
#
# compilePvePlugin {
#   release      the release's name in releases/ ("pve-9.1.8")
#   directory    the directory of its release.nix and exports.json
#   callPackage  the release's: its packages, then nixpkgs'
# } PLUGIN
#
# PLUGIN is a tree (a path, or a fetcher's result), or a set of
#   src    the tree
#   rules  a directory of its rules; null: pve-nix in the tree, if it exists
#   name   its name; null: `Source` in its debian/control
#   made   pkgs/NAME as the command wrote it (`--out`): evaluation then builds nothing
#
# Without `made` the tool runs at evaluation (import from derivation), and fails if a place is
# undecided.
#
# Returns `name`, `object`, `directory` (of its system.json) and `kept`.
{
  lib,
  pve-nix,
  stdenvNoCC,
}:
{
  release,
  directory,
  callPackage,
}:
plugin:
let
  given =
    if lib.isAttrs plugin && !lib.isDerivation plugin && !(plugin ? outPath) then
      plugin
    else
      { src = plugin; };
  root = ../../..;
  # A release may have rules of its own, as the demo's.
  manifest = lib.importTOML (root + "/releases/${release}.toml");
  src = given.src or (throw "withPlugins: a plugin without `src`, its tree");
  rules = given.rules or null;
  unknown = removeAttrs given [
    "made"
    "name"
    "rules"
    "src"
  ];

  shims = lib.attrNames (lib.filterAttrs (_: type: type == "directory") (builtins.readDir ./..));
  compiled = stdenvNoCC.mkDerivation {
    name = "pve-plugin-for-${release}";

    strictDeps = true;
    nativeBuildInputs = [ pve-nix ];

    dontUnpack = true;
    dontConfigure = true;
    dontBuild = true;
    # The output is text to read, and patches of scripts.
    dontFixup = true;

    installPhase = ''
      runHook preInstall
      mkdir releases pkgs
      ln -s ${../../outside} pkgs/outside
      # Rules name them; what they hold is not read.
      mkdir -p ${lib.escapeShellArgs (map (name: "pkgs/build-support/${name}") shims)}
      ln -s ${root + "/rules"} rules
      ln -s ${root + "/releases/${release}.toml"} releases/${release}.toml
      ${lib.optionalString (manifest ? rules) ''
        mkdir -p ${lib.escapeShellArg (dirOf manifest.rules)}
        ln -s ${root + "/${manifest.rules}"} ${lib.escapeShellArg manifest.rules}''}
      pve-nix plugin ${release} ${src} --exports ${directory + "/exports.json"} --out "$out" ${
        lib.optionalString (rules != null) "--rules ${rules}"
      } ${lib.optionalString (given.name or null != null) "--name ${lib.escapeShellArg given.name}"}
      runHook postInstall
    '';
  };
  # Reading the directory builds it. As a path, its files are copied under their own names, like
  # files in a tree.
  names = builtins.attrNames (builtins.readDir "${compiled}/pkgs");
  made =
    given.made or (/. + builtins.unsafeDiscardStringContext "${compiled}/pkgs/${lib.head names}");
  # Beside its patches and its kept.json is a directory named after it.
  name = lib.head (
    lib.filter (entry: lib.pathExists (made + "/${entry}/package.nix")) (
      lib.attrNames (builtins.readDir made)
    )
  );
in
assert lib.assertMsg (unknown == { })
  "withPlugins: a plugin has src, rules, name and made, not ${lib.concatStringsSep ", " (lib.attrNames unknown)}";
{
  inherit name;
  object = callPackage (made + "/${name}/package.nix") { inherit src; };
  directory = made;
  kept = made + "/kept.json";
}
