# Joins the sources that a Rust program is built from into one tree, each in a directory of its own, so that they
# find one another by relative paths (`../../hive-rs/hive-types`), which generated patches write.
#
# joinCrates {
#   name
#   sources  directory → { src, patches }: a source's tree and what is applied to it, as applyPatches does
#            (`patches` may be left out); one may stand within another, in the place of a submodule
#   root     the directory of the program's root manifest ("hive-rs", "hive-perl-rs/hive-rs")
#   lock     its Cargo.lock, which is put beside that manifest
# }
#   A tree: everything as upstream has it, symbolic links included. It is made by the machine that builds, whatever
#   the program is built for.
{ lib, stdenvNoCC }:
{
  name,
  sources,
  root,
  lock,
}:
let
  lines =
    directory: source:
    [ "tree\t${directory}\t${source.src}\n" ]
    ++ map (patch: "patch\t${directory}\t${patch}\n") (source.patches or [ ]);
in
stdenvNoCC.mkDerivation {
  name = "${name}-crates";

  inherit lock root;
  table = lib.concatStrings (lib.concatLists (lib.mapAttrsToList lines sources));
  passAsFile = [ "table" ];

  strictDeps = true;
  preferLocalBuild = true;

  dontUnpack = true;
  dontConfigure = true;
  dontBuild = true;
  # The tree is a source: its scripts stay as they are, and its links may lead anywhere within it.
  dontFixup = true;

  installPhase = ''
    runHook preInstall
    mkdir -p "$out"
    while IFS=$'\t' read -r what directory path; do
      case "$what" in
      tree)
        # The place of a submodule: as the source around it came, it is empty or holds the same.
        rm -rf "''${out:?}/$directory"
        mkdir -p "$(dirname "$out/$directory")"
        cp -rT "$path" "$out/$directory"
        chmod -R u+w "$out/$directory"
        ;;
      patch)
        echo "$directory: applying ''${path##*/}"
        patch -d "$out/$directory" -p1 --no-backup-if-mismatch <"$path"
        ;;
      esac
    done <"$tablePath"
    install -m644 "$lock" "$out/$root/Cargo.lock"
    runHook postInstall
  '';

  meta.description = "Sources of ${name}, joined";
}
