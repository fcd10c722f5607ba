# Compiles one Proxmox source of the knot into an object: built from that source and outside packages
# only, its references to other Proxmox files open as `@pve@/…` until linkPve closes them.
#
# mkPveObject {
#   pname, version, src   the source, its Debian version and tree
#   debianVersion         the Debian version where a Nix name cannot hold it
#   patches               generated; `replaceVars` fills their placeholders, with `pve = null`, `path = null`
#   makeDirectory         where `make install` runs (".")
#   files, links          see debianInstall
#   requires              names of the objects its code needs at run time; circles do no harm
#   perlModules           outside Perl modules its code uses at run time
#   commands              packages whose programs it runs by bare name
#   interpreters          packages whose programs its scripts start with, besides Perl and the shell
#   mayLack               packages by name, null where there is none yet: modules and commands like the others
#   extras                packages that a link lays in beside it: what it finds below the link, not below the package
#   rev                   the source's commit, for programs that tell it
#   …                     everything else goes to mkDerivation (buildInputs of C programs, makeFlags, meta)
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
  present = lib.filter (package: package != null) (lib.attrValues mayLack);
  own = [
    "commands"
    "extras"
    "files"
    "interpreters"
    "links"
    "mayLack"
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

    # pve-manager tells its commit's first sixteen digits by this name.
    ${if rev == null then null else "REPOID"} = lib.substring 0 16 rev;

    dontConfigure = args.dontConfigure or true;
    # `make install` makes what it installs; the default target makes tests and packages too.
    dontBuild = args.dontBuild or true;

    # The link sees to interpreters, pages and links that lead to other objects.
    dontPatchShebangs = true;
    dontGzipMan = true;
    dontCheckForBrokenSymlinks = true;

    passthru = {
      pveName = pname;
      pveRequires = requires;
      pveLacks = lib.attrNames (lib.filterAttrs (_: package: package == null) mayLack);
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
