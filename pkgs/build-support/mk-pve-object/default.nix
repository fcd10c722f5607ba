# Compiles one Proxmox source of the knot into an object: built only from that source and outside
# packages, with references to other Proxmox files open as `@pve@/…` until linkPve closes them.
#
# mkPveObject {
#   pname, version, src   the source, its Debian version and tree
#   debianVersion         the Debian version, if a Nix name cannot contain it
#   patches               generated; `replaceVars` fills their placeholders, with `pve = null`,
#                         `path = null`
#   makeDirectory         the directory in which `make install` runs (".")
#   files, links          see debianInstall
#   requires              names of the objects that its code needs at run time; circles do no harm
#   perlModules           outside Perl modules that its code uses at run time
#   commands              packages whose programs it runs by bare name
#   interpreters          packages whose programs interpret its scripts, besides Perl and the shell
#   needs                 packages by name in neither list: modules and commands like the others, laid
#                         into the link; null is an error
#   mayLack               packages that its code looks for before use, by name: `package` (null:
#                         none), `cost` (the loss to a user without it), `rank` (0 is the worst)
#   extras                packages that a link lays in beside it: it finds them below the link, not
#                         below the package
#   rev                   the source's commit, for programs that show it
#   …                     everything else goes to mkDerivation (buildInputs of C programs, makeFlags,
#                         meta)
# }
{
  lib,
  stdenv,
  debianInstall,
  dpkg-shim,
  perl,
  pve-build-hook,
}:
{
  pname,
  version,
  files ? { },
  links ? { },
  requires ? [ ],
  perlModules ? [ ],
  commands ? [ ],
  interpreters ? [ ],
  needs ? { },
  mayLack ? { },
  extras ? [ ],
  rev ? null,
  nativeBuildInputs ? [ ],
  buildInputs ? [ ],
  passthru ? { },
  meta ? { },
  ...
}@args:
let
  required = lib.mapAttrs (
    name: package:
    if package == null then throw "mkPveObject: ${pname} needs ${name}, which is null here" else package
  ) needs;
  optional = lib.mapAttrsToList (_: one: one.package) mayLack;
  present = lib.attrValues required ++ lib.filter (package: package != null) optional;
  own = [
    "commands"
    "extras"
    "files"
    "interpreters"
    "links"
    "mayLack"
    "needs"
    "perlModules"
    "requires"
    "rev"
  ];
in
stdenv.mkDerivation (
  removeAttrs args own
  // debianInstall { inherit files links; }
  // {
    pname = "${pname}-object";
    debianSource = args.debianSource or pname;

    strictDeps = true;

    nativeBuildInputs = [
      dpkg-shim
      perl
      pve-build-hook
    ]
    ++ nativeBuildInputs;
    inherit buildInputs;
    pveHostPerl = perl;

    # pve-manager shows its commit's first sixteen digits, from this variable.
    ${if rev == null then null else "REPOID"} = lib.substring 0 16 rev;

    dontConfigure = args.dontConfigure or true;
    # `make install` builds what it installs. The default target would also build tests and
    # packages.
    dontBuild = args.dontBuild or true;

    # The link handles interpreters, manual pages and links to other objects.
    dontPatchShebangs = true;
    dontGzipMan = true;
    dontCheckForBrokenSymlinks = true;

    passthru = {
      pveName = pname;
      pveRequires = requires;
      pveMayLack = mayLack;
      pvePerlModules = perlModules ++ lib.filter (package: package ? perlModule) present;
      pveCommands =
        commands
        ++ lib.filter (package: !(package ? perlModule)) present
        ++ lib.concatMap (package: package.pveCommands or [ ]) present;
      pveInterpreters = interpreters;
      pveExtras = present ++ extras;
    }
    // passthru;

    meta = {
      platforms = [
        "x86_64-linux"
        "aarch64-linux"
      ];
    }
    // meta;
  }
)
