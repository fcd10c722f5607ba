# Three nodes update to the next release at once. Every switch ends, the cluster's daemons restart
# on one node after the other, the cluster keeps its quorum, and guests keep running. In between,
# the nodes have different releases, and a guest migrates from the older to the newer.
{ lib, ... }:
let
  previous = "9.1.4";
  next = lib.removePrefix "pve-" (lib.fileContents ../../releases/default);
  node =
    { lib, pkgs, ... }:
    let
      link = release: (pkgs.pveReleases.${release}.overrideScope (_: _: { ifupdown2 = null; })).pve;
    in
    {
      imports = [
        (import ./common/hive.nix [
          "alpha"
          "beta"
          "gamma"
        ])
      ];
      services.proxmox-ve.package = lib.mkOverride 900 (link previous);
      specialisation.next.configuration.services.proxmox-ve.package = lib.mkForce (link next);
      system.switch.enable = true;
      environment.systemPackages = [ pkgs.jq ];
    };
in
{
  name = "pve-cluster-update";

  nodes.alpha = node;
  nodes.beta = node;
  nodes.gamma = node;

  testScript = ''
    import json

    start_all()
    for node in machines:
        node.wait_for_unit("multi-user.target")
    for node in machines:
        node.wait_until_succeeds("pvenix cluster status", timeout=240)
        # Checks the quorum twice a second from now on.
        node.succeed(
            "systemd-run --unit watched --setenv=PATH=$PATH bash -c"
            " 'while sleep 0.5; do corosync-quorumtool -s | grep -q \"Quorate: *Yes\" || date >>/run/lost; done'"
        )
    systems = {node.name: node.succeed("readlink -f /run/current-system").strip() for node in machines}

    def switch(node):
        to = systems[node.name] + "/specialisation/next"
        return f"NIXOS_NO_SYNC=1 {to}/bin/switch-to-configuration test"

    def waiting(node):
        return json.loads(node.execute("pvenix status --format json")[1])["waiting"]

    with subtest("guests"):
        for number, node in enumerate(machines):
            node.succeed(
                f"qm create 10{number} --memory 64 --kvm 0 --cpu qemu64 --vga none --serial0 socket",
                f"qm start 10{number}",
            )
        pids = {node.name: node.succeed("cat /run/qemu-server/10*.pid") for node in machines}

    with subtest("one node is newer: a guest moves to it while it runs, and back"):
        alpha.succeed(f"{switch(alpha)} 2>&1")
        alpha.wait("staged restart", lambda: waiting(alpha) == [], 240)
        beta.succeed("qm migrate 101 alpha --online 1")
        alpha.succeed("qm status 101 | grep -w running")
        alpha.succeed("qm migrate 101 beta --online 1")
        pids["beta"] = beta.succeed("cat /run/qemu-server/101.pid")

    with subtest("the others at once"):
        began = {node.name: node.get_unit_property("pve-cluster.service", "ActiveEnterTimestampMonotonic") for node in machines}
        for node in [beta, gamma]:
            node.succeed(f"systemd-run --unit switching --setenv=PATH=$PATH bash -c '{switch(node)}'")
        for node in [beta, gamma]:
            node.wait_until_succeeds("! systemctl is-active --quiet switching", timeout=180)
            node.succeed("! systemctl is-failed --quiet switching")
        for node in [beta, gamma]:
            # A daemon that is just starting is no longer pending, but not yet active.
            node.wait(
                "staged restart",
                lambda: waiting(node) == []
                and node.get_unit_property("pve-cluster.service", "ActiveState") == "active"
                and node.get_unit_property("pve-cluster.service", "ActiveEnterTimestampMonotonic") != began[node.name],
                300,
            )

    with subtest("nobody lost the quorum, no guest ended, nobody holds the lock"):
        for node in machines:
            node.fail("test -e /run/lost")
            assert node.succeed("cat /run/qemu-server/10*.pid") == pids[node.name]
            node.succeed("pvesh get /version --output-format json | jq -e '.version == \"${next}\"'")
            node.fail("test -e /etc/pve/priv/lock/pve-nix-restarts")
            node.succeed("pvenix cluster status")
  '';
}
