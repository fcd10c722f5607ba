# Failures on a node: the cluster's file system is killed, does not answer, has no space for its
# database or cannot write it. Guests keep running, a switch ends, and the node recovers once the
# cause is gone.
{
  name = "pve-faults";

  nodes.alpha =
    { pkgs, ... }:
    {
      imports = [ ./common/node.nix ];
      system.switch.enable = true;
      specialisation.other.configuration.environment.etc."other".text = "other";
      environment.systemPackages = [ pkgs.jq ];
    };

  testScript = ''
    start_all()
    alpha.wait_for_unit("multi-user.target")
    alpha.wait_until_succeeds("! systemctl list-jobs --no-legend | grep -q .")
    system = alpha.succeed("readlink -f /run/current-system").strip()
    switch = "NIXOS_NO_SYNC=1 timeout 120 {}/bin/switch-to-configuration test 2>&1"

    alpha.succeed("qm create 101 --memory 64 --kvm 0 --cpu qemu64 --vga none --serial0 socket")
    alpha.succeed("qm start 101")
    guest = alpha.succeed("cat /run/qemu-server/101.pid").strip()

    def whole():
        """The node's file system, its API and its guest."""
        alpha.wait_until_succeeds("timeout 5 cat /etc/pve/qemu-server/101.conf", timeout=30)
        alpha.wait_until_succeeds("timeout 20 pvesh get /version --output-format json | jq -e .release", timeout=60)
        alpha.wait_until_succeeds("timeout 20 curl -fsk https://10.11.12.1:8006/ | grep -F Proxmox", timeout=60)
        alpha.wait_until_succeeds("timeout 20 qm status 101 | grep -x 'status: running'", timeout=60)
        assert alpha.succeed("cat /run/qemu-server/101.pid").strip() == guest
        alpha.succeed(f"kill -0 {guest}")

    whole()

    with subtest("pmxcfs is killed"):
        before = alpha.get_unit_property("pve-cluster.service", "MainPID")
        alpha.succeed(f"kill -9 {before}")
        alpha.wait_until_succeeds(f"systemctl show -p MainPID pve-cluster.service | grep -vx MainPID={before} | grep -vx MainPID=0", timeout=30)
        alpha.wait_for_unit("pve-cluster.service")
        whole()

    with subtest("pmxcfs does not answer: a switch ends, and what it changes is there"):
        pid = alpha.get_unit_property("pve-cluster.service", "MainPID")
        alpha.succeed(f"kill -STOP {pid}")
        alpha.wait_until_succeeds(f"grep -q '^State:.T' /proc/{pid}/status", timeout=10)
        alpha.wait_until_succeeds("! timeout 5 cat /etc/pve/.version", timeout=30)
        told = alpha.execute("timeout 20 pvenix status")[1]
        assert "BAD  cluster: /etc/pve hangs" in told, told
        alpha.succeed(switch.format(f"{system}/specialisation/other"))
        alpha.succeed("grep -x other /etc/other")
        alpha.succeed(switch.format(system))
        alpha.succeed(f"kill -CONT {pid}")
        assert alpha.get_unit_property("pve-cluster.service", "MainPID") == pid
        whole()

    with subtest("what was written while nothing was mounted is kept, and out of the way"):
        alpha.succeed("systemctl stop pve-cluster", "echo lost >/etc/pve/stray", "systemctl start pve-cluster")
        whole()
        alpha.fail("test -e /etc/pve/stray")
        assert alpha.succeed("cat /var/lib/pve-cluster/not-mounted-*/stray").strip() == "lost"
        # A directory in place of the link, as on a Debian node.
        alpha.succeed(
            "systemctl stop pve-cluster", "rm /etc/pve && mkdir /etc/pve && echo old >/etc/pve/old", "systemctl start pve-cluster"
        )
        whole()
        alpha.succeed("test -L /etc/pve", "grep -x old /var/lib/pve-cluster/not-mounted-*/old")

    with subtest("no room for the cluster's database"):
        # pmxcfs reports 128 MiB and 256k files, and rejects files over 1 MiB. It is full when its
        # database's disk is.
        alpha.fail("head -c 1100000 /dev/zero >/etc/pve/priv/large")
        alpha.succeed("rm -f /etc/pve/priv/large")
        alpha.succeed(
            "systemctl stop pve-cluster && mv /var/lib/pve-cluster /var/lib/pve-cluster.own && mkdir /var/lib/pve-cluster"
            " && mount -t tmpfs -o size=8m,mode=0755 tmpfs /var/lib/pve-cluster"
            " && cp -a /var/lib/pve-cluster.own/. /var/lib/pve-cluster/ && systemctl start pve-cluster"
        )
        alpha.execute("head -c 9000000 /dev/zero >/var/lib/pve-cluster/fill 2>/dev/null")
        alpha.fail("i=0; while [ $i -lt 40 ]; do head -c 100000 /dev/urandom >/etc/pve/priv/fill-$i || exit 1; i=$((i+1)); done 2>/dev/null")
        alpha.succeed(switch.format(f"{system}/specialisation/other"), switch.format(system))
        alpha.succeed(f"kill -0 {guest}")
        alpha.succeed("rm /var/lib/pve-cluster/fill", "systemctl restart pve-cluster")
        alpha.succeed("rm -f /etc/pve/priv/fill-*")
        whole()
        alpha.succeed("qm create 103 --memory 64", "qm destroy 103")

    with subtest("the disk of the cluster's database is read-only"):
        alpha.succeed("systemctl stop pve-cluster && mount -o remount,ro /var/lib/pve-cluster")
        alpha.fail("systemctl start pve-cluster")
        said = alpha.execute("timeout 20 pvenix status")[1]
        assert "BAD  cluster: " in said and "/etc/pve" in said, said
        # It reports what cannot be done, touches no guest, and can be reverted.
        alpha.execute(switch.format(f"{system}/specialisation/other"))
        alpha.succeed("grep -x other /etc/other", f"kill -0 {guest}")
        alpha.execute(switch.format(system))
        alpha.fail("test -e /etc/other")
        alpha.succeed("mount -o remount,rw /var/lib/pve-cluster", "systemctl restart pve-cluster")
        whole()
        alpha.succeed("qm create 103 --memory 64", "qm destroy 103")
        alpha.succeed("qm stop 101")
  '';
}
