# shellcheck shell=bash disable=SC2034,SC2154,SC1090
#
# The build environment of `stdenv.mkDerivation`: phases, hooks, setup hooks, `substitute`, `patchShebangs` and their
# like, with the names and meanings that the Nixpkgs manual gives them (chapter "The Standard Environment"). It has what
# this repository's derivations use; the machine built on is the machine built for.

set -eu -o pipefail
shopt -s inherit_errexit nullglob

: "${outputs:=out}" "${strictDeps:=}"
: "${nativeBuildInputs:=}" "${buildInputs:=}" "${propagatedBuildInputs:=}" "${propagatedNativeBuildInputs:=}"

# --- Output ---

nixLog() { echo "$*" >&2; }
nixErrorLog() { echo "ERROR: $*" >&2; }
nixInfoLog() { :; }

echoCmd() {
  printf '%s:' "$1"
  shift
  printf ' %q' "$@"
  echo
}

exitHandler() {
  local status=$?
  if [[ "$status" -ne 0 && -n "${curPhase:-}" ]]; then
    echo "the phase \`$curPhase' failed with status $status" >&2
  fi
  exit "$status"
}
trap exitHandler EXIT

# --- Hooks ---

# runHook NAME: the function or variable NAME and the array NAMEHooks.
runHook() {
  local name="$1" hook
  shift
  local -n hooks="${name%Hook}Hooks"
  for hook in "_callImplicitHook $name" "${hooks[@]+"${hooks[@]}"}"; do
    _eval "$hook" "$@"
  done
}

_callImplicitHook() {
  local name="$1"
  if declare -F "$name" >/dev/null; then
    "$name"
  elif [[ -n "${!name:-}" ]]; then
    eval "${!name}"
  fi
}

# A function with its arguments, or a text.
_eval() {
  local code="$1"
  shift
  if declare -F "$code" >/dev/null; then
    "$code" "$@"
  else
    eval "$code"
  fi
}

declare -a preHooks=() postHooks=() preUnpackHooks=() postUnpackHooks=() prePatchHooks=() postPatchHooks=()
declare -a preConfigureHooks=() postConfigureHooks=() preBuildHooks=() postBuildHooks=() preCheckHooks=() postCheckHooks=()
declare -a preInstallHooks=() postInstallHooks=() preFixupHooks=() fixupOutputHooks=() postFixupHooks=()
declare -a preInstallCheckHooks=() postInstallCheckHooks=() preDistHooks=() postDistHooks=() exitHooks=() failureHooks=()
declare -a _buildEnvHooks=() _hostEnvHooks=()

# addEnvHooks OFFSET FUNCTION…: each is called with every input of that offset.
addEnvHooks() {
  local offset="$1"
  shift
  if [[ "$offset" -lt 0 ]]; then
    _buildEnvHooks+=("$@")
  else
    _hostEnvHooks+=("$@")
  fi
}

# --- Lists and strings ---

addToSearchPathWithCustomDelimiter() {
  local delimiter="$1" name="$2" directory="$3"
  if [[ -d "$directory" && ":${!name:-}:" != *":$directory:"* ]]; then
    export "$name"="${!name:+${!name}$delimiter}$directory"
  fi
}
addToSearchPath() { addToSearchPathWithCustomDelimiter ":" "$@"; }

isArray() { [[ "$(declare -p "$1" 2>/dev/null)" == "declare -a"* ]]; }

appendToVar() {
  local name="$1"
  shift
  if isArray "$name"; then
    local -n array="$name"
    array+=("$@")
  else
    export "$name"="${!name:+${!name} }$*"
  fi
}

prependToVar() {
  local name="$1"
  shift
  if isArray "$name"; then
    local -n array="$name"
    array=("$@" "${array[@]+"${array[@]}"}")
  else
    export "$name"="$*${!name:+ ${!name}}"
  fi
}

# concatTo TARGET NAME[=DEFAULT]…: appends what the arrays or word lists hold to the array TARGET.
concatTo() {
  local -n target="$1"
  shift
  local argument name default
  for argument in "$@"; do
    name="${argument%%=*}"
    default=
    [[ "$argument" != *=* ]] || default="${argument#*=}"
    if isArray "$name"; then
      local -n list="$name"
      target+=("${list[@]+"${list[@]}"}")
      unset -n list
    elif [[ -n "${!name:-}" ]]; then
      local -a words
      read -r -d '' -a words <<<"${!name}" || true
      target+=("${words[@]+"${words[@]}"}")
    elif [[ -n "$default" ]]; then
      target+=("$default")
    fi
  done
}

