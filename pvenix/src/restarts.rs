//! The staged restart: restarts the cluster's own daemons one after the other, when the cluster
//! allows it.

use std::time::Duration;

use crate::lock;
use crate::machine::Machine;
use crate::members::Members;
use crate::node::Node;
use crate::status::Status;

/// The cluster's lock.
pub const LOCK: &str = "/etc/pve/priv/lock/pve-nix-restarts";
/// How long a cluster may take to recover from one daemon's restart, in seconds.
const PATIENCE: u32 = 120;

/// The result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// No unit runs an older build.
    Nothing,
    /// These were restarted, in this order.
    Done(Vec<String>),
    /// Not now, for this reason.
    Pending(String),
}

/// Restarts the pending units. An error names the unit after which it stopped.
pub fn restart(machine: &dyn Machine, node: &Node) -> Result<Outcome, String> {
    let waiting = Status::of(machine, node)?.waiting;
    if waiting.is_empty() {
        return Ok(Outcome::Nothing);
    }
    let members = Members::read(machine)?;
    if !members.is_clustered() {
        return each(machine, &waiting, false).map(|_| Outcome::Done(waiting));
    }
    if !members.is_quorate() {
        return Ok(Outcome::Pending("the cluster has no quorum".to_owned()));
    }
    if let Err(error) = lock::take(machine, LOCK) {
        return Ok(Outcome::Pending(format!(
            "another node restarts its own ({error})"
        )));
    }
    let done = each(machine, &waiting, true);
    let released = lock::give_back(machine, LOCK);
    if let Some(unit) = done? {
        // Without a quorum nobody gives a lock back: it expires.
        return Ok(Outcome::Pending(format!(
            "the cluster has had no quorum since {unit} was restarted"
        )));
    }
    released?;
    Ok(Outcome::Done(waiting))
}

/// Restarts units; the one after which there was no quorum, where the cluster is not whole again in time.
fn each(
    machine: &dyn Machine,
    units: &[String],
    clustered: bool,
) -> Result<Option<String>, String> {
    for unit in units {
        machine
            .run(&["systemctl", "restart", unit])
            .map_err(|error| error.to_string())?;
        if !is_whole(machine, unit, clustered)? {
            return Ok(Some(unit.clone()));
        }
    }
    Ok(None)
}

/// Waits until the unit is active and pmxcfs answers, in a cluster with a quorum. Returns false if
/// only the quorum is missing, which may be the fault of the other nodes.
fn is_whole(machine: &dyn Machine, unit: &str, clustered: bool) -> Result<bool, String> {
    let mut last = Ok(());
    for _ in 0..PATIENCE {
        if clustered {
            lock::keep(machine, LOCK);
        }
        last = match (
            machine.run(&["systemctl", "is-active", unit]),
            Members::read(machine),
        ) {
            (Err(error), _) => Err(error.to_string()),
            (_, Err(text)) => Err(text),
            (Ok(_), Ok(members)) if clustered && !members.is_quorate() => Ok(()),
            (Ok(_), Ok(_)) => return Ok(true),
        };
        machine.wait(Duration::from_secs(1));
    }
    last.map(|()| false).map_err(|error| {
        format!(
            "{unit} was restarted and did not come back: {error}\n  help: the units after it were not restarted; repair it, then run `pvenix restarts`"
        )
    })
}
