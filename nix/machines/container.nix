# A machine of a test as a container of systemd-nspawn (`boot`).
{ config, ... }:
{
  imports = [
    ./machine.nix
    ./virtualisation.nix
  ];
  boot.isContainer = true;

  # A container in the container mounts a /proc and a /sys of its own, which the kernel allows where this one's are whole:
  # nspawn's masks go.
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
