# The console of virtual machines: noVNC with Proxmox's series, its scripts in one file: `share/novnc-pve`, as Debian's
# novnc-pve.
{
  lib,
  esbuild,
  perl,
  pvePin,
  pveSource,
  stdenvNoCC,
}:
let
  inherit (pvePin "novnc-pve") version;
in
stdenvNoCC.mkDerivation {
  pname = "novnc-pve";
  inherit version;

  src = pveSource "novnc-pve";

  strictDeps = true;
  nativeBuildInputs = [
    esbuild
    perl
  ];

  # The series is of the packaging and applies to upstream's tree, its submodule.
  postPatch = ''
    chmod -R u+w novnc
    cd novnc
    [ -s ../debian/patches/series ]
    while read -r name _; do
      case "$name" in "" | "#"*) continue ;; esac
      echo "applying $name"
      patch -p1 <"../debian/patches/$name"
    done <../debian/patches/series
  '';

  dontConfigure = true;

  # The switches of the bundle are those of debian/rules.
  buildPhase = ''
    runHook preBuild
    command=$(perl -ne 'print "$1\n" if /^\t(esbuild .*)/' ../debian/rules)
    [ -n "$command" ] || {
      echo "$name: debian/rules makes no app.js with esbuild" >&2
      exit 1
    }
    echo "$command"
    eval "$command"

    # A cache keeps files by name and version.
    perl -pe 's/\.(css|js)(?=")/.$1?ver=${version}/g' vnc.html >index.html.tpl
    echo '{ "version": "${version}" }' >package.json
    runHook postBuild
  '';

  # As debian/install.
  installPhase = ''
    runHook preInstall
    while read -r from to; do
      case "$from" in "" | "#"*) continue ;; esac
      target=$out/''${to#usr/}
      mkdir -p "$target"
      cp -rt "$target" $from
    done <../debian/install
    runHook postInstall
  '';

  # What pveproxy answers with, and what the page asks for in turn.
  doInstallCheck = true;
  installCheckPhase = ''
    runHook preInstallCheck
    cd $out/share/novnc-pve
    for file in app.js index.html.tpl package.json \
      $(grep -oE '"/novnc/[^"?[]+' index.html.tpl | sed 's,^"/novnc/,,' | sort -u); do
      [ -e "$file" ] || {
        echo "$name: $file is not there" >&2
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
