# The journal's tab reads systemd's journal by it.
{
  lib,
  pkg-config,
  pvePin,
  pveSource,
  scdoc,
  stdenv,
  systemd,
}:
stdenv.mkDerivation {
  pname = "proxmox-mini-journalreader";
  inherit (pvePin "proxmox-mini-journalreader") version;

  src = pveSource "proxmox-mini-journalreader";

  strictDeps = true;
  nativeBuildInputs = [
    pkg-config
    scdoc
  ];
  buildInputs = [ systemd ];

  # getopt's -1 is kept in a `char`, which has no sign on ARM: the loop over the arguments would not end.
  env.NIX_CFLAGS_COMPILE = "-fsigned-char";

  # The Makefile sets another level of it, and makes an error of every warning.
  hardeningDisable = [ "fortify" ];

  # The one at the top makes Debian's package.
  makeFlags = [
    "-C"
    "src"
    "BIN_DIR=$(out)/bin"
    "MAN1_DIR=$(out)/share/man/man1"
  ];

  meta = {
    description = "Minimal reader of systemd's journal";
    homepage = "https://git.proxmox.com/?p=proxmox-mini-journalreader.git";
    license = lib.getLicenseFromSpdxId "AGPL-3.0-or-later";
    mainProgram = "mini-journalreader";
    platforms = lib.platforms.linux;
  };
}
