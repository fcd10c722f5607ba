# libglvnd's libraries in a directory that names the architecture, as on Debian:
# `lib/x86_64-linux-gnu/libEGL.so.1`.
#
# qemu-server computes the directory's name from the host's machine name in the kernel, and checks
# whether the libraries exist. A patch fills `@libglvnd-shim@` with this package.
{
  lib,
  libglvnd,
  stdenvNoCC,
}:
stdenvNoCC.mkDerivation {
  pname = "libglvnd-shim";
  version = lib.getVersion libglvnd;

  dontUnpack = true;
  dontConfigure = true;
  dontBuild = true;

  libraries = "${lib.getLib libglvnd}/lib";
  architecture = stdenvNoCC.hostPlatform.parsed.cpu.name;
  installPhase = ''
    runHook preInstall
    mkdir -p $out/lib
    ln -s "$libraries" "$out/lib/$architecture-linux-gnu"
    test -e "$out/lib/$architecture-linux-gnu/libEGL.so.1"
    test -e "$out/lib/$architecture-linux-gnu/libGL.so.1"
    runHook postInstall
  '';

  meta = {
    description = "libglvnd's libraries below the name of their architecture";
    platforms = lib.platforms.linux;
  };
}
