//! The staged restart: the cluster's own daemons, one after the other, when the cluster bears it.

use std::time::{Duration, SystemTime};

use crate::machine::Machine;
use crate::members::Members;
use crate::node::Node;
use crate::status::Status;

/// The cluster's lock, as pmxcfs has them: a directory, which expires 120 s after its time of change.
pub const LOCK: &str = "/etc/pve/priv/lock/pve-nix-restarts";
/// How long a cluster may take to be whole again after one daemon's restart.
const PATIENCE: u32 = 120;

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// No unit runs an older build.
    Nothing,
    /// These were restarted, in this order.
    Done(Vec<String>),
    /// Later: why.
    Pending(String),
}

/// Restarts what waits. An error names the unit after which it stopped.
pub fn restart(machine: &dyn Machine, node: &Node) -> Result<Outcome, String> {
    let waiting = Status::of(machine, node)?.waiting;
    if waiting.is_empty() {
        return Ok(Outcome::Nothing);
    }
    let members = Members::read(machine)?;
    if !members.is_clustered() {
        return each(machine, &waiting, false).map(|()| Outcome::Done(waiting));
    }
    if !members.is_quorate() {
        return Ok(Outcome::Pending("the cluster has no quorum".to_owned()));
    }
    if let Err(error) = machine.make_directory(LOCK) {
        // A request to pmxcfs to take it away if it has expired.
        let _ = machine.touch(LOCK, SystemTime::UNIX_EPOCH);
        return Ok(Outcome::Pending(format!(
            "another node restarts its own ({LOCK}: {error})"
        )));
    }
    let done = each(machine, &waiting, true);
    let released = machine.remove_directory(LOCK);
    done?;
    released.map_err(|error| {
        format!("{LOCK}: {error}\n  help: it expires by itself after two minutes")
    })?;
    Ok(Outcome::Done(waiting))
}

fn each(machine: &dyn Machine, units: &[String], clustered: bool) -> Result<(), String> {
    for unit in units {
        machine
            .run(&["systemctl", "restart", unit])
            .map_err(|error| error.to_string())?;
        look(machine, unit, clustered)?;
    }
    Ok(())
}

/// Waits until the unit is active and pmxcfs answers, in a cluster with a quorum.
fn look(machine: &dyn Machine, unit: &str, clustered: bool) -> Result<(), String> {
    let mut last = String::new();
    for _ in 0..PATIENCE {
        if clustered {
            // Held for the next two minutes. Where pmxcfs does not answer nobody else gets it.
            let _ = machine.touch(LOCK, SystemTime::now());
        }
        last = match (
            machine.run(&["systemctl", "is-active", unit]),
            Members::read(machine),
        ) {
            (Err(error), _) => error.to_string(),
            (_, Err(text)) => text,
            (Ok(_), Ok(members)) if clustered && !members.is_quorate() => "no quorum".to_owned(),
            (Ok(_), Ok(_)) => return Ok(()),
        };
        machine.wait(Duration::from_secs(1));
    }
    Err(format!(
        "{unit} was restarted and did not come back: {last}\n  help: the units after it were not restarted; repair it, then run `pvenix restarts`"
    ))
}
