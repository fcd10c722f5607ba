# A node's state moves to a newly installed machine, as docs/from-debian.md describes: the new machine
# has the old one's users, tokens, storages, guests with their disks, firewall, certificates, ssh
# keys, tasks and figures, and starts the guest.
#
# The state does not depend on the old machine's system: pmxcfs' database and the directories are
# Debian's on both.
{
  name = "pve-from-debian";

  # Two machines of one name and address, which never run at the same time.
  nodes =
    let
      node =
        { pkgs, ... }:
        {
          imports = [ ./common/node.nix ];
          networking.hostName = "alpha";
          environment.systemPackages = [ pkgs.openssl ];
        };
    in
    {
      old = node;
      new = node;
    };

  testScript = ''
    import json

    api = "https://10.11.12.1:8006/api2/json"
    # docs/from-debian.md lists the same paths.
    state = (
        "etc/machine-id etc/ssh/ssh_host_* root/.ssh var/lib/pve-cluster var/lib/pve-manager var/lib/pve-firewall"
        " var/lib/rrdcached var/lib/vz var/log/pve"
    )
    services = "pvescheduler pvestatd pveproxy spiceproxy pvedaemon pve-ha-lrm pve-ha-crm pve-firewall proxmox-firewall pve-cluster rrdcached"

    def answers(machine):
        machine.wait_until_succeeds(f"curl -fsk {api.removesuffix('/api2/json')}/ >/dev/null", timeout=60)

    def read(machine, path):
        return json.loads(machine.succeed(f"curl -fsk -H 'Authorization: PVEAPIToken=root@pam!hive={token}' '{api}/nodes/alpha/{path}'"))["data"]

    def facts(machine):
        """Whatever of the state can be asked."""
        def certificate(command):
            return machine.succeed(f"{command} | openssl x509 -noout -fingerprint -sha256").strip()
        return {
            # As written, because the API's lists have no order.
            "users": machine.succeed("cat /etc/pve/user.cfg"),
            "storages": machine.succeed("cat /etc/pve/storage.cfg"),
            "disks": machine.succeed("pvesm list comb"),
            "machine": machine.succeed("qm config 100"),
            "container": machine.succeed("cat /etc/pve/lxc/101.conf"),
            "firewall": machine.succeed("cat /etc/pve/firewall/cluster.fw"),
            "authority": certificate("cat /etc/pve/pve-root-ca.pem"),
            "served": certificate("openssl s_client -connect 10.11.12.1:8006 </dev/null 2>/dev/null"),
            # Depends on the machine's own number, for which a subscription is issued.
            "server": json.loads(machine.succeed("pvesh get /nodes/alpha/subscription --output-format json"))["serverid"],
            "host key": machine.succeed("ssh-keygen -lf /etc/ssh/ssh_host_rsa_key.pub"),
            "own key": machine.succeed("ssh-keygen -lf /root/.ssh/id_rsa.pub"),
            "known": machine.succeed("ssh-keygen -lf /etc/pve/priv/authorized_keys"),
            # Read through pveproxy, which does not run as root.
            "tasks": read(machine, "tasks?typefilter=qmcreate"),
            "log": read(machine, f"tasks/{made}/log"),
        }

    old.start()
    old.wait_for_unit("multi-user.target")
    answers(old)

    with subtest("a node that is used"):
        old.succeed("pveum group add bees; pveum user add bee@pve --password honeycomb --groups bees")
        old.succeed("pveum acl modify /vms --groups bees --roles PVEVMUser")
        token = json.loads(old.succeed("pveum user token add root@pam hive --privsep 0 --output-format json"))["value"]
        old.succeed("mkdir -p /var/lib/vz/comb; pvesm add dir comb --path /var/lib/vz/comb --content images,rootdir")
        made = old.succeed("pvesh create /nodes/alpha/qemu --vmid 100 --name wax --memory 64 --kvm 0 --cpu qemu64 --vga none --serial0 socket --scsi0 comb:1,format=raw --scsihw virtio-scsi-pci --onboot 0").split()[-1].strip('"')
        old.succeed("printf 'arch: amd64\\nhostname: bee\\nostype: unmanaged\\nrootfs: local:101/none,size=1G\\n' >/etc/pve/lxc/101.conf")
        old.succeed("mkdir -p /etc/pve/firewall; printf '[OPTIONS]\\nenable: 0\\n\\n[ALIASES]\\nmeadow 192.0.2.0/24\\n' >/etc/pve/firewall/cluster.fw")
        old.succeed("echo honey | dd of=/var/lib/vz/comb/images/100/vm-100-disk-0.raw conv=notrunc status=none")
        before = facts(old)
        assert "bee@pve" in before["users"] and before["tasks"], before

    with subtest("its state is taken along"):
        old.succeed(f"systemctl stop {services}")
        # Debian's number of www-data, which on NixOS belongs to another user or to nobody.
        old.succeed("chown -R 33:33 /var/log/pve/tasks")
        # A guest's disk consists mostly of holes.
        packed = old.succeed(f"cd /; tar --sparse -cz {state} | base64 -w0")
        old.shutdown()

    new.start()
    new.wait_for_unit("multi-user.target")
    answers(new)
    with subtest("and put in place on a machine that has booted already"):
        other = new.succeed("openssl x509 -noout -fingerprint -sha256 -in /etc/pve/pve-root-ca.pem").strip()
        assert other != before["authority"]
        new.succeed(f"systemctl stop {services}")
        new.succeed("rm -rf /var/lib/pve-cluster/* /etc/ssh/ssh_host_*")
        for start in range(0, len(packed), 100000):
            new.succeed(f"printf %s {packed[start:start + 100000]} >>/root/state")
        new.succeed("base64 -d /root/state | tar -xz -C / && rm /root/state")
        new.succeed("chown -R www-data:www-data /var/log/pve/tasks")
        new.shutdown()
        new.start()
        new.wait_for_unit("multi-user.target")
        answers(new)

    with subtest("the new node has all of it"):
        after = facts(new)
        for name, value in before.items():
            assert after[name] == value, f"{name}: {value} became {after[name]}"

    with subtest("a password and a token of the old node log in"):
        answer = new.succeed(f"curl -sk {api}/access/ticket --data-urlencode username=bee@pve --data-urlencode password=honeycomb")
        assert json.loads(answer)["data"]["username"] == "bee@pve"
        assert read(new, "status")["cpuinfo"]

    with subtest("the guest starts, from its disk"):
        assert new.succeed("head -c 5 /var/lib/vz/comb/images/100/vm-100-disk-0.raw") == "honey"
        new.succeed("qm start 100")
        new.wait_until_succeeds("qm status 100 | grep -x 'status: running'", timeout=30)
        new.succeed("qm stop 100")

    with subtest("nothing failed"):
        assert new.succeed("systemctl list-units --failed --no-legend --plain").strip() == ""
        status = json.loads(new.succeed("pvenix status --format json"))
        assert [check["ok"] for check in status["checks"]] == [True] * len(status["checks"]), status["checks"]
  '';
}
