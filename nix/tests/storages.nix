# Storages that the web interface makes on blank disks: a directory, a thin pool of LVM, a pool of
# ZFS. Each holds a container and a disk of a virtual machine, is available after a reboot before its
# guests start, and leaves a blank disk when it is removed.
#
# Needs disks and the kernel's device mapper: virtual machines only.
{
  name = "pve-storages";

  nodes.alpha =
    { pkgs, ... }:
    {
      imports = [
        ./common/node.nix
        (import ./common/guest.nix { })
      ];
      # A thin pool has 2 GiB of metadata, and as much spare.
      virtualisation.emptyDiskImages = [
        1024
        3072
        1024
      ];
      networking.hostId = "0a0b0c0d";
      services.proxmox-ve.zfs.enable = true;
      environment.systemPackages = [ pkgs.util-linux ];
    };

  testScript = ''
    import json

    disks = {"dir0": "/dev/vdb", "thin0": "/dev/vdc", "tank0": "/dev/vdd"}
    vmids = {"dir0": 100, "thin0": 101, "tank0": 102}

    def listed(disk):
        for found in json.loads(alpha.succeed("pvesh get /nodes/alpha/disks/list --include-partitions 1 --output-format json")):
            if found["devpath"] == disk:
                return found
        raise Exception(f"{disk} is not listed")

    def up():
        alpha.wait_for_unit("multi-user.target")
        alpha.wait_until_succeeds("! systemctl list-jobs --no-legend | grep -q .")

    start_all()
    up()

    with subtest("the disks are blank"):
        for disk in disks.values():
            assert "used" not in listed(disk), listed(disk)

    with subtest("LVM leaves guests' disks alone, and finds its programs"):
        settings = alpha.succeed("lvmconfig --typeconfig full devices/global_filter global/thin_check_executable")
        assert "r|/dev/zd.*|" in settings and "r|/dev/rbd.*|" in settings, settings
        alpha.succeed("lvmconfig --validate")
        program = settings.split('thin_check_executable="')[1].split('"')[0]
        alpha.succeed(f"test -x {program}")

    with subtest("storages are made on them"):
        alpha.succeed(f"pvesh create /nodes/alpha/disks/directory --device {disks['dir0']} --name dir0 --filesystem ext4 --add_storage 1")
        alpha.succeed(f"pvesh create /nodes/alpha/disks/lvmthin --device {disks['thin0']} --name thin0 --add_storage 1")
        alpha.succeed(f"pvesh create /nodes/alpha/disks/zfs --devices {disks['tank0']} --name tank0 --raidlevel single --add_storage 1")

    def active():
        for storage in disks:
            alpha.wait_until_succeeds(f"pvesm status --storage {storage} | grep -w active", timeout=60)

    def holds(disk, use):
        found = listed(disk)
        parts = json.loads(alpha.succeed("pvesh get /nodes/alpha/disks/list --include-partitions 1 --output-format json"))
        uses = [part.get("used") for part in parts if part["devpath"].startswith(disk)]
        assert use in uses, (found, uses)

    with subtest("they are active, and the disks are in use"):
        active()
        holds(disks["dir0"], "ext4")
        holds(disks["thin0"], "LVM")
        holds(disks["tank0"], "ZFS")

    with subtest("each holds a container and a disk of a virtual machine"):
        for storage, vmid in vmids.items():
            alpha.succeed(
                f"pct create {vmid} /etc/guest.tar --ostype unmanaged --unprivileged 1 --hostname on-{storage} --onboot 1"
                f" --memory 64 --swap 0 --rootfs {storage}:0.1"
            )
            alpha.succeed(f"pct start {vmid}")
            alpha.wait_until_succeeds(f"pct exec {vmid} -- hostname | grep -x on-{storage}", timeout=60)
            alpha.succeed(f"pct exec {vmid} -- sh -c 'echo kept >/kept'")
            alpha.succeed(f"qm create {vmid + 100} --memory 64 --kvm 0 --scsi0 {storage}:0.05")
            volumes = alpha.succeed(f"pvesm list {storage} | tail -n +2 | wc -l").strip()
            assert volumes == "2", alpha.succeed(f"pvesm list {storage}")

    with subtest("a disk in use is not wiped"):
        for disk in disks.values():
            alpha.fail(f"pvesh create /nodes/alpha/disks/directory --device {disk} --name other")
        active()

    with subtest("they are there after a reboot, before the guests"):
        alpha.shutdown()
        alpha.start()
        up()
        active()
        alpha.succeed("findmnt /mnt/pve/dir0", "lvs thin0/thin0", "zpool list tank0")
        for storage, vmid in vmids.items():
            alpha.wait_until_succeeds(f"pct exec {vmid} -- cat /kept | grep -x kept", timeout=120)
        # No unit waited for pvestatd to find its storage.
        alpha.fail("journalctl -b -u pve-guests | grep -i error")
        imported = alpha.succeed("systemctl show -P ActiveState pve-zfs-import.service").strip()
        assert imported == "active", imported

    with subtest("a pool that is made is watched from the next boot on"):
        watched = alpha.succeed("lvs --noheadings -o seg_monitor thin0/thin0").strip()
        assert watched == "monitored", watched

    with subtest("they go, and leave blank disks"):
        for storage, vmid in vmids.items():
            alpha.succeed(f"pct stop {vmid}", f"pct destroy {vmid}", f"qm destroy {vmid + 100}")
        alpha.succeed("pvesh delete /nodes/alpha/disks/directory/dir0 --cleanup-config 1 --cleanup-disks 1")
        alpha.succeed("pvesh delete /nodes/alpha/disks/lvmthin/thin0 --volume-group thin0 --cleanup-config 1 --cleanup-disks 1")
        alpha.succeed("pvesh delete /nodes/alpha/disks/zfs/tank0 --cleanup-config 1 --cleanup-disks 1")
        for storage, disk in disks.items():
            alpha.fail(f"pvesm status --storage {storage}")
            alpha.wait_until_succeeds(f"test -z \"$(wipefs --noheadings {disk})\"", timeout=60)
        alpha.fail("ls /etc/systemd/system.attached/mnt-pve-dir0.mount")

    with subtest("a disk that was somebody's is wiped"):
        disk = disks["dir0"]
        alpha.succeed(f"mkfs.ext4 -q {disk}")
        alpha.fail(f"pvesh create /nodes/alpha/disks/directory --device {disk} --name other")
        alpha.succeed(f"pvesh set /nodes/alpha/disks/wipedisk --disk {disk}")
        assert alpha.succeed(f"wipefs --noheadings {disk}") == ""
  '';
}