concatStringsSep() {
  local separator="$1" name="$2" joined
  local -a words=()
  concatTo words "$name"
  printf -v joined "%s$separator" "${words[@]+"${words[@]}"}"
  printf '%s' "${joined%"$separator"}"
}

# --- Store paths and files ---

stripHash() {
  local name="${1##*/}"
  if [[ "$name" =~ ^[0-9a-z]{32}- ]]; then
    name="${name:33}"
  fi
  echo "$name"
}

isELF() {
  local magic
  IFS= read -r -n 4 magic <"$1" 2>/dev/null || true
  [[ "$magic" == $'\177ELF' ]]
}

isScript() {
  local magic
  IFS= read -r -n 2 magic <"$1" 2>/dev/null || true
  [[ "$magic" == '#!' ]]
}

# --- Substitution ---

# _replace TEXT…: applies substitute's options to the variable `content`.
_replace() {
  local pattern replacement kind
  while [[ "$#" -gt 0 ]]; do
    kind="$1"
    case "$kind" in
    --replace | --replace-fail | --replace-warn | --replace-quiet)
      pattern="$2"
      replacement="$3"
      shift 3
      ;;
    --subst-var-by)
      pattern="@$2@"
      replacement="$3"
      shift 3
      ;;
    --subst-var)
      if [[ ! "$2" =~ ^[a-zA-Z_][a-zA-Z0-9_]*$ || -z "${!2+set}" ]]; then
        nixErrorLog "substitute: \`$2' is no variable that is set"
        return 1
      fi
      pattern="@$2@"
      replacement="${!2}"
      shift 2
      ;;
    *)
      nixErrorLog "substitute: no option \`$kind'"
      return 1
      ;;
    esac
    if [[ "$content" != *"$pattern"* ]]; then
      case "$kind" in
      --replace-fail)
        nixErrorLog "substitute: \`$pattern' is not in $_substituteInput"
        return 1
        ;;
      --replace | --replace-warn) nixLog "substitute: \`$pattern' is not in $_substituteInput" ;;
      esac
    fi
    content="${content//"$pattern"/"$replacement"}"
  done
}

# substitute INPUT OUTPUT OPTION…
substitute() {
  local _substituteInput="$1" output="$2" content
  shift 2
  if [[ ! -f "$_substituteInput" ]]; then
    nixErrorLog "substitute: there is no file $_substituteInput"
    return 1
  fi
  # A command's output loses its last line breaks; a NUL marks the end and is not in a text.
  IFS= read -r -d '' content <"$_substituteInput" || true
  _replace "$@"
  if [[ -e "$output" ]]; then
    chmod +w "$output"
  fi
  printf '%s' "$content" >"$output"
}

# substituteInPlace FILE… OPTION…
substituteInPlace() {
  local -a files=()
  local file
  while [[ "$#" -gt 0 && "$1" != --* ]]; do
    files+=("$1")
    shift
  done
  for file in "${files[@]}"; do
    substitute "$file" "$file" "$@"
  done
}

# --- Shebangs ---

# patchShebangs [--build | --host] [--update] PATH…: interpreters become those of the inputs' PATH or HOST_PATH.
patchShebangs() {
  local search=HOST_PATH update=
  while [[ "$#" -gt 0 && "$1" == --* ]]; do
    case "$1" in
    --host) search=HOST_PATH ;;
    --build) search=PATH ;;
    --update) update=true ;;
    --) ;;
    *)
      nixErrorLog "patchShebangs: no option $1"
      return 1
      ;;
    esac
    shift
  done
  local file line rest interpreter arguments found
  while IFS= read -r -d '' file; do
    isScript "$file" || continue
    line=
    IFS= read -r line <"$file" || true
    rest="${line#\#!}"
    read -r interpreter arguments <<<"$rest" || true
    [[ "$interpreter" == /* ]] || continue
    if [[ "$interpreter" == "$NIX_STORE"/* && -z "$update" ]]; then
      continue
    fi
    if [[ "$interpreter" == */bin/env ]]; then
      [[ "$arguments" != -* || "$arguments" == "-S "* ]] || continue
      arguments="${arguments#-S }"
      read -r interpreter arguments <<<"$arguments" || true
    fi
    found="$(PATH="${!search:-}" type -P "${interpreter##*/}" || true)"
    [[ -n "$found" ]] || continue
    local new="#!$found${arguments:+ $arguments}"
    if [[ "$new" != "$line" ]]; then
      echo "$file: interpreter directive changed from \"$line\" to \"$new\""
      local mode time
      mode="$(stat --printf %a "$file")"
      # Else make would think that what a script has made is old.
      time="$(stat --printf %y "$file")"
      chmod u+w "$file"
      { printf '%s\n' "$new" && tail -n +2 "$file"; } >"$NIX_BUILD_TOP/.shebang"
      cat "$NIX_BUILD_TOP/.shebang" >"$file"
      chmod "$mode" "$file"
      touch --date="$time" "$file"
    fi
  done < <(find "$@" -type f -perm /0100 -print0)
}

