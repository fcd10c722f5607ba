# The files in Debian's unifont other than the fonts: `share/unifont/unifont.hex`, with one line of
# bits for each character, and `share/unifont/wchardata.c`, which would define a `wcwidth` of its own
# (the C library's is used instead).
#
# nixpkgs has the font in X11's formats. A patch fills `@unifont-shim@` with this package.
{
  lib,
  perl,
  stdenvNoCC,
  unifont,
}:
stdenvNoCC.mkDerivation {
  pname = "unifont-shim";
  version = lib.getVersion unifont;

  dontUnpack = true;
  dontConfigure = true;

  strictDeps = true;
  nativeBuildInputs = [ perl ];

  inherit unifont;
  buildPhase = ''
    runHook preBuild
    gzip -dc "$unifont/share/fonts/unifont.pcf.gz" >unifont.pcf
    perl ${./pcf-to-hex.pl} unifont.pcf >unifont.hex
    runHook postBuild
  '';

  installPhase = ''
    runHook preInstall
    install -Dm644 unifont.hex $out/share/unifont/unifont.hex
    echo '/* The C library has wcwidth and wcswidth. */' >$out/share/unifont/wchardata.c
    runHook postInstall
  '';

  meta = {
    description = "GNU Unifont in the format its own tools use";
    platforms = lib.platforms.linux;
  };
}
