#!@shell@
# A compiler of the host with the flags of the inputs, as nixpkgs' cc-wrapper.
set -eu
link=()
compiles_only=
loader=-Wl,-dynamic-linker,@loader@
for argument in "$@"; do
  case "$argument" in
  -c | -E | -S | -M | -MM | -dumpversion | -dumpmachine | --version | -print-*) compiles_only=true ;;
  -shared | -static | -static-pie | -r | -nostdlib) loader= ;;
  esac
done
if [[ -z "$compiles_only" && "$#" -gt 0 ]]; then
  [[ -z "$loader" ]] || link+=("$loader")
  for flag in ${NIX_LDFLAGS-}; do
    link+=("-Wl,$flag")
  done
fi
# shellcheck disable=SC2086
exec /usr/bin/@program@ "$@" ${NIX_CFLAGS_COMPILE-} "${link[@]+"${link[@]}"}"
