# Three nodes that unlock one another: bindings are made, checked and rotated, with a node down, with the rotation killed at each of its steps,
# with the power cut. The disks are files: a header of LUKS is all that a binding needs. Without Proxmox VE.
let
  names = [
    "alpha"
    "beta"
    "gamma"
  ];
  node =
    { lib, config, ... }:
    let
      others = lib.remove config.networking.hostName names;
      address = name: "192.168.1.${toString (lib.lists.findFirstIndex (one: one == name) 0 names + 1)}";
    in
    {
      imports = [
        ../modules/tang.nix
        ../modules/unlock.nix
      ];
      services.openssh = {
        enable = true;
        startWhenNeeded = false;
      };
      programs.ssh.extraConfig = "StrictHostKeyChecking accept-new";
      # A container has no stage 1: what one would ask is asked by `check`.
      systemd.tmpfiles.rules = [ "L+ /dev/encrypted - - - - /var/lib/encrypted" ];
      services.proxmox-ve = {
        tang = {
          enable = true;
          allow = [ "192.168.1.0/24" ];
        };
        unlock = {
          peers = lib.genAttrs others (name: {
            url = "http://${address name}:7654";
            address = address name;
          });
          devices.root = {
            device = "/dev/encrypted";
            policy = "peers";
          };
        };
      };
    };
