# ISC's DHCP client: leases for containers whose network the host manages (`host-managed=1`), and
# for ifupdown2's `inet dhcp`. The server and the relay are not built. The tarball is upstream's,
# from Debian's archive, and includes the parts of BIND that it needs.
{
  lib,
  bash,
  coreutils,
  fetchurl,
  gawk,
  gnugrep,
  gnused,
  hostname-debian,
  iproute2,
  stdenv,
  util-linux,
}:
let
  # The PATH of scripts that dhclient runs: its own and LXC's hook.
  path = lib.makeBinPath [
    iproute2
    coreutils
    gawk
    gnugrep
    gnused
    hostname-debian
    util-linux
  ];
in
stdenv.mkDerivation {
  pname = "isc-dhcp";
  version = "4.4.3-P1";

  src = fetchurl {
    url = "mirror://debian/pool/main/i/isc-dhcp/isc-dhcp_4.4.3-P1.orig.tar.gz";
    hash = "sha256-CsQWu1WZfKhjIXT9EHN/1hzbjbonUhYKM1d1vCHcc8c=";
  };

  strictDeps = true;
  # patchShebangs takes interpreters from here.
  buildInputs = [ bash ];

  postPatch = ''
    substituteInPlace client/Makefile.in \
      --replace-fail '"PATH=$(sbindir):/sbin:/bin:/usr/sbin:/usr/bin"' \
        '"PATH=${path}:/run/wrappers/bin:/run/current-system/sw/bin"'
    # As Debian's: leases below /var/lib.
    substituteInPlace includes/dhcpd.h \
      --replace-fail '"/sbin/dhclient-script"' "\"$out/libexec/dhclient-script\"" \
      --replace-fail '"/etc/dhclient.conf"' '"/etc/dhcp/dhclient.conf"' \
      --replace-fail 'LOCALSTATEDIR"/db/dhclient' '"/var/lib/dhcp/dhclient'
    substituteInPlace client/scripts/linux --replace-fail ip=/sbin/ip ip=${iproute2}/bin/ip

    # /etc/resolv.conf is resolvconf's where NixOS has it.
    hooks='# Invoke the local dhcp client enter hooks, if they exist.'
    substituteInPlace client/scripts/linux --replace-fail "$hooks" "$(cat ${./isc-dhcp-resolvconf.sh})

    $hooks"
  '';

  # Newer compilers reject this C by default, and warn of more. The Makefiles treat warnings as
  # errors.
  env.NIX_CFLAGS_COMPILE = "-std=gnu17 -fcommon -Wno-error";
  configureFlags = [
    "--sysconfdir=/etc"
    "--localstatedir=/var"
    "--enable-log-pid"
    "--enable-paranoia"
    # Made with Perl, for traces of crashes.
    "--with-bind-extra-config=--disable-symtable"
  ];

  buildPhase = ''
    runHook preBuild
    for directory in bind includes common omapip; do
      make -C "$directory"
    done
    make -C client dhclient
    runHook postBuild
  '';

  installPhase = ''
    runHook preInstall
    install -Dm755 -t $out/bin client/dhclient
    install -Dm755 client/scripts/linux $out/libexec/dhclient-script
    install -Dm644 -t $out/share/man/man8 client/dhclient.8 client/dhclient-script.8
    install -Dm644 -t $out/share/man/man5 client/dhclient.conf.5 client/dhclient.leases.5
    runHook postInstall
  '';

  doInstallCheck = true;
  installCheckPhase = ''
    runHook preInstallCheck
    [ "$($out/bin/dhclient --version 2>&1)" = "isc-dhclient-4.4.3-P1" ]
    for text in $out/libexec/dhclient-script PATH=${path}; do
      grep -qF "$text" $out/bin/dhclient
    done
    bash -n $out/libexec/dhclient-script
    runHook postInstallCheck
  '';

  meta = {
    description = "DHCP client of the Internet Systems Consortium";
    homepage = "https://www.isc.org/dhcp/";
    license = lib.getLicenseFromSpdxId "MPL-2.0";
    mainProgram = "dhclient";
    platforms = lib.platforms.linux;
  };
}
