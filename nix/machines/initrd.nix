# Stage 1 of a virtual machine: mounts the root disk, /usr and /nix/store from images (`image`), the
# latter under a writable layer on the root disk, then runs the toplevel's init.
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
    mkdir -p /root/bin /root/dev /root/etc /root/lib /root/lib64 /root/nix/store /root/proc /root/root /root/run /root/sys /root/usr /root/var
    mkdir -p -m 1777 /root/tmp
    for disk in /sys/block/vd*; do
      case $(cat $disk/serial) in
        usr) mount -t erofs -o ro /dev/''${disk##*/} /root/usr ;;
        store)
          mkdir -p /root/nix/.read-only /root/nix/.writable/upper /root/nix/.writable/work
          mount -t erofs -o ro /dev/''${disk##*/} /root/nix/.read-only
          layers=lowerdir=/root/nix/.read-only,upperdir=/root/nix/.writable/upper,workdir=/root/nix/.writable/work
          mount -t overlay -o $layers store /root/nix/store
          cp /root/nix/.read-only/.registration /root/nix/registration
          ;;
      esac
    done
    # Debian's own units and settings, which a NixOS machine does not have.
    for place in systemd/system systemd/user tmpfiles.d sysusers.d sysctl.d modules-load.d; do
      [ ! -d /root/usr/lib/$place ] || mount -t tmpfs -o mode=755 hidden /root/usr/lib/$place
    done
    # Places that Debian's loader and kmod have compiled in.
    ln -sfn /usr/lib64/ld-linux-x86-64.so.2 /root/lib64/ld-linux-x86-64.so.2
    ln -sfn /usr/lib/modules /root/lib/modules
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
