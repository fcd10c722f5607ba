# `stdenv.cc`: the host's GCC and binutils, with the flags of the inputs.
{
  debian,
  glibc,
  runCommand,
  shell,
}:
runCommand "gcc-wrapper-${debian.version "gcc"}"
  {
    gcc = debian.leaf "gcc-unwrapped" {
      packages = [
        "binutils"
        "cpp"
        "g++"
        "gcc"
      ];
      along = false;
    };
    shell = "${shell}/bin/bash";
    inherit glibc;
    meta.mainProgram = "gcc";
  }
  ''
    mkdir -p $out/bin $out/nix-support
    for tool in ar as gcc-ar gcc-nm gcc-ranlib ld nm objcopy objdump ranlib readelf size strings strip; do
      ln -s /usr/bin/$tool $out/bin/$tool
    done
    for program in gcc g++ cpp; do
      substitute ${./cc-wrapper.sh} $out/bin/$program \
        --subst-var-by shell "$shell" --subst-var-by program $program --subst-var-by loader "$glibc/lib/ld.so"
      chmod +x $out/bin/$program
    done
    ln -s gcc $out/bin/cc
    # The name that Debian's Perl was configured with.
    ln -s gcc $out/bin/$(/usr/bin/gcc -print-multiarch)-gcc
    ln -s g++ $out/bin/c++
    cp ${./cc-hook.sh} $out/nix-support/setup-hook
  ''
