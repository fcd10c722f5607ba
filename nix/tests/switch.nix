# The effect of a switch on a running node: one that changes nothing of Proxmox touches none of its
# units; one that removes the module leaves everything that guests and the cluster rely on.
{
  name = "pve-switch";

  nodes.alpha =
    { lib, ... }:
    {
      imports = [ ./common/node.nix ];
      system.switch.enable = true;
      specialisation.other.configuration = {
        environment.etc."other".text = "changed";
        services.proxmox-ve.vzdump.bwlimit = "51200";
      };
      specialisation.without.configuration.services.proxmox-ve.enable = lib.mkForce false;
    };

  testScript = ''
    start_all()
    alpha.wait_for_unit("multi-user.target")
    alpha.wait_until_succeeds("! systemctl list-jobs --no-legend | grep -q .")

    package = alpha.succeed("readlink -f $(dirname $(readlink -f $(type -P pvesh)))/..").strip()
    upstream = alpha.succeed(f"cd {package}/lib/systemd/system; ls").split()
    system = alpha.succeed("readlink -f /run/current-system").strip()

    def pids():
        names = [name for name in upstream + ["rrdcached.service"] if name.endswith(".service") and "@" not in name]
        found = {name: alpha.get_unit_property(name, "MainPID") for name in names}
        return {name: pid for name, pid in found.items() if pid not in ("", "0")}

    def switch(to):
        return alpha.succeed(f"NIXOS_NO_SYNC=1 {to}/bin/switch-to-configuration test 2>&1")

    before = pids()
    assert len(before) >= 8, before

    with subtest("a switch to the same touches nothing"):
        switch(system)
        assert pids() == before, (before, pids())

    with subtest("a switch that changes nothing of Proxmox's programs touches no unit of it"):
        switch(f"{system}/specialisation/other")
        alpha.succeed("grep -x changed /etc/other")
        alpha.succeed("grep -x 'bwlimit: 51200' /etc/vzdump.conf")
        assert pids() == before, (before, pids())
        alpha.succeed("test -s /etc/pve/.version")

    with subtest("without the module what guests and the cluster live from runs on"):
        switch(f"{system}/specialisation/without")
        after = pids()
        for name in ["pve-cluster.service", "pvedaemon.service", "pve-firewall.service", "pve-ha-lrm.service"]:
            assert after.get(name) == before[name], (name, before, after)
        assert "pveproxy.service" not in after, after
        alpha.succeed("test -s /etc/pve/.version")

    with subtest("and back"):
        switch(system)
        alpha.wait_for_unit("pveproxy.service")
        after = pids()
        for name in ["pve-cluster.service", "pvedaemon.service", "pve-firewall.service", "pve-ha-lrm.service"]:
            assert after.get(name) == before[name], (name, before, after)
  '';
}
