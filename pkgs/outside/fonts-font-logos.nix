# Logos of distributions as a font, by which guests are marked: `share/fonts-font-logos`, as Debian's fonts-font-logos.
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

  # Each file that the style sheet names lies where it looks for it.
  doInstallCheck = true;
  installCheckPhase = ''
    runHook preInstallCheck
    cd $out/share/fonts-font-logos/css
    named=$(grep -o "url([^)]*)" font-logos.css | sed -E "s/^url\(['\"]?//; s/['\"]?\)$//; s/[?#].*//" | grep -v '^data:' | sort -u)
    [ -n "$named" ] || {
      echo "$name: font-logos.css names no font" >&2
      exit 1
    }
    for file in $named; do
      [ -s "$file" ] || {
        echo "$name: font-logos.css names $file, which is not there" >&2
        exit 1
      }
    done
    runHook postInstallCheck
  '';

  meta = {
    description = "Logos of Linux distributions as a font";
    homepage = "https://git.proxmox.com/?p=fonts-font-logos.git";
    license = lib.getLicenseFromSpdxId "Unlicense";
    platforms = lib.platforms.linux;
  };
}