# --- Wrappers ---

# makeWrapper PROGRAM WRAPPER OPTION…, wrapProgram PROGRAM OPTION…: --set, --set-default, --unset, --prefix, --suffix,
# --run, --chdir, --add-flags, --append-flags, --argv0, --inherit-argv0.
makeWrapper() {
  local program="$1" wrapper="$2" flags='' after='' start='exec'
  shift 2
  local -a lines=("#!$shell -e")
  while [[ "$#" -gt 0 ]]; do
    case "$1" in
    --set) lines+=("export $2=$(printf %q "$3")") && shift 3 ;;
    --set-default) lines+=("export $2=\${$2-$(printf %q "$3")}") && shift 3 ;;
    --unset) lines+=("unset $2") && shift 2 ;;
    --prefix) lines+=("export $2=$(printf %q "$4")\${$2:+$(printf %q "$3")}\${$2-}") && shift 4 ;;
    --suffix) lines+=("export $2=\${$2-}\${$2:+$(printf %q "$3")}$(printf %q "$4")") && shift 4 ;;
    --run) lines+=("$2") && shift 2 ;;
    --chdir) lines+=("cd $(printf %q "$2")") && shift 2 ;;
    --add-flag) flags+=" $(printf %q "$2")" && shift 2 ;;
    --add-flags) flags+=" $2" && shift 2 ;;
    --append-flags) after+=" $2" && shift 2 ;;
    --argv0) start="exec -a $(printf %q "$2")" && shift 2 ;;
    --inherit-argv0) start='exec -a "$0"' && shift ;;
    *)
      nixErrorLog "makeWrapper: no option $1"
      return 1
      ;;
    esac
  done
  lines+=("$start \"$program\"$flags \"\$@\"$after")
  mkdir -p "$(dirname "$wrapper")"
  printf '%s\n' "${lines[@]}" >"$wrapper"
  chmod +x "$wrapper"
}
makeShellWrapper() { makeWrapper "$@"; }
makeBinaryWrapper() { makeWrapper "$@"; }

wrapProgram() {
  local program="$1" hidden
  hidden="$(dirname "$program")/.$(basename "$program")-wrapped"
  shift
  mv "$program" "$hidden"
  makeWrapper "$hidden" "$program" --inherit-argv0 "$@"
}
wrapProgramShell() { wrapProgram "$@"; }

# --- Inputs ---

PATH=
HOST_PATH=
for _directory in $initialPath; do
  addToSearchPath PATH "$_directory/bin"
done
_initialPath="$PATH"
export SHELL="$shell" CONFIG_SHELL="$shell"
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-315532800}"
NIX_BUILD_CORES="${NIX_BUILD_CORES:-1}"
[[ "$NIX_BUILD_CORES" -gt 0 ]] || NIX_BUILD_CORES="$(nproc)"
export NIX_BUILD_CORES

declare -a _buildInputs=() _hostInputs=()

# An input and what it propagates; OFFSET is -1 for what runs while building, 0 for what the result uses.
_findInputs() {
  local package="$1" offset="$2" next list
  if [[ ! -e "$package" ]]; then
    nixErrorLog "build input $package does not exist"
    exit 1
  fi
  if [[ "$offset" -lt 0 ]]; then
    [[ " ${_buildInputs[*]-} " != *" $package "* ]] || return 0
    _buildInputs+=("$package")
  else
    [[ " ${_hostInputs[*]-} " != *" $package "* ]] || return 0
    _hostInputs+=("$package")
  fi
  for list in "propagated-build-inputs:$offset" "propagated-native-build-inputs:-1"; do
    if [[ -f "$package/nix-support/${list%:*}" ]]; then
      for next in $(<"$package/nix-support/${list%:*}"); do
        _findInputs "$next" "${list##*:}"
      done
    fi
  done
}

