# The demo as a node: its daemon runs as its account with its link's PATH, its directories have its modes and owners, users sign in by
# its PAM service, the path by which a daemon starts itself anew leads to its link. It needs nothing of a Proxmox release, and runs on rendered machines, too
# (nix/evaluate/toplevel.nix), where the modules are there without being imported.
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
      # It loads a module of the kernel, which a container cannot.
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
        # OpenFile= is there since systemd 253.
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
        # Without the service PAM refuses the same password.
        alpha.succeed("mv /etc/pam.d/hive /etc/pam.d/hive.away")
        alpha.fail(f"echo honey | {sign_in} root")

    with subtest("what nothing wants does not run"):
        assert alpha.get_unit_property("hive-daily.service", "ActiveState") == "inactive"
        alpha.require_unit_state("hive-daily.timer")
  '';
}
