# Settings that the configuration owns and the web interface offers to change: each change is
# rejected with the option's name, and has no effect.
{
  name = "pve-owned";

  nodes.alpha = {
    imports = [ ./common/node.nix ];
    time.timeZone = "Europe/Vienna";
    users.mutableUsers = false;
    users.allowNoPasswordLogin = true;
    services.proxmox-ve.network.bridges.vmbr0 = { };
    # Do not wait for a bridge without a port.
    systemd.network.wait-online.enable = false;
  };

  testScript = ''
    start_all()
    alpha.wait_for_unit("multi-user.target")
    alpha.wait_until_succeeds("pvesh get /nodes/alpha/status >/dev/null 2>&1", timeout=60)

    changes = {
        "pvesh create /nodes/alpha/hosts --data '10.11.12.9 alpha'": ("/etc/hosts", "networking.hosts"),
        "pvesh set /nodes/alpha/dns --search example.org": ("/etc/resolv.conf", "networking.nameservers"),
        "pvesh set /nodes/alpha/time --timezone UTC": ("/etc/localtime", "time.timeZone"),
        "pvesh set /access/password --userid root@pam --password a-new-one": ("/etc/shadow", "users.users"),
        "pvesh create /nodes/alpha/network --iface vmbr1 --type bridge": (
            "/etc/network/interfaces",
            "services.proxmox-ve.network.bridges",
        ),
    }
    for change, (path, option) in changes.items():
        with subtest(f"{path} is {option}'s"):
            before = alpha.succeed(f"readlink -f {path}; sha256sum {path}")
            status, said = alpha.execute(f"{change} 2>&1")
            assert status != 0, said
            assert f"written by this machine's NixOS configuration: set " in said and option in said, said
            assert alpha.succeed(f"readlink -f {path}; sha256sum {path}") == before
            alpha.fail(f"ls {path}.new {path}.tmp.* 2>/dev/null | grep .")
  '';
}