# A setup hook sees its package's offsets, as the manual says.
_activate() {
  local package="$1" hostOffset="$2" targetOffset=$(($2 + 1))
  if [[ "$hostOffset" -lt 0 || -z "$strictDeps" ]]; then
    addToSearchPath _path "$package/bin"
  fi
  if [[ "$hostOffset" -ge 0 || -z "$strictDeps" ]]; then
    addToSearchPath HOST_PATH "$package/bin"
  fi
  if [[ -f "$package" ]]; then
    source "$package"
  elif [[ -f "$package/nix-support/setup-hook" ]]; then
    source "$package/nix-support/setup-hook"
  fi
}

for _package in $nativeBuildInputs $propagatedNativeBuildInputs; do
  _findInputs "$_package" -1
done
for _package in $buildInputs $propagatedBuildInputs; do
  _findInputs "$_package" 0
done
_path=
if [[ -n "${stdenvCC:-}" ]]; then
  _buildInputs+=("$stdenvCC")
fi
for _package in "${_buildInputs[@]+"${_buildInputs[@]}"}"; do
  _activate "$_package" -1
done
for _package in "${_hostInputs[@]+"${_hostInputs[@]}"}"; do
  _activate "$_package" 0
done
for _package in "${_buildInputs[@]+"${_buildInputs[@]}"}"; do
  for _hook in "${_buildEnvHooks[@]+"${_buildEnvHooks[@]}"}"; do
    "$_hook" "$_package"
  done
done
for _package in "${_hostInputs[@]+"${_hostInputs[@]}"}"; do
  for _hook in "${_hostEnvHooks[@]+"${_hostEnvHooks[@]}"}"; do
    "$_hook" "$_package"
  done
done
# What the setup hooks put on PATH stays first.
export PATH="${PATH%"$_initialPath"}${_path:+$_path:}$_initialPath" HOST_PATH

# Everything else belongs to this build alone.
export HOME="${HOME:-/homeless-shelter}" TMPDIR="${TMPDIR:-$NIX_BUILD_TOP}"
unset _directory _package _hook _path
: "${prefix:=${out:-}}"
# Phases and hooks may ask for variables that are not set.
set +u

# --- Unpack ---

declare -a unpackCmdHooks=()

_defaultUnpack() {
  local file="$1" name
  if [[ -d "$file" ]]; then
    name="$(stripHash "$file")"
    # Hard links are cut, permissions become those of a checkout.
    cp -r --preserve=mode,timestamps --reflink=auto -- "$file" "$name"
    return
  fi
  case "$file" in
  *.tar | *.tar.* | *.tgz | *.tbz2 | *.txz) tar xf "$file" --mode=+w --warning=no-timestamp ;;
  *) return 1 ;;
  esac
}

unpackFile() {
  local file="$1" command
  echo "unpacking source archive $file"
  for command in "${unpackCmdHooks[@]+"${unpackCmdHooks[@]}"}" _defaultUnpack; do
    if curSrc="$file" _eval "$command" "$file"; then
      return 0
    fi
  done
  nixErrorLog "do not know how to unpack source archive $file"
  exit 1
}

unpackPhase() {
  runHook preUnpack
  if [[ -z "${srcs:-}" ]]; then
    if [[ -z "${src:-}" ]]; then
      nixErrorLog 'neither $src nor $srcs points to a source'
      exit 1
    fi
    srcs="$src"
  fi
  local before entry source
  before=" $(printf '%s ' */)"
  for source in $srcs; do
    unpackFile "$source"
  done
  if [[ -z "${sourceRoot:-}" ]]; then
    for entry in */; do
      if [[ "$before" != *" $entry "* ]]; then
        if [[ -n "${sourceRoot:-}" ]]; then
          nixErrorLog "unpacker produced multiple directories"
          exit 1
        fi
        sourceRoot="${entry%/}"
      fi
    done
  fi
  if [[ -z "${sourceRoot:-}" ]]; then
    nixErrorLog "unpacker appears to have produced no directories"
    exit 1
  fi
  echo "source root is $sourceRoot"
  chmod -R u+w -- "$sourceRoot"
  runHook postUnpack
}

# --- Patch, configure, build, check, install ---

patchPhase() {
  runHook prePatch
  local file
  local -a files=() flags=()
  concatTo files patches
  concatTo flags patchFlags=-p1
  for file in "${files[@]+"${files[@]}"}"; do
    echo "applying patch $file"
    case "$file" in
    *.gz) gzip -dc <"$file" ;;
    *.xz) xz -dc <"$file" ;;
    *) cat "$file" ;;
    esac | patch "${flags[@]}"
  done
  runHook postPatch
}

