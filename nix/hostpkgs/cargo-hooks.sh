# shellcheck shell=bash disable=SC2154
#
# What nixpkgs' cargoSetupHook, cargoBuildHook, cargoCheckHook and cargoInstallHook do, from the same variables.

cargoSetupPostUnpackHook() {
  local copy
  cp -Lr --reflink=auto -- "$cargoDeps" cargo-vendor-dir
  chmod -R u+w cargo-vendor-dir
  copy="$PWD/cargo-vendor-dir"
  export cargoDepsCopy="$copy" CARGO_HOME="$NIX_BUILD_TOP/cargo-home"
  mkdir -p .cargo "$CARGO_HOME"
  substitute "$copy/.cargo/config.toml" .cargo/vendored.toml --subst-var-by vendor "$copy"
  cat .cargo/vendored.toml >>.cargo/config.toml
}

cargoSetupPostPatchHook() {
  local lock="$PWD/${cargoRoot:+$cargoRoot/}Cargo.lock"
  if ! cmp -s "$lock" "$cargoDepsCopy/Cargo.lock"; then
    nixErrorLog "$lock is not the lock whose crates were fetched"
    exit 1
  fi
}

_cargo() {
  local verb="$1"
  shift
  # The fixup phase strips.
  local profile="${cargoBuildType^^}"
  declare -gx "CARGO_PROFILE_${profile}_STRIP=false"
  local -a flags=(-j "$NIX_BUILD_CORES" --target @target@ --offline)
  [[ "$cargoBuildType" == debug ]] || flags+=(--profile "$cargoBuildType")
  concatTo flags "$@"
  CARGO_TARGET_DIR="$PWD/target"
  export CARGO_TARGET_DIR
  echoCmd "cargo $verb" "${flags[@]}"
  (cd "${buildAndTestSubdir:-.}" && cargo "$verb" "${flags[@]}")
}

cargoBuildHook() {
  runHook preBuild
  _cargo build cargoBuildFlags
  runHook postBuild
}

cargoCheckHook() {
  runHook preCheck
  _cargo test cargoBuildFlags checkFlags
  runHook postCheck
}

cargoInstallHook() {
  runHook preInstall
  local built="$CARGO_TARGET_DIR/@target@/$cargoBuildType" file
  mkdir -p "$out/bin"
  while IFS= read -r -d '' file; do
    install -m755 "$file" "$out/bin/"
  done < <(find "$built" -maxdepth 1 -type f -executable ! -name '*.so' ! -name '*.d' -print0)
  while IFS= read -r -d '' file; do
    install -Dm755 "$file" -t "$out/lib"
  done < <(find "$built" -maxdepth 1 -type f -name '*.so' -print0)
  rmdir --ignore-fail-on-non-empty "$out/bin"
  runHook postInstall
}

postUnpackHooks+=(cargoSetupPostUnpackHook)
postPatchHooks+=(cargoSetupPostPatchHook)
if [[ -z "${dontCargoBuild:-}" && -z "${buildPhase:-}" ]]; then
  buildPhase=cargoBuildHook
fi
if [[ -z "${dontCargoCheck:-}" && -z "${checkPhase:-}" ]]; then
  checkPhase=cargoCheckHook
fi
if [[ -z "${dontCargoInstall:-}" && -z "${installPhase:-}" ]]; then
  installPhase=cargoInstallHook
fi
