# Joins the sources of a Rust program into one tree, each in a directory of its own, so that they find
# one another by the relative paths (`../../hive-rs/hive-types`) that generated patches write.
#
# joinCrates {
#   name
#   sources  directory → { src, patches }: a source's tree and its patches, as for applyPatches
#            (`patches` is optional); one may lie within another, in place of a submodule
#   root     the directory of the program's root manifest ("hive-rs", "hive-perl-rs/hive-rs")
#   lock     its Cargo.lock, which is put beside that manifest
# }
#   Returns the tree, with everything as upstream has it, symbolic links included. The building
#   machine makes it, whatever the program is built for.
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
  # The tree is a source: its scripts do not change, and its links may lead anywhere within it.
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