configurePhase() {
  runHook preConfigure
  if [[ -z "${configureScript:-}" ]]; then
    configureScript="$([[ ! -x configure ]] || echo ./configure)"
  fi
  if [[ -n "$configureScript" ]]; then
    local -a flags=("--prefix=${prefix:-$out}")
    concatTo flags configureFlags configureFlagsArray
    echoCmd 'configure flags' "${flags[@]}"
    $configureScript "${flags[@]}"
  else
    echo 'no configure script, doing nothing'
  fi
  runHook postConfigure
}

# make with the common flags, those of the arrays named and SHELL.
_make() {
  local -a flags=("SHELL=$SHELL")
  [[ -z "${enableParallelBuilding:-}" ]] || flags=("-j$NIX_BUILD_CORES" "${flags[@]}")
  concatTo flags makeFlags makeFlagsArray "$@"
  echoCmd 'flags' "${flags[@]}"
  make ${makefile:+-f "$makefile"} "${flags[@]}"
}

_hasMakefile() { [[ -n "${makefile:-}" || -e Makefile || -e makefile || -e GNUmakefile ]]; }

buildPhase() {
  runHook preBuild
  if [[ -z "${makeFlags:-}${buildFlags:-}" ]] && ! _hasMakefile; then
    echo 'no Makefile or custom buildPhase, doing nothing'
  else
    _make buildFlags buildFlagsArray
  fi
  runHook postBuild
}

checkPhase() {
  runHook preCheck
  if _hasMakefile; then
    _make checkFlags checkFlagsArray checkTarget=check
  fi
  runHook postCheck
}

installPhase() {
  runHook preInstall
  if [[ -z "${makeFlags:-}" ]] && ! _hasMakefile; then
    echo 'no Makefile or custom installPhase, doing nothing'
  else
    mkdir -p "${prefix:-$out}"
    _make installFlags installFlagsArray installTargets=install
  fi
  runHook postInstall
}

installCheckPhase() {
  runHook preInstallCheck
  if _hasMakefile; then
    _make installCheckFlags installCheckTarget=installcheck
  fi
  runHook postInstallCheck
}

# --- Fixup ---

