# A node updates to another release and back while a virtual machine, a container and a backup run.
# Afterwards every daemon that upstream reloads runs the new code, the backup has ended, no process
# of a guest has changed, and the pending staged restart is done.
{ lib, ... }:
let
  previous = "9.1.4";
  next = lib.removePrefix "pve-" (lib.fileContents ../../releases/default);
in
{
  name = "pve-update";

  nodes.alpha =
    { lib, pkgs, ... }:
    {
      imports = [
        ./common/node.nix
        (import ./common/guest.nix { })
      ];
      services.proxmox-ve = {
        package =
          lib.mkOverride 900
            (pkgs.pveReleases.${previous}.overrideScope (_: _: { ifupdown2 = null; })).pve;
      };
      system.switch.enable = true;
      specialisation.next.configuration.services.proxmox-ve.package =
        lib.mkForce
          (pkgs.pveReleases.${next}.overrideScope (_: _: { ifupdown2 = null; })).pve;
      environment.systemPackages = [ pkgs.jq ];
      # A backup takes as long as the test wants.
      environment.etc.hold-backup = {
        mode = "0755";
        text = ''
          #!/bin/sh
          [ "$1" != backup-start ] || while [ ! -e /run/go-on ]; do sleep 0.2; done
        '';
      };
    };

  testScript = ''
    import json
    import time

    start_all()
    alpha.wait_for_unit("multi-user.target")
    alpha.wait_until_succeeds("! systemctl list-jobs --no-legend | grep -q .")
    system = alpha.succeed("readlink -f /run/current-system").strip()
    reloaded = ["pvedaemon", "pveproxy", "spiceproxy", "pvescheduler", "pvestatd", "pve-firewall"]
    staged = ["pve-ha-lrm", "pve-ha-crm", "pve-cluster"]

    def main(name):
        return alpha.get_unit_property(f"{name}.service", "MainPID")

    def builds(pid):
        """The links that a process holds."""
        held = alpha.succeed(f"readlink /proc/{pid}/fd/* | grep -F /nix-support/pve-perl || true").split()
        return sorted({path.removesuffix("/nix-support/pve-perl") for path in held})

    def status():
        return json.loads(alpha.execute("pvenix status --format json")[1])

    def answers():
        """The release that the running pvedaemon and pveproxy answer with."""
        # None while pveproxy re-executes itself.
        text = alpha.execute(
            f"curl -sk --cookie 'PVEAuthCookie={ticket}' https://10.11.12.1:8006/api2/json/version"
        )[1]
        return json.loads(text)["data"]["version"] if text.startswith("{") else None

    alpha.succeed("pveum user add bee@pve --password honeycomb", "pveum acl modify / --users bee@pve --roles PVEAuditor")
    alpha.wait_until_succeeds("curl -fsk https://10.11.12.1:8006/", timeout=60)
    ticket = json.loads(alpha.succeed(
        "curl -sk https://10.11.12.1:8006/api2/json/access/ticket -d username=bee@pve -d password=honeycomb"
    ))["data"]["ticket"]
    package = alpha.succeed("readlink -f /run/pve-nix/pve").strip()
    assert answers() == "${previous}", answers()

    with subtest("guests"):
        alpha.succeed(
            "pct create 100 /etc/guest.tar --ostype unmanaged --unprivileged 1 --memory 64 --swap 0 --storage local --rootfs local:0",
            "pct start 100",
            "qm create 101 --memory 64 --kvm 0 --cpu qemu64 --vga none --serial0 socket",
            "qm start 101",
        )

    def guests():
        return (
            alpha.succeed("cat /run/qemu-server/101.pid").strip(),
            alpha.succeed("pct exec 100 -- cat /proc/sys/kernel/random/boot_id").strip(),
            alpha.get_unit_property("pve-container@100.service", "MainPID"),
        )


    before = guests()
    mains = {name: main(name) for name in reloaded}

    def root_ticket():
        """Signed by root's own pvesh: a ticket, and what a change needs beside it."""
        return alpha.succeed(
            "perl=$(head -1 $(type -P pvesh) | cut -c3-);"
            " $perl -MPVE::AccessControl -MPVE::RPCEnvironment -e '"
            "PVE::RPCEnvironment->setup_default_cli_env();"
            "print PVE::AccessControl::assemble_ticket(q(root@pam)), qq(\\n),"
            " PVE::AccessControl::assemble_csrf_prevention_token(q(root@pam)), qq(\\n)'"
        ).split()

    def post(path, data=""):
        ticket, token = root_ticket()
        return json.loads(alpha.succeed(
            f"curl -sk -X POST --cookie 'PVEAuthCookie={ticket}' -H 'CSRFPreventionToken: {token}'"
            f" https://10.11.12.1:8006/api2/json{path} {data}"
        ))["data"]

    consoles = 0

    def open_console():
        """A console of the node that stays open; what it shows is in the file whose name is given back."""
        global consoles
        consoles += 1
        shown = f"/run/console-{consoles}"
        made = post("/nodes/alpha/termproxy")
        alpha.succeed(f"mkfifo {shown}.typed")
        # The input file stays open for writing too, or each line would end the console.
        alpha.succeed(
            f"systemd-run --expand-environment=no --unit console-{consoles} --setenv=PATH=$PATH bash -c '"
            f"exec 3<>/dev/tcp/localhost/{made['port']} 4<>{shown}.typed;"
            f" printf \"%s\\n\" \"{made['user']}:{made['ticket']}\" >&3;"
            f" cat <&3 >{shown} & while read -r line <&4; do printf \"0:%d:%s\\n\" $((''${{#line}} + 1)) \"$line\" >&3; done'"
        )
        alpha.wait_until_succeeds(f"grep -q ^OK {shown}", timeout=30)
        return shown

    def answers_console(shown, number):
        alpha.succeed(f"echo 'echo $(({number} * 7))-console' >{shown}.typed")
        alpha.wait_until_succeeds(f"grep -q {number * 7}-console {shown}", timeout=30)

    def change(to, version):
        console = open_console()
        answers_console(console, 6)
        # pvedaemon runs the task.
        task = post("/nodes/alpha/vzdump", "-d vmid=100 -d mode=suspend -d storage=local -d script=/etc/hold-backup")
        worker = str(int(task.split(":")[2], 16))
        alpha.wait_until_succeeds("pgrep -f hold-backup", timeout=60)

        alpha.succeed(f"NIXOS_NO_SYNC=1 {to}/bin/switch-to-configuration test 2>&1")
        package = alpha.succeed("readlink -f /run/pve-nix/pve").strip()
        log = alpha.succeed(f"pvesh get /nodes/alpha/tasks/{task}/log --output-format json")
        assert alpha.execute(f"kill -0 {worker}")[0] == 0, log
        for name in reloaded:
            # It is the same process, which now runs another program.
            assert main(name) == mains[name], (name, mains, main(name))
            alpha.wait_until_succeeds(f"readlink /proc/{mains[name]}/fd/* | grep -qF {package}/nix-support/pve-perl", timeout=60)
            assert builds(mains[name]) == [package], (name, builds(mains[name]))
        deadline = time.monotonic() + 60
        while answers() != version:
            assert time.monotonic() < deadline, answers()
            time.sleep(0.5)
        alpha.succeed(f"kill -0 {worker}")
        assert guests() == before, (before, guests())

        answers_console(console, 9)

        # The staged restart is done, in the right order.
        alpha.wait_until_succeeds("pvenix status --format json | jq -e '.waiting == []'", timeout=90)
        for name in staged:
            assert package in builds(main(name)), (name, builds(main(name)))
        began = [int(alpha.get_unit_property(f"{name}.service", "ActiveEnterTimestampMonotonic")) for name in staged]
        assert began == sorted(began), began
        found = {unit["name"]: unit for unit in status()["units"]}
        for name in reloaded + staged:
            assert found[f"{name}.service"]["current"] is True, found[f"{name}.service"]

        # The task's build is held until the task ends.
        print(f"{worker} holds {builds(worker)}, {version} is {package}")
        held = builds(worker)
        assert held and package not in held, held
        alpha.succeed("touch /run/go-on")
        alpha.wait_until_succeeds(f"! kill -0 {worker} 2>/dev/null", timeout=120)
        alpha.succeed("rm /run/go-on")
        log = alpha.succeed(f"pvesh get /nodes/alpha/tasks/{task}/status --output-format json")
        assert json.loads(log)["exitstatus"] == "OK", log
        assert guests() == before, (before, guests())

    with subtest("to the next release"):
        change(f"{system}/specialisation/next", "${next}")

    with subtest("the newer build manages what the older started"):
        alpha.succeed("qm suspend 101", "qm status 101 --verbose | grep -x 'qmpstatus: paused'", "qm resume 101")
        alpha.succeed("qm status 101 --verbose | grep -x 'qmpstatus: running'")
        alpha.succeed("qm snapshot 101 comb", "qm listsnapshot 101 | grep comb", "qm delsnapshot 101 comb")
        assert guests() == before, (before, guests())
        # This build starts one guest of each kind anew, which the older build then has to manage.
        alpha.succeed("pct stop 100", "pct start 100", "qm stop 101", "qm start 101")
        after = guests()
        assert not set(after) & set(before), (before, after)
        before = after

    with subtest("and back"):
        change(system, "${previous}")

    with subtest("guests stop"):
        alpha.succeed("qm stop 101", "pct stop 100")
  '';
}
