"""Runs a test written like NixOS' tests on containers or virtual machines: `driver.py SPEC.json`.

SPEC.json is what `nix/machines/default.nix` makes of a test: `virtual`, `testScript` and
`nodes`: name to `toplevel` and `machine`, the options of nix/machines/virtualisation.nix. The script sees
`start_all()`, `machines`, `subtest(name)` and one object for each node, with the part of NixOS' test driver's interface
that is documented in its manual. As root; `boot` and `emulate` beside this file say what the host must have.
"""

import base64
import contextlib
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
# The number of journal lines per machine that a failure prints.
JOURNAL = int(os.environ.get("JOURNAL", "60"))
MACHINES = os.environ.get("MACHINES", "/var/lib/pve-nix-machines")
# /tmp/shared of each container, as with NixOS' driver.
SHARED = pathlib.Path(MACHINES, "shared")
SYSTEM = "/run/current-system/sw"


class Failure(Exception):
    """An expectation of a test that did not hold."""


class Machine:
    """A machine of a test: the commands that containers and virtual machines share."""

    # The factor on every timeout of a test: an emulated processor is slow.
    patience = 1
    shared_dir = SHARED

    def __init__(self, name, toplevel, machine):
        self.name = name
        self.toplevel = toplevel
        self.machine = machine
        self.process = None
        # The specialisation that starts next; None is the system itself.
        self.specialisation = None
        self.log_path = f"{MACHINES}/{name}.log"
        # Where the console of this boot begins in the log.
        self.boot_offset = 0

    def log(self, text):
        print(f"{self.name}: {text}", flush=True)

    # --- power ---

    def start(self):
        if self.process and self.process.poll() is None:
            return
        os.makedirs(MACHINES, exist_ok=True)
        environment = dict(os.environ, TPM="1" if self.machine.get("tpm") else "", BOOT=self.specialisation or "")
        with open(self.log_path, "ab") as log:
            self.boot_offset = log.tell()
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True
            )
        self.log("starts")

    def shutdown(self, timeout=600):
        """Powers off and waits without a limit: a guest of the machine may take minutes to stop."""
        if not self.process:
            return
        self.power_off()
        try:
            self.process.wait(timeout=timeout * self.patience)
        except subprocess.TimeoutExpired:
            self.log("does not end: its power is cut")
            self.crash()
        self.process = None

    def power_off(self):
        self.execute("systemctl poweroff", check_return=False)

    def wait_for_shutdown(self, timeout=900):
        """Waits until the machine has powered off by itself."""
        if not self.process:
            return
        try:
            self.process.wait(timeout=timeout * self.patience)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} does not end within {timeout * self.patience} s") from None
        self.log("has ended")
        self.process = None

    def block(self):
        """Disconnects the machine from its networks."""
        self.cables(False)

    def unblock(self):
        """Connects it again."""
        self.cables(True)

    def crash(self):
        if not self.process:
            return
        self.cut_power()
        self.process.wait(timeout=30)
        self.process = None

    def remove(self):
        self.shutdown(timeout=60)
        subprocess.run([*self.program, "--remove", self.name], check=True)

    # --- commands ---

    def succeed(self, *commands, timeout=900):
        output = ""
        for command in commands:
            self.log(f"must succeed: {command[:120]}")
            status, text = self.execute(command, timeout=timeout)
            if status != 0:
                raise Failure(f"{self.name}: `{command}` failed (exit code {status}): {text}")
            output += text
        return output

    def fail(self, *commands, timeout=900):
        output = ""
        for command in commands:
            self.log(f"must fail: {command}")
            status, text = self.execute(command, timeout=timeout)
            if status == 0:
                raise Failure(f"{self.name}: `{command}` succeeded: {text}")
            output += text
        return output

    def wait(self, what, holds, timeout):
        """Waits until `holds()` returns something true."""
        timeout *= self.patience
        end = time.monotonic() + timeout
        last = None
        while time.monotonic() < end:
            try:
                last = holds()
            except Failure as failure:
                if self.process and self.process.poll() is not None:
                    raise
                last = None
                del failure
            if last:
                return last
            time.sleep(0.2)
        raise Failure(f"{self.name}: {what}: not within {timeout} s")

    def wait_until_succeeds(self, command, timeout=900):
        self.log(f"waits until this succeeds: {command}")

        def holds():
            status, text = self.execute(command)
            return (True, text) if status == 0 else None

        return self.wait(command, holds, timeout)[1]

    def show_journal(self):
        """Prints the journal, which may hold the cause of a failure."""
        if not self.process:
            return
        with contextlib.suppress(Failure, OSError, subprocess.TimeoutExpired):
            _, text = self.execute(f"journalctl --no-pager --no-hostname -o short-monotonic -n {JOURNAL}", timeout=20)
            print(f"--- the journal of {self.name} ---\n{text}")

    # --- console ---

    def console(self):
        """What this boot has written to its console."""
        with open(self.log_path, "rb") as log:
            log.seek(self.boot_offset)
            return log.read().decode(errors="replace")

    def wait_for_console_text(self, pattern, timeout=900):
        self.log(f"waits for the console to say: {pattern}")

        def holds():
            if self.process is None or self.process.poll() is not None:
                raise Failure(f"{self.name} does not run: see {self.log_path}")
            return re.search(pattern, self.console())

        return self.wait(f"the console says {pattern}", holds, timeout)

    # --- units ---

    def get_unit_info(self, unit):
        _, text = self.execute(f"systemctl --no-pager show {shlex.quote(unit)}")
        return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)

    def get_unit_property(self, unit, name):
        return self.get_unit_info(unit).get(name, "")

    def require_unit_state(self, unit, wanted="active"):
        state = self.get_unit_property(unit, "ActiveState")
        if state != wanted:
            raise Failure(f"{self.name}: unit {unit} is {state}, not {wanted}")

    def wait_for_unit(self, unit, timeout=900):
        self.log(f"waits for {unit}")

        def holds():
            state = self.get_unit_property(unit, "ActiveState")
            if state == "failed":
                _, text = self.execute(f"journalctl --no-pager -n 20 -u {shlex.quote(unit)}")
                print(text)
                raise SystemExit(f"{self.name}: unit {unit} failed")
            return state == "active"

        self.wait(unit, holds, timeout)

    def wait_for_open_port(self, port, addr="localhost", timeout=900):
        self.wait_until_succeeds(f"exec 3<>/dev/tcp/{addr}/{port}", timeout)

    def systemctl(self, query):
        return self.execute(f"systemctl {query}")


