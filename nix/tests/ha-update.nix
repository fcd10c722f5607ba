# Three nodes with high availability armed go to the next release at once: the daemons of the cluster restart on one node after the
# other, watchdog-mux runs on, nobody is fenced, no guest ends.
{ lib, ... }:
let
  ha = import ./common/ha.nix;
  previous = "9.1.4";
  next = lib.removePrefix "pve-" (lib.fileContents ../../releases/default);
  node =
    { lib, pkgs, ... }:
    let
      link = release: (pkgs.pveReleases.${release}.overrideScope (_: _: { ifupdown2 = null; })).pve;
    in
    {
      imports = [ ha.module ];
      services.proxmox-ve.package = lib.mkOverride 900 (link previous);
      specialisation.next.configuration.services.proxmox-ve.package = lib.mkForce (link next);
      system.switch.enable = true;
      environment.systemPackages = [ pkgs.jq ];
    };
in
{
  name = "pve-ha-update";

  nodes.alpha = node;
  nodes.beta = node;
  nodes.gamma = node;

  testScript = ha.script + ''
    start_all()
    with subtest("three nodes with guests under high availability"):
        become_a_cluster()
        make_guests()
        for node in machines:
            # The quorum, asked for twice a second from now on.
            node.succeed(
                "systemd-run --unit watched --setenv=PATH=$PATH bash -c"
                " 'while sleep 0.5; do corosync-quorumtool -s | grep -q \"Quorate: *Yes\" || date >>/run/lost; done'"
            )
        before = {sid: processes(by_name[name], sid) for sid, name in guests.items()}
        daemons = ["pve-ha-lrm", "pve-ha-crm", "pve-cluster"]
        pids = {node.name: [node.get_unit_property(f"{unit}.service", "MainPID") for unit in daemons] for node in machines}
        watchdogs = {node.name: node.get_unit_property("watchdog-mux.service", "MainPID") for node in machines}

    with subtest("all three are switched at once"):
        for node in machines:
            system = node.succeed("readlink -f /run/current-system").strip()
            node.succeed(
                "systemd-run --unit switching --remain-after-exit --setenv=PATH=$PATH"
                f" bash -c 'NIXOS_NO_SYNC=1 {system}/specialisation/next/bin/switch-to-configuration test'"
            )
        began_at = time.monotonic()
        for node in machines:
            node.wait("the switch", lambda: node.get_unit_property("switching.service", "SubState") in ("exited", "failed"), 300)
            assert node.get_unit_property("switching.service", "ExecMainStatus") == "0"
        said(f"switched after {time.monotonic() - began_at:.0f} s")

        def restarted(node):
            now = [node.get_unit_property(f"{unit}.service", "MainPID") for unit in daemons]
            return all(pid not in (old, "0") for pid, old in zip(now, pids[node.name]))

        for node in machines:
            node.wait("staged restart", lambda: restarted(node), 600)
        said(f"restarted after {time.monotonic() - began_at:.0f} s")

    with subtest("nobody was fenced, and nobody will be"):
        # One node after the other: no two had a daemon of the cluster's file system that began within the same second.
        starts_of = [
            int(node.get_unit_property("pve-cluster.service", "ActiveEnterTimestampMonotonic")) // 1000000 for node in machines
        ]
        assert len(set(starts_of)) == 3, starts_of
        time.sleep(75)
        wait_placed(alpha, guests, 120)
        assert {sid: processes(by_name[name], sid) for sid, name in guests.items()} == before
        for node in machines:
            assert node.get_unit_property("watchdog-mux.service", "MainPID") == watchdogs[node.name]
            node.succeed("pvesh get /version --output-format json | jq -e '.version == \"${next}\"'")
            node.fail("test -e /run/lost")
            node.wait_until_succeeds("pvenix cluster status", timeout=60)
        nobody_fenced()
        never_twice()
        assert armed(alpha) == set(guests.values()), armed(alpha)
  '';
}
