# `rustPlatform` with the toolchain of `toolchain`, a directory as `rustc --print sysroot` names it: Debian's own is older
# than what crates need.
{
  lib,
  stdenv,
  platform,
  runCommand,
  makeSetupHook,
  fetchurl,
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

  # The crates of a lock, each where nixpkgs' importCargoLock fetches it.
  importCargoLock =
    { lockFile }:
    let
      lock = lib.importTOML lockFile;
      registry = "registry+https://github.com/rust-lang/crates.io-index";
      fetched = lib.filter (package: package ? source) lock.package;
      crate =
        package:
        if package.source != registry then
          throw "hostpkgs: ${package.name} is from ${package.source}: only crates.io is known"
        else
          fetchurl {
            name = "crate-${package.name}-${package.version}.tar.gz";
            url = "https://crates.io/api/v1/crates/${package.name}/${package.version}/download";
            sha256 = package.checksum;
          };
    in
    runCommand "cargo-vendor-dir"
      {
        inherit lockFile;
        crates = lib.concatMapStrings (
          package: "${package.name}-${package.version}\t${package.checksum}\t${crate package}\n"
        ) fetched;
        passAsFile = [ "crates" ];
      }
      ''
        mkdir -p $out/.cargo
        cp $lockFile $out/Cargo.lock
        while IFS=$'\t' read -r name checksum crate; do
          mkdir $out/$name
          tar xf $crate -C $out/$name --strip-components=1
          printf '{"files":{},"package":"%s"}' $checksum >$out/$name/.cargo-checksum.json
        done <"$cratesPath"
        printf '%s\n' '[source.crates-io]' 'replace-with = "vendored-sources"' \
          '[source.vendored-sources]' 'directory = "@vendor@"' >$out/.cargo/config.toml
      '';

  hook = makeSetupHook {
    name = "cargo-hooks";
    substitutions.target = platform.rust.rustcTarget;
  } ./cargo-hooks.sh;

  buildRustPackage =
    {
      cargoLock,
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
      // removeAttrs arguments [
        "buildType"
        "cargoLock"
      ]
      // {
        strictDeps = true;
        cargoBuildType = buildType;
        cargoDeps = importCargoLock { inherit (cargoLock) lockFile; };
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

  # bindgen finds libclang.
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
    inherit buildRustPackage importCargoLock bindgenHook;
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
