# The Debian packages installed on this machine, each as a derivation that holds links to its files where Nix would have
# them, and nothing of any other package.
#
#   package NAME { … }   a leaf: the union of Debian packages, with the Perl modules and pkg-config files they need
#   installed NAME       whether this machine has it
#   version NAME         its upstream version
#
# What a leaf holds depends on the package's version and file list alone, so upgrading one package rebuilds its leaf and
# what uses that. Reading dpkg's database makes evaluation impure: `--impure` in flakes.
{
  lib,
  platform,
  shell,
  perl,
}:
let
  dpkg = /var/lib/dpkg;

  # The database as JSON, package → { version, arch, depends }, read by the host's own Perl.
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
  # A store path holds no tilde.
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

  # What comes along with a package: its own Perl modules' and pkg-config files' dependencies, circles cut.
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

  # ATTRIBUTE
  #   packages   names of Debian packages
  #   programs   NAME of bin → where the host has it, for what alternatives or other names give; links: any place
  #   onlyPrograms  nothing but these
  #   hostPath   its programs find the host's others
  #   along      with what those need of Perl modules and pkg-config files
  leaf =
    attribute: described:
    leafOf attribute described
    // {
      # The same with other arguments.
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
        # Arguments and phases are those of a build, which a leaf has none of.
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

  # A Debian package for itself, with none of those it needs.
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
