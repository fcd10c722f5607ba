# Garbage collection after an update, when only processes hold the build that the node started from.
# Its guests keep running, and the new build pauses, snapshots, stops and starts them. Then the node
# boots again.
{ lib, ... }:
let
  previous = "9.1.4";
  next = lib.removePrefix "pve-" (lib.fileContents ../../releases/default);
in
{
  name = "pve-collected";

  nodes.alpha =
    { lib, pkgs, ... }:
    {
      imports = [
        ./common/node.nix
        (import ./common/guest.nix { })
      ];
      services.proxmox-ve.package =
        lib.mkOverride 900
          (pkgs.pveReleases.${previous}.overrideScope (_: _: { ifupdown2 = null; })).pve;
      system.switch.enable = true;
      specialisation.next.configuration.services.proxmox-ve.package =
        lib.mkForce
          (pkgs.pveReleases.${next}.overrideScope (_: _: { ifupdown2 = null; })).pve;
      environment.systemPackages = [ pkgs.jq ];
    };

  testScript = ''
    import re

    start_all()
    alpha.wait_for_unit("multi-user.target")
    alpha.wait_until_succeeds("! systemctl list-jobs --no-legend | grep -q .")
    system = alpha.succeed("readlink -f /run/current-system").strip()
    old = alpha.succeed("readlink -f /run/pve-nix/pve").strip()
    alpha.succeed(
        "pct create 100 /etc/guest.tar --ostype unmanaged --unprivileged 1 --memory 64 --swap 0 --storage local --rootfs local:0",
        "pct start 100",
        "qm create 101 --memory 64 --kvm 0 --cpu qemu64 --vga none --serial0 socket --scsihw virtio-scsi-single --scsi0 local:0.01,format=qcow2",
        "qm start 101",
    )

    def guests():
        return (
            alpha.succeed("cat /run/qemu-server/101.pid").strip(),
            alpha.succeed("pct exec 100 -- cat /proc/sys/kernel/random/boot_id").strip(),
            alpha.get_unit_property("pve-container@100.service", "MainPID"),
        )

    before = guests()

    with subtest("the booted system is collected, too"):
        alpha.succeed(f"NIXOS_NO_SYNC=1 {system}/specialisation/next/bin/switch-to-configuration test 2>&1")
        new = alpha.succeed("readlink -f /run/pve-nix/pve").strip()
        assert old != new
        alpha.wait_until_succeeds("pvenix status --format json | jq -e '.waiting == []'", timeout=90)
        # As after two more updates and a reboot: neither a profile nor the booted system holds it.
        alpha.succeed("rm -f /run/booted-system /nix/var/nix/gcroots/booted-system")
        print(alpha.succeed("nix-store --gc 2>&1 | tail -3"))
        alpha.fail(f"test -e {system}")
        alpha.succeed(f"test -e {new}")
        assert guests() == before, (before, guests())

    def holders():
        """The units whose processes hold the old build."""
        roots = alpha.execute(f"nix-store --query --roots {old} 2>/dev/null")[1]
        pids = sorted(set(re.findall(r"/proc/(\d+)/", roots)))
        return sorted({alpha.execute(f"ps -o unit= -p {pid}")[1].strip() for pid in pids})

    # Units that keep running until the node boots, and those of the guests' own processes.
    running = {"lxc-monitord.service"}
    # A container's processes are in a group of their own.
    guests_own = {"101.scope", "pve-container@100.service", "-"}

    with subtest("what keeps the old build is a guest's, or runs until the node boots"):
        print(holders())
        assert set(holders()) <= running | guests_own, holders()

    with subtest("the new build manages what the collected one started"):
        alpha.succeed("qm suspend 101", "qm resume 101", "qm snapshot 101 comb", "qm delsnapshot 101 comb")
        assert guests() == before, (before, guests())
        alpha.succeed("qm stop 101", "pct stop 100", "qm start 101", "pct start 100")
        after = guests()
        assert not set(after) & set(before), (before, after)
        alpha.succeed("pvesh get /version", "qm reboot 101 --timeout 5 || true", "pct reboot 100 --timeout 5 || true")

    with subtest("no guest holds the old build afterwards"):
        assert set(holders()) <= running, holders()
  '';
}
