# Replaces pve-doc-generator while an object is built. Manual pages are made from the output of
# upstream's programs, so here a page's request becomes its content, and linkPve makes the page.
#
# A patch that rewrites `include /usr/share/pve-doc-generator/pve-doc-generator.mk` fills
# `@pve-doc-shim@` with this package.
{ lib, stdenvNoCC }:
stdenvNoCC.mkDerivation {
  pname = "pve-doc-shim";
  version = "1";

  dontUnpack = true;
  dontConfigure = true;
  dontBuild = true;

  installPhase = ''
    runHook preInstall
    install -Dm644 ${./pve-doc-generator.mk} $out/share/pve-doc-generator/pve-doc-generator.mk
    runHook postInstall
  '';

  meta = {
    description = "Defers Proxmox manual pages to the link";
    platforms = lib.platforms.linux;
  };
}
