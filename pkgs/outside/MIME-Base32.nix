# The tarball is CPAN's, from Debian's archive.
{
  lib,
  fetchurl,
  perlPackages,
}:
perlPackages.buildPerlPackage {
  pname = "MIME-Base32";
  version = "1.303";

  src = fetchurl {
    url = "mirror://debian/pool/main/libm/libmime-base32-perl/libmime-base32-perl_1.303.orig.tar.gz";
    hash = "sha256-qyH6mRMOM6Cv9s21lvZH5eVl0gfWNLou8Gvb71BCTpk=";
  };

  meta = {
    description = "Base 32, in which secrets of one-time passwords are written";
    homepage = "https://metacpan.org/dist/MIME-Base32";
    license = lib.getLicenseFromSpdxId "Artistic-1.0";
    platforms = lib.platforms.linux;
  };
}
