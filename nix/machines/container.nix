# A test's machine as a container of systemd-nspawn (`boot`).
{ config, ... }:
{
  imports = [
    ./machine.nix
    ./virtualisation.nix
  ];
  boot.isContainer = true;

  # A nested container mounts its own /proc and /sys, which the kernel allows only if this
  # container's are complete. So nspawn's masks are removed.
  boot.postBootCommands = ''
    /usr/bin/umount /proc/kmsg /proc/sys/kernel/random/boot_id || true
    /usr/bin/umount -R /sys
    /usr/bin/mount -t sysfs sysfs /sys
    /usr/bin/mount -t cgroup2 cgroup2 /sys/fs/cgroup
  '';

  assertions = [
    {
      assertion = config.virtualisation.emptyDiskImages == [ ];
      message = "A container has no disks of its own (virtualisation.emptyDiskImages): run this test with --virtual.";
    }
  ];
}
