//! A node's switch.

use super::peer::Peer;
use super::{Roll, Stop};

/// The newest system that somebody has put there: `nixos-rebuild boot`, Colmena, deploy-rs.
const READY: &str = "/nix/var/nix/profiles/system";
/// The running system.
const RUNS: &str = "/run/current-system";
/// The unit of the switch: it outlives a connection.
const UNIT: &str = "pvenix-switch.service";

impl Roll<'_> {
    /// Switches a node to the system that it has ready, and waits until it is whole.
    pub(super) fn switch(&self, peer: &Peer) -> Result<(), Stop> {
        let name = &peer.name;
        let ready = peer.real(READY).map_err(|reason| {
            Stop::new(
                reason,
                format!("bring its next system to {name} first, such as with `nixos-rebuild boot --target-host root@{name}`"),
            )
        })?;
        let runs = peer
            .real(RUNS)
            .map_err(|reason| Stop::new(reason, super::HELP_WELL))?;
        if ready == runs {
            (self.say)(&format!("{name}: runs {ready}"));
            return Ok(());
        }
        self.may_go(peer)?;
        (self.say)(&format!("{name}: switches to {ready}"));
        let remedy = format!("see `journalctl -u {UNIT}` on {name}");
        let failed = |reason| Stop::new(reason, remedy.clone());
        // Clear the remains of an earlier switch.
        let _ = peer.run("systemctl", &["stop", UNIT]);
        let _ = peer.run("systemctl", &["reset-failed", UNIT]);
        let program = format!("{ready}/bin/switch-to-configuration");
        peer.run(
            "systemd-run",
            &[
                "--quiet",
                "--no-ask-password",
                "--service-type=exec",
                "--remain-after-exit",
                &format!("--unit={UNIT}"),
                &program,
                "switch",
            ],
        )
        .map_err(failed)?;
        self.until(
            || match peer.unit(UNIT, "SubState")?.as_str() {
                "exited" | "failed" => Ok(()),
                state => Err(format!("the switch is `{state}`")),
            },
            &remedy,
        )?;
        let status = peer.unit(UNIT, "ExecMainStatus").map_err(failed)?;
        if status != "0" {
            return Err(failed(format!(
                "switch-to-configuration ended with status {status}"
            )));
        }
        let _ = peer.run("systemctl", &["stop", UNIT]);
        let runs = peer.real(RUNS).map_err(failed)?;
        if runs != ready {
            return Err(failed(format!("it runs {runs} after the switch")));
        }
        (self.say)(&format!("{name}: has switched; waits until it is whole"));
        self.is_whole(peer)
    }
}
