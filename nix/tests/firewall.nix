# Proxmox's firewall beside NixOS', in both of its forms: both decide, a switch that changes NixOS' leaves no moment in which
# Proxmox's rules are gone, and stopping the one does not take the other away.
let
  node = backend: {
    imports = [ (import ./common/firewall.nix { inherit backend; }) ];
    specialisation.other.configuration = {
      networking.firewall.allowedUDPPorts = [ 7003 ];
      # All kernel parameters are set again.
      boot.kernel.sysctl."vm.swappiness" = 7;
    };
  };
in
{
  name = "pve-firewall";

  nodes.alpha = node "nftables";
  # NixOS' firewall of iptables, too.
  nodes.beta = node "iptables";

  testScript = ''
    ${builtins.readFile ./common/firewall.py}
    iptables = "/etc/iptables-legacy/bin/iptables"
    # The rules of each form, and where NixOS' are.
    proxmox = {
        "alpha": "nft list table inet proxmox-firewall",
        "beta": f"{iptables} -S PVEFW-HOST-IN",
    }
    nixos = {
        "alpha": "nft list table inet nixos-fw",
        "beta": "iptables -S nixos-fw",
    }
    daemon = {"alpha": "proxmox-firewall", "beta": "pve-firewall"}
    reload = {"alpha": "nftables", "beta": "firewall"}


    def firewall(machine):
        system = machine.succeed("readlink -f /run/current-system").strip()
        name = machine.name

        def switch(to):
            return lambda: machine.succeed(f"NIXOS_NO_SYNC=1 {to}/bin/switch-to-configuration test 2>&1")

        with subtest("NixOS' firewall decides"):
            settles(machine, open=True, dropped=True, closed=False)
            machine.fail(proxmox[name])

        with subtest("Proxmox's firewall decides beside it"):
            machine.succeed(f"pvesh set /nodes/{name}/firewall/options --enable 1 --nftables {int(name == 'alpha')}")
            machine.succeed("pvesh set /cluster/firewall/options --enable 1 --policy_in ACCEPT")
            machine.succeed(
                f"pvesh create /nodes/{name}/firewall/rules --type in --action DROP --proto udp --dport 7002 --enable 1"
            )
            settles(machine, open=True, dropped=False, closed=False)
            machine.succeed(proxmox[name], nixos[name])

        with subtest("a switch that changes NixOS' rules leaves no gap in Proxmox's"):
            no_gap(machine, switch(f"{system}/specialisation/other"))
            settles(machine, open=True, dropped=False, closed=True)
            no_gap(machine, switch(system))
            settles(machine, open=True, dropped=False, closed=False)
            no_gap(machine, lambda: machine.succeed(f"systemctl reload-or-restart {reload[name]}"))
            settles(machine, open=True, dropped=False, closed=False)

        with subtest("a switch that changes kernel parameters leaves those of bridges to the firewall"):
            bridges = "cat /proc/sys/net/bridge/bridge-nf-call-iptables"
            wanted = str(int(name == "beta"))
            for to in [f"{system}/specialisation/other", system]:
                # Looked at all the time: pve-firewall would mend it within 10 seconds.
                machine.succeed(
                    "rm -f /run/other; systemd-run --unit watch-bridges --setenv=PATH=$PATH bash -c"
                    f" 'while :; do [ $({bridges}) = {wanted} ] || touch /run/other; done'"
                )
                switch(to)()
                if to != system:
                    machine.succeed("test $(cat /proc/sys/vm/swappiness) = 7")
                machine.succeed(f"test $({bridges}) = {wanted}", "systemctl stop watch-bridges", "test ! -e /run/other")
            machine.succeed("systemctl restart systemd-sysctl", f"test $({bridges}) = {wanted}")

        with subtest("the daemon starts anew, and its rules stay"):
            no_gap(machine, lambda: machine.succeed(f"systemctl reload {daemon[name]}"))
            machine.wait_for_unit(daemon[name])
            no_gap(machine, lambda: machine.succeed(f"systemctl kill -s KILL {daemon[name]}"))
            machine.succeed(f"systemctl reset-failed {daemon[name]}; systemctl start {daemon[name]}")
            no_gap(machine, lambda: time.sleep(15))
            machine.succeed(proxmox[name])

        with subtest("stopping it takes its rules away"):
            machine.succeed(f"systemctl stop {daemon[name]}")
            settles(machine, open=True, dropped=True, closed=False)
            machine.succeed(f"systemctl start {daemon[name]}")
            settles(machine, open=True, dropped=False, closed=False)

        with subtest("off again"):
            machine.succeed("pvesh set /cluster/firewall/options --enable 0")
            settles(machine, open=True, dropped=True, closed=False)
            machine.succeed(nixos[name])


    # One after the other: an emulated machine takes a processor of its own.
    for machine in [beta, alpha]:
        machine.start()
        machine.wait_for_unit("multi-user.target")
        machine.wait_until_succeeds("! systemctl list-jobs --no-legend | grep -q .")
        machine.succeed("systemctl start peer")
        firewall(machine)
        machine.crash()
  '';
}
