# Stage 1 of a virtual machine whose test does not ask for NixOS' own (nixos-initrd.nix): the root disk, completed by root.sh, and on to
# the toplevel's init.
{
  runCommand,
  busybox,
  cpio,
  kmod,
  linuxPackages,
  writeScript,
}:
let
  init = writeScript "init" ''
    #!/bin/busybox sh
    export PATH=/bin
    /bin/busybox mkdir -p /proc /sys /dev /root
    /bin/busybox --install -s /bin
    mount -t proc proc /proc
    mount -t sysfs sys /sys
    mount -t devtmpfs dev /dev
    while read -r module; do insmod "$module" || true; done </modules
    mount -t ext4 /dev/vda /root
    . /root.sh /root
    for word in $(cat /proc/cmdline); do
      case $word in init=*) next=''${word#init=} ;; esac
    done
    umount /sys /proc
    mount --move /dev /root/dev
    exec switch_root /root "$next"
  '';
in
runCommand "initrd" { passthru.modules = [ ]; } ''
  mkdir -p root/bin root/lib
  cp -L ${busybox}/bin/busybox root/bin/busybox
  cp ${init} root/init
  cp ${./root.sh} root/root.sh
  chmod +x root/init
  kernel=$(basename ${linuxPackages.kernel}/lib/modules/*)
  for module in virtio_pci virtio_blk virtio_net virtio_console virtio_rng ext4 erofs overlay; do
    ${kmod}/bin/modprobe --dirname /usr --set-version "$kernel" --show-depends $module
  done | while read -r how file _; do
    [ "$how" = insmod ] || continue
    name=$(basename "$file")
    [ ! -e "root/lib/$name" ] || continue
    case $name in
      *.xz) xz -dc "$file" >"root/lib/''${name%.xz}"; name=''${name%.xz} ;;
      *) cp "$file" root/lib/ ;;
    esac
    echo "/lib/$name" >>root/modules
  done
  mkdir $out
  (cd root && find . | sort | ${cpio}/bin/cpio -o -H newc --quiet) >$out/initrd
''
