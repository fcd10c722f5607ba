# Links objects into one output, as a linker does: takes the closure of the roots, lays the objects
# out together, and closes their open references.
#
# linkPve {
#   pname, version
#   roots         names of the requested objects
#   objects       all objects by name; those that the roots require are included, circles or not
#   extras        packages to lay in beside the objects' optional ones: programs with their own units
#   docGenerator  pve-doc-generator, which makes the manual pages; null: none are made
#   docTools      packages whose programs docGenerator runs to make a page
#   systems       the release's directory with SOURCE/system.json, which lists what the installation
#                 of a source sets up; null: none
#   packageSystems  the same for packages that are not objects, a list of `package` and `file`; only
#                 those laid in count
#   compile       PLUGIN → the result of compilePvePlugin; null: there are no plugins
#   plugins       such results: objects that are roots too
#   audited       files of texts that plugins keep → LINK → the link with an audit
#   meta, passthru
# }
#
# In the output
# - every `@pve@` is the output's path, and every `@path@` the programs' PATH: the wrappers, the
#   output's own programs, and the packages of the commands that the code runs;
# - Perl programs start with `perl -I…/lib/perl5/site_perl` and keep their own switches (`-T`). That
#   directory contains the objects' modules and links to the outside ones, so one `-I` is enough and
#   the line stays below the kernel's 255 bytes;
# - services have the same PATH;
# - scripts below a directory `examples`, which people copy, start with the interpreters of the
#   system's profile;
# - open references `@pve@/…` to no object (extjs, noVNC, Rust programs) are links into the optional
#   packages that were given, and into the extras. Files of those with open references, and their
#   services, are copies, closed like an object's;
# - manual pages and completions are made by running the programs themselves, if this machine can run
#   them. If one cannot be made only because something optional is missing, it is left out, and
#   nix-support/pve-left-out lists it with a tab and the reason;
# - nix-support/pve-lacks names the optional packages that were null and, after a tab, the loss, worst
#   first; nix-support/pve-perl is the Perl for its modules; share/pve-nix/system/SOURCE.json is each
#   object's system.json, from which `cargo xtask check` makes the directories and users that the
#   programs expect.
#
# passthru: `object` (of the first root), `objects` (names), `lacks` (what was null, worst loss first:
# `name`, `cost`), `commandPath` (of the outside packages), `withPlugins` (a list of plugins → the link
# with them, docs/plugins.md), `pveSystem` (what a machine must have for it, system.nix; the NixOS
# modules read it. Not `system`, which is a derivation's platform). A required package that is null,
# or a missing object, is an error.
{
  lib,
  stdenv,
  stdenvNoCC,
  bash,
  buildPackages,
  linkPve,
  perl,
  pve-perl,
}:
arguments@{
  pname,
  version,
  roots,
  objects,
  compile ? null,
  plugins ? [ ],
  audited ? (_: link: link),
  extras ? [ ],
  docGenerator ? null,
  docTools ? [ ],
  systems ? null,
  packageSystems ? [ ],
  passthru ? { },
  meta ? { },
}:
let
  mergeSystems = import ./system.nix { inherit lib; };

  node = name: { key = name; };
  own = lib.listToAttrs (map (one: lib.nameValuePair one.name one) plugins);
  everything = objects // lib.mapAttrs (_: one: one.object) own;
  everyRoot = roots ++ map (one: one.name) plugins;
  clashing = lib.unique (
    lib.filter (name: objects ? ${name}) (lib.attrNames own)
    ++ lib.filter (name: lib.length (lib.filter (one: one.name == name) plugins) > 1) (
      lib.attrNames own
    )
  );
  withPlugins =
    more:
    let
      all =
        plugins
        ++ map (
          if compile == null then
            throw "linkPve: ${pname} is of no release, so it takes no plugins"
          else
            compile
        ) more;
    in
    audited (map (one: one.kept) all) (linkPve (arguments // { plugins = all; }));

  required = name: (everything.${name} or { }).pveRequires or [ ];
  closure = map (item: item.key) (
    lib.genericClosure {
      startSet = map node (lib.sort lib.lessThan everyRoot);
      operator = item: map node (required item.key);
    }
  );
  names = lib.sort lib.lessThan (lib.filter (name: everything ? ${name}) closure);
  members = map (name: everything.${name}) names;
  missingRoots = lib.filter (name: !(objects ? ${name})) roots;

  missingObjects = lib.filter (name: !(everything ? ${name}) && !(lib.elem name roots)) closure;

  # The optional packages of the members and of everything beside them, by name.
  mayLack = lib.foldl' (all: one: all // (one.pveMayLack or { })) { } (members ++ beside);
  absent = lib.filterAttrs (_: one: one.package == null) mayLack;
  lacks = map (name: {
    inherit name;
    inherit (absent.${name}) cost;
  }) (lib.sort (one: other: rank one < rank other) (lib.attrNames absent));
  rank = name: absent.${name}.rank;
  gather = attribute: lib.unique (lib.concatMap (object: object.${attribute}) members);

  # Everything beside the members, with what it brings along.
  beside = lib.unique (gather "pveExtras" ++ extras);
  given = lib.concatMap (
    extra: (extra.pveExtras or [ ]) ++ optional (extra.pveMayLack or { })
  ) beside;
  optional =
    entries: lib.filter (package: package != null) (lib.mapAttrsToList (_: one: one.package) entries);
  added = lib.unique (beside ++ given);

  modules = perl.pkgs.requiredPerlModules (
    lib.unique (gather "pvePerlModules" ++ lib.filter (extra: extra ? perlModule) extras)
  );
  commandPath = lib.makeBinPath (
    lib.unique (gather "pveCommands" ++ lib.concatMap (extra: extra.pveCommands or [ ]) added)
  );
  rootMeta = name: everything.${name}.meta or { };
  systemOf = name: if own ? ${name} then own.${name}.directory else systems;
  systemFile = name: systemOf name + "/${name}/system.json";
  withSystem = lib.filter (name: systemOf name != null && lib.pathExists (systemFile name)) names;
  pveSystem = mergeSystems (
    map systemFile withSystem
    ++ map (one: one.file) (lib.filter (one: lib.elem one.package added) packageSystems)
  );
  runs = stdenv.buildPlatform.canExecute stdenv.hostPlatform;
  link = stdenvNoCC.mkDerivation {
    inherit pname version;

    strictDeps = true;
    nativeBuildInputs = [ buildPackages.perl ] ++ docTools;
    # patchShebangs takes interpreters from here.
    buildInputs = [
      bash
      pve-perl
    ]
    ++ gather "pveInterpreters";

    dontUnpack = true;
    dontConfigure = true;
    dontBuild = true;

    extraTable = lib.concatMapStrings (extra: "${lib.getName extra}\t${extra}\n") added;
    objectTable = lib.concatMapStrings (name: "${name}\t${everything.${name}}\n") names;
    moduleTable = lib.concatMapStrings (
      module: "${lib.getName module}\t${module}/${perl.libPrefix}\n"
    ) modules;
    systemTable = lib.concatMapStrings (name: "${name}\t${systemFile name}\n") withSystem;
    lacking = lib.concatMapStrings (one: "${one.name}\t${one.cost}\n") lacks;
    commandPath = lib.concatStringsSep ":" (
      [
        "/run/wrappers/bin"
        "${placeholder "out"}/bin"
      ]
      ++ lib.optional (commandPath != "") commandPath
      # For other people's hook scripts and plugins, which run the administrator's programs.
      ++ [ "/run/current-system/sw/bin" ]
    );
    hostPerl = pve-perl;
    # The reason why nothing is run; empty if it is.
    notRun = lib.optionalString (
      !runs
    ) "this machine runs no programs for ${stdenv.hostPlatform.system}";
    docMake = lib.optionalString (
      docGenerator != null
    ) "${docGenerator}/share/pve-doc-generator/pve-doc-generator.mk";
    passAsFile = [
      "objectTable"
      "moduleTable"
      "extraTable"
      "systemTable"
      "lacking"
    ];

    installPhase = ''
      runHook preInstall
      perl ${./lay-objects.pl} "$objectTablePath" "$moduleTablePath" "$out"
      perl ${./lay-extras.pl} "$extraTablePath" "$out"
      perl ${./close-placeholders.pl} "$out" "$hostPerl" "$commandPath"
      patchShebangs --host --update "$out"
      bash ${../pve-build-hook/examples.sh} "$out"
      perl ${./run-deferred.pl} "$out" "$hostPerl" "$commandPath" "$docMake" "$lackingPath" "$notRun"
      install -Dm644 "$lackingPath" "$out/nix-support/pve-lacks"
      echo "$hostPerl/bin/perl" >"$out/nix-support/pve-perl"
      while IFS=$'\t' read -r name file; do
        install -Dm644 "$file" "$out/share/pve-nix/system/$name.json"
      done <"$systemTablePath"
      runHook postInstall
    '';

    doInstallCheck = true;
    installCheckPhase = ''
      runHook preInstallCheck
      perl ${./check-closed.pl} "$out"
      runHook postInstallCheck
    '';

    # Done above, with facts that only the link has.
    dontPatchShebangs = true;
    # There are links into omitted manual pages, and to files in another machine's state.
    dontCheckForBrokenSymlinks = true;

    passthru = {
      object = objects.${lib.head roots};
      objects = names;
      inherit
        lacks
        commandPath
        pveSystem
        withPlugins
        ;
    }
    // passthru;

    # A single root's own metadata; for several, their licences.
    meta =
      (
        if lib.length roots == 1 then
          lib.filterAttrs (
            name: _:
            lib.elem name [
              "description"
              "homepage"
              "license"
              "mainProgram"
            ]
          ) (rootMeta (lib.head roots))
        else
          {
            license = lib.unique (lib.concatMap (name: lib.toList ((rootMeta name).license or [ ])) names);
          }
          // lib.filterAttrs (name: _: name == "homepage") (rootMeta (lib.head roots))
      )
      // {
        platforms = [
          "x86_64-linux"
          "aarch64-linux"
        ];
      }
      // meta;
  };
in
assert lib.assertMsg (
  missingRoots == [ ]
) "linkPve: ${pname}: no object is called ${lib.concatStringsSep ", " missingRoots}";
assert lib.assertMsg (
  clashing == [ ]
) "linkPve: ${pname}: more than one object is called ${lib.concatStringsSep ", " clashing}";
assert lib.assertMsg (missingObjects == [ ])
  "linkPve: ${pname}: its objects need ${lib.concatStringsSep ", " missingObjects}, which the release does not have";
link
