# /etc/guest.tar: the root file system of a test's container, with one static program.
#
#   init      its init: a script, or the file of a C source; by default BusyBox' own with one endless
#             sleep
#   programs  BusyBox' applets in it
{
  init ? null,
  programs ? [
    "cat"
    "hostname"
    "sh"
    "sleep"
  ],
}:
{ lib, pkgs, ... }:
{
  environment.etc."guest.tar".source = pkgs.runCommand "guest.tar" { } ''
    mkdir -p root/bin root/sbin root/etc root/dev root/proc root/sys root/tmp root/root
    cp -L ${pkgs.pkgsStatic.busybox}/bin/busybox root/bin/busybox
    for name in ${lib.escapeShellArgs programs}; do ln -s busybox root/bin/$name; done
    ${
      if init == null then
        ''
          ln -s ../bin/busybox root/sbin/init
          echo '::respawn:/bin/sleep 1000' >root/etc/inittab
        ''
      else if lib.isPath init then
        "cp ${
          pkgs.pkgsStatic.runCommandCC "init" { } "$CC -static -O2 -Wall -Werror -o $out ${init}"
        } root/sbin/init"
      else
        "cp ${pkgs.writeScript "init" init} root/sbin/init"
    }
    tar --owner=0 --group=0 --numeric-owner -C root -cf $out .
  '';
}