class Container(Machine):
    """A machine under systemd-nspawn (`boot`): commands enter its namespaces."""

    program = [os.path.join(HERE, "boot")]

    def command(self):
        return [*self.program, self.name, self.toplevel, *(str(vlan) for vlan in self.machine["vlans"])]

    def cables(self, there):
        for vlan in self.machine["vlans"]:
            # The host's end of the cable, which `boot` named.
            subprocess.run(["ip", "link", "set", f"pnx{vlan}-{self.name}"[:15], "up" if there else "down"], check=True)

    def cut_power(self):
        with contextlib.suppress(Failure):
            subprocess.run(["kill", "-9", str(self.leader())], check=False)

    def leader(self):
        """Returns the machine's init: the one child of systemd-nspawn in another PID namespace."""
        own = os.readlink("/proc/self/ns/pid")
        open_pids = [self.process.pid]
        while open_pids:
            pid = open_pids.pop()
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{pid}/ns/pid") != own:
                    return pid
                with open(f"/proc/{pid}/task/{pid}/children") as children:
                    open_pids.extend(int(child) for child in children.read().split())
        raise Failure(f"{self.name} does not run: see {self.log_path}")

    def execute(self, command, check_return=True, timeout=900):
        """Returns the command's status and output; standard error goes to the log."""
        environment = [
            f"PATH=/run/wrappers/bin:{SYSTEM}/bin",
            "HOME=/root",
            "LANG=C.UTF-8",
            "USER=root",
        ]
        inside = ["nsenter", "--target", str(self.leader()), "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup"]
        inside += ["--root", "--wdns=/", f"{SYSTEM}/bin/env", "-i", *environment]
        run = subprocess.run(
            [*inside, f"{SYSTEM}/bin/bash", "-c", f"set -eo pipefail; {command}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            timeout=timeout,
        )
        return (run.returncode, run.stdout.decode(errors="replace"))


class Virtual(Machine):
    """A virtual machine of QEMU (`emulate`): commands go through the port on which `driver-shell.sh` listens."""

    program = [os.path.join(HERE, "emulate")]
    patience = 1 if os.environ.get("KVM") == "1" else 8

    def __init__(self, name, toplevel, machine):
        super().__init__(name, toplevel, machine)
        self.shell = None

    def command(self):
        disks = [str(size) for size in [self.machine["diskSize"], *self.machine["emptyDiskImages"]]]
        sizes = [str(self.machine["memorySize"]), str(self.machine["cores"])]
        networks = ",".join(f"{vlan}:{self.machine['number']}" for vlan in self.machine["vlans"])
        return [*self.program, self.name, self.toplevel, *sizes, networks, *disks]

    def start(self):
        if not self.process:
            self.shell = None
        super().start()

    def power_off(self):
        with contextlib.suppress(Failure, OSError):
            self.send("systemctl poweroff")

    def cables(self, there):
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.connect(f"{MACHINES}/{self.name}/monitor")
            for card in range(1, len(self.machine["vlans"]) + 1):
                monitor.sendall(f"set_link eth{card} {'on' if there else 'off'}\n".encode())
            time.sleep(0.5)

    def send_console(self, text):
        """Types on the console."""
        with socket.socket(socket.AF_UNIX) as console:
            console.connect(f"{MACHINES}/{self.name}/console")
            console.sendall(text.encode())
            time.sleep(0.5)

    def cut_power(self):
        os.killpg(self.process.pid, signal.SIGKILL)

    def connect(self, timeout):
        """Waits until the shell behind the port answers."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if self.process is None or self.process.poll() is not None:
                raise Failure(f"{self.name} does not run: see {self.log_path}")
            with contextlib.suppress(OSError):
                shell = socket.socket(socket.AF_UNIX)
                shell.connect(f"{MACHINES}/{self.name}/shell")
                shell.settimeout(end - time.monotonic())
                self.shell = shell.makefile("rwb")
                while self.shell.readline().strip() != b"ready":
                    pass
                shell.settimeout(None)
                return
            time.sleep(0.5)
        raise Failure(f"{self.name}: no shell within {timeout} s: see {self.log_path}")

    def send(self, command):
        self.shell.write(base64.b64encode(command.encode()) + b"\n")
        self.shell.flush()

    def execute(self, command, check_return=True, timeout=900):
        """Returns the command's status and output; standard error goes to the machine's journal."""
        timeout *= self.patience
        if not self.shell:
            self.connect(timeout)
        self.send(f"timeout {timeout} bash -c {shlex.quote('set -eo pipefail; ' + command)}")
        answer = self.shell.readline().split()
        if not answer:
            self.shell = None
            raise Failure(f"{self.name}: ended while it ran `{command[:120]}`: see {self.log_path}")
        output = base64.b64decode(answer[1]) if len(answer) > 1 else b""
        return (int(answer[0]), output.decode(errors="replace"))


@contextlib.contextmanager
def subtest(name):
    began = time.monotonic()
    print(f"subtest: {name}", flush=True)
    yield
    print(f"subtest: {name}: passed in {time.monotonic() - began:.1f} s", flush=True)


def main():
    with open(sys.argv[1]) as file:
        spec = json.load(file)
    kind = Virtual if spec["virtual"] else Container
    machines = [kind(name, node["toplevel"], node["machine"]) for name, node in sorted(spec["nodes"].items())]

    def start_all():
        for machine in machines:
            machine.start()

    scope = {re.sub(r"[^A-Za-z0-9_]", "_", machine.name): machine for machine in machines}
    if len(machines) == 1:
        scope.setdefault("machine", machines[0])
    scope.update(machines=machines, start_all=start_all, subtest=subtest)
    for machine in machines:
        subprocess.run([*machine.program, "--remove", machine.name], check=True)
    shutil.rmtree(SHARED, ignore_errors=True)
    SHARED.mkdir(parents=True)
    # A signal to the driver stops its machines.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by a signal"))
    began = time.monotonic()
    try:
        exec(compile(spec["testScript"], "testScript", "exec"), scope)
        print(f"passed in {time.monotonic() - began:.1f} s")
    except (Failure, AssertionError) as failure:
        for machine in machines:
            machine.show_journal()
        # Do not wait for the guests of a machine that is going away.
        for machine in machines:
            machine.crash()
        traceback.print_exception(failure)
        sys.exit(f"failed after {time.monotonic() - began:.1f} s")
    finally:
        for machine in machines:
            if os.environ.get("KEEP"):
                machine.shutdown(timeout=60)
            else:
                machine.remove()
        if not os.environ.get("KEEP"):
            shutil.rmtree(SHARED, ignore_errors=True)


if __name__ == "__main__":
    main()
