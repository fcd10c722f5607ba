# The tarball is CPAN's, from Debian's archive.
{
  lib,
  fetchurl,
  linux-pam,
  perlPackages,
}:
perlPackages.buildPerlPackage {
  pname = "Authen-PAM";
  version = "0.16";

  src = fetchurl {
    url = "mirror://debian/pool/main/liba/libauthen-pam-perl/libauthen-pam-perl_0.16.orig.tar.gz";
    hash = "sha256-DpSb2aKp3w+CmXEDD+kWnLr2zseLkvryL1R/9sYVXJs=";
  };

  buildInputs = [ linux-pam ];

  # The tests need a running PAM.
  doCheck = false;

  meta = {
    description = "Pluggable Authentication Modules, as realm `pam` asks them";
    homepage = "https://metacpan.org/dist/Authen-PAM";
    license = lib.getLicenseFromSpdxId "Artistic-1.0";
    platforms = lib.platforms.linux;
  };
}
