# Completes a virtual machine's root, in its stage 1: root.sh ROOT mounts /usr and /nix/store of the images (`image`) below it, the
# latter under a writable layer on the root disk. For busybox' shell and bash.
root=$1
mkdir -p $root/bin $root/dev $root/etc $root/lib $root/lib64 $root/nix/store $root/proc $root/root $root/run $root/sys $root/usr $root/var
mkdir -p -m 1777 $root/tmp
found=
while [ "$found" != 2 ]; do
  found=0
  for disk in /sys/block/vd*; do
    case $(cat $disk/serial 2>/dev/null) in
      usr)
        usr=/dev/${disk##*/}
        found=$((found + 1))
        ;;
      store)
        store=/dev/${disk##*/}
        found=$((found + 1))
        ;;
    esac
  done
  [ "$found" = 2 ] || sleep 0.2
done
mount -t erofs -o ro $usr $root/usr
mkdir -p $root/nix/.read-only $root/nix/.writable/upper $root/nix/.writable/work
mount -t erofs -o ro $store $root/nix/.read-only
layers=lowerdir=$root/nix/.read-only,upperdir=$root/nix/.writable/upper,workdir=$root/nix/.writable/work
mount -t overlay -o $layers store $root/nix/store
cp $root/nix/.read-only/.registration $root/nix/registration
# Debian's own units and settings, which a NixOS machine does not have.
for place in systemd/system systemd/user tmpfiles.d sysusers.d sysctl.d modules-load.d; do
  [ ! -d $root/usr/lib/$place ] || mount -t tmpfs -o mode=755 hidden $root/usr/lib/$place
done
# Places that Debian's loader and kmod have compiled in.
ln -sfn /usr/lib64/ld-linux-x86-64.so.2 $root/lib64/ld-linux-x86-64.so.2
ln -sfn /usr/lib/modules $root/lib/modules
