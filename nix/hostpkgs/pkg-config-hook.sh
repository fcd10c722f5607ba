# shellcheck shell=bash disable=SC2154
# The inputs' files are all there are.
export PKG_CONFIG=pkg-config PKG_CONFIG_LIBDIR=/var/empty
pkgConfigPath() {
  addToSearchPath PKG_CONFIG_PATH "$1/lib/pkgconfig"
  addToSearchPath PKG_CONFIG_PATH "$1/share/pkgconfig"
}
addEnvHooks "$targetOffset" pkgConfigPath
