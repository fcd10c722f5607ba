# virt-firmware's certificates at one fixed path: `share/virt-firmware/certs`.
#
# They lie beside the Python module, in a directory whose name includes Python's version. A patch
# fills `@virt-firmware-shim@` with this package.
{
  lib,
  python3Packages,
  stdenvNoCC,
}:
stdenvNoCC.mkDerivation {
  pname = "virt-firmware-shim";
  version = lib.getVersion python3Packages.virt-firmware;

  dontUnpack = true;
  dontConfigure = true;
  dontBuild = true;

  virtFirmware = python3Packages.virt-firmware;
  installPhase = ''
    runHook preInstall
    mkdir -p $out/share/virt-firmware
    for certs in "$virtFirmware"/lib/python*/site-packages/virt/firmware/certs; do
      ln -s "$certs" $out/share/virt-firmware/certs
    done
    test -e $out/share/virt-firmware/certs
    runHook postInstall
  '';

  meta = {
    description = "virt-firmware's certificates without Python's version in their path";
    platforms = lib.platforms.linux;
  };
}
