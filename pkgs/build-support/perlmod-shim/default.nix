# The part of perlmod-bin that upstream's Makefiles use: the program that writes the Perl side of Rust
# bindings.
#
# A patch that rewrites `PERLMOD_GENPACKAGE := /usr/lib/perlmod/genpackage.pl` fills `@perlmod-shim@`
# with this package. It runs the release's own script, from the perlmod-bin among the native build
# inputs, with the Perl on PATH. The script is text, so nothing here depends on a release or on the
# platform that is built for.
{
  lib,
  runtimeShell,
  stdenvNoCC,
}:
stdenvNoCC.mkDerivation {
  pname = "perlmod-shim";
  version = "1";

  src = ./genpackage.sh;

  dontUnpack = true;
  dontConfigure = true;
  dontBuild = true;

  inherit runtimeShell;
  installPhase = ''
    runHook preInstall
    mkdir -p $out/lib/perlmod
    substitute $src $out/lib/perlmod/genpackage.pl --subst-var-by shell "$runtimeShell"
    chmod +x $out/lib/perlmod/genpackage.pl
    runHook postInstall
  '';

  meta = {
    description = "Runs the perlmod-bin of a Proxmox release";
    platforms = lib.platforms.linux;
  };
}
