# One node: it boots, every wanted unit is active and none failed, the web interface answers, people
# log in by PAM and by Proxmox's own realm, the API can be read.
{ ... }:
{
  name = "pve-node";

  nodes.alpha =
    { pkgs, ... }:
    {
      imports = [ ./common/node.nix ];
      # "proxmox"
      users.users.root.hashedPassword = "$6$abcdefgh$4qzAbuezWHKPQB4Jo4B4QY1FJjudUtab5AzragVt0GL5Cm8kc2j4S9L5qW1ykt4c3WaxgGJ6sV1PLU2qb7cCD0";
      environment.systemPackages = [ pkgs.jq ];
    };

  testScript = ''
    import json
    import time

    start_all()
    alpha.wait_for_unit("multi-user.target")

    # A container has no watchdog.
    without = {"watchdog-mux.service"} if alpha.execute("systemd-detect-virt --container")[0] == 0 else set()

    with subtest("units"):
        alpha.wait_until_succeeds("! systemctl list-jobs --no-legend | grep -q .")
        listed = alpha.succeed("systemctl list-units --all --no-legend --plain --output=json")
        units = {unit["unit"]: unit for unit in json.loads(listed)}
        failed = {name for name, unit in units.items() if unit["active"] == "failed"}
        assert failed == set(), f"failed: {failed}"

        package = alpha.succeed("readlink -f $(dirname $(readlink -f $(type -P pvesh)))/..").strip()
        upstream = alpha.succeed(f"cd {package}/lib/systemd/system; ls").split()
        wanted = alpha.succeed("ls /etc/systemd/system/multi-user.target.wants").split()
        for name in sorted(set(upstream) & set(wanted) - without):
            alpha.require_unit_state(name)
        assert len(set(upstream) & set(wanted)) > 15, wanted

    with subtest("the PATH of a service is the link's"):
        # NixOS' own units and those of other packages, for which the link has only a drop-in.
        services = [name for name in upstream if name.endswith(".service") and "@" not in name]
        assert len(services) > 15, services
        for name in services:
            environment = alpha.get_unit_property(name, "Environment")
            paths = [word for word in environment.split() if word.startswith("PATH=")]
            assert len(paths) == 1 and paths[0].startswith(f"PATH=/run/wrappers/bin:{package}/bin:"), f"{name}: {environment}"

    with subtest("what a switch leaves running holds its link"):
        for name in ["pve-cluster.service", "pvedaemon.service", "pve-firewall.service", "pve-ha-lrm.service"]:
            pid = alpha.get_unit_property(name, "MainPID")
            alpha.succeed(f"readlink /proc/{pid}/fd/* | grep -F {package}/nix-support/pve-perl")

    with subtest("pvenix tells what runs, quickly"):
        status = json.loads(alpha.succeed("pvenix status --format json"))
        assert status["package"] == package and status["waiting"] == [] and status["drift"] == [], status
        assert [check["ok"] for check in status["checks"]] == [True] * 3, status["checks"]
        known = {unit["name"]: unit["current"] for unit in status["units"]}
        for name in ["pve-cluster.service", "pvedaemon.service", "pveproxy.service", "rrdcached.service", "qmeventd.service"]:
            assert known[name] is True, (name, known)
        began = time.monotonic()
        alpha.succeed("for i in 1 2 3 4 5 6 7 8 9 10; do pvenix status >/dev/null; done")
        took = (time.monotonic() - began) / 10
        print(f"pvenix status: {took:.3f} s")
        # An emulated processor is too slow to measure.
        assert took < 0.3 or alpha.execute("systemd-detect-virt --vm")[1].strip() == "qemu", took

    with subtest("the name leads to the address alone"):
        found = alpha.succeed("getent ahosts alpha | cut -d' ' -f1 | sort -u").split()
        assert found == ["10.11.12.1"], found

    with subtest("the interface answers"):
        alpha.wait_until_succeeds("curl -fsk https://10.11.12.1:8006/ | grep -F '<title>alpha - Proxmox Virtual Environment</title>'", timeout=60)

    api = "https://10.11.12.1:8006/api2/json"

    def login(user, password):
        answer = alpha.succeed(
            f"curl -sk {api}/access/ticket --data-urlencode username={user} --data-urlencode password={password}"
        )
        return json.loads(answer)["data"]

    with subtest("logins"):
        ticket = login("root@pam", "proxmox")["ticket"]
        assert login("root@pam", "wrong") is None
        alpha.succeed("pveum user add bee@pve --password honeycomb")
        assert login("bee@pve", "honeycomb")["username"] == "bee@pve"
        assert login("bee@pve", "wrong") is None

    with subtest("the API reads"):
        version = json.loads(alpha.succeed("pvesh get /version --output-format json"))
        assert version["release"], version
        paths = [
            "/access/acl",
            "/access/domains",
            "/access/roles",
            "/access/users",
            "/cluster/backup",
            "/cluster/config/nodes",
            "/cluster/firewall/options",
            "/cluster/ha/status/current",
            "/cluster/options",
            "/cluster/resources",
            "/cluster/status",
            "/cluster/tasks",
            "/nodes",
            "/nodes/alpha/dns",
            "/nodes/alpha/firewall/options",
            "/nodes/alpha/hosts",
            "/nodes/alpha/journal?lastentries=5",
            "/nodes/alpha/lxc",
            "/nodes/alpha/network",
            "/nodes/alpha/qemu",
            "/nodes/alpha/rrddata?timeframe=hour",
            "/nodes/alpha/services",
            "/nodes/alpha/status",
            "/nodes/alpha/storage",
            "/nodes/alpha/tasks",
            "/nodes/alpha/time",
            "/nodes/alpha/version",
            "/pools",
            "/storage",
        ]
        for path in paths:
            answer = alpha.succeed(f"curl -sk --compressed --cookie 'PVEAuthCookie={ticket}' '{api}{path}'")
            assert answer.startswith("{") and json.loads(answer)["data"] is not None, f"{path}: {answer}"
        # Without a ticket, nothing can be read.
        alpha.fail(f"curl -fsk {api}/nodes")

    with subtest("a console of the node"):
        session = login("root@pam", "proxmox")
        made = json.loads(alpha.succeed(
            f"curl -sk -X POST {api}/nodes/alpha/termproxy --cookie 'PVEAuthCookie={session['ticket']}'"
            f" -H 'CSRFPreventionToken: {session['CSRFPreventionToken']}'"
        ))["data"]
        said = alpha.succeed(
            f"exec 3<>/dev/tcp/localhost/{made['port']}; printf '%s:%s\\n' '{made['user']}' '{made['ticket']}' >&3;"
            " text='echo $((6 * 7))-$(hostname)'; sleep 3; printf '0:%d:%s\\n' $((''${#text} + 1)) \"$text\" >&3;"
            " timeout 8 cat <&3 || true"
        )
        assert said.startswith("OK"), said
        assert "42-alpha" in said, said

    with subtest("state has upstream's modes and owners"):
        assert alpha.succeed("stat -c '%a %U %G' /var/log/pveproxy").strip() == "700 www-data www-data"
        assert alpha.succeed("stat -c '%a %U %G' /run/pve").strip() == "750 root www-data"
        assert alpha.succeed("stat -c %a /run/lock").strip() == "1777"
  '';
}
