# A third machine's vote for small clusters: the daemon and the tools that `pvecm qdevice` runs. The
# tarball is upstream's, from Debian's archive.
{
  lib,
  corosync,
  fetchurl,
  libqb,
  makeWrapper,
  nspr,
  nss,
  pkg-config,
  stdenv,
  systemd,
}:
stdenv.mkDerivation {
  pname = "corosync-qdevice";
  version = "3.0.3";

  src = fetchurl {
    url = "mirror://debian/pool/main/c/corosync-qdevice/corosync-qdevice_3.0.3.orig.tar.gz";
    hash = "sha256-CkcFq9F695UoetO7GMCrrPPAAnIi5F8UnLm+vrYFaSY=";
  };

  strictDeps = true;
  nativeBuildInputs = [
    makeWrapper
    pkg-config
  ];
  buildInputs = [
    corosync
    libqb
    nspr
    nss
    systemd
  ];

  # Paths on the machine are compiled in, but the files are installed in the output.
  configureFlags = [
    "--sysconfdir=/etc"
    "--localstatedir=/var"
    "--enable-systemd"
    "--disable-qnetd"
    "--sbindir=${placeholder "out"}/bin"
    "--with-systemddir=${placeholder "out"}/lib/systemd/system"
  ];
  installFlags = [
    "sysconfdir=$(out)/etc"
    "localstatedir=$(out)/var"
    "COROSYSCONFDIR=$(out)/etc/corosync"
    "INITDDIR=$(out)/etc/init.d"
  ];

  # The machine creates the state. On NixOS, a daemon's options belong to its unit rather than to
  # Red Hat's file. The script manages certificates with NSS' programs.
  postInstall = ''
    rm -rf $out/var
    sed -i '/^EnvironmentFile=/d' $out/lib/systemd/system/corosync-qdevice.service
    wrapProgram $out/bin/corosync-qdevice-net-certutil --prefix PATH : ${lib.getBin nss.tools or nss}/bin
  '';

  meta = {
    description = "Daemon by which a machine outside of the cluster votes";
    homepage = "https://github.com/corosync/corosync-qdevice";
    license = lib.getLicenseFromSpdxId "BSD-3-Clause";
    mainProgram = "corosync-qdevice-tool";
    platforms = lib.platforms.linux;
  };
}
