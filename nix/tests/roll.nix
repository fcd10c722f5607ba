# The nodes of a cluster one after the other, commanded from one of them: a switch to what each has ready, then reboots, with guests under
# high availability that move away and come back and others that are moved or stopped. Rolls that may not go, and one that stops.
# In containers, which the test starts again when they reboot.
let
  ha = import ./common/ha.nix;
  node = {
    imports = [ ha.module ];
    system.switch.enable = true;
    specialisation.next.configuration.environment.etc."next".text = "next";
    specialisation.broken.configuration.systemd.services.broken = {
      wantedBy = [ "multi-user.target" ];
      serviceConfig.ExecStart = "/does/not/exist";
      serviceConfig.Type = "oneshot";
    };
  };
in
{
  name = "pve-roll";

  nodes.alpha = node;
  nodes.beta = node;
  nodes.gamma = node;

  testScript = ha.script + ''
    start_all()
    with subtest("three nodes with guests under high availability"):
        become_a_cluster()
        make_guests()
        systems = {node.name: node.succeed("readlink -f /run/current-system").strip() for node in machines}

    def ready(node, what):
        node.succeed(f"nix-env --profile /nix/var/nix/profiles/system --set $(readlink -f {systems[node.name]}/specialisation/{what})")

    def quorum_is_watched():
        for node in machines:
            node.succeed(
                "systemd-run --unit watched --setenv=PATH=$PATH bash -c"
                " 'while sleep 0.5; do corosync-quorumtool -s | grep -q \"Quorate: *Yes\""
                " || [ \"$(systemctl is-system-running)\" = stopping ] || hostname >>/tmp/shared/lost; done'"
            )

    def rolled(node, words):
        """Status and report of a roll that reboots nobody."""
        status, text = node.execute(f"pvenix roll {words} --format json")
        return status, json.loads(text)

    with subtest("a node that has nothing ready stops it"):
        status, report = rolled(alpha, "switch")
        assert status == 1 and report["stopped"]["node"] == "beta", report
        assert "nixos-rebuild boot" in report["stopped"]["remedy"], report

    with subtest("a switch: each node, this one last; guests run on"):
        quorum_is_watched()
        before = {sid: processes(by_name[name], sid) for sid, name in guests.items()}
        for node in machines:
            ready(node, "next")
        status, report = rolled(alpha, "switch")
        assert status == 0 and report["done"] == ["beta", "gamma", "alpha"], report
        for node in machines:
            node.succeed("grep -x next /etc/next")
        assert {sid: processes(by_name[name], sid) for sid, name in guests.items()} == before
        # Once more: each runs it.
        status, report = rolled(alpha, "switch")
        assert status == 0, report

    with subtest("a switch that fails stops it, and the nodes after it stay"):
        for node in machines:
            ready(node, "broken")
        status, report = rolled(gamma, "switch --nodes beta,alpha")
        assert status == 1 and report["stopped"]["node"] == "beta" and report["left"] == ["beta", "alpha"], report
        assert "status 4" in report["stopped"]["reason"], report
        alpha.succeed("grep -x next /etc/next")
        ready(beta, "next")
        beta.succeed("NIXOS_NO_SYNC=1 /nix/var/nix/profiles/system/bin/switch-to-configuration test", "systemctl reset-failed broken || true")
        beta.wait_until_succeeds("pvenix status", timeout=60)

    with subtest("two rolls at once: the second does nothing"):
        alpha.succeed("mkdir /etc/pve/priv/lock/pve-nix-roll")
        status, report = rolled(beta, "switch")
        assert status == 1 and "another roll" in report["stopped"]["reason"], report
        alpha.succeed("rmdir /etc/pve/priv/lock/pve-nix-roll")

    with subtest("no node goes while another is down"):
        gamma.crash()
        alpha.wait("gamma is away", lambda: json.loads(alpha.succeed("cat /etc/pve/.members"))["nodelist"]["gamma"]["online"] == 0, 60)
        status, report = rolled(alpha, "reboot --nodes beta")
        assert status == 1 and "votes" in report["stopped"]["reason"], report
        # Before anybody thinks of fencing it.
        gamma.start()
        gamma.wait_for_unit("multi-user.target")
        for node in machines:
            node.wait_until_succeeds("pvenix cluster status", timeout=120)
        wait_placed(alpha, guests)

    with subtest("guests that nothing moves keep a node"):
        gamma.succeed("qm create 105 --memory 64 --kvm 0 --cpu qemu64 --vga none --serial0 socket", "qm start 105")
        status, report = rolled(alpha, "reboot --nodes gamma")
        assert status == 1 and "105" in report["stopped"]["reason"], report
        assert "gamma" in armed(alpha)

    def comes_back(node):
        """What firmware does: it boots the machine that rebooted."""
        node.wait_for_shutdown(timeout=600)
        left = {other.name for other in machines if other.process}
        assert len(left) == 2, left
        node.start()

    with subtest("reboots: each node, emptied, then this one by another"):
        alpha.succeed("systemd-run --unit rolls --setenv=PATH=$PATH pvenix roll reboot --guests move")
        for node in [beta, gamma, alpha]:
            comes_back(node)
            said(f"{node.name} rebooted")
            node.wait_for_unit("multi-user.target")
        # beta rebooted the one that commanded.
        beta.wait_until_succeeds("journalctl -u pvenix-roll | grep -x '.*rebooted: alpha'", timeout=600)
        wait_placed(alpha, guests)
        assert runs_on(gamma, "vm:105")
        never_twice()
        nobody_fenced()
        assert not (shared / "lost").exists(), (shared / "lost").read_text()

    with subtest("a reboot stops the guests that nothing moves, and starts them again"):
        gamma.succeed("qm set 105 --onboot 0")
        alpha.succeed("systemd-run --unit rolls2 --remain-after-exit --setenv=PATH=$PATH pvenix roll reboot --nodes gamma --guests stop")
        comes_back(gamma)
        alpha.wait_until_succeeds("journalctl -u rolls2 | grep 'rebooted: gamma'", timeout=600)
        assert runs_on(gamma, "vm:105")
        wait_placed(alpha, guests)
        never_twice()
        nobody_fenced()
  '';
}
