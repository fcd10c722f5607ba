# Limits the rate of a stream: vzdump's `bwlimit`. The tarball is upstream's, from Debian's archive.
{
  lib,
  fetchurl,
  stdenv,
}:
stdenv.mkDerivation {
  pname = "cstream";
  version = "4.0.0";

  src = fetchurl {
    url = "mirror://debian/pool/main/c/cstream/cstream_4.0.0.orig.tar.gz";
    hash = "sha256-a8BtfEOG+5jTqRcTQ0wxXZ5tQlyRyIYoG+qiVMDgluM=";
  };

  meta = {
    description = "General-purpose streaming tool";
    homepage = "https://www.cons.org/cracauer/cstream.html";
    license = lib.getLicenseFromSpdxId "MIT";
    mainProgram = "cstream";
    platforms = lib.platforms.linux;
  };
}
