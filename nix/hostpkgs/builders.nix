# Builders and fetchers with nixpkgs' names, as far as this repository's Nix code calls them.
{
  lib,
  stdenv,
  stdenvNoCC,
  shell,
}:
let
  runtimeShell = "${shell}/bin/bash";

  runCommandWith =
    deriver: name: environment: buildCommand:
    deriver.mkDerivation (
      {
        inherit name buildCommand;
        passAsFile = [ "buildCommand" ] ++ environment.passAsFile or [ ];
      }
      // removeAttrs environment [ "passAsFile" ]
    );
  runCommand = runCommandWith stdenvNoCC;
  runCommandCC = runCommandWith stdenv;
  runCommandLocal = runCommand;

  mkShell =
    {
      packages ? [ ],
      name ? "shell",
    }:
    runCommandCC name { nativeBuildInputs = packages; } "touch $out";

  writeTextFile =
    {
      name,
      text,
      executable ? false,
      destination ? "",
    }:
    runCommand name
      {
        inherit text executable destination;
        passAsFile = [ "text" ];
      }
      ''
        target=$out$destination
        mkdir -p "$(dirname "$target")"
        cp "$textPath" "$target"
        [ -z "$executable" ] || chmod +x "$target"
      '';
  writeText =
    fileName: content:
    writeTextFile {
      name = fileName;
      text = content;
    };
  script = text: "#!${runtimeShell}\n${text}\n";
  writeShellScript =
    name: text:
    writeTextFile {
      inherit name;
      text = script text;
      executable = true;
    };
  writeShellScriptBin =
    name: text:
    writeTextFile {
      inherit name;
      text = script text;
      executable = true;
      destination = "/bin/${name}";
    };

  makeSetupHook =
    {
      name,
      propagatedBuildInputs ? [ ],
      substitutions ? { },
      passthru ? { },
      meta ? { },
    }:
    hook:
    runCommand name
      {
        inherit propagatedBuildInputs passthru meta;
        inherit hook;
        strictDeps = true;
        replacements = lib.concatStrings (
          lib.mapAttrsToList (
            key: value: " --subst-var-by ${key} ${lib.escapeShellArg "${value}"}"
          ) substitutions
        );
      }
      ''
        mkdir -p $out/nix-support
        eval "substitute $hook $out/nix-support/setup-hook $replacements"
        if [ -n "$propagatedBuildInputs" ]; then
          echo "$propagatedBuildInputs" >$out/nix-support/propagated-build-inputs
        fi
      '';

  # Fills `@NAME@` from `replacements` in `src`. null keeps a placeholder; any other one left over
  # is an error.
  replaceVarsWith =
    {
      src,
      replacements,
      name ? baseNameOf (toString src),
      dir ? null,
      isExecutable ? false,
      meta ? { },
    }:
    let
      kept = lib.attrNames (lib.filterAttrs (_: value: value == null) replacements);
      pattern = "@${
        lib.optionalString (kept != [ ]) "(?!(?:${lib.concatStringsSep "|" kept})@)"
      }[a-zA-Z_][0-9A-Za-z_'-]*@";
    in
    runCommand name
      {
        inherit src isExecutable meta;
        arguments = lib.escapeShellArgs (
          lib.concatLists (
            lib.mapAttrsToList (key: value: [
              "--replace-fail"
              "@${key}@"
              "${if value == null then "@${key}@" else value}"
            ]) replacements
          )
        );
        inherit pattern;
        directory = lib.optionalString (dir != null) "/${dir}";
      }
      ''
        target=$out
        if [ -n "$directory" ]; then
          target=$out$directory/$name
          mkdir -p $out$directory
        fi
        eval "substitute $src $target $arguments"
        if grep -Poe "$pattern" "$target"; then
          echo "these look like variables that were not replaced in $target" >&2
          exit 1
        fi
        [ -z "$isExecutable" ] || chmod +x "$target"
      '';
  replaceVars = src: replacements: replaceVarsWith { inherit src replacements; };

  applyPatches =
    {
      src,
      name ? "${lib.removeSuffix ".tar" (src.name or (baseNameOf src))}-patched",
      patches ? [ ],
      prePatch ? "",
      postPatch ? "",
      ...
    }@arguments:
    stdenvNoCC.mkDerivation (
      {
        inherit
          name
          src
          patches
          prePatch
          postPatch
          ;
        preferLocalBuild = true;
        dontConfigure = true;
        dontBuild = true;
        dontFixup = true;
        installPhase = "cp -r . $out";
      }
      // removeAttrs arguments [ "src" ]
    );

  # Joins the packages' directories in `pathsToLink`. Two files at one path are an error unless one
  # may be ignored.
  buildEnv =
    {
      name,
      paths,
      pathsToLink ? [ "/" ],
      ignoreCollisions ? false,
      postBuild ? "",
      passthru ? { },
      meta ? { },
      ...
    }:
    runCommand name
      {
        paths = lib.filter (path: path != null) paths;
        inherit
          pathsToLink
          ignoreCollisions
          passthru
          meta
          ;
      }
      ''
        mkdir -p $out
        for package in $paths; do
          for part in $pathsToLink; do
            [ -d "$package$part" ] || continue
            while IFS= read -r -d "" file; do
              place="$out''${file#"$package"}"
              if [ -e "$place" ] || [ -L "$place" ]; then
                [ -n "$ignoreCollisions" ] || [ "$(realpath "$place")" = "$(realpath "$file")" ] || {
                  echo "collision between $file and $place" >&2
                  exit 1
                }
                continue
              fi
              mkdir -p "''${place%/*}"
              ln -s "$file" "$place"
            done < <(find -L "$package$part" -type f -print0)
          done
        done
        ${postBuild}
      '';
  symlinkJoin = arguments: buildEnv ({ ignoreCollisions = true; } // arguments);

  linkFarm =
    name: entries:
    runCommand name
      {
        table = lib.concatMapStrings (entry: "${entry.name}\t${entry.path}\n") (
          if lib.isList entries then
            entries
          else
            lib.mapAttrsToList (key: path: {
              name = key;
              inherit path;
            }) entries
        );
        passAsFile = [ "table" ];
      }
      ''
        mkdir -p $out
        while IFS=$'\t' read -r place target; do
          mkdir -p "$out/$(dirname "$place")"
          ln -s "$target" "$out/$place"
        done <"$tablePath"
      '';

  # --- Fetchers: a fixed output's path depends only on its hash, so nothing that `prefetch` has
  # added is fetched again. ---

  impure = [
    "GIT_PROXY_COMMAND"
    "http_proxy"
    "https_proxy"
  ];

  # The variable that lists the hosts of `mirror://NAME/`.
  mirrorVariable =
    url:
    let
      name = builtins.match "mirror://([^/]*)/.*" url;
    in
    lib.optional (name != null) "NIX_MIRRORS_${lib.head name}";

  fetchScript = lib.readFile ./fetchurl.sh;
  fetchurl =
    {
      url,
      name ? baseNameOf url,
      sha256 ? null,
      hash ? null,
    }:
    runCommand name {
      inherit url;
      outputHashMode = "flat";
      outputHashAlgo = if hash == null then "sha256" else null;
      outputHash = if hash == null then sha256 else hash;
      impureEnvVars = impure ++ mirrorVariable url;
    } fetchScript;

  fetchgit =
    {
      url,
      rev,
      hash,
      name ? gitName url rev,
      fetchSubmodules ? false,
      postFetch ? "",
    }:
    runCommand name
      {
        inherit url rev postFetch;
        outputHashMode = "recursive";
        outputHash = hash;
        impureEnvVars = impure;
        submodules = fetchSubmodules;
      }
      ''
        export HOME=$TMPDIR
        /usr/bin/git init --quiet $out
        cd $out
        /usr/bin/git fetch --quiet --depth 1 "$url" "$rev"
        /usr/bin/git checkout --quiet FETCH_HEAD
        [ -z "$submodules" ] || /usr/bin/git submodule --quiet update --init --recursive --depth 1
        find . -name .git -prune -exec rm -rf {} +
        eval "$postFetch"
      '';
  # nixpkgs' urlToName with its default naming.
  gitName =
    url: rev:
    "${lib.removeSuffix ".git" (baseNameOf (lib.removeSuffix "/" url))}-${lib.substring 0 7 rev}";
in
{
  inherit
    applyPatches
    buildEnv
    fetchgit
    fetchurl
    linkFarm
    makeSetupHook
    mkShell
    replaceVars
    replaceVarsWith
    runCommand
    runCommandCC
    runCommandLocal
    runtimeShell
    symlinkJoin
    writeShellScript
    writeShellScriptBin
    writeText
    writeTextFile
    ;
  # Its functions are in setup.sh.
  makeWrapper = makeSetupHook { name = "make-wrapper-hook"; } (writeText "make-wrapper-hook.sh" "");
}
