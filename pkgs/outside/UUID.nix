# The tarball is CPAN's, from Debian's archive.
{
  lib,
  fetchurl,
  perlPackages,
}:
perlPackages.buildPerlPackage {
  pname = "UUID";
  version = "0.37";

  src = fetchurl {
    url = "mirror://debian/pool/main/libu/libuuid-perl/libuuid-perl_0.37.orig.tar.gz";
    hash = "sha256-AvWv4rQ4bgm2yzo5taECt054mj4pcimUogqOMoXFYcc=";
  };

  buildInputs = [ perlPackages.DevelCheckLib ];

  meta = {
    description = "Makes UUIDs";
    homepage = "https://metacpan.org/dist/UUID";
    license = lib.getLicenseFromSpdxId "Artistic-2.0";
    platforms = lib.platforms.linux;
  };
}
