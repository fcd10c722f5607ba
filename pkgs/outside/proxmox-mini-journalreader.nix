# The journal's tab reads systemd's journal with it.
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

  # It stores getopt's -1 in a `char`, which is unsigned on ARM, so the loop over the arguments
  # would not end.
  env.NIX_CFLAGS_COMPILE = "-fsigned-char";

  # The Makefile sets another level, and makes every warning an error.
  hardeningDisable = [ "fortify" ];

  # The top Makefile makes Debian's package.
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
