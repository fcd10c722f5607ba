# shellcheck shell=bash
bindgenLibclang() {
  local library
  for library in /usr/lib/llvm-*/lib; do
    export LIBCLANG_PATH="$library"
  done
  export BINDGEN_EXTRA_CLANG_ARGS="${NIX_CFLAGS_COMPILE:-}"
}
preBuildHooks+=(bindgenLibclang)
