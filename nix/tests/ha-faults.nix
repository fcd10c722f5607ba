# What ends a node under high availability, and what becomes of its guests: a manager that is killed, the manager of the whole
# cluster, a full disk below the cluster's database. In containers, with a watchdog that ends a container (common/watchdog).
let
  ha = import ./common/ha.nix;
in
{
  name = "pve-ha-faults";

  nodes.alpha = ha.module;
  nodes.beta = ha.module;
  nodes.gamma = ha.module;

  testScript = ha.script + ''
    start_all()
    with subtest("three nodes with guests under high availability"):
        become_a_cluster()
        make_guests()

    def comes_back(node, sid):
        node.start()
        node.wait_for_unit("multi-user.target")
        node.wait_until_succeeds("pvenix cluster status", timeout=120)
        assert not runs_on(node, sid)
        node.succeed(f"ha-manager migrate {sid} {node.name}")
        wait_placed(node, guests, 600)
        never_twice()
        nobody_fenced()

    with subtest("a manager that has no guests to manage is killed: nobody is fenced, and its node says so"):
        idle = next(node for node in machines if node.name != master(alpha))
        pid = idle.get_unit_property("pve-ha-crm.service", "MainPID")
        idle.succeed(f"kill -9 {pid}")
        time.sleep(75)
        nobody_fenced()
        status, text = idle.execute("pvenix status")
        assert status == 1 and "failed: pve-ha-crm.service" in text, text
        idle.succeed("systemctl start pve-ha-crm", "pvenix status")

    with subtest("a node's own manager is killed: its watchdog ends the node, and its guest goes elsewhere"):
        lost = next(node for node in machines if node.name != master(alpha))
        sid = next(sid for sid, name in guests.items() if name == lost.name)
        others = [node for node in machines if node is not lost]
        began_at = time.monotonic()
        lost.succeed(f"kill -9 {lost.get_unit_property('pve-ha-lrm.service', 'MainPID')}")
        lost.wait_for_shutdown(timeout=60)
        gone = time.monotonic() - began_at
        fence_of(lost)
        others[0].wait("the guest is elsewhere", lambda: placed(others[0]).get(sid) not in (None, lost.name), 420)
        said(f"LRM killed: the node is gone after {gone:.0f} s, its guest runs elsewhere after {time.monotonic() - began_at:.0f} s")
        comes_back(lost, sid)

    with subtest("the manager of the cluster is killed: its node is gone, another takes over"):
        lost = by_name[master(alpha)]
        sid = next(sid for sid, name in guests.items() if name == lost.name)
        others = [node for node in machines if node is not lost]
        began_at = time.monotonic()
        lost.succeed(f"kill -9 {lost.get_unit_property('pve-ha-crm.service', 'MainPID')}")
        lost.wait_for_shutdown(timeout=60)
        fence_of(lost)
        others[0].wait("the guest is elsewhere", lambda: placed(others[0]).get(sid) not in (None, lost.name), 600)
        assert master(others[0]) != lost.name
        said(f"CRM killed: the guest runs elsewhere after {time.monotonic() - began_at:.0f} s")
        comes_back(lost, sid)

    with subtest("no room for the cluster's database: the others go on"):
        lost = next(node for node in machines if node.name != master(alpha))
        sid = next(sid for sid, name in guests.items() if name == lost.name)
        others = [node for node in machines if node is not lost]
        lost.succeed(
            "systemctl stop pve-cluster && mv /var/lib/pve-cluster /var/lib/pve-cluster.own && mkdir /var/lib/pve-cluster"
            " && mount -t tmpfs -o size=8m,mode=0755 tmpfs /var/lib/pve-cluster"
            " && cp -a /var/lib/pve-cluster.own/. /var/lib/pve-cluster/ && systemctl start pve-cluster"
        )
        wait_placed(others[0], guests, 60)
        began_at = time.monotonic()
        lost.execute("head -c 9000000 /dev/zero >/var/lib/pve-cluster/fill 2>/dev/null")
        others[0].succeed("i=0; while [ $i -lt 40 ]; do head -c 100000 /dev/urandom >/etc/pve/priv/fill-$i || exit 1; i=$((i+1)); done")
        # Without the file system of the cluster it has no lock any more.
        lost.wait_for_shutdown(timeout=240)
        gone = time.monotonic() - began_at
        fence_of(lost)
        others[0].wait("the guest is elsewhere", lambda: placed(others[0]).get(sid) not in (None, lost.name), 420)
        said(f"database full: the node is gone after {gone:.0f} s, its guest runs elsewhere after {time.monotonic() - began_at:.0f} s")
        others[0].succeed("rm /etc/pve/priv/fill-*")
        # The small disk went with the machine; its own database is the one from before, and yields to the cluster's.
        lost.start()
        lost.wait_for_unit("multi-user.target")
        never_twice()
        nobody_fenced()
  '';
}
