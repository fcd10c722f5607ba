# Compiles a plugin, a source that is no part of a release, into one more object of the release's links: what
# `cargo xtask plugin RELEASE SRC` writes, and the derivation that it says.
#
# compilePvePlugin {
#   release      the release's name in releases/ ("pve-9.1.8")
#   directory    where its release.nix lies, and exports.json: what it offers
#   callPackage  the release's: its packages, then nixpkgs' ones
# } PLUGIN
#
# PLUGIN is a tree (a path, what a fetcher gives), or a set of
#   src    the tree
#   rules  a directory of its rules; null: pve-nix in the tree, where that is
#   name   its name; null: `Source` of its debian/control
#   made   pkgs/NAME as the command wrote it (`--out`): then nothing is built at evaluation
#
# Without `made` the tool runs at evaluation (import from derivation), and fails where a place is undecided.
#
# Gives `name`, `object`, `directory` (of its system.json) and `kept`.
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
    # It is text that is read, and patches of scripts.
    dontFixup = true;

    installPhase = ''
      runHook preInstall
      mkdir releases pkgs
      ln -s ${../../outside} pkgs/outside
      # Rules name them; what they hold is not read.
      mkdir -p ${lib.escapeShellArgs (map (name: "pkgs/build-support/${name}") shims)}
      ln -s ${../../../rules} rules
      pve-nix plugin ${release} ${src} --exports ${directory + "/exports.json"} --out "$out" ${
        lib.optionalString (rules != null) "--rules ${rules}"
      } ${lib.optionalString (given.name or null != null) "--name ${lib.escapeShellArg given.name}"}
      runHook postInstall
    '';
  };
  # Reading makes it. As a path, what lies in it is copied by its own name, like what lies in a tree.
  names = builtins.attrNames (builtins.readDir "${compiled}/pkgs");
  made =
    given.made or (/. + builtins.unsafeDiscardStringContext "${compiled}/pkgs/${lib.head names}");
  # Beside its patches and its kept.json lies what is named after it.
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
