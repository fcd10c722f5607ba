# Draws the QR codes of second factors and paper keys: `share/javascript/qrcodejs/qrcode.min.js`,
# like Debian's libjs-qrcodejs.
{
  lib,
  pvePin,
  pveSource,
  stdenvNoCC,
  uglify-js,
}:
stdenvNoCC.mkDerivation {
  pname = "libjs-qrcodejs";
  # Debian's `1.20230525-pve1` is a version of its own. npm's package of the same name is older.
  inherit (pvePin "libjs-qrcodejs") version;

  src = pveSource "libjs-qrcodejs";

  strictDeps = true;
  nativeBuildInputs = [ uglify-js ];

  dontConfigure = true;

  buildPhase = ''
    runHook preBuild
    uglifyjs src/qrcode.js --compress --mangle --output qrcode.min.js
    runHook postBuild
  '';

  installPhase = ''
    runHook preInstall
    install -Dm644 -t $out/share/javascript/qrcodejs qrcode.min.js
    runHook postInstall
  '';

  # The web interface creates objects of this class.
  doInstallCheck = true;
  installCheckPhase = ''
    runHook preInstallCheck
    grep -q QRCode $out/share/javascript/qrcodejs/qrcode.min.js || {
      echo "$name: qrcode.min.js has no QRCode" >&2
      exit 1
    }
    runHook postInstallCheck
  '';

  meta = {
    description = "Generator of QR codes in JavaScript";
    homepage = "https://git.proxmox.com/?p=libjs-qrcodejs.git";
    license = lib.getLicenseFromSpdxId "MIT";
    platforms = lib.platforms.linux;
  };
}
