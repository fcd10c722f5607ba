# The network of a node, both ways: networkd manages alpha's, which is declared; ifupdown2 manages
# beta's, which the web interface owns.
let
  # A port for the bridge, which a container lacks.
  port =
    { pkgs, ... }:
    {
      imports = [ ../modules ];
      services.proxmox-ve.enable = true;
      networking.useDHCP = false;
      systemd.services.port = {
        wantedBy = [ "multi-user.target" ];
        before = [
          "network-pre.target"
          "networking.service"
          "systemd-networkd.service"
        ];
        unitConfig.DefaultDependencies = false;
        serviceConfig = {
          Type = "oneshot";
          RemainAfterExit = true;
        };
        path = [ pkgs.iproute2 ];
        script = "ip link add port0 type veth peer name cable0 && ip link set cable0 up";
      };
      system.switch.enable = true;
      specialisation.other.configuration.environment.etc."other".text = "other";
      environment.systemPackages = [
        pkgs.iproute2
        pkgs.jq
      ];
    };
in
{
  name = "pve-network";

  nodes.alpha = {
    imports = [ port ];
    services.proxmox-ve = {
      address = "10.11.12.1";
      network.bridges.vmbr0 = {
        ports = [ "port0" ];
        addresses = [ "10.11.12.1/24" ];
      };
    };
  };

  nodes.beta = {
    imports = [ port ];
    services.proxmox-ve = {
      address = "10.11.12.2";
      network = {
        backend = "ifupdown2";
        bridges.vmbr0 = {
          ports = [ "port0" ];
          addresses = [ "10.11.12.2/24" ];
        };
      };
    };
  };

  testScript = ''
    import json

    start_all()
    for node in machines:
        node.wait_for_unit("multi-user.target")
        node.wait_until_succeeds("! systemctl list-jobs --no-legend | grep -q .")

    def link(node, name):
        return json.loads(node.succeed(f"ip -d -j address show dev {name}"))[0]

    def addresses(node, name):
        return [one["local"] for one in link(node, name)["addr_info"] if one["family"] == "inet"]

    def network(node):
        answer = node.succeed(f"pvesh get /nodes/{node.name}/network --output-format json")
        return {one["iface"]: one for one in json.loads(answer)}

    def switch(node, to=""):
        system = node.succeed("readlink -f /run/current-system").strip()
        node.succeed(f"NIXOS_NO_SYNC=1 {system}{to}/bin/switch-to-configuration test 2>&1")
        return f"NIXOS_NO_SYNC=1 {system}/bin/switch-to-configuration test 2>&1"

    for node, address in [(alpha, "10.11.12.1"), (beta, "10.11.12.2")]:
        with subtest(f"{node.name}: the bridge is up, with its port, and the interface shows it"):
            node.wait_until_succeeds(f"ip -4 address show dev vmbr0 | grep -F {address}/24", timeout=60)
            assert link(node, "port0")["master"] == "vmbr0"
            shown = network(node)
            assert shown["vmbr0"]["address"] == address, shown
            assert shown["vmbr0"]["bridge_ports"] == "port0", shown
            assert shown["vmbr0"]["active"] == 1, shown

    with subtest("alpha: what is declared answers a change, and stays"):
        before = alpha.succeed("cat /etc/network/interfaces")
        alpha.execute("pvesh create /nodes/alpha/network --iface vmbr1 --type bridge --autostart 1 --cidr 10.11.13.1/24")
        alpha.fail("pvesh set /nodes/alpha/network")
        assert alpha.succeed("cat /etc/network/interfaces") == before
        alpha.fail("ip link show vmbr1")

    with subtest("beta: the interface makes a bridge and applies it"):
        beta.succeed("pvesh create /nodes/beta/network --iface vmbr1 --type bridge --autostart 1 --cidr 10.11.13.1/24")
        beta.fail("ip link show vmbr1")
        beta.succeed("pvesh set /nodes/beta/network")
        beta.wait_until_succeeds("ip -4 address show dev vmbr1 | grep -F 10.11.13.1/24", timeout=60)
        beta.fail("test -e /etc/network/interfaces.new")
        assert addresses(beta, "vmbr0") == ["10.11.12.2"]

    for node in machines:
        with subtest(f"{node.name}: a switch leaves a guest's port on the bridge"):
            node.succeed("ip link add tap100i0 type veth peer name guest0", "ip link set tap100i0 master vmbr0 up")
            index = link(node, "vmbr0")["ifindex"]
            back = switch(node, "/specialisation/other")
            node.succeed("grep -x other /etc/other", back)
            assert link(node, "tap100i0")["master"] == "vmbr0"
            assert link(node, "vmbr0")["ifindex"] == index
    assert addresses(beta, "vmbr1") == ["10.11.13.1"]

    with subtest("beta: what was applied is there after the next boot"):
        beta.shutdown()
        beta.start()
        beta.wait_for_unit("multi-user.target")
        beta.wait_until_succeeds("ip -4 address show dev vmbr1 | grep -F 10.11.13.1/24", timeout=60)
        assert addresses(beta, "vmbr0") == ["10.11.12.2"]

    with subtest("beta: a change that was not applied is there after the next boot, as upstream has it"):
        beta.succeed("pvesh set /nodes/beta/network/vmbr1 --type bridge --autostart 1 --cidr 10.11.14.1/24")
        beta.succeed("test -e /etc/network/interfaces.new")
        beta.shutdown()
        beta.start()
        beta.wait_for_unit("multi-user.target")
        beta.wait_until_succeeds("ip -4 address show dev vmbr1 | grep -F 10.11.14.1/24", timeout=60)
  '';
}
