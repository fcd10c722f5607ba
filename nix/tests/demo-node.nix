# The demo as a node: its daemon runs under its account with its link's PATH, its directories have
# the right modes and owners, users log in with its PAM service, and the path from which a daemon
# re-executes itself leads to its link. It needs nothing of a Proxmox release, and also runs on
# rendered machines (nix/evaluate/toplevel.nix), which include the modules without an import.
{
  name = "demo-node";

  nodes.alpha =
    { lib, pkgs, ... }:
    {
      imports = lib.optional (lib ? evalModules && lib ? systems) ../modules;
      services.proxmox-ve = {
        enable = true;
        address = "10.11.12.1";
        package = pkgs.pveReleases.demo.pve;
      };
      # It would load a kernel module, which a container cannot.
      systemd.services.hived.serviceConfig.ExecStartPre = lib.mkForce [ "" ];
      environment.etc."hive/hived.conf".text = "cluster: alpha\n";
    };

  testScript = ''
    start_all()
    alpha.wait_for_unit("multi-user.target")
    package = alpha.succeed("readlink -f /run/pve-nix/pve").strip()
    assert package.endswith("-demo"), package

    with subtest("its daemon runs, as its account"):
        alpha.wait_for_unit("hived.service", timeout=60)
        pid = alpha.get_unit_property("hived.service", "MainPID")
        assert alpha.succeed(f"stat -c '%U %G' /proc/{pid}").split() == ["hive", "hive"]
        groups = alpha.succeed(f"sed -n 's/^Groups:[[:space:]]*//p' /proc/{pid}/status").split()
        adm = alpha.succeed("getent group adm | cut -d: -f3").strip()
        assert adm in groups, (adm, groups)
        environment = alpha.get_unit_property("hived.service", "Environment")
        assert f"{package}/bin" in environment, environment
        # OpenFile= exists since systemd 253.
        if int(alpha.succeed("systemctl --version | head -1 | cut -d' ' -f2")) >= 253:
            alpha.succeed(f"readlink /proc/{pid}/fd/* | grep -qF {package}/nix-support/pve-perl")

    with subtest("its directories have its modes and owners"):
        for place, wanted in {
            "/run/hive": "750 hive hive",
            "/var/lib/hive/private": "700 hive hive",
            "/var/log/hived": "750 hive adm",
            "/var/log/hiveproxyd": "700 www-data www-data",
        }.items():
            found = alpha.succeed(f"stat -c '%a %U %G' {place}").strip()
            assert found == wanted, (place, found)

    with subtest("a user signs in by its PAM service"):
        alpha.succeed("test -f /etc/pam.d/hive")
        # The hash of `honey'.
        alpha.succeed("PATH=$PATH:/usr/sbin usermod -p '$6$hiveshive$vJf9f.66jNqOh98/UUCsxmzbZBVlDUJ0AEy8g32jevr8rQYM/V6G0xW0T/E5RkxlCritodUH82AG7LreCgoH00' root")
        sign_in = f"{package}/bin/hive access check"
        assert "welcome, root" in alpha.succeed(f"echo honey | {sign_in} root")
        alpha.fail(f"echo wax | {sign_in} root")
        alpha.fail(f"echo honey | {sign_in} nobody")
        # Without the service, PAM rejects the same password.
        alpha.succeed("mv /etc/pam.d/hive /etc/pam.d/hive.away")
        alpha.fail(f"echo honey | {sign_in} root")

    with subtest("what nothing wants does not run"):
        assert alpha.get_unit_property("hive-daily.service", "ActiveState") == "inactive"
        alpha.require_unit_state("hive-daily.timer")
  '';
}
