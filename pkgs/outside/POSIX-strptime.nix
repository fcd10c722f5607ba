# The tarball is CPAN's, from Debian's archive.
{
  lib,
  fetchurl,
  perlPackages,
}:
perlPackages.buildPerlPackage {
  pname = "POSIX-strptime";
  version = "0.13";

  src = fetchurl {
    url = "mirror://debian/pool/main/libp/libposix-strptime-perl/libposix-strptime-perl_0.13.orig.tar.gz";
    hash = "sha256-qBgQmCnjWkrHlnfWgGOGX0DIfJnKfzogiQF3qPjlwnc=";
  };

  meta = {
    description = "strptime of the C library";
    homepage = "https://metacpan.org/dist/POSIX-strptime";
    license = lib.getLicenseFromSpdxId "Artistic-1.0";
    platforms = lib.platforms.linux;
  };
}