# sbin is bin, lib64 is lib.
_moveInto() {
  local from="$prefix/$1" to="$prefix/$2"
  [[ -d "$from" && ! -L "$from" ]] || return 0
  mkdir -p "$to"
  local file
  for file in "$from"/*; do
    mv -n "$file" "$to/"
  done
  rmdir "$from"
  ln -s "$2" "$from"
}
_moveSbin() { [[ -n "${dontMoveSbin:-}" ]] || _moveInto sbin bin; }
_moveLib64() { [[ -n "${dontMoveLib64:-}" ]] || _moveInto lib64 lib; }
_moveShare() {
  local part
  for part in man doc info; do
    if [[ -d "$prefix/$part" && ! -L "$prefix/$part" ]]; then
      mkdir -p "$prefix/share"
      mv "$prefix/$part" "$prefix/share/"
    fi
  done
}

_strip() {
  [[ -z "${dontStrip:-}" && -n "${STRIP:-}" ]] || return 0
  local directory file
  for directory in lib lib32 lib64 libexec bin sbin; do
    [[ -d "$prefix/$directory" ]] || continue
    while IFS= read -r -d '' file; do
      if isELF "$file"; then
        chmod u+w "$file"
        "$STRIP" -S -p "$file" 2>/dev/null || true
      fi
    done < <(find "$prefix/$directory" -type f -print0)
  done
}

_patchShebangsAuto() {
  if [[ -z "${dontPatchShebangs:-}" ]]; then
    patchShebangs --host "$prefix"
  fi
}

_gzipMan() {
  [[ -z "${dontGzipMan:-}" && -d "$prefix/share/man" ]] || return 0
  local file
  while IFS= read -r -d '' file; do
    gzip -n9 -f "$file"
  done < <(find "$prefix/share/man" -type f ! -name '*.gz' ! -name '*.xz' -print0)
  while IFS= read -r -d '' file; do
    local target
    target="$(readlink "$file")"
    if [[ ! -e "$file" && "$target" != *.gz ]]; then
      rm "$file"
      ln -s "$target.gz" "${file%.gz}.gz"
    fi
  done < <(find "$prefix/share/man" -type l -print0)
}

_noBrokenSymlinks() {
  [[ -z "${dontCheckForBrokenSymlinks:-}" ]] || return 0
  local link target broken=
  while IFS= read -r -d '' link; do
    target="$(readlink "$link")"
    if [[ ! -e "$link" && ( "$target" == "$NIX_STORE"/* || "$target" != /* ) ]]; then
      nixErrorLog "the symlink $link points to $target, which is not there"
      broken=true
    fi
  done < <(find "$prefix" -type l -print0)
  [[ -z "$broken" ]] || exit 1
}

# What a build left of its directory in an RPATH or a wrapper.
_auditTmpdir() {
  [[ -z "${noAuditTmpdir:-}" && -d "$prefix" ]] || return 0
  local file
  while IFS= read -r -d '' file; do
    if isELF "$file" && readelf -d "$file" 2>/dev/null | grep -E 'R(UN)?PATH' | grep -qF "$NIX_BUILD_TOP"; then
      nixErrorLog "RPATH of $file refers to the build directory"
      exit 1
    fi
  done < <(find "$prefix" -type f -print0)
}

preFixupHooks+=()
fixupOutputHooks+=(_moveSbin _moveLib64 _moveShare _strip _gzipMan _patchShebangsAuto _auditTmpdir)

fixupPhase() {
  local output prefix
  for output in $outputs; do
    [[ ! -e "${!output}" ]] || chmod -R u+w,u-s,g-s "${!output}" 2>/dev/null || true
  done
  runHook preFixup
  for output in $outputs; do
    prefix="${!output}"
    [[ ! -d "$prefix" ]] || runHook fixupOutput
  done
  local dev="${outputDev:-out}"
  if [[ -n "$propagatedBuildInputs" ]]; then
    mkdir -p "${!dev}/nix-support"
    printf '%s ' $propagatedBuildInputs >"${!dev}/nix-support/propagated-build-inputs"
  fi
  if [[ -n "$propagatedNativeBuildInputs" ]]; then
    mkdir -p "${!dev}/nix-support"
    printf '%s ' $propagatedNativeBuildInputs >"${!dev}/nix-support/propagated-native-build-inputs"
  fi
  if [[ -n "${setupHook:-}" ]]; then
    mkdir -p "${!dev}/nix-support"
    cat "$setupHook" >"${!dev}/nix-support/setup-hook"
  fi
  runHook postFixup
  for output in $outputs; do
    prefix="${!output}"
    [[ ! -d "$prefix" ]] || _noBrokenSymlinks
  done
}

# --- All of it ---

_phase() {
  local phase="$1"
  curPhase="$phase"
  local start=$SECONDS
  echo "Running phase: $phase"
  # A derivation's own text goes before the function.
  if [[ -n "${!phase:-}" ]]; then
    eval "${!phase}"
  else
    "$phase"
  fi
  if [[ "$phase" == unpackPhase ]]; then
    cd -- "${sourceRoot:-.}"
  fi
  [[ $((SECONDS - start)) -lt 30 ]] || echo "$phase took $((SECONDS - start)) seconds"
}

genericBuild() {
  export NIX_STORE="${NIX_STORE:-/nix/store}"
  if [[ -n "${buildCommandPath:-}" ]]; then
    curPhase=buildCommand
    source "$buildCommandPath"
    return
  fi
  if [[ -n "${buildCommand:-}" ]]; then
    curPhase=buildCommand
    eval "$buildCommand"
    return
  fi
  local phase
  if [[ -z "${phases:-}" ]]; then
    phases="${prePhases:-} unpackPhase patchPhase ${preConfigurePhases:-} configurePhase ${preBuildPhases:-} buildPhase
      checkPhase ${preInstallPhases:-} installPhase ${preFixupPhases:-} fixupPhase installCheckPhase ${postPhases:-}"
  fi
  for phase in $phases; do
    case "$phase" in
    unpackPhase) [[ -z "${dontUnpack:-}" ]] || continue ;;
    patchPhase) [[ -z "${dontPatch:-}" ]] || continue ;;
    configurePhase) [[ -z "${dontConfigure:-}" ]] || continue ;;
    buildPhase) [[ -z "${dontBuild:-}" ]] || continue ;;
    checkPhase) [[ -n "${doCheck:-}" ]] || continue ;;
    installPhase) [[ -z "${dontInstall:-}" ]] || continue ;;
    fixupPhase) [[ -z "${dontFixup:-}" ]] || continue ;;
    installCheckPhase) [[ -n "${doInstallCheck:-}" ]] || continue ;;
    esac
    _phase "$phase"
  done
}
