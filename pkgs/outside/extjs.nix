# Sencha's Ext JS, of which Proxmox's repository contains the build: `share/javascript/extjs`, like
# Debian's libjs-extjs.
{
  lib,
  pvePin,
  pveSource,
  stdenvNoCC,
}:
stdenvNoCC.mkDerivation {
  pname = "extjs";
  inherit (pvePin "extjs") version;

  src = pveSource "extjs";

  dontConfigure = true;
  dontBuild = true;

  installPhase = ''
    runHook preInstall
    target=$out/share/javascript/extjs
    cd extjs/build
    install -Dm644 -t "$target" ext-all.js ext-all-debug.js \
      packages/charts/classic/charts.js packages/charts/classic/charts-debug.js
    cp -r classic/locale classic/theme-crisp packages/charts/classic/crisp "$target"
    runHook postInstall
  '';

  # The files that the pages of pve-manager and pve-docs' API viewer load.
  doInstallCheck = true;
  installCheckPhase = ''
    runHook preInstallCheck
    for file in ext-all.js ext-all-debug.js charts.js charts-debug.js locale/locale-{de,en,fr,ja,zh_CN}.js \
      theme-crisp/resources/theme-crisp-all.css crisp/resources/charts-all.css; do
      [ -s "$out/share/javascript/extjs/$file" ] || {
        echo "$name: $file is not there, or empty" >&2
        exit 1
      }
    done
    runHook postInstallCheck
  '';

  meta = {
    description = "Ext JS, of which the web interface is made";
    homepage = "https://git.proxmox.com/?p=extjs.git";
    license = lib.getLicenseFromSpdxId "GPL-3.0-only";
    platforms = lib.platforms.linux;
  };
}
