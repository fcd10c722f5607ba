# A package set with nixpkgs' names whose leaves are the Debian packages of the evaluating machine, to
# build and test without a binary cache, not for use. README.md describes its purpose and limits.
#
# Arguments as nixpkgs': `system`, `overlays`. `config` and `localSystem` are accepted and ignored.
#   rustToolchain  directory of a Rust toolchain, as printed by `rustc --print sysroot`
{
  system ? builtins.currentSystem,
  localSystem ? system,
  overlays ? [ ],
  config ? { },
  rustToolchain ? builtins.getEnv "PNX_RUST",
}:
let
  lib = import ./lib.nix;

  cpus = {
    aarch64-linux = "aarch64";
    x86_64-linux = "x86_64";
  };
  cpu = cpus.${system} or (throw "hostpkgs: no Debian for ${system}");
  platform = {
    inherit system;
    config = "${cpu}-unknown-linux-gnu";
    parsed.cpu = {
      name = cpu;
      bits = 64;
    };
    isLinux = true;
    is64bit = true;
    isLittleEndian = true;
    isx86_64 = cpu == "x86_64";
    isAarch64 = cpu == "aarch64";
    canExecute = other: other.system == system;
    rust.rustcTarget = "${cpu}-unknown-linux-gnu";
  };

  # What nixpkgs has by these names, of the release that flake.nix takes; one that it lacks is not to be found here either.
  # As a flake's input this directory stands alone, and the names are believed.
  names = ../../rules/nixpkgs/attributes.toml;
  known = if lib.pathExists names then lib.importTOML names else null;
  # Names of the build environment and of the flake itself, which no rule names.
  unnamed = [
    "git"
    "gnumake"
    "patch"
    "which"
  ];
  checkedName =
    path: value:
    if
      known == null || known ? ${lib.concatStringsSep "." path} || lib.elem (lib.head path) unnamed
    then
      value
    else
      throw "nix/hostpkgs/packages.nix: ${lib.concatStringsSep "." path} is not in rules/nixpkgs/attributes.toml";

  # Variants of an entry, by processor and version of Debian.
  variants = [
    "aarch64"
    "debian12"
  ];
  debianVersion = lib.head (
    builtins.match ".*VERSION_ID=\"([0-9]+)\".*" (builtins.readFile /etc/os-release)
  );

  # Makes the leaves of a table in packages.nix, which may contain nested sets.
  leaves =
    debian: path:
    lib.mapAttrs (
      name: value:
      let
        here = path ++ [ name ];
        entry = if lib.isList value then { packages = value; } else value;
        described =
          removeAttrs entry variants // entry.${cpu} or { } // entry."debian${debianVersion}" or { };
      in
      if lib.isList value || value ? packages then
        checkedName here (debian.leaf (lib.concatStringsSep "." here) described)
      else
        leaves debian here value
    );

  packages =
    final:
    let
      debian = import ./debian.nix {
        inherit lib platform;
        inherit (final) perl;
        # The host's own shell and Perl make the leaves.
        shell = "/usr";
      };
      table = leaves debian [ ] (import ./packages.nix);
      stdenvs = import ./stdenv {
        inherit lib platform cc;
        shell = table.bash;
        initialPath = [
          table.coreutils
          table.findutils
          table.diffutils
          table.gnused
          table.gnugrep
          table.gawk
          table.gnutar
          table.gzip
          table.bzip2
          table.gnumake
          table.bash
          table.patch
          table.xz
        ];
      };
      builders = import ./builders.nix {
        inherit lib;
        inherit (stdenvs) stdenv stdenvNoCC;
        shell = table.bash;
      };
      cc = import ./cc.nix {
        inherit debian;
        inherit (table) glibc;
        inherit (builders) runCommand;
        shell = table.bash;
      };
      # A leaf over which a release builds. `override` and `overrideAttrs` are those of a recipe,
      # which is built from source.
      recipes = lib.mapAttrs (
        name: file:
        table.${name}
        // lib.genAttrs [ "override" "overrideAttrs" ] (how: (final.callPackage file { }).${how})
      ) (import ./recipes);
      rust = import ./rust.nix {
        inherit lib platform debian;
        inherit (stdenvs) stdenv;
        inherit (builders) runCommand makeSetupHook;
        toolchain = rustToolchain;
      };
    in
    table
    // {
      ebtables =
        table.ebtables // import ./ebtables.nix { inherit (builders) runCommand; } table.ebtables;
      lxcfs = table.lxcfs // import ./lxcfs.nix { inherit (builders) runCommand; } table.lxcfs;
    }
    // recipes
    // stdenvs
    // builders
    // rust
    // {
      inherit lib cc;
      gcc = cc;

      perlPackages = table.perlPackages // {
        inherit (final.perl.pkgs) buildPerlPackage toPerlModule;
      };
      perl = import ./perl.nix {
        inherit lib debian;
        inherit (stdenvs) stdenv;
        inherit (builders) buildEnv;
        inherit (final) perlPackages;
      };

      pkg-config =
        builtins.seq (checkedName [ "pkg-config" ] null) builders.runCommand "pkg-config"
          {
            leaf = debian.leaf "pkg-config-unwrapped" {
              packages = [
                "pkgconf"
                "pkgconf-bin"
              ];
              along = false;
            };
          }
          ''
            mkdir -p $out/bin $out/nix-support
            ln -s $leaf/bin/pkgconf $out/bin/pkg-config
            cp ${./pkg-config-hook.sh} $out/nix-support/setup-hook
          '';

      inherit system;
      inherit config;
      buildPackages = final;
      pkgs = final;
      newScope = scope: lib.callPackageWith (final // scope);
      callPackage = lib.callPackageWith final;

      # Makes a leaf from Debian packages, for replacements of packages written by hand.
      debianLeaf = debian.leaf;
    };
in
lib.fix (lib.foldl' (function: overlay: lib.extends overlay function) packages overlays)
