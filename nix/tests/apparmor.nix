# AppArmor for containers: the init of an unprivileged and of a privileged container is confined by
# the profile that LXC made for it. It stays confined through switches that reload AppArmor or remove
# it from the configuration, and through a restart of its unit.
#
# The kernel must have AppArmor, which a container's host may lack: virtual machines only.
{
  name = "pve-apparmor";

  nodes.alpha =
    { lib, ... }:
    {
      imports = [
        ./common/node.nix
        (import ./common/guest.nix { })
      ];
      system.switch.enable = true;
      # Another policy of NixOS', so that AppArmor is reloaded.
      specialisation.other.configuration.security.apparmor.policies.other.profile = ''
        profile other {
        }
      '';
      specialisation.without.configuration.services.proxmox-ve.enable = lib.mkForce false;
    };

  testScript = ''
    start_all()
    alpha.wait_for_unit("multi-user.target")
    alpha.wait_until_succeeds("! systemctl list-jobs --no-legend | grep -q .")
    system = alpha.succeed("readlink -f /run/current-system").strip()

    def loaded():
        return alpha.succeed("cat /sys/kernel/security/apparmor/profiles")

    with subtest("LXC's and Proxmox's profiles are loaded"):
        for name in ["/usr/bin/lxc-start", "lxc-container-default-cgns", "pve-container-mounthotplug"]:
            assert f"{name} (enforce)" in loaded(), loaded()

    def start(vmid, unprivileged):
        alpha.succeed(
            f"pct create {vmid} /etc/guest.tar --ostype unmanaged --unprivileged {unprivileged} --hostname bee"
            " --memory 64 --swap 0 --storage local --rootfs local:0"
        )
        alpha.succeed(f"pct start {vmid}")
        alpha.wait_until_succeeds(f"pct status {vmid} | grep -w running", timeout=60)

    def label(pid):
        return alpha.succeed(f"cat /proc/{pid}/attr/apparmor/current").strip()

    def init(vmid):
        return alpha.succeed(f"lxc-info -n {vmid} -p -H").strip()

    def labels():
        # By process: without the module its programs are not there.
        return {vmid: label(pid) for vmid, pid in pids.items()}

    with subtest("containers are confined, each by its own profile"):
        start(100, 1)
        start(101, 0)
        pids = {100: init(100), 101: init(101)}
        confined = labels()
        for vmid, found in confined.items():
            assert found.startswith(f"lxc-{vmid}_<"), found
            assert "(enforce)" in found or "(mixed)" in found, found
            assert f"lxc-{vmid}_</var/lib/lxc> (enforce)" in loaded(), loaded()
        # What a container is started by is confined, too.
        found = label(alpha.succeed("systemctl show -P MainPID pve-container@100").strip())
        assert found == "/usr/bin/lxc-start (enforce)", found

    with subtest("a directory is mounted into a running container"):
        alpha.succeed("mkdir -p /var/tmp/data && touch /var/tmp/data/here")
        alpha.succeed("pct set 100 --mp0 /var/tmp/data,mp=/data")
        alpha.succeed("pct exec 100 -- sh -c 'test -e /data/here'")

    with subtest("they stay confined when AppArmor is reloaded"):
        assert "other (enforce)" not in loaded(), loaded()
        alpha.succeed(f"NIXOS_NO_SYNC=1 {system}/specialisation/other/bin/switch-to-configuration test 2>&1")
        assert "other (enforce)" in loaded(), loaded()
        assert labels() == confined, labels()

    with subtest("and when it is restarted, or leaves the configuration"):
        alpha.succeed("systemctl restart apparmor")
        assert labels() == confined, labels()
        alpha.succeed(f"NIXOS_NO_SYNC=1 {system}/specialisation/without/bin/switch-to-configuration test 2>&1")
        assert labels() == confined, labels()
        alpha.succeed(f"NIXOS_NO_SYNC=1 {system}/bin/switch-to-configuration test 2>&1")
        assert labels() == confined, labels()

    with subtest("a container that is started again is confined again"):
        alpha.succeed("pct stop 100 && pct start 100")
        pids[100] = init(100)
        assert labels() == confined, labels()
        alpha.succeed("pct stop 100 && pct stop 101")
  '';
}
