# The Markdown parser that proxmox-widget-toolkit bundles: `share/javascript/marked/marked.js`, like
# Debian's libjs-marked.
{
  lib,
  fetchurl,
  stdenvNoCC,
}:
stdenvNoCC.mkDerivation {
  pname = "marked-js";
  version = "4.3.0";

  src = fetchurl {
    url = "https://registry.npmjs.org/marked/-/marked-4.3.0.tgz";
    hash = "sha256-vHlTmdbnwJZSEIDWbObKlqAIdbS7DfNuDwQYFUhPYzs=";
  };

  dontConfigure = true;
  dontBuild = true;

  installPhase = ''
    runHook preInstall
    install -Dm644 lib/marked.umd.js $out/share/javascript/marked/marked.js
    runHook postInstall
  '';

  meta = {
    description = "Markdown parser";
    homepage = "https://marked.js.org";
    license = lib.getLicenseFromSpdxId "MIT";
    platforms = lib.platforms.linux;
  };
}
