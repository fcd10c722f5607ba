# The tarball is CPAN's, from Debian's archive.
{
  lib,
  fetchurl,
  perlPackages,
}:
perlPackages.buildPerlPackage {
  pname = "Net-Subnet";
  version = "1.03";

  src = fetchurl {
    url = "mirror://debian/pool/main/libn/libnet-subnet-perl/libnet-subnet-perl_1.03.orig.tar.gz";
    hash = "sha256-El5ttkyYAmQ5+bWFEV+U9CMVox2PFspj0Mk5q2YBmvo=";
  };

  meta = {
    description = "Matches addresses against subnets";
    homepage = "https://metacpan.org/dist/Net-Subnet";
    license = lib.getLicenseFromSpdxId "Artistic-1.0";
    platforms = lib.platforms.linux;
  };
}
