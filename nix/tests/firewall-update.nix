# A rule that drops holds while a node goes from one release to another and back, in both forms of Proxmox's firewall: of what it
# drops not one packet passes, and afterwards the new build's firewall decides.
{ lib, ... }:
let
  previous = "9.1.4";
  next = lib.removePrefix "pve-" (lib.fileContents ../../releases/default);
  node =
    backend:
    { lib, pkgs, ... }:
    let
      link = release: (pkgs.pveReleases.${release}.overrideScope (_: _: { ifupdown2 = null; })).pve;
    in
    {
      imports = [ (import ./common/firewall.nix { inherit backend; }) ];
      services.proxmox-ve.package = lib.mkOverride 900 (link previous);
      specialisation.next.configuration.services.proxmox-ve.package = lib.mkForce (link next);
    };
in
{
  name = "pve-firewall-update";

  nodes.alpha = node "nftables";
  nodes.beta = node "iptables";

  testScript = ''
    ${builtins.readFile ./common/firewall.py}
    daemon = {"alpha": "proxmox-firewall", "beta": "pve-firewall"}


    def version(machine):
        return json.loads(machine.succeed("pvesh get /version --output-format json"))["version"]


    def runs(machine):
        """Whether the daemon runs the build that the switch made current."""
        units = json.loads(machine.execute("pvenix status --format json")[1])["units"]
        return [unit for unit in units if unit["name"] == f"{daemon[machine.name]}.service"][0]["current"] is True


    def update(machine):
        system = machine.succeed("readlink -f /run/current-system").strip()
        name = machine.name

        def switch(to):
            return lambda: machine.succeed(f"NIXOS_NO_SYNC=1 {to}/bin/switch-to-configuration test 2>&1")

        def new_build():
            for _ in range(60):
                if runs(machine):
                    return
                time.sleep(1)
            raise Exception(machine.execute("pvenix status")[1])

        machine.succeed(f"pvesh set /nodes/{name}/firewall/options --enable 1 --nftables {int(name == 'alpha')}")
        machine.succeed("pvesh set /cluster/firewall/options --enable 1 --policy_in ACCEPT")
        rule = "--type in --action DROP --proto udp --enable 1"
        machine.succeed(f"pvesh create /nodes/{name}/firewall/rules {rule} --dport 7002")
        settles(machine, open=True, dropped=False)
        assert version(machine) == "${previous}", version(machine)

        for to, release in [(f"{system}/specialisation/next", "${next}"), (system, "${previous}")]:
            with subtest(f"{name} goes to {release}"):
                no_gap(machine, switch(to), new_build, lambda: time.sleep(15))
                assert version(machine) == release, version(machine)

            with subtest(f"{name}: the build of {release} changes rules"):
                machine.succeed(f"pvesh create /nodes/{name}/firewall/rules {rule} --dport 7001")
                settles(machine, open=False, dropped=False)
                machine.succeed(f"pvesh delete /nodes/{name}/firewall/rules/0")
                settles(machine, open=True, dropped=False)


    # One after the other: an emulated machine takes a processor of its own.
    for machine in machines:
        machine.start()
        machine.wait_for_unit("multi-user.target")
        machine.wait_until_succeeds("! systemctl list-jobs --no-legend | grep -q .")
        machine.succeed("systemctl start peer")
        update(machine)
        machine.crash()
  '';
}