in
{
  name = "pve-unlock-rotate";
  nodes = builtins.listToAttrs (
    map (name: {
      inherit name;
      value = node;
    }) names
  );

  testScript = ''
    import json
    import time

    passphrase = "a horse that nobody rides"
    addresses = {"alpha": "192.168.1.1", "beta": "192.168.1.2", "gamma": "192.168.1.3"}

    def up(machine):
        machine.start()
        machine.wait_for_unit("multi-user.target")
        machine.wait_until_succeeds(f"curl -sf http://{addresses[machine.name]}:7654/adv >/dev/null", timeout=60)

    for machine in machines:
        up(machine)

    def checks(machine):
        return json.loads(machine.succeed("pvenix unlock check --format json || test $? = 1"))[0]["devices"]["root"]

    def opens(*which):
        for machine in which:
            found = checks(machine)
            assert found["opens"] and found["passphrase"], (machine.name, found)

    def keys():
        return json.loads(alpha.succeed("pvenix unlock keys --format json"))

    def bound(machine):
        """The keys of alpha's that a node is bound to."""
        return {party["key"] for party in checks(machine)["parties"] if party["name"] == "alpha"}

    with subtest("the nodes know one another, and have encrypted disks"):
        alpha.succeed("mkdir -p /root/.ssh && ssh-keygen -q -t ed25519 -N \"\" -f /root/.ssh/id_ed25519")
        private = alpha.succeed("base64 -w0 /root/.ssh/id_ed25519").strip()
        public = alpha.succeed("cat /root/.ssh/id_ed25519.pub").strip()
        for machine in machines:
            machine.succeed(
                f"mkdir -p -m 700 /root/.ssh; echo {private} | base64 -d >/root/.ssh/id_ed25519; chmod 600 /root/.ssh/id_ed25519;"
                f" echo '{public}' >/root/.ssh/authorized_keys"
            )
            machine.succeed(
                "truncate -s 32M /var/lib/encrypted",
                f"printf %s '{passphrase}' | cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 /dev/encrypted -",
            )

    with subtest("each is bound to the two others"):
        for machine in machines:
            machine.fail("pvenix unlock check")
            machine.fail("printf wrong | pvenix unlock bind")
            machine.succeed(f"printf %s '{passphrase}' | pvenix unlock bind")
            opens(machine)
        print(alpha.succeed("pvenix unlock check --cluster"))
        for gone in machines:
            alpha.succeed(f"pvenix unlock check --cluster --without {gone.name}")

    with subtest("explain says what happens"):
        said = json.loads(alpha.succeed("pvenix unlock explain --format json"))["devices"]["root"]
        assert said["sets"] == [["beta"], ["gamma"]] and said["spare"] == 1, said
        dark = [case for case in said["cases"] if case["case"] == "power cut of the site"][0]
        assert not dark["opens"], dark

    with subtest("alpha's keys are rotated, and the old one opens nothing"):
        before = keys()
        assert bound(beta) == bound(gamma) == set(before["exchange"])
        began = time.monotonic()
        alpha.succeed("pvenix unlock rotate")
        print(f"figure: a rotation: {time.monotonic() - began:.1f} s")
        after = keys()
        assert after["hidden"] == [] and not set(after["exchange"]) & set(before["exchange"]), (before, after)
        assert bound(beta) == bound(gamma) == set(after["exchange"])
        opens(*machines)
        old = before["exchange"][0]
        status = beta.succeed(
            "jose jwk gen -i '{\"alg\":\"ECMR\"}' | jose jwk pub -i- |"
            f" curl -s -o /dev/null -w '%{{http_code}}' -H 'Content-Type: application/jwk+json' -d @- http://192.168.1.1:7654/rec/{old}"
        )
        assert status == "404", status
        # It is kept for old copies of disks.
        alpha.succeed(f"test -e /var/lib/pve-nix/tang-retired/{old}.jwk && test $(stat -c %a /var/lib/pve-nix/tang-retired) = 700")

    with subtest("it is refused while a node is down"):
        before = keys()
        gamma.shutdown()
        alpha.fail("pvenix unlock rotate")
        assert keys() == before
        alpha.fail("pvenix unlock check --without beta")
        up(gamma)
        alpha.succeed("pvenix unlock check --without beta")

    with subtest("killed at each step, every node opens, and it goes on"):
        for step in range(1, 6):
            before = keys()
            alpha.succeed(
                "rm -f /run/steps; pvenix unlock rotate 2>/run/steps >/dev/null & pid=$!;"
                f" while ! grep -q 'step {step}:' /run/steps && kill -0 $pid; do sleep 0.01; done; kill -9 $pid; wait $pid || true"
            )
            opens(*machines)
            alpha.succeed("pvenix unlock rotate")
            opens(*machines)
            after = keys()
            assert after["hidden"] == [], after
            assert bound(beta) == bound(gamma) == set(after["exchange"]), step

    with subtest("the power is cut at each step: alpha's, and that of a node that is bound"):
        for step, victim in [(2, alpha), (3, alpha), (3, beta), (4, alpha), (5, alpha)]:
            alpha.succeed("rm -f /run/steps; sync; (pvenix unlock rotate 2>/run/steps >/dev/null &) ; sleep 0.1")
            alpha.wait_until_succeeds(f"grep -q 'step {step}:' /run/steps", timeout=120)
            victim.crash()
            up(victim)
            victim.wait_until_succeeds("pvenix unlock check", timeout=60)
            alpha.wait_until_succeeds("! pgrep -f 'unlock rotat[e]'", timeout=120)
            opens(*machines)
            alpha.succeed("pvenix unlock rotate")
            opens(*machines)
            assert keys()["hidden"] == []

    with subtest("a node has one keyslot for its passphrase and one for its binding"):
        for machine in machines:
            header = json.loads(machine.succeed("cryptsetup luksDump --dump-json-metadata /dev/encrypted"))
            assert len(header["keyslots"]) == 2 and len(header["tokens"]) == 1, header

    with subtest("no key is in a journal, a core dump, the store"):
        for machine in machines:
            key = machine.succeed("clevis luks pass -d /dev/encrypted -s 1 || clevis luks pass -d /dev/encrypted -s 2").strip()
            assert len(key) == 43, "a key of 256 bits"
            words = machine.succeed("journalctl --no-pager")
            assert key not in words and passphrase not in words
            machine.succeed(f"! grep -rqF -e '{key}' -e '{passphrase}' /var/lib/pve-nix /etc/pve-nix /tmp /run/log 2>/dev/null")
            closure = machine.succeed("nix-store -qR /run/current-system").split()
            machine.succeed(f"! grep -rqF -e '{key}' -e '{passphrase}' {' '.join(path for path in closure if 'etc' in path or 'unlock' in path)}")
  '';
}
