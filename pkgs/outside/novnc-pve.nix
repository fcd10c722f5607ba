# The console of virtual machines: noVNC with Proxmox's series, with its scripts in one file:
# `share/novnc-pve`, like Debian's novnc-pve.
{
  lib,
  dpkg-shim,
  esbuild,
  perl,
  pvePin,
  pveSource,
  runtimeShell,
  stdenvNoCC,
}:
stdenvNoCC.mkDerivation {
  pname = "novnc-pve";
  inherit (pvePin "novnc-pve") version;

  src = pveSource "novnc-pve";

  strictDeps = true;
  nativeBuildInputs = [
    dpkg-shim
    esbuild
    perl
  ];

  # As in the packaging's Makefile: its debian/ goes into upstream's tree, the submodule, to which
  # its series applies.
  postPatch = ''
    cp -r debian novnc
    chmod -R u+w novnc
    cd novnc
    [ -s debian/patches/series ]
    while read -r name _; do
      case "$name" in "" | "#"*) continue ;; esac
      echo "applying $name"
      patch -p1 <"debian/patches/$name"
    done <debian/patches/series
    perl -pi -e 's,/usr/share/dpkg/,${dpkg-shim}/share/dpkg/,' debian/rules
  '';

  dontConfigure = true;

  # Runs the recipes of debian/rules unchanged, and does debhelper's part itself.
  buildPhase = ''
    runHook preBuild
    mkdir ../debhelper
    for program in dh_auto_build dh_install; do
      printf '#!${runtimeShell}\n' >"../debhelper/$program"
      chmod +x "../debhelper/$program"
    done
    PATH=$PWD/../debhelper:$PATH make -f debian/rules override_dh_auto_build override_dh_install
    runHook postBuild
  '';

  # As debian/install does.
  installPhase = ''
    runHook preInstall
    while read -r from to; do
      case "$from" in "" | "#"*) continue ;; esac
      target=$out/''${to#usr/}
      mkdir -p "$target"
      cp -rt "$target" $from
    done <debian/install
    runHook postInstall
  '';

  # The page that pveproxy serves, and the files that it loads in turn.
  doInstallCheck = true;
  installCheckPhase = ''
    runHook preInstallCheck
    cd $out/share/novnc-pve
    asked=$(grep -oE '"/novnc/[^"?[]+' index.html.tpl | sed 's,^"/novnc/,,' | sort -u)
    [ -n "$asked" ]
    for file in app.js package.json $asked; do
      [ -s "$file" ] || {
        echo "$name: $file is not there, or empty" >&2
        exit 1
      }
    done
    runHook postInstallCheck
  '';

  meta = {
    description = "noVNC with the changes of Proxmox VE";
    homepage = "https://git.proxmox.com/?p=novnc-pve.git";
    license = lib.getLicenseFromSpdxId "MPL-2.0";
    platforms = lib.platforms.linux;
  };
}
