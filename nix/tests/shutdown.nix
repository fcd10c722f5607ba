# A node powers off while a guest takes its time: the container gets the two minutes of work that it
# needs to stop, and a guest that starts with the node is running after the next boot.
{
  name = "pve-shutdown";

  nodes.alpha = {
    imports = [
      ./common/node.nix
      # When asked to stop (LXC sends SIGPWR), its init writes for 120 s.
      (import ./common/guest.nix {
        programs = [
          "cat"
          "date"
          "sh"
          "sleep"
        ];
        init = ''
          #!/bin/sh
          end() {
            echo asked >/ended
            n=0
            while [ $n -lt 120 ]; do sleep 1; n=$((n + 1)); done
            echo whole >/ended
            exit 0
          }
          trap end PWR
          echo up >/started
          while :; do sleep 1; done
        '';
      })
    ];
  };

  testScript = ''
    import time

    start_all()
    alpha.wait_for_unit("multi-user.target")
    alpha.wait_until_succeeds("! systemctl list-jobs --no-legend | grep -q .")

    controllers = alpha.succeed("cat /sys/fs/cgroup/cgroup.controllers").split()
    status = "pct status 100" if "memory" in controllers else "lxc-info -n 100 -s | tr A-Z a-z"
    root = "/var/lib/vz/images/100/subvol-100-disk-0.subvol"

    alpha.succeed(
        "pct create 100 /etc/guest.tar --ostype unmanaged --unprivileged 1 --hostname bee --onboot 1"
        " --memory 64 --swap 0 --storage local --rootfs local:0"
    )
    alpha.succeed("pct start 100")
    alpha.wait_until_succeeds(f"{status} | grep -w running", timeout=30)
    alpha.wait_until_succeeds(f"grep -x up {root}/started", timeout=30)

    with subtest("the guest has its two minutes"):
        began = time.monotonic()
        alpha.shutdown()
        took = time.monotonic() - began
        assert 120 <= took < 180, took

    with subtest("it ended by itself, and starts with the node"):
        alpha.start()
        alpha.wait_for_unit("multi-user.target")
        assert alpha.succeed(f"cat {root}/ended").strip() == "whole"
        alpha.wait_until_succeeds(f"{status} | grep -w running", timeout=120)

    with subtest("state is there after the boot"):
        alpha.succeed("grep -x 'hostname: bee' /etc/pve/lxc/100.conf")
        alpha.wait_until_succeeds("curl -fsk https://10.11.12.1:8006/ | grep -F Proxmox", timeout=60)
        alpha.succeed("pct stop 100")
  '';
}
