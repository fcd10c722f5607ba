# AsciiDoc's style sheets, scripts and icons at one fixed path:
# `share/asciidoc/{stylesheets,javascripts,icons}`.
#
# Debian has them in /etc/asciidoc and /usr/share/asciidoc, nixpkgs beside the Python module, in a
# directory whose name includes Python's version. A patch fills `@asciidoc-shim@` with this package.
{
  lib,
  asciidoc,
  stdenvNoCC,
}:
stdenvNoCC.mkDerivation {
  pname = "asciidoc-shim";
  version = lib.getVersion asciidoc;

  dontUnpack = true;
  dontConfigure = true;
  dontBuild = true;

  inherit asciidoc;
  installPhase = ''
    runHook preInstall
    mkdir -p $out/share/asciidoc
    for part in stylesheets javascripts icons; do
      for resources in "$asciidoc"/lib/python*/site-packages/asciidoc/resources/$part; do
        ln -s "$resources" $out/share/asciidoc/$part
      done
      test -e $out/share/asciidoc/$part
    done
    runHook postInstall
  '';

  meta = {
    description = "AsciiDoc's resources without Python's version in their path";
    platforms = lib.platforms.linux;
  };
}
