# High availability on three nodes: guests are started; the cluster's daemons are killed, and nobody is fenced for it; a node's power is
# cut, and one is cut off: its guests are started elsewhere, each time after it is gone and never twice. In containers, with a watchdog
# that ends a container (common/watchdog).
let
  ha = import ./common/ha.nix;
in
{
  name = "pve-ha";

  nodes.alpha = ha.module;
  nodes.beta = ha.module;
  nodes.gamma = ha.module;

  testScript = ha.script + ''
    start_all()
    with subtest("three nodes, each with a watchdog"):
        become_a_cluster()

    with subtest("guests under high availability start, and arm the watchdogs"):
        make_guests()
        # One is at home on a node, and comes back to it.
        alpha.succeed("ha-manager rules add node-affinity home --resources vm:101 --nodes beta:2,alpha:1")
        for node in machines:
            node.succeed("test -d /run/watchdog-mux.active")
        said("armed")

    with subtest("a daemon of the cluster is killed: it comes back, nobody is fenced, guests run on"):
        before = {sid: processes(by_name[name], sid) for sid, name in guests.items()}
        for node in machines:
            for unit in ["pve-cluster", "corosync"]:
                pid = node.get_unit_property(f"{unit}.service", "MainPID")
                node.succeed(f"kill -9 {pid}")
                node.wait(
                    f"{unit} is back",
                    lambda: node.get_unit_property(f"{unit}.service", "MainPID") not in ("0", pid)
                    and node.get_unit_property(f"{unit}.service", "ActiveState") == "active",
                    30,
                )
                node.wait_until_succeeds("timeout 10 pvenix cluster status", timeout=60)
        # A watchdog has 60 seconds and 10 of the device.
        time.sleep(75)
        nobody_fenced()
        assert {sid: processes(by_name[name], sid) for sid, name in guests.items()} == before
        wait_placed(alpha, guests, 60)

    with subtest("a node loses its power: its guest is started where it may run"):
        began_at = time.monotonic()
        beta.crash()
        wait_placed(alpha, {**guests, "vm:101": "alpha"})
        said(f"power cut: the guest runs elsewhere after {time.monotonic() - began_at:.0f} s")
        # It did not end itself, and nobody else was ended.
        nobody_fenced()

    with subtest("the node is back, and its guest comes home"):
        beta.start()
        beta.wait_for_unit("multi-user.target")
        wait_placed(alpha, guests)
        never_twice()

    with subtest("a node is cut off: it ends itself, then its guest is started elsewhere"):
        began_at = time.monotonic()
        gamma.block()
        gamma.wait_for_shutdown(timeout=180)
        gone = time.monotonic() - began_at
        fence_of(gamma)
        elsewhere = [node for node in [alpha, beta] if runs_on(node, "vm:102")]
        assert elsewhere == [], elsewhere
        alpha.wait("the guest is elsewhere", lambda: placed(alpha).get("vm:102") in ("alpha", "beta"), 420)
        said(f"cut off: the node is gone after {gone:.0f} s, its guest runs elsewhere after {time.monotonic() - began_at:.0f} s")
        wait_placed(alpha, placed(alpha), 60)
        assert set(placed(alpha)) == set(guests)
        nobody_fenced()

    with subtest("it comes back with its cable, and has no guest"):
        gamma.start()
        gamma.unblock()
        gamma.wait_for_unit("multi-user.target")
        gamma.wait_until_succeeds("pvenix cluster status", timeout=120)
        assert not runs_on(gamma, "vm:102")
        alpha.succeed("ha-manager migrate vm:102 gamma")
        wait_placed(alpha, guests, 600)

    with subtest("no guest ran twice, no fence but the one"):
        never_twice()
        assert starts() == 1, starts()
        nobody_fenced()
        said(f"fences: {fences()}")
  '';
}
