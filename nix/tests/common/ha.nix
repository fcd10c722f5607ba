# Three nodes of the cluster "hive" with a watchdog each, and three guests under high availability whose disks are on a storage that all
# nodes see. `module` is a node's, `script` goes before a test's own.
#
# The container 100 says itself whether it runs twice: its init takes a lock on a file of its root file system, which the kernel
# gives back when the process ends, however it ends, and writes down that it started. QEMU locks the disks of the virtual machines
# 101 and 102 likewise, and does not start without.
{
  module = {
    imports = [
      (import ./hive.nix [
        "alpha"
        "beta"
        "gamma"
      ])
      (import ./guest.nix { init = ./lease.c; })
      ./watchdog
    ];
  };

  script = ''
    import json
    import time

    shared = machines[0].shared_dir
    by_name = {node.name: node for node in machines}
    guests = {"ct:100": "alpha", "vm:101": "beta", "vm:102": "gamma"}
    # The machine that each fence which a test asked for ended.
    fenced = []
    began = time.monotonic()

    def said(text):
        print(f"[{time.monotonic() - began:6.1f} s] {text}", flush=True)

    def fences():
        """The machines that their watchdog ended."""
        place = shared / "fences"
        return [line.split()[0] for line in place.read_text().splitlines()] if place.exists() else []

    def nobody_fenced():
        assert fences() == fenced, (fences(), fenced)

    def fence_of(node):
        fenced.append(node.name)
        nobody_fenced()

    def ha(node):
        """What the manager of the cluster says."""
        status, text = node.execute("cat /etc/pve/ha/manager_status")
        return json.loads(text) if status == 0 and text.strip() else {}

    def placed(node):
        """Where each guest is that the manager says is started, and runs."""
        services = ha(node).get("service_status", {}).items()
        return {sid: service["node"] for sid, service in services if service["state"] == "started" and service.get("running")}

    def armed(node):
        """The nodes whose LRM has guests, and so a watchdog."""
        states = {name: node.execute(f"cat /etc/pve/nodes/{name}/lrm_status") for name in by_name}
        return {name for name, (status, text) in states.items() if status == 0 and json.loads(text)["state"] == "active"}

    def master(node):
        return ha(node)["master_node"]

    def runs_on(node, sid):
        kind, vmid = sid.split(":")
        look = f"test -e /run/qemu-server/{vmid}.pid && kill -0 $(cat /run/qemu-server/{vmid}.pid)"
        if kind == "ct":
            look = f"systemctl is-active --quiet pve-container@{vmid}"
        return node.execute(f"{look} 2>/dev/null")[0] == 0

    def processes(node, sid):
        """What stays the same while a guest runs on."""
        kind, vmid = sid.split(":")
        if kind == "ct":
            return node.get_unit_property(f"pve-container@{vmid}.service", "MainPID")
        return node.succeed(f"cat /run/qemu-server/{vmid}.pid").strip()

    def wait_placed(node, where, timeout=420):
        """Until the managers say so and it is so."""
        node.wait(f"guests at {where}", lambda: placed(node) == where, timeout)
        for sid, name in where.items():
            by_name[name].wait(f"{sid} on {name}", lambda: runs_on(by_name[name], sid), 240)

    def never_twice():
        root = shared / "store/images/100/subvol-100-disk-0.subvol"
        assert not (root / "twice").exists(), (root / "twice").read_text()
        for node in machines:
            if node.process:
                node.fail("grep -rqs 'Failed to get .* lock' /var/log/pve/tasks")

    def starts():
        """How often the container started."""
        return (shared / "store/images/100/subvol-100-disk-0.subvol/starts").read_text().count("\n")

    def become_a_cluster():
        for node in machines:
            node.wait_for_unit("multi-user.target")
        for node in machines:
            node.wait_until_succeeds("pvenix cluster status", timeout=240)
            node.wait_for_unit("watchdog-mux.service")

    def make_guests():
        alpha = by_name["alpha"]
        alpha.succeed("pvesm add dir shared --path /tmp/shared/store --shared 1 --content images,rootdir")
        alpha.succeed("pct create 100 /etc/guest.tar --ostype unmanaged --unprivileged 1 --hostname lease --memory 64 --swap 0 --rootfs shared:0")
        for vmid, name in [(101, "beta"), (102, "gamma")]:
            by_name[name].wait_until_succeeds("pvesm status --storage shared | grep -w active", timeout=60)
            by_name[name].succeed(
                f"qm create {vmid} --memory 64 --kvm 0 --cpu qemu64 --vga none --serial0 socket --scsi0 shared:0.01,format=raw"
            )
        for sid in guests:
            alpha.succeed(f"ha-manager add {sid} --state started")
        wait_placed(alpha, guests, 120)
        alpha.wait("all LRMs have their watchdog", lambda: armed(alpha) == set(guests.values()), 60)
  '';
}
