# shellcheck shell=bash

# Puts the tools first on PATH, and the compiler and pkg-config under the names upstream writes.
pveBuildTools() {
  local aliases="$NIX_BUILD_TOP/pve-build-tools" pair name program
  mkdir -p "$aliases"
  for pair in "gcc:${CC:-}" "cc:${CC:-}" "ar:${AR:-}" \
    "pkg-config:${PKG_CONFIG:-}" "pkgconf:${PKG_CONFIG:-pkg-config}"; do
    name="${pair%%:*}"
    program="${pair#*:}"
    if [[ -n "$program" ]] && ! type -P "$name" >/dev/null && program="$(type -P "$program")"; then
      ln -s "$program" "$aliases/$name"
    fi
  done
  export PATH="@tools@/bin:$aliases:$PATH"
  # Messages of programs name the file they come from, in C and in Rust.
  export NIX_CFLAGS_COMPILE="${NIX_CFLAGS_COMPILE:+$NIX_CFLAGS_COMPILE }-ffile-prefix-map=$NIX_BUILD_TOP/="
  # A newer compiler's lints warn, as Debian's older one does.
  export RUSTFLAGS="${RUSTFLAGS:+$RUSTFLAGS }--cap-lints=warn --remap-path-prefix=$NIX_BUILD_TOP/="
  # TeX and others keep a cache at home.
  export HOME="$NIX_BUILD_TOP/home"
  mkdir -p "$HOME/.asciidoc"
  # a2x holds what it makes against DocBook's DTD, of which the manual's fifth level of sections is no part.
  echo "XMLLINT = ''" >"$HOME/.asciidoc/a2x.conf"
}

postUnpackHooks+=(pveBuildTools)

# Patches are made before the output has a path: where they name it, it is filled in here.
pveFillOut() {
  local file
  while IFS= read -r -d '' file; do
    substituteInPlace "$file" --replace-fail '@out@' "$out"
  done < <(grep -rlZF '@out@' . || true)
}

postPatchHooks+=(pveFillOut)

# Makefiles run the source's own scripts, which start with Debian's interpreters. Of an object that is left to its link.
pveBuildInterpreters() {
  [[ -n "${dontPatchShebangs:-}" ]] || patchShebangs --build .
}

postPatchHooks+=(pveBuildInterpreters)

# What is installed of them starts with the interpreters of the platform that it runs on.
pveHostInterpreters() {
  if [[ -z "${dontPatchShebangs:-}" ]]; then
    patchShebangs --host --update "$out"
    bash @examples@ "$out"
  fi
}

preFixupHooks+=(pveHostInterpreters)

