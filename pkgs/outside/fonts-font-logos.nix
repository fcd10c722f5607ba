# Logos of distributions as a font, for the guests' icons: `share/fonts-font-logos`, like Debian's
# fonts-font-logos.
{
  lib,
  pvePin,
  pveSource,
  stdenvNoCC,
}:
stdenvNoCC.mkDerivation {
  pname = "fonts-font-logos";
  inherit (pvePin "fonts-font-logos") version;

  src = pveSource "fonts-font-logos";

  dontConfigure = true;
  dontBuild = true;

  installPhase = ''
    runHook preInstall
    install -Dm644 -t $out/share/fonts-font-logos/css src/font-logos.css
    install -Dm644 -t $out/share/fonts-font-logos/fonts src/font-logos/assets/*
    runHook postInstall
  '';

  # The style sheet refers to its font.
  doInstallCheck = true;
  installCheckPhase = ''
    runHook preInstallCheck
    cd $out/share/fonts-font-logos/css
    found=
    for file in $(grep -oE "url\([^)]*\)" font-logos.css | sed -E "s/^url\(['\"]?//; s/['\"]?\)$//; s/[?#].*//"); do
      if [ -s "$file" ]; then found=1; else echo "font-logos.css names $file, which is not there"; fi
    done
    [ -n "$found" ] || {
      echo "$name: no font that font-logos.css names is there" >&2
      exit 1
    }
    runHook postInstallCheck
  '';

  meta = {
    description = "Logos of Linux distributions as a font";
    homepage = "https://git.proxmox.com/?p=fonts-font-logos.git";
    license = lib.getLicenseFromSpdxId "Unlicense";
    platforms = lib.platforms.linux;
  };
}
