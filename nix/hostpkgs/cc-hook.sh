# shellcheck shell=bash
export CC=gcc CXX=g++ CPP=cpp AR=ar AS=as LD=ld NM=nm OBJCOPY=objcopy OBJDUMP=objdump RANLIB=ranlib READELF=readelf STRIP=strip
export SIZE=size STRINGS=strings

# Headers and libraries of the inputs; those of Debian's packages are links to where the compiler looks anyway.
ccWrapperFlags() {
  if [[ -d "$1/include" ]]; then
    export NIX_CFLAGS_COMPILE="${NIX_CFLAGS_COMPILE:+$NIX_CFLAGS_COMPILE }-isystem $1/include"
  fi
  if [[ -d "$1/lib" ]]; then
    export NIX_LDFLAGS="${NIX_LDFLAGS:+$NIX_LDFLAGS }-L$1/lib"
    # A library that a derivation built is found at run time, too.
    if [[ -n "$(find "$1/lib" -maxdepth 1 -name '*.so*' -type f -print -quit)" ]]; then
      NIX_LDFLAGS+=" -rpath $1/lib"
    fi
  fi
}
addEnvHooks "$targetOffset" ccWrapperFlags