# Sets REPLY to the place in the output of a path that Debian has; 1 where no place is, 2 for state.
foldedName() {
  local path="${1#/}"
  case "$path" in
  usr/share/perl5/*) REPLY="lib/perl5/site_perl/${path#usr/share/perl5/}" ;;
  usr/share/zsh/vendor-completions/*) REPLY="share/zsh/site-functions/${path#usr/share/zsh/vendor-completions/}" ;;
  usr/lib/*-linux-gnu*/perl5/[0-9]*/*)
    path="${path#usr/lib/*/perl5/*/}"
    REPLY="lib/perl5/site_perl/$path"
    ;;
  usr/lib/x86_64-linux-gnu/* | usr/lib/aarch64-linux-gnu/*) REPLY="lib/${path#usr/lib/*/}" ;;
  usr/bin/* | usr/sbin/*) REPLY="bin/${path#usr/*/}" ;;
  bin/* | sbin/*) REPLY="bin/${path#*/}" ;;
  usr/lib/* | usr/libexec/* | usr/share/* | usr/include/*) REPLY="${path#usr/}" ;;
  lib/* | etc/*) REPLY="$path" ;;
  var/*)
    REPLY="share/factory/$path"
    return 2
    ;;
  *) return 1 ;;
  esac
}

# Moves what lies below ROOT as on Debian into $out; two files that fall into one place are an error.
foldUsr() {
  local root="$1" file name status target
  while IFS= read -r -d '' file; do
    name="${file#"$root"/}"
    status=0
    foldedName "$name" || status=$?
    if [[ "$status" == 1 ]]; then
      echo "foldUsr: /$name has no place in a Nix output" >&2
      return 1
    fi
    if [[ -d "$file" && ! -L "$file" ]]; then
      # An empty directory below /var is state, which the system makes.
      [[ "$status" == 2 ]] || mkdir -p "$out/$REPLY"
      continue
    fi
    if [[ -e "$out/$REPLY" || -L "$out/$REPLY" ]]; then
      echo "foldUsr: /$name would lie over another file at $REPLY" >&2
      return 1
    fi
    mkdir -p "$out/${REPLY%/*}"
    local place="$out/$REPLY"
    if [[ -L "$file" ]]; then
      target="$(readlink "$file")"
      pveLink "$place" "$target"
    else
      mv "$file" "$place"
    fi
  done < <(find "$root" -mindepth 1 \( ! -type d -o -empty \) -print0 | sort -z)
}

# Makes PLACE a link to TARGET: absolute targets that fold become relative ones, others stay.
pveLink() {
  local place="$1" target="$2"
  if [[ "$target" == /* && "$target" != "$NIX_STORE"/* ]] && foldedName "$target"; then
    mkdir -p "${place%/*}"
    ln -s --relative "$out/$REPLY" "$place"
  else
    ln -s "$target" "$place"
  fi
}

# Copies what PATTERN matches of what the build left into DIRECTORY; nothing is an error.
pveInstallBuilt() {
  local directory="$1" pattern="$2" file
  local -a found=()
  while IFS= read -r file; do
    found+=("$file")
  done < <(compgen -G "$pattern" | sort)
  if [[ "${#found[@]}" == 0 ]]; then
    echo "debianInstall: the build left nothing that matches $pattern" >&2
    return 1
  fi
  mkdir -p "$directory"
  cp -r "${found[@]}" "$directory"
}

# What debianInstall lists, below ROOT.
pveInstallFiles() {
  local root="$1" place from
  while IFS=$'\t' read -r place from; do
    [[ -n "$place" ]] || continue
    if [[ "$place" == */ ]]; then
      pveInstallBuilt "$root/$place" "$from"
      continue
    fi
    if [[ ! -e "$from" ]]; then
      echo "debianInstall: $from is not in the source tree" >&2
      return 1
    fi
    mkdir -p "$root/$(dirname "$place")"
    cp -rT "$from" "$root/$place"
    case "$place" in
    usr/bin/* | usr/sbin/* | bin/* | sbin/*) chmod +x "$root/$place" ;;
    esac
  done <<<"${debianFiles:-}"
  while IFS=$'\t' read -r place from; do
    [[ -n "$place" ]] || continue
    [[ "$from" == /* ]] || from="/$from"
    mkdir -p "$root/$(dirname "$place")"
    ln -s "$from" "$root/$place"
  done <<<"${debianLinks:-}"
}

# Where cargo built, upstream's Makefiles and debian/*.install take what it left from `target/release`, whatever the
# machine built for; and what they ask of cargo is done.
pveCargoOutput() {
  local target output directory built="$NIX_BUILD_TOP/pve-built"
  target="$(realpath "${CARGO_TARGET_DIR:-target}")"
  # Cargo has a directory for each machine built for; `release` beside them holds what ran here.
  output="$(compgen -G "$target/*/${cargoBuildType:-release}" | head -n 1)"
  if [[ -z "$output" ]]; then
    echo "pve-build-hook: cargo left nothing below $target" >&2
    return 1
  fi
  for directory in "$cargoRoot" "${makeDirectory:-$cargoRoot}"; do
    mkdir -p "$directory/target"
    if [[ ! "$directory/target/release" -ef "$output" ]]; then
      rm -rf "$directory/target/release"
      ln -s "$output" "$directory/target/release"
    fi
  done
  mkdir -p "$built"
  printf '#!%s\nexit 0\n' "$SHELL" >"$built/cargo"
  chmod +x "$built/cargo"
  export PATH="$built:$PATH"
}

# make in makeDirectory with the common flags and those given.
pveMake() {
  local -a flags=()
  concatTo flags makeFlags makeFlagsArray
  flags+=("$@")
  echoCmd 'make flags' "${flags[@]}"
  make -C "${makeDirectory:-.}" SHELL="$SHELL" "${flags[@]}"
}

pveInstallPhase() {
  runHook preInstall

  local root="$NIX_BUILD_TOP/debian-root"
  mkdir -p "$root" "$out"
  if [[ -n "${cargoRoot:-}" && -z "${dontCargoBuild:-}" ]]; then
    pveCargoOutput
  fi
  if [[ -n "${makeBuildFlags:-}" ]]; then
    local -a before=()
    concatTo before makeBuildFlags
    pveMake "${before[@]}"
  fi
  if [[ -z "${dontMakeInstall:-}" ]]; then
    local -a flags=("DESTDIR=$root")
    # The linter upstream runs before it joins the JavaScript files.
    flags+=("BIOME=true")
    concatTo flags installFlags installFlagsArray installTargets=install
    pveMake "${flags[@]}"
  fi
  local directory
  for directory in ${leaveOut:-}; do
    rm -r "${root:?}/$directory"
  done
  pveInstallFiles "$root"
  foldUsr "$root"

  runHook postInstall
}

if [[ -z "${dontUsePveInstall:-}" && -z "${installPhase:-}" ]]; then
  installPhase=pveInstallPhase
fi
