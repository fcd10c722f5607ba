# Proxmox's firewall beside NixOS': both decide, a switch that changes NixOS' leaves no moment in which Proxmox's rules are
# gone, and stopping the one does not take the other away.
{
  name = "pve-firewall";

  nodes.alpha =
    { pkgs, ... }:
    {
      imports = [ ./common/node.nix ];
      services.proxmox-ve.openFirewall = true;
      services.proxmox-ve.firewall.backend = "nftables";
      networking.nftables.enable = true;
      networking.nftables.checkRuleset = false;
      networking.firewall.enable = true;
      networking.firewall.allowedTCPPorts = [
        7001
        7002
      ];
      # What answers on every port that is asked for.
      systemd.services = builtins.listToAttrs (
        map
          (port: {
            name = "answers-${port}";
            value = {
              wantedBy = [ "multi-user.target" ];
              serviceConfig.ExecStart = "${pkgs.systemd}/bin/systemd-socket-activate -l ${port} --accept --inetd ${pkgs.coreutils}/bin/echo here";
            };
          })
          [
            "7001"
            "7002"
            "7003"
          ]
      );
      system.switch.enable = true;
      specialisation.other.configuration.networking.firewall.allowedTCPPorts = [ 7003 ];
      environment.systemPackages = [
        pkgs.iproute2
        pkgs.nftables
      ];
    };

  testScript = ''
    start_all()
    alpha.wait_for_unit("multi-user.target")
    alpha.wait_until_succeeds("! systemctl list-jobs --no-legend | grep -q .")
    system = alpha.succeed("readlink -f /run/current-system").strip()

    # Somebody outside of the machine.
    alpha.succeed(
        "ip link add out0 type veth peer name peer0",
        "ip netns add peer",
        "ip link set peer0 netns peer",
        "ip address add 10.99.0.1/24 dev out0 && ip link set out0 up",
        "ip netns exec peer ip address add 10.99.0.2/24 dev peer0",
        "ip netns exec peer ip link set peer0 up",
    )

    def asks(port):
        return (
            "ip netns exec peer timeout 2 bash -c"
            f" 'exec 3<>/dev/tcp/10.99.0.1/{port}; read -r -t 2 line <&3; test \"$line\" = here'"
        )

    def answers(port):
        alpha.wait_until_succeeds(asks(port), timeout=30)

    def silent(port):
        alpha.wait_until_succeeds(f"! {asks(port)}", timeout=60)
        for _ in range(3):
            alpha.fail(asks(port))

    def probe():
        """Asks all the time for what Proxmox's firewall drops."""
        alpha.succeed("rm -f /run/gap /run/asked")
        alpha.succeed(
            "systemd-run --unit probe --setenv=PATH=$PATH bash -c"
            f" 'while :; do if {asks(7002).replace(chr(39), chr(34))}; then echo through >>/run/gap; fi; echo asked >>/run/asked; done'"
        )
        alpha.wait_until_succeeds("test -s /run/asked", timeout=30)

    def assert_no_gap():
        alpha.succeed("systemctl stop probe")
        alpha.fail("test -e /run/gap")
        assert len(alpha.succeed("cat /run/asked").split()) >= 3

    with subtest("NixOS' firewall decides"):
        answers(7001)
        answers(7002)
        silent(7003)
        alpha.wait_until_succeeds("ip netns exec peer timeout 5 bash -c 'exec 3<>/dev/tcp/10.99.0.1/8006'", timeout=60)

    with subtest("Proxmox's firewall decides beside it"):
        alpha.succeed("pvesh set /cluster/firewall/options --enable 1 --policy_in ACCEPT")
        alpha.succeed("pvesh set /nodes/alpha/firewall/options --enable 1 --nftables 1")
        alpha.succeed("pvesh create /nodes/alpha/firewall/rules --type in --action DROP --proto tcp --dport 7002 --enable 1")
        silent(7002)
        answers(7001)
        silent(7003)
        tables = alpha.succeed("nft list tables")
        assert "table inet proxmox-firewall" in tables, tables
        assert "table inet nixos-fw" in tables, tables

    with subtest("a switch that changes NixOS' rules leaves no gap in Proxmox's"):
        probe()
        alpha.succeed(f"NIXOS_NO_SYNC=1 {system}/specialisation/other/bin/switch-to-configuration test 2>&1")
        answers(7003)
        alpha.succeed(f"NIXOS_NO_SYNC=1 {system}/bin/switch-to-configuration test 2>&1")
        silent(7003)
        alpha.succeed("systemctl reload-or-restart nftables")
        silent(7002)
        assert_no_gap()

    with subtest("a new build of proxmox-firewall takes over, and its rules stay"):
        main = "systemctl show -P MainPID proxmox-firewall"
        before = alpha.succeed(main).strip()
        probe()
        alpha.succeed("systemctl reload proxmox-firewall")
        alpha.wait_until_succeeds(f"systemctl is-active proxmox-firewall && test $({main}) != {before}", timeout=30)
        silent(7002)
        assert_no_gap()
        assert "table inet proxmox-firewall" in alpha.succeed("nft list tables")

    with subtest("stopping it takes its rules away"):
        alpha.succeed("systemctl stop proxmox-firewall")
        answers(7002)
        silent(7003)
        alpha.succeed("systemctl start proxmox-firewall")
        silent(7002)

    with subtest("off again"):
        alpha.succeed("pvesh set /cluster/firewall/options --enable 0")
        answers(7002)
        silent(7003)
        assert "table inet nixos-fw" in alpha.succeed("nft list tables")
  '';
}
