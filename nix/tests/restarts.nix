# The staged restart and the cluster's lock, on the real pmxcfs of one node that believes it is one
# of two. It waits while another node holds the lock, takes and releases its own, and removes one
# that its owner left behind.
{
  name = "pve-restarts";

  nodes.alpha =
    { pkgs, ... }:
    {
      imports = [ ./common/node.nix ];
      environment.systemPackages = [ pkgs.jq ];
    };

  testScript = ''
    import time

    start_all()
    alpha.wait_for_unit("multi-user.target")
    alpha.wait_until_succeeds("! systemctl list-jobs --no-legend | grep -q .")
    lock = "/etc/pve/priv/lock/pve-nix-restarts"
    lrm = lambda: alpha.get_unit_property("pve-ha-lrm.service", "MainPID")

    # By this declaration, every running unit is from another build, and only the LRM is pending.
    alpha.succeed(
        """jq -c '.package = "/nix/store/another" | .staged = ["pve-ha-lrm.service"]' /etc/pve-nix/node.json >/run/node.json""",
        """jq -c '.cluster = {name: "hive", version: 2, nodes: 2, quorate: 1}' /etc/pve/.members >/run/members""",
        "mount --bind /run/members /etc/pve/.members",
    )

    def restarts():
        return alpha.execute("pvenix --node /run/node.json restarts")

    with subtest("it waits while another node has the lock"):
        before = lrm()
        alpha.succeed(f"mkdir {lock}")
        left = time.monotonic()
        status, told = restarts()
        assert status == 75 and "another node restarts its own" in told, (status, told)
        assert lrm() == before
        alpha.succeed(f"rmdir {lock}")

    with subtest("it takes the lock, and gives it back"):
        status, told = restarts()
        assert status == 0 and told.startswith("restarted pve-ha-lrm.service"), (status, told)
        assert lrm() not in (before, "0")
        alpha.fail(f"test -e {lock}")

    with subtest("without a quorum it waits"):
        alpha.succeed("sed -i 's/\"quorate\":1/\"quorate\":0/' /run/members && umount /etc/pve/.members && mount --bind /run/members /etc/pve/.members")
        before = lrm()
        status, told = restarts()
        assert status == 75 and "no quorum" in told, (status, told)
        assert lrm() == before
        alpha.succeed("sed -i 's/\"quorate\":0/\"quorate\":1/' /run/members && umount /etc/pve/.members && mount --bind /run/members /etc/pve/.members")

    with subtest("a lock whose owner is gone is taken away, two minutes after"):
        alpha.succeed(f"mkdir {lock}")
        left = time.monotonic()
        while restarts()[0] == 75:
            assert time.monotonic() - left < 240, "the lock stays"
            time.sleep(10)
        assert time.monotonic() - left > 110, time.monotonic() - left
        assert lrm() != before
  '';
}
