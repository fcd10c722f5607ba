# nixpkgs' own package, unless its version is 0.34 to 0.37. These reject PKCS #1 1.5 by name, which
# ACME requires, sign with PSS (0.36 and 0.37), or leave an error behind that breaks TLS connections
# (0.35). A package without a source, such as Debian's, is used unchanged.
{
  lib,
  fetchurl,
  openssl,
  perlPackages,
}:
let
  theirs = perlPackages.CryptOpenSSLRSA;
  version = lib.getVersion theirs;
  refuses = lib.versionAtLeast version "0.34" && lib.versionOlder version "0.38";
in
if !(theirs ? src && refuses) then
  theirs
else
  perlPackages.buildPerlPackage {
    pname = "Crypt-OpenSSL-RSA";
    version = "0.41";

    src = fetchurl {
      url = "mirror://cpan/authors/id/T/TI/TIMLEGGE/Crypt-OpenSSL-RSA-0.41.tar.gz";
      hash = "sha256-gvqDmJe4jpwkW2Jl874m07yHnK5MeoFR+tSjB8M2aCI=";
    };

    propagatedBuildInputs = [
      perlPackages.CryptOpenSSLBignum
      perlPackages.CryptOpenSSLRandom
    ];
    buildInputs = [
      openssl
      perlPackages.CryptOpenSSLGuess
    ];
    env = {
      NIX_CFLAGS_COMPILE = "-I${lib.getDev openssl}/include";
      NIX_CFLAGS_LINK = "-L${lib.getLib openssl}/lib -lcrypto";
      OPENSSL_PREFIX = "${lib.getDev openssl}";
    };

    meta = {
      description = "RSA by OpenSSL, for tickets and ACME";
      homepage = "https://metacpan.org/dist/Crypt-OpenSSL-RSA";
      license = lib.getLicenseFromSpdxId "Artistic-1.0";
      platforms = lib.platforms.linux;
    };
  }
