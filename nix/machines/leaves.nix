# What NixOS' modules name and hostpkgs does not have, as Debian's packages.
{
  bubblewrap = [ "bubblewrap" ];
  busybox = [ "busybox-static" ];
  coreutils-full = [ "coreutils" ];
  cpio = [ "cpio" ];
  fuse = [ "fuse3" ];
  getconf = [ "libc-bin" ];
  getent = [ "libc-bin" ];
  gnupatch = [ "patch" ];
  host = [ "bind9-host" ];
  hostname = [ "hostname" ];
  inetutils = [ "hostname" ];
  iptables = [ "iptables" ];
  iputils = [ "iputils-ping" ];
  keyutils = [ "keyutils" ];
  kexec-tools = [ "kexec-tools" ];
  less = [ "less" ];
  libarchive = [ "libarchive-tools" ];
  libressl = [ "netcat-openbsd" ];
  linuxHeaders = [ "linux-libc-dev" ];
  lndir = [ "xutils-dev" ];
  mkpasswd = [ "whois" ];
  ncurses = [
    "ncurses-base"
    "ncurses-bin"
  ];
  netcat = [ "netcat-openbsd" ];
  nettools = [ "hostname" ];
  nix = [ "nix-bin" ];
  patchelf = [ "patchelf" ];
  pam = [
    "libpam-modules"
    "libpam-modules-bin"
    "libpam0g-dev"
  ];
  shellcheck = [ "shellcheck" ];
  su = [ "util-linux" ];
  sudo = [ "sudo" ];
  time = [ "time" ];
}
