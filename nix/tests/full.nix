# A node whose disk is full, to the last block: guests run on, what cannot be written is refused, and the node is whole again once
# there is room and pmxcfs is restarted: after a write of its database that failed it answers each other write with an I/O error.
#
# Virtual machines only: it fills the root disk.
{
  name = "pve-full";

  nodes.alpha =
    { pkgs, ... }:
    {
      imports = [ ./common/node.nix ];
      virtualisation.diskSize = 1024;
      environment.systemPackages = [ pkgs.jq ];
    };

  testScript = ''
    import json

    alpha.start()
    alpha.wait_for_unit("multi-user.target")
    alpha.wait_until_succeeds("! systemctl list-jobs --no-legend | grep -q .")
    alpha.fail("systemd-detect-virt --quiet --container")
    alpha.succeed("qm create 101 --memory 64 --kvm 0 --cpu qemu64 --vga none --serial0 socket", "qm start 101")
    guest = alpha.succeed("cat /run/qemu-server/101.pid").strip()

    def database():
        checks = json.loads(alpha.execute("pvenix status --format json")[1])["checks"]
        return [check for check in checks if check["name"] == "database"][0]

    def runs():
        assert alpha.succeed("cat /run/qemu-server/101.pid").strip() == guest
        alpha.succeed(f"kill -0 {guest}")

    assert database()["ok"], database()

    with subtest("full"):
        # Also of what is kept for root.
        alpha.execute("cat /dev/zero >/fill 2>/dev/null; cat /dev/zero >/fill-last 2>/dev/null")
        alpha.fail("echo more >/var/lib/more")
        found = database()
        assert not found["ok"] and "0 MiB left on the disk of /var/lib/pve-cluster" in found["text"], found
        runs()

    with subtest("nothing half-written is kept"):
        made = 0
        for vmid in range(200, 260):
            status, _ = alpha.execute(f"qm create {vmid} --memory 64 --description '{'x' * 8000}'")
            if status != 0:
                break
            made += 1
        assert status != 0, "sixty guests were made on a full disk"
        runs()
        alpha.succeed("qm status 101 | grep -x 'status: running'")

    with subtest("whole again with room"):
        alpha.succeed("rm -f /fill /fill-last", "systemctl restart pve-cluster")
        alpha.wait_until_succeeds("timeout 60 qm create 300 --memory 64", timeout=60)
        alpha.succeed("qm destroy 300", "qm status 101 | grep -x 'status: running'")
        assert database()["ok"], database()
        runs()
        alpha.wait_until_succeeds("timeout 60 curl -fsk https://10.11.12.1:8006/ | grep -F Proxmox", timeout=60)
        # Each guest that was made is there, whole.
        for vmid in range(200, 200 + made):
            alpha.succeed(f"test $(qm config {vmid} | grep -c '^description: x*$') = 1")
        alpha.fail(f"qm config {200 + made}")
        alpha.succeed("qm stop 101")
        assert alpha.succeed("systemctl list-units --failed --no-legend").strip() == ""
  '';
}
