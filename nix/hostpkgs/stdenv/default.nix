# `stdenv` and `stdenvNoCC`: setup.sh and mkDerivation, as the Nixpkgs manual describes them.
{
  lib,
  platform,
  shell,
  initialPath,
  cc,
}:
let
  # Lists of inputs, of which each has its development output here.
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

  # What every derivation has is made once.
  bash = "${shell}/bin/bash";
  build = "${./setup-and-build.sh}";
  setup = "${./setup.sh}";
  programs = map toString initialPath;

  # What mkDerivation gives to `derivation`.
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
      # The order in which a sandbox lists a directory, a clock and a locale are not to be seen in an output.
      LANG = arguments.LANG or "C.UTF-8";
    }
    # A builder of the derivation's own sources $stdenv/setup.
    // lib.optionalAttrs (arguments ? builder) { stdenv = ./with-builder; };

  # As nixpkgs': a name made from a path asks for nothing to be built, and what no name may hold is a dash.
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
      # Nulls are left out by Nix itself: looking for them would evaluate what nobody asked for.
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
