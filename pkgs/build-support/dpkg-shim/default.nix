# The parts of dpkg-dev and debhelper that upstream's Makefiles use: `share/dpkg/*.mk`, `dh` for
# targets that need nothing, `dpkg-architecture`, `dpkg-buildflags`, `dpkg-parsechangelog`.
#
# As a native build input its setup hook exports the DEB_* variables, which the fragments and programs
# read, so one shim serves every source. From the derivation it takes
#   pname, version              the source package and its Debian version
#   debianSource, debianVersion the same, if a Nix name cannot contain them (an epoch's colon)
#
# A patch that rewrites `include /usr/share/dpkg/pkg-info.mk` fills `@dpkg-shim@` with this package.
{
  lib,
  debianPlatform,
  runtimeShell,
  stdenv,
  stdenvNoCC,
}:
let
  # A native build input is built to run here, and serves the platform that it targets.
  variables =
    role: platform:
    let
      debian = debianPlatform platform;
    in
    {
      "DEB_${role}_ARCH" = debian.arch;
      "DEB_${role}_ARCH_ABI" = "base";
      "DEB_${role}_ARCH_BITS" = debian.bits;
      "DEB_${role}_ARCH_CPU" = debian.arch;
      "DEB_${role}_ARCH_ENDIAN" = debian.endian;
      "DEB_${role}_ARCH_LIBC" = "gnu";
      "DEB_${role}_ARCH_OS" = "linux";
      "DEB_${role}_GNU_CPU" = debian.cpu;
      "DEB_${role}_GNU_SYSTEM" = "linux-gnu";
      "DEB_${role}_GNU_TYPE" = debian.multiarch;
      "DEB_${role}_MULTIARCH" = debian.multiarch;
    };
  architecture =
    variables "BUILD" stdenv.hostPlatform
    // variables "HOST" stdenv.targetPlatform
    // variables "TARGET" stdenv.targetPlatform;
in
stdenvNoCC.mkDerivation {
  pname = "dpkg-shim";
  version = "1";

  src = ./src;

  dontConfigure = true;
  dontBuild = true;

  installPhase = ''
    runHook preInstall
    mkdir -p $out/bin $out/share/dpkg
    cp mk/*.mk $out/share/dpkg/
    for program in bin/*; do
      substitute "$program" "$out/$program" --subst-var-by shell ${runtimeShell}
      chmod +x "$out/$program"
    done
    runHook postInstall
  '';

  architecture = lib.concatStrings (
    lib.mapAttrsToList (name: value: "export ${name}=${lib.escapeShellArg value}\n") architecture
  );

  postInstall = ''
    mkdir -p $out/nix-support
    { printf '%s' "$architecture"; cat ${./setup-hook.sh}; } > $out/nix-support/setup-hook
  '';

  meta = {
    description = "What Makefiles made for Debian packages take from dpkg-dev";
    platforms = lib.platforms.linux;
  };
}
