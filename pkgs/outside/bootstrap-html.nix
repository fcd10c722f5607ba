# Bootstrap, with which pve-http-server renders the API as pages (`/api2/html`):
# `share/bootstrap-html`, like Debian's libjs-bootstrap5.
{
  lib,
  fetchurl,
  stdenvNoCC,
}:
stdenvNoCC.mkDerivation {
  pname = "bootstrap-html";
  version = "5.3.9";

  src = fetchurl {
    url = "https://registry.npmjs.org/bootstrap/-/bootstrap-5.3.9.tgz";
    hash = "sha256-Br33gonDwS6pnUDfhO7fYnjHJMc+6/OPEfOmW0TsjJQ=";
  };

  dontConfigure = true;
  dontBuild = true;

  installPhase = ''
    runHook preInstall
    install -Dm644 -t $out/share/bootstrap-html/css dist/css/bootstrap{,-grid,-reboot}{,.min}.css{,.map}
    install -Dm644 -t $out/share/bootstrap-html/js dist/js/bootstrap{,.bundle}{,.min}.js{,.map}
    runHook postInstall
  '';

  meta = {
    description = "Style sheets and scripts of Bootstrap";
    homepage = "https://getbootstrap.com";
    license = lib.getLicenseFromSpdxId "MIT";
    platforms = lib.platforms.linux;
  };
}
