# The Perl that starts a link's programs: nixpkgs', with a `crypt` that supports every hash that
# Proxmox VE stores.
#
# nixpkgs' libxcrypt is built with strong hashes alone (rules/nixpkgs/differences.toml, [libxcrypt]). Only the interpreter itself is
# another one, some kilobytes with the library that it wants in front of nixpkgs': libperl.so, Perl's own modules and every
# package of `perlPackages` are nixpkgs' as they are, so that nothing else is built again.
{
  lib,
  stdenv,
  stdenvNoCC,
  buildPackages,
  libxcrypt,
  perl,
  # What rules/nixpkgs/differences.toml says of libxcrypt.
  difference ? (lib.importTOML ../../../rules/nixpkgs/differences.toml).libxcrypt,
}:
let
  # Without a list of schemes it is a distribution's libxcrypt, which supports all.
  known = libxcrypt.enabledCryptSchemeIds or null;
  lacking =
    known != null && lib.any (vector: !lib.elem vector.scheme known) (lib.attrValues difference.vector);

  withHashes = libxcrypt.override { enableHashes = difference.hashes; };

  vectors = lib.concatMapStrings (
    vector:
    lib.concatStringsSep "\t" [
      vector.password
      vector.hash
    ]
    + "\n"
  ) (lib.attrValues difference.vector);
in
if !lacking then
  perl
else
  stdenvNoCC.mkDerivation {
    pname = "pve-perl";
    version = lib.getVersion perl;

    dontUnpack = true;
    dontConfigure = true;
    dontBuild = true;
    strictDeps = true;
    nativeBuildInputs = [ buildPackages.patchelf ];

    inherit perl vectors;
    library = lib.getLib withHashes;
    passAsFile = [ "vectors" ];

    installPhase = ''
      runHook preInstall
      install -Dm755 "$perl/bin/perl" $out/bin/perl
      name=$(patchelf --print-soname "$library/lib/libcrypt.so")
      patchelf --print-needed $out/bin/perl | grep -qxF "$name" || patchelf --add-needed "$name" $out/bin/perl
      patchelf --set-rpath "$library/lib:$(patchelf --print-rpath $out/bin/perl)" $out/bin/perl
      runHook postInstall
    '';

    # The path above comes first on purpose, and the library is not among those linked.
    dontPatchELF = true;

    doInstallCheck = stdenv.buildPlatform.canExecute stdenv.hostPlatform;
    installCheckPhase = ''
      runHook preInstallCheck
      $out/bin/perl ${./hashes.pl} "$vectorsPath"
      runHook postInstallCheck
    '';

    meta = {
      description = "Perl whose crypt knows the hashes that Proxmox VE stores";
      inherit (perl.meta) homepage;
      mainProgram = "perl";
      platforms = lib.platforms.linux;
    };
  }
