# `stdenv` and `stdenvNoCC`: setup.sh and mkDerivation, as described in the Nixpkgs manual.
{
  lib,
  platform,
  shell,
  initialPath,
  cc,
}:
let
  # Lists of inputs. Each input is replaced by its development output.
  dependencies = [
    "buildInputs"
    "nativeBuildInputs"
    "propagatedBuildInputs"
    "propagatedNativeBuildInputs"
    "nativeCheckInputs"
    "nativeInstallCheckInputs"
  ];

  meta =
    arguments: name:
    (arguments.meta or { })
    // {
      inherit name;
      available = true;
    };

  checked = arguments: arguments.doCheck or false && arguments ? doCheck;

  # The values that all derivations share.
  bash = "${shell}/bin/bash";
  build = "${./setup-and-build.sh}";
  setup = "${./setup.sh}";
  programs = map toString initialPath;

  # The arguments that mkDerivation passes to `derivation`.
  environment =
    hasCC: arguments:
    let
      get = name: lib.filter (input: input != null) (lib.flatten (arguments.${name} or [ ]));
      extra =
        lib.optionals (arguments.doCheck or false) (get "nativeCheckInputs")
        ++ lib.optionals (arguments.doInstallCheck or false) (get "nativeInstallCheckInputs");
    in
    removeAttrs arguments (
      [
        "env"
        "meta"
        "passthru"
        "pos"
      ]
      ++ dependencies
    )
    // arguments.env or { }
    // {
      name = storeName (arguments.name or "${arguments.pname}-${arguments.version}");
      inherit (platform) system;
      builder = bash;
      args = [
        "-e"
        (arguments.builder or build)
      ];
      inherit setup;
      shell = bash;
      initialPath = programs;
      stdenvCC = lib.optionalString hasCC (toString cc);
      strictDeps = if arguments.strictDeps or false then "1" else "";
      buildInputs = map lib.getDev (get "buildInputs");
      nativeBuildInputs = map lib.getDev (get "nativeBuildInputs" ++ extra);
      propagatedBuildInputs = map lib.getDev (get "propagatedBuildInputs");
      propagatedNativeBuildInputs = map lib.getDev (get "propagatedNativeBuildInputs");
      doCheck = if checked arguments then "1" else "";
      doInstallCheck = if arguments.doInstallCheck or false then "1" else "";
      # Outputs must not depend on the order in which a sandbox lists directories, on a clock or on
      # a locale.
      LANG = arguments.LANG or "C.UTF-8";
    }
    # A derivation with its own builder sources $stdenv/setup.
    // lib.optionalAttrs (arguments ? builder) { stdenv = ./with-builder; };

  # As in nixpkgs: a name made from a path builds nothing, and characters that are invalid in names
  # become dashes.
  storeName =
    name:
    lib.concatStrings (
      map (part: if lib.isList part then "-" else part) (
        builtins.split "[^[:alnum:]+._?=-]+" (builtins.unsafeDiscardStringContext name)
      )
    );

  mkDerivation =
    hasCC: fixed:
    let
      attributes = lib.toFunction fixed;
      arguments = lib.fix attributes;
      # Nix itself drops nulls. Searching for them here would evaluate arguments that nothing needs.
      drv = derivation (environment hasCC arguments // { __ignoreNulls = true; });
      # `previous: { … }` and `final: previous: { … }`.
      overrideAttrs =
        change:
        mkDerivation hasCC (
          final:
          let
            previous = attributes final;
            changed = lib.toFunction change previous;
          in
          previous // (if builtins.isFunction changed then change final previous else changed)
        );
      outputs = drv.outputs or [ "out" ];
      common = {
        inherit overrideAttrs;
        meta = meta arguments drv.name;
        passthru = arguments.passthru or { };
      }
      // lib.genAttrs (dependencies ++ [ "patches" ]) (name: arguments.${name} or [ ])
      // builtins.intersectAttrs {
        pname = null;
        version = null;
        src = null;
      } arguments
      // (arguments.passthru or { });
    in
    drv
    // lib.genAttrs outputs (
      output:
      drv.${output}
      // common
      // {
        outputSpecified = true;
      }
    )
    // common;

  make = hasCC: {
    mkDerivation = mkDerivation hasCC;
    buildPlatform = platform;
    hostPlatform = platform;
    targetPlatform = platform;
    inherit shell cc;
    inherit (platform)
      system
      isLinux
      isx86_64
      isAarch64
      ;
  };
in
{
  stdenv = make true;
  stdenvNoCC = removeAttrs (make false) [ "cc" ];
}
