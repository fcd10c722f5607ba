# Software-defined networks on two nodes of a cluster: a simple zone hands out the addresses that IPAM has for its guests, and a
# VXLAN zone joins guests of both nodes. Both are there after a boot, and a switch leaves them alone.
let
  node =
    { pkgs, ... }:
    {
      imports = [
        (import ./common/hive.nix [
          "alpha"
          "beta"
        ])
        (import ./common/guest.nix {
          programs = [
            "cat"
            "hostname"
            "ip"
            "ping"
            "sh"
            "sleep"
            "udhcpc"
          ];
        })
      ];
      services.proxmox-ve.network.backend = "ifupdown2";
      services.proxmox-ve.sdn.dhcp.enable = true;
      networking.useDHCP = false;
      system.switch.enable = true;
      specialisation.other.configuration.environment.etc."other".text = "other";
      environment.systemPackages = [
        pkgs.iproute2
        pkgs.jq
      ];
    };
in
{
  name = "pve-sdn";

  nodes.alpha = node;
  nodes.beta = node;

  testScript = ''
    import json

    start_all()
    for node in machines:
        node.wait_for_unit("multi-user.target")
    for node in machines:
        node.wait_until_succeeds("pvenix cluster status", timeout=240)

    def address(node, guest):
        """The address that a guest's DHCP client was given; its script is `true`, so it stays as it is."""
        node.succeed(f"pct exec {guest} -- ip link set eth0 up")
        return node.succeed(f"pct exec {guest} -- udhcpc -i eth0 -n -q -f -t 10 -s /bin/true 2>&1 | grep -o 'lease of [0-9.]*' | cut -d' ' -f3").strip()

    def mapped(node):
        """What IPAM has for the guests, by their number."""
        found = json.loads(node.succeed("pvesh get /cluster/sdn/ipams/pve/status --output-format json"))
        return {str(one["vmid"]): one["ip"] for one in found if "vmid" in one}

    with subtest("zones are made on one node and applied on both"):
        alpha.succeed(
            "pvesh create /cluster/sdn/zones --zone meadow --type simple --ipam pve --dhcp dnsmasq",
            "pvesh create /cluster/sdn/vnets --vnet nectar --zone meadow",
            "pvesh create /cluster/sdn/vnets/nectar/subnets --subnet 10.77.0.0/24 --type subnet --gateway 10.77.0.1"
            " --dhcp-range start-address=10.77.0.100,end-address=10.77.0.150",
            "pvesh create /cluster/sdn/zones --zone flight --type vxlan --ipam pve --peers 192.168.1.1,192.168.1.2",
            "pvesh create /cluster/sdn/vnets --vnet comb --zone flight --tag 4242",
            "pvesh set /cluster/sdn",
        )
        for node in machines:
            node.wait_until_succeeds("ip -4 address show dev nectar | grep -F 10.77.0.1/24", timeout=60)
            node.wait_until_succeeds("ip -d link show vxlan_comb | grep -F 'id 4242'", timeout=60)
            node.wait_until_succeeds("systemctl is-active dnsmasq@meadow", timeout=60)
            states = json.loads(node.succeed(f"pvesh get /nodes/{node.name}/sdn/zones --output-format json"))
            assert {one["zone"]: one["status"] for one in states}.items() >= {"meadow": "available", "flight": "available"}.items(), states

    def create(node, guest, nets):
        node.succeed(
            f"pct create {guest} /etc/guest.tar --ostype unmanaged --unprivileged 1 --memory 64 --swap 0 --storage local --rootfs local:0 {nets}"
            f" && pct start {guest}"
        )

    guests = {alpha: 100, beta: 101}
    with subtest("a guest gets the address that IPAM has for it"):
        for node, guest in guests.items():
            create(node, guest, "--net0 name=eth0,bridge=nectar,ip=dhcp --net1 name=eth1,bridge=comb")
            assert mapped(node)[str(guest)] == address(node, guest), (mapped(node), address(node, guest))

    def joined():
        for number, (node, guest) in enumerate(guests.items(), 1):
            node.succeed(
                f"pct exec {guest} -- ip link set eth1 up",
                f"pct exec {guest} -- sh -c 'ip address replace 10.88.0.{number}/24 dev eth1'",
            )
        for number, (node, guest) in enumerate(guests.items(), 1):
            node.wait_until_succeeds(f"pct exec {guest} -- ping -c 1 -W 2 10.88.0.{3 - number}", timeout=60)

    with subtest("guests of two nodes are on one network"):
        joined()

    with subtest("a switch leaves both alone"):
        for node, guest in guests.items():
            system = node.succeed("readlink -f /run/current-system").strip()
            before = (node.get_unit_property("dnsmasq@meadow", "MainPID"), node.succeed("cat /sys/class/net/nectar/ifindex"))
            for to in ["/specialisation/other", ""]:
                node.succeed(f"NIXOS_NO_SYNC=1 {system}{to}/bin/switch-to-configuration test 2>&1")
            assert before == (node.get_unit_property("dnsmasq@meadow", "MainPID"), node.succeed("cat /sys/class/net/nectar/ifindex"))
            assert address(node, guest) == mapped(node)[str(guest)]
        joined()

    with subtest("both are there after a boot"):
        beta.shutdown()
        beta.start()
        beta.wait_for_unit("multi-user.target")
        beta.wait_until_succeeds("systemctl is-active dnsmasq@meadow", timeout=60)
        beta.wait_until_succeeds("pct start 101", timeout=60)
        assert address(beta, 101) == mapped(beta)["101"]
        joined()

    with subtest("a zone that goes takes its DHCP along"):
        for node, guest in guests.items():
            node.succeed(f"pct stop {guest}", f"pct destroy {guest}")
        alpha.succeed(
            "pvesh delete /cluster/sdn/vnets/nectar/subnets/meadow-10.77.0.0-24",
            "pvesh delete /cluster/sdn/vnets/nectar",
            "pvesh delete /cluster/sdn/zones/meadow",
            "pvesh set /cluster/sdn",
        )
        for node in machines:
            node.wait_until_succeeds("! systemctl is-active dnsmasq@meadow", timeout=60)
            node.wait_until_succeeds("! ip link show nectar", timeout=60)
            node.succeed("test -z \"$(ls /etc/systemd/system.attached/multi-user.target.wants | grep dnsmasq)\"")
  '';
}
