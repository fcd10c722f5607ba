# Three nodes become a cluster by declaration, without a password. The first may have guests; the
# others join while they run. Then the cluster works: guests migrate, tickets and keys of one node
# are valid on the others, an absent node does not matter.
let
  node = {
    imports = [
      (import ./common/hive.nix [
        "alpha"
        "beta"
        "gamma"
      ])
      (import ./common/guest.nix { })
    ];
  };
in
{
  name = "pve-cluster";

  nodes.alpha = node;
  nodes.beta = node;
  nodes.gamma =
    { lib, ... }:
    {
      imports = [ node ];
      system.switch.enable = true;
      # It is a single node at first, and has a guest.
      services.proxmox-ve.cluster.nodes = lib.mkForce { };
      specialisation.member.configuration.services.proxmox-ve.cluster.nodes = lib.mkOverride 40 {
        alpha = {
          nodeId = 1;
          links = [ "192.168.1.1" ];
        };
        beta = {
          nodeId = 2;
          links = [ "192.168.1.2" ];
        };
        gamma = {
          nodeId = 3;
          links = [ "192.168.1.3" ];
        };
      };
    };

  testScript = ''
    import json

    def members(node):
        return json.loads(node.succeed("cat /etc/pve/.members"))

    def online(node):
        return sorted(name for name, member in members(node).get("nodelist", {}).items() if member["online"])

    def wait_for_members(node, names):
        node.wait(f"members {names}", lambda: online(node) == names, 120)

    alpha.start()
    alpha.wait_for_unit("multi-user.target")

    with subtest("the first node makes the cluster, and has its quorum alone"):
        alpha.wait_until_succeeds("grep -q '\"name\": \"hive\"' /etc/pve/.members", timeout=60)
        alpha.wait_until_succeeds("touch /etc/pve/writable && rm /etc/pve/writable", timeout=60)
        assert online(alpha) == ["alpha"]
        status, text = alpha.execute("pvenix cluster status")
        assert status == 1 and "beta: not a member" in text and "gamma: not a member" in text, text
        alpha.succeed("pct create 100 /etc/guest.tar --ostype unmanaged --unprivileged 1 --memory 64 --swap 0 --storage local --rootfs local:0")
        alpha.succeed("qm create 101 --memory 64 --kvm 0 --cpu qemu64 --vga none --serial0 socket", "qm start 101")

    with subtest("another joins when it runs"):
        beta.start()
        gamma.start()
        beta.wait_for_unit("multi-user.target")
        wait_for_members(beta, ["alpha", "beta"])
        wait_for_members(alpha, ["alpha", "beta"])
        beta.wait_until_succeeds("test -e /etc/pve/nodes/alpha/qemu-server/101.conf", timeout=60)
        beta.wait_until_succeeds("test -e /etc/pve/nodes/beta/pve-ssl.pem", timeout=60)

    with subtest("a node with guests does not join, and keeps them"):
        gamma.wait_for_unit("multi-user.target")
        gamma.succeed("qm create 101 --memory 64 --kvm 0")
        system = gamma.succeed("readlink -f /run/current-system").strip()
        # The switch does the rest, and reports what failed.
        status, text = gamma.execute(f"NIXOS_NO_SYNC=1 {system}/specialisation/member/bin/switch-to-configuration test 2>&1")
        assert status == 4 and "pve-nix-cluster.service" in text, (status, text)
        gamma.wait_until_succeeds("journalctl -u pve-nix-cluster | grep 'has guests of its own (101)'", timeout=60)
        gamma.wait_until_succeeds("qm config 101 | grep memory", timeout=60)
        assert online(alpha) == ["alpha", "beta"]

    with subtest("and joins without"):
        gamma.succeed("qm destroy 101")
        gamma.succeed("systemctl restart pve-nix-cluster")
        for node in machines:
            wait_for_members(node, ["alpha", "beta", "gamma"])
            node.wait_until_succeeds("pvenix cluster status", timeout=120)
            versions = node.succeed("corosync-cmapctl totem.config_version")
            assert versions.split()[-1] == "3", versions

    with subtest("root of each reaches root of each"):
        for node in machines:
            for other in machines:
                name = node.succeed(
                    f"ssh -o BatchMode=yes -o HostKeyAlias={other.name} -o UserKnownHostsFile=/etc/pve/nodes/{other.name}/ssh_known_hosts"
                    f" -o GlobalKnownHostsFile=none root@192.168.1.{machines.index(other) + 1} hostname"
                )
                assert name.strip() == other.name, (node.name, other.name, name)

    with subtest("a ticket of one is good on the others"):
        alpha.succeed("pveum user add bee@pve --password honeycomb", "pveum acl modify / --users bee@pve --roles PVEAdmin")
        for node in machines:
            node.wait_until_succeeds("curl -fsk https://localhost:8006/ >/dev/null", timeout=60)
        ticket = json.loads(alpha.succeed(
            "curl -sk https://192.168.1.1:8006/api2/json/access/ticket -d username=bee@pve -d password=honeycomb"
        ))["data"]["ticket"]
        for address in ["192.168.1.1", "192.168.1.2", "192.168.1.3"]:
            # Each node is asked about each other, and forwards the request.
            for name in ["alpha", "beta", "gamma"]:
                alpha.wait_until_succeeds(
                    f"curl -fsk --cookie 'PVEAuthCookie={ticket}' https://{address}:8006/api2/json/nodes/{name}/status | grep -q pveversion",
                    timeout=60,
                )

    with subtest("a running virtual machine moves, and back"):
        began = alpha.succeed("qm status 101 --verbose | grep uptime").split()[1]
        alpha.succeed("qm migrate 101 beta --online 1")
        beta.succeed("qm status 101 | grep -w running")
        beta.succeed("qm migrate 101 alpha --online 1")
        alpha.succeed("qm status 101 | grep -w running")

    with subtest("a container moves with its disk"):
        alpha.succeed("pct start 100", "pct migrate 100 gamma --restart 1 --timeout 20")
        gamma.wait_until_succeeds("pct exec 100 -- hostname", timeout=60)
        alpha.fail("test -e /etc/pve/nodes/alpha/lxc/100.conf")

    with subtest("one node away: the others go on; the one without the others is read-only and keeps its guests"):
        gamma.block()
        wait_for_members(alpha, ["alpha", "beta"])
        alpha.succeed("touch /etc/pve/writable && rm /etc/pve/writable")
        gamma.wait("no quorum", lambda: members(gamma)["cluster"]["quorate"] == 0, 120)
        gamma.fail("touch /etc/pve/writable")
        gamma.succeed("pct exec 100 -- hostname")
        # A switch there ends, and its staged restart waits.
        system = gamma.succeed("readlink -f /run/booted-system").strip()
        gamma.succeed(f"NIXOS_NO_SYNC=1 timeout 120 {system}/specialisation/member/bin/switch-to-configuration test 2>&1")
        gamma.unblock()
        for node in machines:
            wait_for_members(node, ["alpha", "beta", "gamma"])
        gamma.wait_until_succeeds("touch /etc/pve/writable && rm /etc/pve/writable", timeout=60)

    with subtest("all three boot, and are a cluster again"):
        alpha.succeed("qm stop 101")
        gamma.succeed("pct stop 100")
        for node in machines:
            node.shutdown()
        for node in machines:
            node.start()
        for node in machines:
            node.wait_for_unit("multi-user.target")
        for node in [alpha, beta]:
            node.wait_until_succeeds("pvenix cluster status | grep -q 'member of hive'", timeout=60)
  '';
}
