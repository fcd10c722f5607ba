# What tests of the firewall ask of a machine of common/firewall.nix.
import json
import time


def counted(machine):
    """Packets to each port so far: sent, and passed by every firewall."""
    listed = json.loads(machine.succeed("nft --json list counters table inet witness"))["nftables"]
    return {found["counter"]["name"]: found["counter"]["packets"] for found in listed if "counter" in found}


def passed(machine, port, during=None):
    """The part of the packets to a port that passes while something is done, or until enough were sent."""
    before = counted(machine)
    if during is not None:
        during()
    for _ in range(120):
        now = counted(machine)
        sent = now[f"{port}_sent"] - before[f"{port}_sent"]
        if sent >= 50:
            return (now[f"{port}_passed"] - before[f"{port}_passed"]) / sent
        time.sleep(0.5)
    raise Exception(f"the peer sends nothing to the {port} port")


def settles(machine, **ports):
    """Waits until every packet to the ports passes (True) or none (False)."""
    for _ in range(60):
        if all(passed(machine, port) == (1 if wanted else 0) for port, wanted in ports.items()):
            return
        time.sleep(1)
    raise Exception(f"not {ports}: {counted(machine)}")


def no_gap(machine, *doings):
    """Nothing of what Proxmox's firewall drops passes while each is done, and not afterwards."""
    for doing in doings:
        share = passed(machine, "dropped", doing)
        assert share == 0, f"{share:.4f} of the packets passed: {counted(machine)}"
    assert passed(machine, "dropped") == 0
