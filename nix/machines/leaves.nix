# Packages that NixOS' modules name and hostpkgs lacks, as Debian's packages: a list of names, or a
# set as in nix/hostpkgs/packages.nix.
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
  iptables = {
    packages = [ "iptables" ];
    programs = {
      ip6tables = "/usr/sbin/ip6tables-nft";
      ip6tables-restore = "/usr/sbin/ip6tables-nft-restore";
      ip6tables-save = "/usr/sbin/ip6tables-nft-save";
      iptables = "/usr/sbin/iptables-nft";
      iptables-restore = "/usr/sbin/iptables-nft-restore";
      iptables-save = "/usr/sbin/iptables-nft-save";
    };
  };
  iputils = [ "iputils-ping" ];
  keyutils = [ "keyutils" ];
  jose = [ "jose" ];
  kexec-tools = [ "kexec-tools" ];
  less = [ "less" ];
  libarchive = [ "libarchive-tools" ];
  libfido2 = [ "libfido2-1" ];
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
  tang = [
    "tang"
    "tang-common"
  ];
  time = [ "time" ];
  tpm2-tools = [ "tpm2-tools" ];
}
