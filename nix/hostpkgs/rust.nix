# `rustPlatform` with the toolchain of `toolchain`, a directory as printed by `rustc --print
# sysroot`. Debian's own is too old for the crates.
{
  lib,
  stdenv,
  platform,
  runCommand,
  makeSetupHook,
  debian,
  toolchain,
}:
let
  tools =
    runCommand "rust-toolchain"
      {
        inherit toolchain;
      }
      ''
        if [ ! -x "$toolchain/bin/cargo" ]; then
          echo "hostpkgs: no Rust toolchain at '$toolchain': set PNX_RUST to what \`rustc --print sysroot\` says" >&2
          exit 1
        fi
        mkdir -p $out/bin
        ln -s "$toolchain"/bin/* $out/bin/
      '';

  hook = makeSetupHook {
    name = "cargo-hooks";
    substitutions.target = platform.rust.rustcTarget;
  } ./cargo-hooks.sh;

  buildRustPackage =
    {
      cargoDeps ? throw "hostpkgs: ${
        arguments.pname or arguments.name
      }: no cargoDeps; expressions of a release that an earlier pve-nix wrote: `cargo xtask regen' makes them again",
      buildType ? "release",
      nativeBuildInputs ? [ ],
      env ? { },
      ...
    }@arguments:
    stdenv.mkDerivation (
      {
        doCheck = true;
        configurePhase = ''
          runHook preConfigure
          runHook postConfigure
        '';
      }
      // removeAttrs arguments [ "buildType" ]
      // {
        strictDeps = true;
        cargoBuildType = buildType;
        inherit cargoDeps;
        nativeBuildInputs = nativeBuildInputs ++ [
          hook
          tools
        ];
        env = {
          RUSTFLAGS = "";
        }
        // env;
      }
    );

  # Lets bindgen find libclang.
  bindgenHook = makeSetupHook {
    name = "rust-bindgen-hook";
    propagatedBuildInputs = [
      (debian.leaf "libclang" {
        packages = [
          "libclang-dev"
          "clang"
        ];
        along = false;
      })
    ];
  } ./bindgen-hook.sh;
in
{
  rustPlatform = {
    inherit buildRustPackage bindgenHook;
    rust = {
      cargo = tools;
      rustc = tools;
    };
  };
  cargo = tools;
  rustc = tools;
  rustfmt = tools;
  clippy = tools;
}
