# The Debian packages installed on this machine, each as a derivation with links to its files where
# Nix would have them, and to files of no other package.
#
#   package NAME { … }   a leaf: the union of Debian packages, with the Perl modules and pkg-config
#                        files that they need
#   installed NAME       whether this machine has it
#   version NAME         its upstream version
#
# The contents of a leaf depend only on the package's version and file list, so upgrading one package
# rebuilds only its leaf and its users. Reading dpkg's database makes evaluation impure: `--impure` in
# flakes.
{
  lib,
  platform,
  shell,
  perl,
}:
let
  dpkg = /var/lib/dpkg;

  # The database as JSON, package → { version, arch, depends }, made by the host's own Perl.
  database = lib.importJSON (derivation {
    name = "debian-packages.json";
    system = builtins.currentSystem;
    builder = "/usr/bin/perl";
    args = [ ./debian-database.pl ];
    status = builtins.path {
      path = dpkg + "/status";
      name = "dpkg-status";
    };
  });

  installed = name: database ? ${name};

  # [epoch:]upstream[-revision]
  upstream =
    version:
    let
      parts = builtins.match "([0-9]+:)?([^:]*)" version;
      without = lib.last parts;
      revised = builtins.match "(.*)-[^-]*" without;
    in
    if revised == null then without else lib.head revised;
  # A store path cannot contain a tilde.
  version =
    name:
    if installed name then
      builtins.replaceStrings [ "~" ] [ "-" ] (upstream database.${name}.version)
    else
      "0";

  list =
    name:
    let
      plain = dpkg + "/info/${name}.list";
      file =
        if builtins.pathExists plain then plain else dpkg + "/info/${name}:${database.${name}.arch}.list";
    in
    builtins.path {
      path = file;
      name = builtins.replaceStrings [ ":" "~" ] [ "-" "-" ] "${name}-${database.${name}.version}.list";
    };

  # The packages that a package brings along: dependencies among Perl modules and pkg-config files,
  # with circles cut.
  comesAlong = name: builtins.match "lib.*-perl|.*-(multi)?dev" name != null;
  needs =
    names:
    map (item: item.key) (
      lib.genericClosure {
        startSet = map (key: { inherit key; }) names;
        operator =
          item:
          map (key: { inherit key; }) (
            lib.filter (name: comesAlong name && installed name)
              (database.${item.key} or { depends = [ ]; }).depends
          );
      }
    );

  # A leaf: the files of installed Debian packages as one output.
  #
  #   packages      the names of the Debian packages
  #   programs      NAME in bin → the host's path, for programs that Debian names otherwise or
  #                 installs through alternatives; `links` does the same for any path
  #   onlyPrograms  take these programs and nothing else
  #   hostPath      let its programs find the host's other programs
  #   along         add the Perl modules and pkg-config files that these packages depend on
  leaf =
    attribute: described:
    leafOf attribute described
    // {
      # The same leaf with other arguments.
      overrideLeaf = change: leaf attribute (described // change described);
    };
  leafOf =
    attribute:
    {
      packages,
      programs ? { },
      links ? { },
      onlyPrograms ? false,
      hostPath ? false,
      outputs ? { },
      along ? true,
    }:
    let
      missing = lib.filter (name: !installed name) packages;
      others = lib.filter (name: !lib.elem name packages) (needs packages);
      propagated = lib.optionals along (map single others);
      drv = derivation {
        name = "${builtins.replaceStrings [ "." ] [ "-" ] attribute}-${version (lib.head packages)}";
        inherit (platform) system;
        builder = "${shell}/bin/bash";
        args = [
          "-e"
          ./debian-leaf.sh
        ];
        debianPackages = packages;
        debianMissing = missing;
        lists = lib.optionals (!onlyPrograms) (map list (lib.filter installed packages));
        table = lib.concatStrings (
          lib.mapAttrsToList (place: from: "${place}\t${from}\n") (
            lib.mapAttrs' (name: lib.nameValuePair "bin/${name}") programs // links
          )
        );
        propagated = map toString propagated;
        inherit hostPath;
        script = ./debian-leaf.pl;
      };
      isPerl = lib.any (lib.hasSuffix "-perl") packages;
      common = {
        pname = attribute;
        version = version (lib.head packages);
        meta = {
          mainProgram = lib.head packages;
        };
        propagatedBuildInputs = propagated;
        debianPackages = packages;
        # Arguments and phases belong to builds, and a leaf has none.
        override = _: made;
        overrideAttrs = _: made;
      }
      // lib.optionalAttrs isPerl {
        perlModule = perl;
        requiredPerlModules = propagated;
      }
      // lib.mapAttrs (
        output: places:
        leaf "${attribute}-${output}" {
          inherit packages;
          onlyPrograms = true;
          links = places;
          along = false;
        }
      ) outputs;
      made = drv // common // { out = drv.out // common; };
    in
    made;

  # A Debian package by itself, without its dependencies.
  single =
    name:
    leaf name {
      packages = [ name ];
      along = false;
    };
in
{
  inherit installed version leaf;
}
