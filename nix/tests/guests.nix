# Guests on a node: a virtual machine and an unprivileged container start, the container can be
# entered, and both keep running through a switch that does not affect them and one that removes the
# module.
{
  name = "pve-guests";

  nodes.alpha =
    { lib, pkgs, ... }:
    {
      imports = [
        ./common/node.nix
        (import ./common/guest.nix { })
      ];
      system.switch.enable = true;
      specialisation.other.configuration.services.proxmox-ve.vzdump.bwlimit = "51200";
      specialisation.without.configuration.services.proxmox-ve.enable = lib.mkForce false;
    };

  testScript = ''
    start_all()
    alpha.wait_for_unit("multi-user.target")
    alpha.wait_until_succeeds("! systemctl list-jobs --no-legend | grep -q .")
    system = alpha.succeed("readlink -f /run/current-system").strip()

    # If the kernel gives cgroup2 no memory controller, `pct status` ends with "short read on
    # command socket", because it asks LXC for the container's memory group, and there is none.
    controllers = alpha.succeed("cat /sys/fs/cgroup/cgroup.controllers").split()
    status = "pct status 100" if "memory" in controllers else "lxc-info -n 100 -s | tr A-Z a-z"

    with subtest("a container starts, unprivileged, and is entered"):
        alpha.succeed(
            "pct create 100 /etc/guest.tar --ostype unmanaged --unprivileged 1 --hostname bee"
            " --memory 64 --swap 0 --storage local --rootfs local:0"
        )
        alpha.succeed("pct start 100")
        alpha.wait_until_succeeds(f"{status} | grep -w running", timeout=30)
        # By name, because a guest has directories of its own instead of NixOS'.
        assert alpha.succeed("pct exec 100 -- hostname").strip() == "bee"
        uids = alpha.succeed("pct exec 100 -- cat /proc/self/uid_map").split()
        assert uids == ["0", "100000", "65536"], uids
        of_guests = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        for enter in ["pct enter 100", "pct enter 100 --keep-env 1"]:
            found = alpha.succeed(f"echo 'echo $PATH; hostname' | {enter}").split()
            assert found[-2:] == [of_guests, "bee"], (enter, found)
        # Other environment variables are still passed on.
        assert alpha.succeed("COMB=full pct exec 100 -- sh -c 'echo $COMB'").strip() == "full"

    with subtest("a virtual machine starts"):
        alpha.succeed("qm create 101 --memory 64 --kvm 0 --cpu qemu64 --vga none --serial0 socket")
        alpha.succeed("qm start 101")
        alpha.wait_until_succeeds("qm status 101 | grep -x 'status: running'", timeout=30)
        alpha.succeed("test -d /sys/fs/cgroup/qemu.slice/101.scope")

    def running():
        return (
            alpha.succeed("cat /run/qemu-server/101.pid").strip(),
            alpha.succeed("pct exec 100 -- cat /proc/sys/kernel/random/boot_id").strip(),
            alpha.get_unit_property("pve-container@100.service", "MainPID"),
        )

    before = running()
    with subtest("they run on through switches"):
        for to in [system, f"{system}/specialisation/other", f"{system}/specialisation/without"]:
            alpha.succeed(f"NIXOS_NO_SYNC=1 {to}/bin/switch-to-configuration test 2>&1")
            alpha.succeed(f"kill -0 {before[0]}", f"kill -0 {before[2]}")
        alpha.succeed(f"NIXOS_NO_SYNC=1 {system}/bin/switch-to-configuration test 2>&1")
        assert running() == before, (before, running())

    with subtest("they stop"):
        alpha.succeed("qm stop 101", "pct stop 100")
        alpha.succeed("qm status 101 | grep -x 'status: stopped'")
        alpha.succeed("pct status 100 | grep -x 'status: stopped'")
  '';
}
